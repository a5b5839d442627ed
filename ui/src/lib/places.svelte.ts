import { backend } from '../backend';
import type { PlaceView } from '../backend/bindings';
import { showPlace, shownPlace } from '../backend/place';
import { Loadable } from './loadable.svelte';

/** The places that a window may show, and where their connections stand. They are kept on this computer. */
class Places {
  readonly list = new Loadable<PlaceView[]>();
  #isWatching = false;

  /** The place that is shown; null for this computer, and until its name is known. */
  readonly shown = $derived(this.list.value?.find(({ id }) => id === shownPlace) ?? null);

  /** Fetches them, and keeps them fresh from now on. */
  watch(): void {
    if (this.#isWatching) return;
    this.#isWatching = true;
    backend.subscribe((event) => {
      if (event.kind === 'places_changed' || event.kind === 'resync') void this.refresh();
    });
    void this.refresh();
  }

  /** Fetches them now. */
  async refresh(): Promise<void> {
    await this.list.load(() => backend.call('place_list', {}));
    // It was removed, in this window or in another.
    if (shownPlace !== null && this.list.value && !this.shown) showPlace(null);
  }
}

/** The places of this window. */
export const places = new Places();
