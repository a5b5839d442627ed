import { backend } from '../../backend';
import type { Naming, TaskSettings, TopicListing } from '../../backend/bindings';
import { Loadable } from '../../lib/loadable.svelte';

/** How long a person may pause in typing before the backend is asked. */
const REST_MS = 120;

/**
 * Which topics settings choose, what they are called on the target, and what is wrong with patterns and names, as the backend
 * judges it: asked while a person types, and before a step is left.
 */
export class TopicNames {
  readonly answer = new Loadable<Naming>();
  /** The question that the answer belongs to. */
  #answered = '';
  #asked = '';
  #timer: ReturnType<typeof setTimeout> | undefined;
  #under: Promise<void> = Promise.resolve();

  /** Asks a little later, unless something else is asked by then. */
  soon(settings: TaskSettings, topics: readonly TopicListing[] | null): void {
    clearTimeout(this.#timer);
    const question = JSON.stringify(request(settings, topics));
    if (question === this.#asked) return;
    this.#timer = setTimeout(() => void this.#ask(question), this.answer.value === null ? 0 : REST_MS);
  }

  /** Asks now, where the last answer is to another question. Resolves when there is an answer. */
  async now(settings: TaskSettings, topics: readonly TopicListing[] | null): Promise<void> {
    clearTimeout(this.#timer);
    const question = JSON.stringify(request(settings, topics));
    if (question !== this.#asked) void this.#ask(question);
    await this.#under;
  }

  /** Whether the answer is to what is asked now. */
  isCurrent(settings: TaskSettings, topics: readonly TopicListing[] | null): boolean {
    return JSON.stringify(request(settings, topics)) === this.#answered;
  }

  #ask(question: string): Promise<void> {
    this.#asked = question;
    this.#under = this.answer.load(async () => {
      const answer = await backend.call('topic_naming', JSON.parse(question) as ReturnType<typeof request>);
      this.#answered = question;
      return answer;
    });
    return this.#under.then(() => {
      // An answer that did not come is asked for again.
      if (this.answer.error && this.#asked === question) this.#asked = '';
    });
  }
}

function request(settings: TaskSettings, topics: readonly TopicListing[] | null) {
  return {
    objects: settings.objects,
    rename: settings.rename,
    // A list of chosen topics names them itself.
    topics: 'topics' in settings.objects ? [] : (topics ?? []).map(({ name }) => name),
    same_cluster: settings.source !== '' && settings.source === settings.target,
  };
}
