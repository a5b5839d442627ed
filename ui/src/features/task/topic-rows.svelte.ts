import { SvelteSet } from 'svelte/reactivity';
import { backend } from '../../backend';
import type { AppError, TopicLine, TopicOrder, TopicsView } from '../../backend/bindings';
import { asAppError } from '../../backend/errors';

/** Rows fetched beyond those in sight, so that quick scrolling shows few blanks. */
const MARGIN = 40;

/** What stands for a row, whatever its numbers. */
export function rowKey(line: TopicLine): string {
  return line.kind === 'topic' ? `t ${line.topic}` : `p ${line.partition} ${line.topic}`;
}

/** The topics of a task with the partitions of opened ones below them: searched, sorted, and fetched as far as they are seen. */
export class TopicRows {
  text = $state('');
  troubled = $state(false);
  order = $state<TopicOrder>('topic');
  descending = $state(false);
  /** Every row of the list; those that were not seen yet are missing. */
  rows = $state.raw<readonly (TopicLine | undefined)[]>([]);
  /** Partitions of the task, and topics that fit; none before the first answer. */
  counts = $state.raw<{ partitions: number; topics: number } | null>(null);
  error = $state.raw<AppError | null>(null);
  /** While the pointer is over the list its order stays as it is. */
  isHeld = false;
  #areOpen = $state(false);
  #except = new SvelteSet<string>();
  #first = 0;
  #end = MARGIN;
  #turn = 0;
  /** The rows that are there answer what is asked for: they may stay where they are. */
  #isCurrent = false;
  readonly #task: string;

  constructor(task: string) {
    this.#task = task;
  }

  /** Opens every topic, those that are not listed yet as well. */
  openAll(): void {
    this.#areOpen = true;
    this.#except.clear();
  }

  /** Opens a topic, or closes it. */
  toggle(topic: string): Promise<void> {
    if (!this.#except.delete(topic)) this.#except.add(topic);
    return this.load();
  }

  /** Sorts by another column, or by the same one the other way round. Numbers begin with the greatest. */
  sort(order: TopicOrder): Promise<void> {
    this.descending = this.order === order ? !this.descending : !['topic', 'target', 'state'].includes(order);
    this.order = order;
    return this.load();
  }

  /** Says which rows are in sight, and fetches those that are missing. */
  see(first: number, end: number): Promise<void> {
    this.#first = first;
    this.#end = end;
    const isMissing = this.counts !== null && this.rows.slice(first, end).includes(undefined);
    return isMissing ? this.#fetch((answer, from) => this.#put(answer, from)) : Promise.resolve();
  }

  /** Fetches what is in sight, in its order of now. */
  load(): Promise<void> {
    this.#isCurrent = false;
    return this.#fetch((answer, from) => this.#put(answer, from));
  }

  /** Fetches the numbers of what is in sight; under the pointer no row moves for it. */
  refresh(): Promise<void> {
    return this.#fetch((answer, from) => {
      if (!this.isHeld || !this.#isCurrent) {
        this.#put(answer, from);
        return;
      }
      const newer = new Map(answer.rows.map((line) => [rowKey(line), line]));
      this.rows = this.rows.map((line) => line && (newer.get(rowKey(line)) ?? line));
    });
  }

  async #fetch(take: (answer: TopicsView, from: number) => void): Promise<void> {
    this.#turn += 1;
    const turn = this.#turn;
    const from = Math.max(0, this.#first - MARGIN);
    try {
      const answer = await backend.call('task_topics', {
        task: this.#task,
        text: this.text,
        troubled: this.troubled,
        order: this.order,
        descending: this.descending,
        open: this.#areOpen,
        except: [...this.#except],
        offset: from,
        limit: this.#end + MARGIN - from,
      });
      if (turn !== this.#turn) return;
      take(answer, from);
      this.counts = { partitions: answer.partitions, topics: answer.topics };
      this.error = null;
    } catch (error) {
      if (turn === this.#turn) this.error = asAppError(error);
    }
  }

  /** Takes rows in their order; others that answered the same question stay until they are seen again. */
  #put(answer: TopicsView, from: number): void {
    const known = this.#isCurrent ? this.rows : [];
    const fresh = new Set(answer.rows.map(rowKey));
    const rows: (TopicLine | undefined)[] = Array.from({ length: answer.total }, (_, at) => {
      const line = known[at];
      // A row that has moved stands in one place alone.
      return line && fresh.has(rowKey(line)) ? undefined : line;
    });
    answer.rows.forEach((line, at) => (rows[from + at] = line));
    this.rows = rows;
    this.#isCurrent = true;
  }
}
