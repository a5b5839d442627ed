import { SvelteMap } from 'svelte/reactivity';
import { backend } from '../../backend';
import { asAppError } from '../../backend/errors';
import type { AppError, AppEvent, Question, ReadinessItem, ReadinessReport } from '../../backend/bindings';

/** The questions in the order in which the engine reports them. */
export const QUESTIONS: readonly Question[] = [
  'lag_zero',
  'source_silent',
  'source_producers',
  'open_transactions',
  'tied_topics',
  'group_inventory',
  'groups_drained',
  'no_members',
  'offsets_translate',
  'target_groups_not_ahead',
  'positions_proved',
  'target_only_ours',
  'topic_parity',
  'acl_parity',
  'retention_keeps',
  'verification_current',
  'target_listeners',
  'no_gaps',
  'quarantine_empty',
];

/** A question as the page shows it; without an item before it was ever asked. */
export interface ShownQuestion {
  id: Question;
  result: ReadinessItem['result'] | 'waiting';
  item: ReadinessItem | null;
}

/** What is known of one task's readiness. */
export class Readiness {
  running = $state(false);
  report = $state.raw<ReadinessReport | null>(null);
  error = $state.raw<AppError | null>(null);
  #items = new SvelteMap<Question, ReadinessItem>();

  readonly questions = $derived(
    QUESTIONS.map((id): ShownQuestion => {
      const item = this.#items.get(id) ?? null;
      // What was being asked when the asking was given up has no answer.
      const result = item === null || (item.result === 'running' && !this.running) ? 'waiting' : item.result;
      return { id, item, result };
    }),
  );

  /** How many questions came out as `result`. */
  count(result: ShownQuestion['result']): number {
    return this.questions.filter((question) => question.result === result).length;
  }

  /** Shows a report; without one only what was streamed stays. */
  show(report: ReadinessReport | null): void {
    this.report = report;
    for (const item of report?.items ?? []) this.#items.set(item.id, item);
  }

  /** Takes in one answer. */
  take(item: ReadinessItem): void {
    this.#items.set(item.id, item);
  }
}

/** The readiness of each task. It goes on when its page is left, and is found again after a reload. */
class Readinesses {
  #tasks = new SvelteMap<string, Readiness>();
  #none = new Readiness();
  #isListening = false;

  /** What is known of a task. */
  of(task: string): Readiness {
    return this.#tasks.get(task) ?? this.#none;
  }

  /** Fetches the last answers, and hears of new ones from now on. */
  async watch(task: string): Promise<void> {
    if (!this.#isListening) {
      this.#isListening = true;
      backend.subscribe((event) => this.#hear(event));
    }
    const known = this.#take(task);
    try {
      const { report, running } = await backend.call('task_readiness_last', { task });
      known.running = running;
      known.show(report);
    } catch (error) {
      known.error = asAppError(error);
    }
  }

  /** Asks all questions, or only some of them again. */
  async ask(task: string, only?: Question[]): Promise<void> {
    const known = this.#take(task);
    if (known.running) return;
    known.running = true;
    known.error = null;
    try {
      known.show(await backend.call('task_readiness', only ? { task, only } : { task }));
    } catch (error) {
      known.error = asAppError(error);
    } finally {
      known.running = false;
    }
  }

  /** Gives the questions up. */
  async stop(task: string): Promise<void> {
    await backend.call('task_readiness_cancel', { task });
  }

  #take(task: string): Readiness {
    const known = this.#tasks.get(task);
    if (known) return known;
    const made = new Readiness();
    this.#tasks.set(task, made);
    return made;
  }

  #hear(event: AppEvent): void {
    if (event.kind === 'resync') {
      for (const task of this.#tasks.keys()) void this.watch(task);
    } else if (event.kind === 'readiness_item') {
      this.#tasks.get(event.task_id)?.take(event.item);
    }
  }
}

/** The readiness of this window's tasks. */
export const readinesses = new Readinesses();
