import type { TaskState } from '../backend/bindings';

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
