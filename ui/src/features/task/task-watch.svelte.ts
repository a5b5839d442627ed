import { backend } from '../../backend';
import type { AppEvent, BacklogView, MetricPoint, TaskSnapshot, TaskView } from '../../backend/bindings';
import { Loadable } from '../../lib/loadable.svelte';

/** After this silence the numbers of a running task are old. */
const SILENT_MS = 5000;

/** Numbers are remembered at most this often, for charts that are ahead of what is kept. */
const REMEMBER_MS = 2000;
/** And this many of them: 15 minutes. */
const REMEMBERED = 450;

/** One task: everything about it, and its numbers as they come. */
export class TaskWatch {
  readonly view = new Loadable<TaskView>();
  /** What waits at the source of a task that rests, as far as it was asked. */
  readonly backlog = new Loadable<BacklogView | null>();
  #numbers = $state.raw<TaskSnapshot | null>(null);
  /** The numbers of the last minutes, the oldest first. */
  recent = $state.raw<MetricPoint[]>([]);
  readonly id: string;

  constructor(id: string) {
    this.id = id;
  }

  /** The last numbers: of an event, or of the view if that is newer. */
  readonly numbers = $derived.by((): TaskSnapshot | null => {
    const view = this.view.value;
    if (this.#numbers === null || (view !== null && view.at_ms > this.#numbers.at_ms)) return view;
    return this.#numbers;
  });

  /** Fetches the task and follows it until the returned function is called. */
  watch(): () => void {
    void this.refresh();
    return backend.subscribe((event) => this.#take(event));
  }

  /** Fetches the task now. */
  async refresh(): Promise<void> {
    await this.view.load(() => backend.call('task_show', { task: this.id, brief: true }));
  }

  /** Since when the task has said nothing, though it should; null when it speaks. */
  silentSince(now: number): number | null {
    const state = this.view.value?.state;
    const at = this.numbers?.at_ms ?? null;
    return (state === 'running' || state === 'abnormal') && at !== null && now - at > SILENT_MS ? at : null;
  }

  #take(event: AppEvent): void {
    if (event.kind === 'task_progress' && event.snapshot.task_id === this.id) {
      this.#numbers = event.snapshot;
      if (event.snapshot.at_ms - (this.recent.at(-1)?.ts ?? 0) >= REMEMBER_MS) {
        this.recent = [...this.recent, pointOf(event.snapshot)].slice(-REMEMBERED);
      }
    } else if ((event.kind === 'task_state' && event.task_id === this.id) || event.kind === 'tasks_changed' || event.kind === 'resync') {
      void this.refresh();
    }
  }
}

/** Numbers as a point of the charts. */
function pointOf(numbers: TaskSnapshot): MetricPoint {
  const { latency } = numbers;
  return {
    ts: numbers.at_ms,
    read_rate: numbers.read_rate,
    write_rate: numbers.write_rate,
    read_bytes_rate: numbers.read_bytes_rate,
    write_bytes_rate: numbers.write_bytes_rate,
    delay_ms: numbers.delay_ms,
    lag_records: numbers.lag_records,
    lag_bytes: numbers.lag_bytes,
    p50_ms: latency?.p50_ms ?? null,
    p95_ms: latency?.p95_ms ?? null,
    p99_ms: latency?.p99_ms ?? null,
    p999_ms: latency?.p999_ms ?? null,
  };
}
