import { backend } from '../backend';
import { asAppError } from '../backend/errors';
import type { AppError, UpdateView } from '../backend/bindings';

const DAY_MS = 24 * 60 * 60 * 1000;

/** Whether there is a newer version, where a person has said whom to ask. */
class Updates {
  found = $state.raw<UpdateView | null>(null);
  error = $state.raw<AppError | null>(null);

  /** Asks now. */
  async look(): Promise<void> {
    try {
      this.found = await backend.call('update_check', {});
      this.error = null;
    } catch (error) {
      this.error = asAppError(error);
    }
  }

  /** Asks now and once a day. `hear` gets a version that is newer, each once. Returns what ends it. */
  watch(hear: (version: string) => void): () => void {
    let said = '';
    const ask = async (): Promise<void> => {
      await this.look();
      const { newest, is_newer: isNewer } = this.found ?? { newest: null, is_newer: null };
      if (isNewer !== true || newest === null || newest === said) return;
      said = newest;
      hear(newest);
    };
    void ask();
    const timer = setInterval(() => void ask(), DAY_MS);
    return () => clearInterval(timer);
  }
}

/** What this window knows of newer versions. */
export const updates = new Updates();
