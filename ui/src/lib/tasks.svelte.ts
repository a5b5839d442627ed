import { SvelteMap } from 'svelte/reactivity';
import { backend } from '../backend';
import type { AppEvent, TaskPage, TaskRowView, TaskSnapshot } from '../backend/bindings';
import { Loadable } from './loadable.svelte';

/** Tasks fetched at once: more than anybody has. */
const MOST = 10_000;
/** Rates that a spark line shows. */
const REMEMBERED = 40;
/** Changes that come together lead to one fetch. */
const GATHER_MS = 60;

/** All tasks: a snapshot, then events; fetched again when tasks came or went. */
class Tasks {
  readonly page = new Loadable<TaskPage>();
  /** The last numbers of tasks that run. */
  readonly live = new SvelteMap<string, TaskSnapshot>();
  /** Rates of the last seconds, the newest last. */
  readonly rates = new SvelteMap<string, number[]>();
  #states = new SvelteMap<string, { state: TaskRowView['state']; reason: string | null }>();
  #isWatching = false;
  #gathering: ReturnType<typeof setTimeout> | null = null;

  readonly rows = $derived.by((): TaskRowView[] | null =>
    this.page.value === null
      ? null
      : this.page.value.tasks.map((row) => {
          const changed = this.#states.get(row.id);
          const numbers = this.live.get(row.id);
          return {
            ...row,
            ...changed,
            ...(numbers && {
              delay_ms: numbers.delay_ms,
              lag_records: numbers.lag_records,
              write_rate: numbers.write_rate,
              full_percent: numbers.stages.find(({ name }) => name === 'full')?.percent ?? row.full_percent,
              partitions: numbers.summary?.count ?? row.partitions,
            }),
          };
        }),
  );

  /** Fetches them, and keeps them fresh from now on. */
  watch(): void {
    if (this.#isWatching) return;
    this.#isWatching = true;
    backend.subscribe((event) => this.#take(event));
    void this.refresh();
  }

  /** Fetches them now. */
  async refresh(): Promise<void> {
    await this.page.load(() =>
      backend.call('task_list', { states: [], text: null, tag: null, source: null, target: null, order: 'newest', offset: 0, limit: MOST }),
    );
    this.#states.clear();
  }

  #take(event: AppEvent): void {
    if (event.kind === 'task_progress') {
      const { snapshot } = event;
      this.live.set(snapshot.task_id, snapshot);
      this.rates.set(snapshot.task_id, [...(this.rates.get(snapshot.task_id) ?? []), snapshot.write_rate].slice(-REMEMBERED));
    } else if (event.kind === 'task_state') {
      this.#states.set(event.task_id, { state: event.state, reason: event.reason });
      // What is allowed now only the backend knows.
      this.#soon();
    } else if (event.kind === 'tasks_changed' || event.kind === 'sources_changed' || event.kind === 'resync') {
      this.#soon();
    }
  }

  #soon(): void {
    if (this.#gathering !== null) return;
    this.#gathering = setTimeout(() => {
      this.#gathering = null;
      void this.refresh();
    }, GATHER_MS);
  }
}

/** The tasks of this window. */
export const tasks = new Tasks();
