import { router } from '../lib/router.svelte';

/** What a shortcut does; also the key of its text. */
export type ShortcutId = 'help' | 'commands' | 'tasks' | 'sources' | 'alerts' | 'activity' | 'settings' | 'newTask' | 'search' | 'pause' | 'verify' | 'next' | 'previous' | 'back';

/** A shortcut: keys one after the other. */
export interface Shortcut {
  id: ShortcutId;
  keys: readonly string[];
}

/** Where the command key is another one. */
const IS_MAC = /Mac/.test(navigator.platform);

/** All shortcuts of the page; the help and the command palette show this table. */
export const SHORTCUTS: readonly Shortcut[] = [
  { id: 'help', keys: ['?'] },
  { id: 'commands', keys: [IS_MAC ? '⌘ K' : 'Ctrl K'] },
  { id: 'search', keys: ['/'] },
  { id: 'newTask', keys: ['n'] },
  { id: 'next', keys: ['↓'] },
  { id: 'previous', keys: ['↑'] },
  { id: 'back', keys: ['Esc'] },
  { id: 'pause', keys: ['p'] },
  { id: 'verify', keys: ['v'] },
  { id: 'tasks', keys: ['g', 't'] },
  { id: 'sources', keys: ['g', 'd'] },
  { id: 'alerts', keys: ['g', 'a'] },
  { id: 'activity', keys: ['g', 'o'] },
  { id: 'settings', keys: ['g', 's'] },
];

/** Keys that do nothing by themselves: they change what another key means. */
const MODIFIERS = new Set(['Shift', 'Control', 'Alt', 'Meta', 'AltGraph', 'CapsLock', 'Fn', 'Dead']);

/** Whether some shortcut of two keys begins with this one. */
function begins(key: string): boolean {
  return SHORTCUTS.some(({ keys }) => keys.length > 1 && keys[0] === key);
}

/** Keys that are shown by a sign. */
const SIGNS: Partial<Record<string, string>> = { ArrowDown: '↓', ArrowUp: '↑', Escape: 'Esc' };

/** How long the second key may take. */
const SEQUENCE_MS = 1200;

/** The pages that shortcuts lead to. */
export const PAGES: Partial<Record<ShortcutId, string>> = {
  tasks: '#/tasks',
  sources: '#/sources',
  alerts: '#/alerts/rules',
  activity: '#/activity',
  settings: '#/settings',
  newTask: '#/tasks/new',
};

/** What shortcuts open that is no page. */
interface Opened {
  help: () => void;
  commands: () => void;
  /** Shows the page larger, smaller, or at its natural size; only where the page does that itself. */
  zoom?: (steps: -1 | 0 | 1) => void;
}

/** Listens for shortcuts until the returned function is called. */
export function listen({ help, commands, zoom }: Opened): () => void {
  let first = '';
  let at = 0;
  // What was entered on a page and not kept is not left with one key.
  let isEdited = false;
  const edited = (event: Event) => {
    if (event.target instanceof HTMLElement && !event.target.matches('[data-search]')) isEdited = true;
  };
  const left = () => {
    isEdited = false;
  };
  const press = (event: KeyboardEvent) => {
    if (isCommandKey(event) && !event.isComposing) {
      event.preventDefault();
      if (!document.querySelector('dialog[open]')) commands();
      return;
    }
    const steps = zoomSteps(event);
    if (steps !== undefined && zoom) {
      event.preventDefault();
      if (!event.repeat) zoom(steps);
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || isTyping(event.target)) return;
    if (MODIFIERS.has(event.key) || event.defaultPrevented || document.querySelector('dialog[open]')) return;
    // A key that is held down moves on in a list, and does nothing else again.
    if (event.repeat && !event.key.startsWith('Arrow')) return;
    const now = Date.now();
    const named = (typed: string) => SHORTCUTS.find((shortcut) => shortcut.keys.join(' ') === typed);
    const key = SIGNS[event.key] ?? event.key;
    const found = (first !== '' && now - at < SEQUENCE_MS ? named(`${first} ${key}`) : undefined) ?? named(key);
    // Only a key that a shortcut begins with is waited for.
    first = !found && begins(event.key) ? event.key : '';
    at = now;
    if (!found || (found.id === 'back' && isEdited)) return;
    if (found.id === 'next' || found.id === 'previous') {
      if (moveInList(found.id === 'next' ? 1 : -1)) event.preventDefault();
      return;
    }
    event.preventDefault();
    const page = PAGES[found.id];
    if (page !== undefined) router.go(page);
    else if (found.id === 'help') help();
    else if (found.id === 'search') document.querySelector<HTMLInputElement>('main [data-search]')?.focus();
    else document.querySelector<HTMLElement>(`main [data-shortcut="${found.id}"]`)?.click();
  };
  addEventListener('keydown', press);
  addEventListener('input', edited);
  addEventListener('hashchange', left);
  return () => {
    removeEventListener('keydown', press);
    removeEventListener('input', edited);
    removeEventListener('hashchange', left);
  };
}

/** Moves the focus to the next line of a list whose lines lead somewhere; from outside of it to the first. */
function moveInList(by: 1 | -1): boolean {
  const focused = document.activeElement;
  // Within something else the arrows are its own.
  if (focused !== null && focused !== document.body && !focused.matches('[data-line]')) return false;
  const lines = [...document.querySelectorAll<HTMLElement>('main [data-line]')];
  const at = lines.findIndex((line) => line === focused);
  const line = lines[at < 0 ? 0 : at + by];
  line?.focus();
  line?.scrollIntoView({ block: 'nearest' });
  return line !== undefined;
}

/** Also while somebody types: it types nothing. */
function isCommandKey(event: KeyboardEvent): boolean {
  return (IS_MAC ? event.metaKey : event.ctrlKey) && !event.altKey && !event.shiftKey && event.key.toLowerCase() === 'k';
}

/** What the command key with this one means for the size of the page. */
function zoomSteps(event: KeyboardEvent): -1 | 0 | 1 | undefined {
  if (!(IS_MAC ? event.metaKey : event.ctrlKey) || event.altKey) return undefined;
  const steps: Partial<Record<string, -1 | 0 | 1>> = { '+': 1, '=': 1, '-': -1, _: -1, '0': 0 };
  return steps[event.key];
}

function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable || target.matches('input:not([type=checkbox], [type=radio]), textarea, select'))
  );
}
