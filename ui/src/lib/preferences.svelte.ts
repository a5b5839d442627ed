import { backend } from '../backend';
import { asAppError } from '../backend/errors';
import { language, type LanguageChoice } from '../text/index.svelte';

/** Themes a person may choose. */
export type ThemeChoice = 'system' | 'light' | 'dark';

const THEME = 'page.theme';
const LANGUAGE = 'page.language';
/** What notifications are written in. */
const BACKEND_LANGUAGE = { en: 'en', zh: 'zh_hans' } as const;

/** Language and theme: kept by the backend, and in this window for an early start without a flash. */
class Preferences {
  theme = $state<ThemeChoice>('system');

  /** Applies what this window remembers, then what the backend has. */
  async load(): Promise<void> {
    this.#apply(localStorage.getItem(THEME), localStorage.getItem(LANGUAGE));
    try {
      const { values } = await backend.call('settings_show', {});
      this.#apply(values[THEME], values[LANGUAGE]);
    } catch (error) {
      // The page is usable with what it has; what asks the backend next shows the error.
      console.error('settings cannot be read', asAppError(error).message);
    }
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

/** The preferences of this window. */
export const preferences = new Preferences();
