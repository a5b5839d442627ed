import { backend } from '../../backend';
import { asAppError } from '../../backend/errors';
import type { AppError, OperationQuery, OperationView } from '../../backend/bindings';

/** How far back entries are shown. */
export type Span = 'any' | 'hour' | 'day' | 'week';
const HOUR_MS = 3_600_000;
const SPANS: Record<Span, number | null> = { any: null, hour: HOUR_MS, day: 24 * HOUR_MS, week: 168 * HOUR_MS };

/** Entries that are fetched at once. */
const PAGE = 100;
/** Entries that an export fetches at once. */
const EXPORT_PAGE = 1000;

/** The operation log as it is filtered. */
export class ActivityLog {
  text = $state('');
  action = $state('');
  kind = $state('');
  span = $state<Span>('any');
  rows = $state.raw<OperationView[] | null>(null);
  error = $state.raw<AppError | null>(null);
  loading = $state(false);
  /** Whether there are older entries than those shown. */
  hasMore = $state(false);
  #turn = 0;

  readonly isFiltered = $derived(this.text.trim() !== '' || this.action !== '' || this.kind !== '' || this.span !== 'any');

  /** Fetches the newest entries. */
  async load(): Promise<void> {
    await this.#fetch(null);
  }

  /** Fetches entries older than those shown. */
  async more(): Promise<void> {
    await this.#fetch(this.rows?.at(-1)?.id ?? null);
  }

  /** Every entry that the filters let through, the newest first. */
  async all(): Promise<OperationView[]> {
    const rows: OperationView[] = [];
    for (;;) {
      const page = await backend.call('operation_list', this.#query(rows.at(-1)?.id ?? null, EXPORT_PAGE));
      rows.push(...page);
      if (page.length < EXPORT_PAGE) return rows;
    }
  }

  async #fetch(before: number | null): Promise<void> {
    this.#turn += 1;
    const turn = this.#turn;
    this.loading = true;
    try {
      const page = await backend.call('operation_list', this.#query(before, PAGE));
      if (turn !== this.#turn) return;
      this.rows = before === null ? page : [...(this.rows ?? []), ...page];
      this.hasMore = page.length === PAGE;
      this.error = null;
    } catch (error) {
      if (turn === this.#turn) this.error = asAppError(error);
    } finally {
      if (turn === this.#turn) this.loading = false;
    }
  }

  #query(before: number | null, limit: number): OperationQuery {
    const back = SPANS[this.span];
    return {
      action: this.action || null,
      object_kind: this.kind || null,
      object_id: null,
      text: this.text.trim() || null,
      from_ms: back === null ? null : Date.now() - back,
      to_ms: null,
      before_id: before,
      limit,
    };
  }
}
