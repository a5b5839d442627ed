import { backend } from '../backend';
import type { SourceRow, TaskAction, TaskRowView } from '../backend/bindings';
import { address } from '../lib/router.svelte';
import { actionPage, isBeforeLaunch, taskHome } from '../lib/task-words';
import { t } from '../text/index.svelte';
import { PAGES, SHORTCUTS } from './shortcuts';

/** Something that the command palette offers: a page to go to, or something to do. */
export interface Command {
  /** Tells commands apart. */
  id: string;
  /** What is read and searched. */
  title: string;
  /** What the object is, shown beside the title and searched too. */
  detail: string;
  /** The shortcut that does the same. */
  keys: readonly string[];
  /** The page it leads to; without one it is `run`. */
  href?: string;
  /** What it does. A failure is shown in the palette. */
  run?: () => Promise<unknown>;
}

/** Commands shown at once: more are found by typing more. */
export const MOST_COMMANDS = 50;

const TABS = ['topics', 'gaps', 'log', 'changes', 'verify', 'groups', 'readiness', 'settings'] as const;

function pages(): Command[] {
  const texts = t().everywhere;
  const led = SHORTCUTS.flatMap(({ id, keys }) => {
    const href = PAGES[id];
    return href === undefined ? [] : [{ id: `page ${id}`, title: texts.shortcuts[id], detail: '', keys, href }];
  });
  const more = [
    { id: 'page newSource', title: texts.commands.newSource, href: address(['sources', 'new']) },
    { id: 'page import', title: texts.commands.importSource, href: address(['sources', 'new'], { import: '' }) },
    { id: 'page compare', title: texts.commands.compare, href: address(['compare']) },
  ];
  return [...led, ...more.map((one) => ({ ...one, detail: '', keys: [] }))];
}

/** What doing an action from here is: done at once, decided on its page, or asked about on the task's page. */
function doing(task: string, action: TaskAction): Pick<Command, 'href' | 'run'> {
  switch (action) {
    case 'pause':
    case 'resume':
    case 'retry':
      return { run: () => backend.call(`task_${action}`, { task }) };
    case 'copy':
    case 'terminate':
    case 'delete':
      return { href: address(['tasks', task, 'overview'], { ask: action }) };
    default:
      return { href: actionPage(task, action) };
  }
}

function ofTask(task: TaskRowView): Command[] {
  const texts = t();
  const detail = texts.everywhere.commands.task(texts.tasks.states[task.state]);
  const named = (id: string, what: string, more: Pick<Command, 'href' | 'run'>): Command => ({
    id: `task ${task.id} ${id}`,
    title: texts.everywhere.commands.of(what, task.name),
    detail,
    keys: [],
    ...more,
  });
  const open: Command = { id: `task ${task.id}`, title: task.name, detail, keys: [], href: taskHome(task) };
  const acts = task.allowed.map((action) => named(action, texts.tasks.actions[action], doing(task.id, action)));
  const tabs = (isBeforeLaunch(task.state) ? [] : TABS).map((tab) => named(tab, texts.task.tabs[tab], { href: address(['tasks', task.id, tab]) }));
  return [open, ...acts, ...tabs];
}

function ofSource({ id, form }: SourceRow): Command[] {
  const texts = t();
  const detail = texts.everywhere.commands.source;
  const at = (part: string | null, what: string | null): Command => ({
    id: `source ${id} ${part ?? ''}`,
    title: what === null ? form.name : texts.everywhere.commands.of(what, form.name),
    detail,
    keys: [],
    href: address(part === null ? ['sources', id] : ['sources', id, part]),
  });
  return [
    at(null, null),
    ...(form.kind !== 'connect' ? [at('topics', texts.sources.tabTopics), at('groups', texts.sources.tabGroups)] : []),
    at('edit', texts.everywhere.commands.edit),
  ];
}

/** Everything that can be done from anywhere, the nearest things first. */
export function commands(tasks: readonly TaskRowView[], sources: readonly SourceRow[]): Command[] {
  return [...pages(), ...tasks.flatMap(ofTask), ...sources.flatMap(ofSource)];
}

/** How well a command fits words that were typed; null if one of them is missing. Smaller is better. */
function distance({ title, detail }: Command, words: readonly string[]): number | null {
  const name = title.toLowerCase();
  const all = `${name} ${detail.toLowerCase()}`;
  let sum = 0;
  for (const word of words) {
    const at = all.indexOf(word);
    if (at < 0) return null;
    const begins = at === 0 || !/[\p{L}\p{N}]/u.test(all[at - 1] ?? '');
    sum += (begins ? 0 : 100) + (at < name.length ? 0 : 50);
  }
  return sum + name.length / 1000;
}

/** The commands that contain every word, the best first; all in their order when nothing is typed. */
export function search(all: readonly Command[], typed: string): Command[] {
  const words = typed.toLowerCase().split(/\s+/).filter((word) => word !== '');
  if (words.length === 0) return all.slice(0, MOST_COMMANDS);
  return all
    .map((command) => ({ command, distance: distance(command, words) }))
    .filter((one): one is { command: Command; distance: number } => one.distance !== null)
    .toSorted((a, b) => a.distance - b.distance)
    .slice(0, MOST_COMMANDS)
    .map(({ command }) => command);
}
