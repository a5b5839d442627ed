import { SvelteMap } from 'svelte/reactivity';
import { backend } from '../../backend';
import { asAppError } from '../../backend/errors';
import type { AppError, VerificationReport } from '../../backend/bindings';

/** A verification of one task. */
export class Verification {
  running = $state(false);
  percent = $state(0);
  report = $state.raw<VerificationReport | null>(null);
  error = $state.raw<AppError | null>(null);
}

/** The last verification of each task, as long as the window is open: it goes on when its page is left. */
class Verifications {
  #runs = new SvelteMap<string, Verification>();
  #none = new Verification();
  #isListening = false;

  /** The verification of a task. */
  of(task: string): Verification {
    return this.#runs.get(task) ?? this.#none;
  }

  /** Hears how far verifications are, from now on. */
  listen(): void {
    if (this.#isListening) return;
    this.#isListening = true;
    backend.subscribe((event) => {
      if (event.kind !== 'verification_progress') return;
      const run = this.#runs.get(event.task_id);
      if (run) run.percent = event.percent;
    });
  }

  /** Verifies a task. */
  async run(task: string): Promise<void> {
    const run = this.#runs.get(task) ?? new Verification();
    this.#runs.set(task, run);
    if (run.running) return;
    run.running = true;
    run.percent = 0;
    run.error = null;
    try {
      run.report = await backend.call('task_verify', { task });
    } catch (error) {
      run.error = asAppError(error);
    } finally {
      run.running = false;
    }
  }
}

/** The verifications of this window. */
export const verifications = new Verifications();
