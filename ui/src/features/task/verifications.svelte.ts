import { SvelteMap } from 'svelte/reactivity';
import { backend } from '../../backend';
import { asAppError } from '../../backend/errors';
import type { AppError, AppEvent, PastVerification, VerificationReport, VerifyScope } from '../../backend/bindings';

/** A verification of one task. */
export class Verification {
  running = $state(false);
  percent = $state(0);
  report = $state.raw<VerificationReport | null>(null);
  /** When the report was made, in ms since 1970. */
  at = $state<number | null>(null);
  /** What each came to, the newest first. */
  history = $state.raw<readonly PastVerification[]>([]);
  error = $state.raw<AppError | null>(null);
}

/** The last verification of each task. It goes on when its page is left, and is found again after a reload. */
class Verifications {
  #runs = new SvelteMap<string, Verification>();
  #none = new Verification();
  #isListening = false;

  /** The verification of a task. */
  of(task: string): Verification {
    return this.#runs.get(task) ?? this.#none;
  }

  /** Fetches what is known of a task's verifications, and hears of them from now on. */
  async watch(task: string): Promise<void> {
    if (!this.#isListening) {
      this.#isListening = true;
      backend.subscribe((event) => this.#hear(event));
    }
    const run = this.#take(task);
    try {
      const { percent, report, ended_ms: at, history } = await backend.call('task_verification', { task });
      run.running = percent !== null;
      run.percent = percent ?? run.percent;
      run.report = report;
      run.at = at;
      run.history = history;
    } catch (error) {
      run.error = asAppError(error);
    }
  }

  /** Verifies a task: all of it, a part (`scope`), or only what is newer than earlier verifications proved (`continues`). */
  async run(task: string, which: { scope?: VerifyScope; continues?: boolean } = {}): Promise<void> {
    const run = this.#take(task);
    if (run.running) return;
    run.running = true;
    run.percent = 0;
    run.error = null;
    try {
      run.report = await backend.call('task_verify', { task, ...which });
      run.at = Date.now();
    } catch (error) {
      run.error = asAppError(error);
    } finally {
      run.running = false;
    }
  }

  #take(task: string): Verification {
    const known = this.#runs.get(task);
    if (known) return known;
    const made = new Verification();
    this.#runs.set(task, made);
    return made;
  }

  #hear(event: AppEvent): void {
    if (event.kind === 'resync') {
      for (const task of this.#runs.keys()) void this.watch(task);
    } else if (event.kind === 'verification_progress') {
      const run = this.#runs.get(event.task_id);
      if (!run) return;
      run.running = true;
      run.percent = event.percent;
    } else if (event.kind === 'verification_ended' && this.#runs.has(event.task_id)) {
      void this.watch(event.task_id);
    }
  }
}

/** The verifications of this window. */
export const verifications = new Verifications();
