import { backend } from '../backend';
import { asAppError } from '../backend/errors';
import { language, type LanguageChoice } from '../text/index.svelte';

/** Themes a person may choose. */
export type ThemeChoice = 'system' | 'light' | 'dark';

const THEME = 'page.theme';
const LANGUAGE = 'page.language';
const ZOOM = 'page.zoom';
/** Sizes that the page is shown at, in percent; a browser has its own. */
export const ZOOMS = [80, 90, 100, 110, 125, 150, 175, 200];
/** What notifications are written in. */
const BACKEND_LANGUAGE = { en: 'en', zh: 'zh_hans' } as const;

/** Language, theme and size: kept by the backend, and in this window for an early start without a flash. */
class Preferences {
  theme = $state<ThemeChoice>('system');
  /** In percent of its natural size. */
  zoom = $state(100);

  /** Applies what this window remembers, then what the backend has. */
  async load(): Promise<void> {
    this.#apply(localStorage.getItem(THEME), localStorage.getItem(LANGUAGE));
    await this.#applyZoom(Number(localStorage.getItem(ZOOM))).catch(said);
    const shown = this.zoom;
    try {
      const { values } = await backend.call('settings_show', {});
      this.#apply(values[THEME], values[LANGUAGE]);
      // Not over a size that was chosen meanwhile.
      if (this.zoom === shown) await this.#applyZoom(values[ZOOM]);
    } catch (error) {
      said(error);
    }
  }

  /** Shows the page at a size and keeps it. */
  async setZoom(percent: number): Promise<void> {
    await this.#applyZoom(percent);
    await backend.call('setting_set', { key: ZOOM, value: this.zoom });
  }

  /** Shows the page at the next larger or smaller size, or with 0 at its natural one. */
  async zoomBy(steps: -1 | 0 | 1): Promise<void> {
    const to = steps === 0 ? 100 : ZOOMS[ZOOMS.indexOf(this.zoom) + steps];
    if (to !== undefined) await this.setZoom(to);
  }

  /** Chooses a theme and keeps the choice. */
  async setTheme(theme: ThemeChoice): Promise<void> {
    this.#apply(theme, language.choice);
    await backend.call('setting_set', { key: THEME, value: theme });
  }

  /** Chooses a language, for notifications too, and keeps the choice. */
  async setLanguage(choice: LanguageChoice): Promise<void> {
    this.#apply(this.theme, choice);
    await backend.call('setting_set', { key: LANGUAGE, value: choice });
    await backend.call('setting_set', { key: 'language', value: BACKEND_LANGUAGE[language.current] });
  }

  async #applyZoom(percent: unknown): Promise<void> {
    const { desktop } = backend;
    if (!desktop || typeof percent !== 'number' || !ZOOMS.includes(percent) || percent === this.zoom) return;
    const before = this.zoom;
    this.zoom = percent;
    try {
      await desktop.setZoom(percent);
    } catch (error) {
      this.zoom = before;
      throw error;
    }
    localStorage.setItem(ZOOM, String(percent));
  }

  #apply(theme: unknown, choice: unknown): void {
    if (theme === 'system' || theme === 'light' || theme === 'dark') {
      this.theme = theme;
      localStorage.setItem(THEME, theme);
    }
    if (choice === 'system' || choice === 'en' || choice === 'zh') {
      language.choice = choice;
      localStorage.setItem(LANGUAGE, choice);
    }
    document.documentElement.dataset.theme = this.theme;
    document.documentElement.lang = language.locale;
  }
}

/** The page is usable with what it has; what asks the backend next shows the error. */
function said(error: unknown): void {
  console.error('settings cannot be read', asAppError(error).message);
}

/** The preferences of this window. */
export const preferences = new Preferences();
