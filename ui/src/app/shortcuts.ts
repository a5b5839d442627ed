import { router } from '../lib/router.svelte';

/** What a shortcut does; also the key of its text. */
export type ShortcutId = 'help' | 'tasks' | 'sources' | 'alerts' | 'activity' | 'settings' | 'newTask' | 'search';

/** A shortcut: keys one after the other. */
export interface Shortcut {
  id: ShortcutId;
  keys: readonly string[];
}

/** All shortcuts of the page; the help shows this table. */
export const SHORTCUTS: readonly Shortcut[] = [
  { id: 'help', keys: ['?'] },
  { id: 'search', keys: ['/'] },
  { id: 'newTask', keys: ['n'] },
  { id: 'tasks', keys: ['g', 't'] },
  { id: 'sources', keys: ['g', 'd'] },
  { id: 'alerts', keys: ['g', 'a'] },
  { id: 'activity', keys: ['g', 'o'] },
  { id: 'settings', keys: ['g', 's'] },
];

/** How long the second key may take. */
const SEQUENCE_MS = 1200;

const PAGES: Partial<Record<ShortcutId, string>> = {
  tasks: '#/tasks',
  sources: '#/sources',
  alerts: '#/alerts/rules',
  activity: '#/activity',
  settings: '#/settings',
  newTask: '#/tasks/new',
};

/** Listens for shortcuts until the returned function is called. `help` opens the help. */
export function listen(help: () => void): () => void {
  let first = '';
  let at = 0;
  const press = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || isTyping(event.target)) return;
    if (document.querySelector('dialog[open]')) return;
    const now = Date.now();
    const typed = first !== '' && now - at < SEQUENCE_MS ? [first, event.key] : [event.key];
    const found = SHORTCUTS.find((shortcut) => shortcut.keys.join(' ') === typed.join(' '));
    first = found ? '' : event.key;
    at = now;
    if (!found) return;
    event.preventDefault();
    const page = PAGES[found.id];
    if (page !== undefined) router.go(page);
    else if (found.id === 'help') help();
    else document.querySelector<HTMLInputElement>('main [data-search]')?.focus();
  };
  addEventListener('keydown', press);
  return () => removeEventListener('keydown', press);
}

function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable || target.matches('input:not([type=checkbox], [type=radio]), textarea, select'))
  );
}
