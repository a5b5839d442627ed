import type { TaskAction, TaskRowView, TaskState } from '../backend/bindings';
import { address } from './router.svelte';

/** How a state is shown. */
export const STATE_TONES: Record<TaskState, 'ok' | 'busy' | 'warn' | 'bad' | 'idle' | 'off'> = {
  draft: 'idle',
  pre_checking: 'busy',
  pre_check_failed: 'bad',
  pre_check_passed: 'idle',
  starting: 'busy',
  running: 'ok',
  pausing: 'busy',
  paused: 'off',
  abnormal: 'warn',
  failed: 'bad',
  completed: 'ok',
  terminating: 'busy',
  terminated: 'off',
};

/** States of a task that was not launched yet. */
const BEFORE: readonly TaskState[] = ['draft', 'pre_checking', 'pre_check_failed', 'pre_check_passed'];

/** Whether a task was not launched yet. */
export function isBeforeLaunch(state: TaskState): boolean {
  return BEFORE.includes(state);
}

/** A task's page: the wizard until it is launched. */
export function taskHome({ id, state }: Pick<TaskRowView, 'id' | 'state'>): string {
  return isBeforeLaunch(state) ? address(['tasks', 'new'], { draft: id }) : address(['tasks', id, 'overview']);
}

/** Actions that a page decides. */
export type PageAction = Extract<TaskAction, 'edit' | 'pre_check' | 'start' | 'modify_objects' | 'tune'>;

/** The page on which an action is decided. */
export function actionPage(task: string, action: PageAction): string {
  switch (action) {
    case 'edit':
      return address(['tasks', 'new'], { draft: task });
    case 'pre_check':
      return address(['tasks', 'new'], { draft: task, step: '4' });
    case 'start':
      return address(['tasks', 'new'], { draft: task, step: '5' });
    case 'modify_objects':
      return address(['tasks', task, 'changes']);
    case 'tune':
      return address(['tasks', task, 'settings']);
  }
}
