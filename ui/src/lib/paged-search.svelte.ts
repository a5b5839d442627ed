import { asAppError } from '../backend/errors';
import type { AppError } from '../backend/bindings';
import { readDay } from './day';
import { isSaidHere, saysText, searchPages, type Found } from './search-said';

/** How far back rows are shown. */
export type Span = 'any' | 'hour' | 'day' | 'week' | 'range';
const HOUR_MS = 3_600_000;
const SPANS: Record<Span, number | null> = { any: null, hour: HOUR_MS, day: 24 * HOUR_MS, week: 168 * HOUR_MS, range: null };

/** Rows that are fetched at once. */
const PAGE = 100;

/** What every such list is asked by. */
export interface PageQuery {
  text: string | null;
  from_ms: number | null;
  to_ms: number | null;
  before_id: number | null;
  limit: number;
}

/** Rows of a history, the newest first, searched by text and age and fetched page by page. */
export abstract class PagedSearch<Row extends { id: number }> {
  text = $state('');
  span = $state<Span>('any');
  /** The dates of the span `range`, as they are entered; empty where it is open. */
  from = $state('');
  to = $state('');
  rows = $state.raw<Row[] | null>(null);
  error = $state.raw<AppError | null>(null);
  loading = $state(false);
  /** Whether there are older rows than those shown. */
  hasMore = $state(false);
  /** The row that older ones are asked for behind. */
  #before: number | null = null;
  #turn = 0;

  /** Asks for a page, narrowed by what a list has of its own. */
  protected abstract ask(query: PageQuery): Promise<Row[]>;

  /** What of a row a search with the page's own words looks in. */
  protected abstract said(row: Row): (string | null)[];

  /** Whether something narrows the rows; lists with filters of their own add theirs. */
  get isFiltered(): boolean {
    return this.text.trim() !== '' || this.span !== 'any';
  }

  /** Fetches the newest rows. */
  async load(): Promise<void> {
    await this.#fetch(null);
  }

  /** Fetches rows older than those shown. */
  async more(): Promise<void> {
    await this.#fetch(this.#before);
  }

  /** The rows older than `from`, at most about `limit`. */
  protected search(from: number | null, limit: number): Promise<Found<Row>> {
    const fits = (row: Row): boolean => !isSaidHere(this.text) || saysText(this.text, this.said(row));
    return searchPages((before) => this.ask(this.#query(before, limit)), fits, from, limit);
  }

  async #fetch(before: number | null): Promise<void> {
    this.#turn += 1;
    const turn = this.#turn;
    this.loading = true;
    try {
      const found = await this.search(before, PAGE);
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

  #query(before: number | null, limit: number): PageQuery {
    const back = SPANS[this.span];
    const isRange = this.span === 'range';
    return {
      text: isSaidHere(this.text) ? null : this.text.trim() || null,
      from_ms: isRange ? (readDay(this.from)?.first ?? null) : back === null ? null : Date.now() - back,
      to_ms: isRange ? (readDay(this.to)?.behind ?? null) : null,
      before_id: before,
      limit,
    };
  }
}
