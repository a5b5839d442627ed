import { SvelteMap } from 'svelte/reactivity';
import { backend } from '../../backend';
import { asAppError } from '../../backend/errors';
import type { AppError, AppEvent, ItemResult, PreCheckItem, PreCheckReport } from '../../backend/bindings';

/** The items in the order in which the engine reports them. Any other that comes is put behind. */
export const ITEMS = [
  'source_connection',
  'target_connection',
  'same_clusters',
  'cyclic_replication',
  'source_topics',
  'source_permission',
  'target_permission',
  'name_collision',
  'start_position',
  'end_position',
  'earlier_run',
  'source_retention',
  'target_topics',
  'topic_configuration',
  'target_data',
  'other_writers',
  'versions',
  'message_format',
  'delivery',
  'lane',
  'message_size',
  'compression',
  'timestamp_window',
  'target_retention',
  'compaction_keys',
  'min_isr',
  'replication_factor',
  'disk_estimate',
  'time_estimate',
] as const;

/** An item as the page shows it; without details before its result. */
export interface ShownItem {
  id: string;
  result: ItemResult | 'waiting';
  item: PreCheckItem | null;
}

const RANK: Record<ShownItem['result'], number> = { failed: 0, warning: 1, running: 2, waiting: 3, success: 4 };

/** A pre-check of one task: its items as they resolve, and the report at its end. */
export class PreCheck {
  running = $state(false);
  report = $state.raw<PreCheckReport | null>(null);
  error = $state.raw<AppError | null>(null);
  #found = new SvelteMap<string, PreCheckItem>();
  #task: string | null = null;

  /** All items: in their order while it runs, what failed first when it is over. */
  readonly items = $derived.by((): ShownItem[] => {
    const ids = [...new Set<string>([...ITEMS, ...this.#found.keys()])];
    const shown = ids
      // After the end only what was looked at counts.
      .filter((id) => this.running || this.#found.has(id) || this.report === null)
      .map((id): ShownItem => {
        const item = this.#found.get(id) ?? null;
        return { id, item, result: item?.result ?? 'waiting' };
      });
    return this.running ? shown : shown.toSorted((a, b) => RANK[a.result] - RANK[b.result]);
  });
  readonly done = $derived(this.items.filter(({ result }) => result !== 'waiting' && result !== 'running').length);

  /** How many items came out as `result`. */
  count(result: ItemResult): number {
    return this.items.filter((item) => item.result === result).length;
  }

  /** Shows a report that was kept with the task. */
  show(report: PreCheckReport | null): void {
    this.report = report;
    this.error = null;
    this.#found.clear();
    for (const item of report?.items ?? []) this.#found.set(item.id, item);
  }

  /** The settings have changed: what was found no longer counts. */
  forget(): void {
    this.show(null);
  }

  /** Inspects both clusters; ends with the report or the error. */
  async run(task: string): Promise<void> {
    this.#task = task;
    this.forget();
    this.running = true;
    const unsubscribe = backend.subscribe((event) => this.#take(event));
    try {
      this.show(await backend.call('task_check', { task }));
    } catch (error) {
      this.error = asAppError(error);
    } finally {
      this.running = false;
      unsubscribe();
    }
  }

  /**
   * Follows a pre-check that an earlier page began. `look` fetches the task again, and answers whether the check is over.
   */
  async follow(task: string, look: () => Promise<boolean>): Promise<void> {
    this.#task = task;
    this.running = true;
    let unsubscribe = () => {};
    try {
      await new Promise<void>((resolve, reject) => {
        const check = () => void look().then((over) => over && resolve(), reject);
        unsubscribe = backend.subscribe((event) => {
          this.#take(event);
          if (event.kind === 'resync' || (event.kind === 'task_state' && event.task_id === task)) check();
        });
        // It may have ended before the subscription.
        check();
      });
    } catch (error) {
      this.error = asAppError(error);
    } finally {
      this.running = false;
      unsubscribe();
    }
  }

  /** Gives the check up. */
  async stop(): Promise<void> {
    if (this.#task !== null) await backend.call('task_check_cancel', { task: this.#task });
  }

  #take(event: AppEvent): void {
    if (event.kind !== 'pre_check_item' || event.task_id !== this.#task) return;
    const item = event.item as PreCheckItem;
    this.#found.set(item.id, item);
  }
}
