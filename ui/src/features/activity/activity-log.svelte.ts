import { backend } from '../../backend';
import { asAppError } from '../../backend/errors';
import type { AppError, OperationQuery, OperationView } from '../../backend/bindings';
import { isSaidHere, saysText, searchPages, type Found } from '../../lib/search-said';

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
  /** The entry that older ones are asked for behind. */
  #before: number | null = null;
  #turn = 0;

  readonly isFiltered = $derived(this.text.trim() !== '' || this.action !== '' || this.kind !== '' || this.span !== 'any');

  /** Fetches the newest entries. */
  async load(): Promise<void> {
    await this.#fetch(null);
  }

  /** Fetches entries older than those shown. */
  async more(): Promise<void> {
    await this.#fetch(this.#before);
  }

  /** Every entry that the filters let through, the newest first. */
  async all(): Promise<OperationView[]> {
    const rows: OperationView[] = [];
    let before: number | null = null;
    do {
      const found: Found<OperationView> = await this.#search(before, EXPORT_PAGE);
      rows.push(...found.rows);
      before = found.before;
    } while (before !== null);
    return rows;
  }

  async #fetch(before: number | null): Promise<void> {
    this.#turn += 1;
    const turn = this.#turn;
    this.loading = true;
    try {
      const found = await this.#search(before, PAGE);
      if (turn !== this.#turn) return;
      this.rows = before === null ? found.rows : [...(this.rows ?? []), ...found.rows];
      this.#before = found.before;
      this.hasMore = found.before !== null;
      this.error = null;
    } catch (error) {
      if (turn === this.#turn) this.error = asAppError(error);
    } finally {
      if (turn === this.#turn) this.loading = false;
    }
  }

  #search(from: number | null, limit: number): Promise<Found<OperationView>> {
    const fits = (row: OperationView): boolean => !isSaidHere(this.text) || saysText(this.text, [row.object_name, row.detail]);
    return searchPages((before) => backend.call('operation_list', this.#query(before, limit)), fits, from, limit);
  }

  #query(before: number | null, limit: number): OperationQuery {
    const back = SPANS[this.span];
    return {
      action: this.action || null,
      object_kind: this.kind || null,
      object_id: null,
      text: isSaidHere(this.text) ? null : this.text.trim() || null,
      from_ms: back === null ? null : Date.now() - back,
      to_ms: null,
      before_id: before,
      limit,
    };
  }
}
