import type { TaskRowView, TaskState } from '../../backend/bindings';

/** What tasks are sorted by. `state` puts those that need a person first. */
export type TaskSorting = 'newest' | 'name' | 'state' | 'delay' | 'rate';

/** States from those that need a person to those that are over. */
const RANK: readonly TaskState[] = [
  'failed', 'abnormal', 'pre_check_failed', 'starting', 'running', 'pausing', 'terminating', 'paused', 'pre_checking',
  'pre_check_passed', 'draft', 'completed', 'terminated',
];

const newest = (a: TaskRowView, b: TaskRowView) => b.created_ms - a.created_ms;
const BY: Record<TaskSorting, (a: TaskRowView, b: TaskRowView) => number> = {
  newest,
  name: (a, b) => a.name.localeCompare(b.name),
  state: (a, b) => RANK.indexOf(a.state) - RANK.indexOf(b.state) || newest(a, b),
  delay: (a, b) => (b.delay_ms ?? -1) - (a.delay_ms ?? -1),
  rate: (a, b) => b.write_rate - a.write_rate,
};

/** The tasks in their order. Those in `held` keep the places they had there, with new ones behind: nothing moves under the pointer. */
export function ordered(rows: readonly TaskRowView[], sorting: TaskSorting, held: readonly string[] | null): TaskRowView[] {
  const sorted = rows.toSorted(BY[sorting]);
  if (held === null) return sorted;
  const places = new Map(held.map((id, place) => [id, place]));
  const place = ({ id }: TaskRowView) => places.get(id) ?? held.length;
  return sorted.toSorted((a, b) => place(a) - place(b));
}

/** Whether a task waits for a person. */
export function needsPerson({ state }: Pick<TaskRowView, 'state'>): boolean {
  return state === 'failed' || state === 'abnormal';
}
