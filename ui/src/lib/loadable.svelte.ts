import type { AppError } from '../backend/bindings';
import { asAppError } from '../backend/errors';

/** Something fetched: its value, that it is under way, or why there is none. An older answer never replaces a newer one. */
export class Loadable<T> {
  value = $state.raw<T | null>(null);
  error = $state.raw<AppError | null>(null);
  loading = $state(false);
  /** When the value came, in ms since 1970. */
  at = $state<number | null>(null);
  #turn = 0;

  /** Fetches again; what is there stays until the answer comes. */
  async load(fetch: () => Promise<T>): Promise<void> {
    this.#turn += 1;
    const turn = this.#turn;
    this.loading = true;
    try {
      const value = await fetch();
      if (turn !== this.#turn) return;
      this.value = value;
      this.at = Date.now();
      this.error = null;
    } catch (error) {
      if (turn !== this.#turn) return;
      this.error = asAppError(error);
    } finally {
      if (turn === this.#turn) this.loading = false;
    }
  }

  /** Forgets everything; an answer under way is ignored. */
  clear(): void {
    this.#turn += 1;
    this.value = null;
    this.error = null;
    this.loading = false;
    this.at = null;
  }
}
