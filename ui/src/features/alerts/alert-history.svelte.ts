import { backend } from '../../backend';
import { asAppError } from '../../backend/errors';
import type { AlertView, AppError } from '../../backend/bindings';
import { isSaidHere, saysText, searchPages } from '../../lib/search-said';

/** How far back messages are shown. */
export type Span = 'any' | 'hour' | 'day' | 'week';
const HOUR_MS = 3_600_000;
const SPANS: Record<Span, number | null> = { any: null, hour: HOUR_MS, day: 24 * HOUR_MS, week: 168 * HOUR_MS };
const PAGE = 100;

/** Messages as they are filtered. */
export class AlertHistory {
  text = $state('');
  state = $state('');
  task = $state('');
  span = $state<Span>('any');
  rows = $state.raw<AlertView[] | null>(null);
  error = $state.raw<AppError | null>(null);
  loading = $state(false);
  /** Whether there are older messages than those shown. */
  hasMore = $state(false);
  /** The message that older ones are asked for behind. */
  #before: number | null = null;
  #turn = 0;

  readonly isFiltered = $derived(this.text.trim() !== '' || this.state !== '' || this.task !== '' || this.span !== 'any');

  /** Fetches the newest messages. */
  async load(): Promise<void> {
    await this.#fetch(null);
  }

  /** Fetches messages older than those shown. */
  async more(): Promise<void> {
    await this.#fetch(this.#before);
  }

  async #fetch(before: number | null): Promise<void> {
    this.#turn += 1;
    const turn = this.#turn;
    this.loading = true;
    const back = SPANS[this.span];
    try {
      const ask = (before_id: number | null): Promise<AlertView[]> =>
        backend.call('alert_history', {
          task: this.task || null,
          state: this.state || null,
          text: isSaidHere(this.text) ? null : this.text.trim() || null,
          from_ms: back === null ? null : Date.now() - back,
          to_ms: null,
          before_id,
          limit: PAGE,
        });
      const found = await searchPages(ask, (row) => !isSaidHere(this.text) || saysText(this.text, [row.title, row.body]), before, PAGE);
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
}
