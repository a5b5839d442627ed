import { activity as enActivity } from './en/activity';
import { alerts as enAlerts } from './en/alerts';
import { compare as enCompare } from './en/compare';
import { cutover as enCutover } from './en/cutover';
import { everywhere as enEverywhere } from './en/everywhere';
import { desktop as enDesktop } from './en/desktop';
import { groups as enGroups } from './en/groups';
import { newTask as enNewTask } from './en/new-task';
import { places as enPlaces } from './en/places';
import { readiness as enReadiness } from './en/readiness';
import { settings as enSettings } from './en/settings';
import { sources as enSources } from './en/sources';
import { start as enStart } from './en/start';
import { task as enTask } from './en/task';
import { tasks as enTasks } from './en/tasks';
import { activity as zhActivity } from './zh/activity';
import { alerts as zhAlerts } from './zh/alerts';
import { compare as zhCompare } from './zh/compare';
import { cutover as zhCutover } from './zh/cutover';
import { everywhere as zhEverywhere } from './zh/everywhere';
import { desktop as zhDesktop } from './zh/desktop';
import { groups as zhGroups } from './zh/groups';
import { newTask as zhNewTask } from './zh/new-task';
import { places as zhPlaces } from './zh/places';
import { readiness as zhReadiness } from './zh/readiness';
import { settings as zhSettings } from './zh/settings';
import { sources as zhSources } from './zh/sources';
import { start as zhStart } from './zh/start';
import { task as zhTask } from './zh/task';
import { tasks as zhTasks } from './zh/tasks';

/** Everything that is shown to a person, in English. */
const en = {
  everywhere: enEverywhere,
  start: enStart,
  tasks: enTasks,
  task: enTask,
  groups: enGroups,
  readiness: enReadiness,
  newTask: enNewTask,
  sources: enSources,
  compare: enCompare,
  alerts: enAlerts,
  activity: enActivity,
  cutover: enCutover,
  desktop: enDesktop,
  places: enPlaces,
  settings: enSettings,
};
type Catalogue = typeof en;
/** The same in simplified Chinese; the types see to it that nothing is missing. */
const zh: Catalogue = {
  everywhere: zhEverywhere,
  start: zhStart,
  tasks: zhTasks,
  task: zhTask,
  groups: zhGroups,
  readiness: zhReadiness,
  newTask: zhNewTask,
  sources: zhSources,
  compare: zhCompare,
  alerts: zhAlerts,
  activity: zhActivity,
  cutover: zhCutover,
  desktop: zhDesktop,
  places: zhPlaces,
  settings: zhSettings,
};

/** Languages the page speaks. */
export type Language = 'en' | 'zh';
/** What a person may choose. */
export type LanguageChoice = Language | 'system';

const CATALOGUES: Record<Language, Catalogue> = { en, zh };
const LOCALES: Record<Language, string> = { en: 'en', zh: 'zh-Hans' };

class LanguageState {
  choice = $state<LanguageChoice>('system');
  readonly current = $derived<Language>(
    this.choice !== 'system' ? this.choice : navigator.language.toLowerCase().startsWith('zh') ? 'zh' : 'en',
  );
  /** For `Intl` and the `lang` of the document. */
  readonly locale = $derived(LOCALES[this.current]);
}

/** The language of the page. */
export const language = new LanguageState();

/** The catalogue of the chosen language. */
export function t(): Catalogue {
  return CATALOGUES[language.current];
}
