import type { LogEvent } from '../../backend/bindings';

/** How the events of a task's life look, on its charts and in its log. */
export const EVENT_TONES: Record<LogEvent, 'ok' | 'warn' | 'bad' | 'idle' | 'accent'> = {
  started: 'ok',
  resumed: 'ok',
  paused: 'idle',
  abnormal: 'warn',
  recovered: 'ok',
  failed: 'bad',
  completed: 'ok',
  terminated: 'idle',
  settings: 'accent',
  verification: 'accent',
  alert: 'warn',
  alert_over: 'ok',
};
