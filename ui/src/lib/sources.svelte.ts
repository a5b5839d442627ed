import { backend } from '../backend';
import type { SourceRow } from '../backend/bindings';
import { Loadable } from './loadable.svelte';

/** The data sources: a snapshot, fetched again when the backend says that they have changed. */
class Sources {
  readonly list = new Loadable<SourceRow[]>();
  #isWatching = false;

  /** Fetches them, and keeps them fresh from now on. */
  watch(): void {
    if (this.#isWatching) return;
    this.#isWatching = true;
    backend.subscribe((event) => {
      // Tasks say which data sources are in use.
      if (event.kind === 'sources_changed' || event.kind === 'tasks_changed' || event.kind === 'resync') void this.refresh();
    });
    void this.refresh();
  }

  /** Fetches them now. */
  async refresh(): Promise<void> {
    await this.list.load(() => backend.call('source_list', {}));
  }

  /** Those with records: a Connect cluster has none. */
  get kafka(): SourceRow[] {
    return (this.list.value ?? []).filter(({ form }) => form.kind !== 'connect');
  }

  /** Those that tasks may run on. */
  get connect(): SourceRow[] {
    return (this.list.value ?? []).filter(({ form }) => form.kind === 'connect');
  }

  /** One of them. */
  of(id: string): SourceRow | null {
    return this.list.value?.find((source) => source.id === id) ?? null;
  }
}

/** The data sources of this window. */
export const sources = new Sources();
