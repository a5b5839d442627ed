import { untrack } from 'svelte';
import type { TaskView } from '../backend/bindings';
import { asAppError } from '../backend/errors';

/** So often a change is sent once more because other parts of the settings were changed meanwhile. */
const ATTEMPTS = 5;

/** A part of the settings, and the version of all of them that it was read from. */
interface Filled<Part> {
  part: Part;
  version: number;
}

/**
 * One part of a task's settings, as it is kept and as it is entered. The fields follow what is kept until they are touched. A
 * change is refused if this part has been changed since, and not because another part was.
 */
export class SettingsPart<Part extends object> {
  /** What stands in the fields. */
  entered: Part;
  readonly #read: (view: TaskView) => Part;
  readonly #view: () => TaskView | null;
  readonly #refresh: () => Promise<void>;
  #filled = $state.raw<Filled<Part> | null>(null);

  /**
   * Made while a component is made, whose life it shares.
   *
   * @param blank what the fields hold until the task is known
   * @param read takes the part out of a task's settings
   * @param view the task as it was last heard of
   * @param refresh fetches the task
   */
  constructor(blank: Part, read: (view: TaskView) => Part, view: () => TaskView | null, refresh: () => Promise<void>) {
    this.entered = $state(blank);
    this.#read = read;
    this.#view = view;
    this.#refresh = refresh;
    $effect(() => {
      const now = view();
      if (now) untrack(() => this.#follow(now));
    });
  }

  /** Whether the fields differ from what they were filled with. */
  readonly isTouched = $derived.by(() => this.#filled !== null && !isSame(this.entered, this.#filled.part));

  /** Whether this part was changed elsewhere while its fields were touched. */
  readonly isOutdated = $derived.by(() => {
    const view = this.#view();
    return this.isTouched && this.#filled !== null && view !== null && !this.#isOld(view) && !isSame(this.#read(view), this.#filled.part);
  });

  /** Fills the fields with what is kept. */
  showKept(): void {
    const view = this.#view();
    if (view) this.#fill(view);
  }

  /**
   * Sends what is entered with `send`, which gets the version that the change is based on and answers with the task as it is then.
   * What is entered meanwhile stays.
   *
   * @throws what `send` throws; `cancelled` if this part has been changed since its fields were filled
   */
  async keep(send: (version: number | undefined) => Promise<TaskView>): Promise<void> {
    const sent = JSON.stringify(this.entered);
    const answer = await this.#send(send);
    if (JSON.stringify(this.entered) === sent) this.#fill(answer);
    else this.#filled = { part: this.#read(answer), version: answer.settings_version };
    await this.#refresh();
  }

  async #send(send: (version: number | undefined) => Promise<TaskView>): Promise<TaskView> {
    for (let attempt = 1; ; attempt += 1) {
      const filled = this.#filled;
      try {
        return await send(filled?.version);
      } catch (thrown) {
        if (filled === null || attempt === ATTEMPTS || asAppError(thrown).code !== 'cancelled') throw thrown;
        await this.#refresh();
        const view = this.#view();
        if (view === null || view.settings_version === filled.version || !isSame(this.#read(view), filled.part)) throw thrown;
        this.#filled = { part: filled.part, version: view.settings_version };
      }
    }
  }

  #follow(view: TaskView): void {
    if (this.#isOld(view)) return;
    if (!this.isTouched) this.#fill(view);
    else if (this.#filled !== null && isSame(this.#read(view), this.#filled.part)) this.#filled = { part: this.#filled.part, version: view.settings_version };
  }

  /** An answer that was on its way while a change was kept is older than what the fields were filled with. */
  #isOld(view: TaskView): boolean {
    return this.#filled !== null && view.settings_version < this.#filled.version;
  }

  #fill(view: TaskView): void {
    this.#filled = { part: this.#read(view), version: view.settings_version };
    this.entered = this.#read(view);
  }
}

function isSame(one: object, other: object): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
