import { backend } from '../../backend';
import { asAppError } from '../../backend/errors';
import type { AppError, Condition, Rule } from '../../backend/bindings';
import { readDuration, writeDuration, type Duration } from './duration';

/** The kinds of conditions in the order in which they are offered. */
export const CONDITIONS: Condition['kind'][] = [
  'failed',
  'abnormal_longer_than',
  'delay_over',
  'stuck',
  'retention_risk',
  'gap_found',
  'record_quarantined',
  'not_equal',
  'completed',
];

/** Intervals of repetition that are offered, in seconds. */
export const REPEATS = [300, 900, 3600, 14_400, 86_400];

/** A rule as it is being entered. */
export class RuleDraft {
  name = $state('');
  taskId = $state('');
  kind = $state<Condition['kind']>('delay_over');
  seconds = $state<Duration>(readDuration(300));
  delay = $state<Duration>(readDuration(60));
  lasting = $state<Duration>(readDuration(120));
  horizon = $state<Duration>(readDuration(3600));
  channels = $state<string[]>([]);
  enabled = $state(true);
  recovery = $state(true);
  repeat = $state<number | null>(null);
  error = $state.raw<AppError | null>(null);
  readonly id: string;

  constructor(rule: Rule | null, taskId = '') {
    this.id = rule?.id ?? '';
    this.taskId = taskId;
    if (!rule) return;
    this.name = rule.name;
    this.taskId = rule.task_id ?? '';
    this.channels = [...rule.channel_ids];
    this.enabled = rule.enabled;
    this.recovery = rule.notify_recovery;
    this.repeat = rule.repeat_seconds;
    const { condition } = rule;
    this.kind = condition.kind;
    if (condition.kind === 'abnormal_longer_than') this.seconds = readDuration(condition.seconds);
    if (condition.kind === 'delay_over') {
      this.delay = readDuration(condition.delay_seconds);
      this.lasting = readDuration(condition.for_seconds);
    }
    if (condition.kind === 'stuck') this.lasting = readDuration(condition.for_seconds);
    if (condition.kind === 'retention_risk') this.horizon = readDuration(condition.horizon_seconds);
  }

  /** What the backend says is wrong with a field. */
  wrong(field: string): string | null {
    return this.error?.fields.find((entry) => entry.field === field)?.message ?? null;
  }

  /** Saves it. Returns whether that worked; otherwise `error` says why. */
  async save(): Promise<boolean> {
    try {
      await backend.call('rule_put', { rule: this.#rule() });
      this.error = null;
      return true;
    } catch (error) {
      this.error = asAppError(error);
      return false;
    }
  }

  #rule(): Rule {
    return {
      id: this.id,
      name: this.name.trim(),
      task_id: this.taskId || null,
      condition: this.#condition(),
      channel_ids: [...this.channels],
      enabled: this.enabled,
      builtin: false,
      notify_recovery: this.recovery,
      repeat_seconds: this.repeat,
    };
  }

  #condition(): Condition {
    switch (this.kind) {
      case 'failed':
      case 'gap_found':
      case 'record_quarantined':
      case 'not_equal':
      case 'completed':
        return { kind: this.kind };
      case 'abnormal_longer_than':
        return { kind: this.kind, seconds: writeDuration(this.seconds) };
      case 'delay_over':
        return {
          kind: this.kind,
          delay_seconds: writeDuration(this.delay),
          for_seconds: writeDuration(this.lasting),
        };
      case 'stuck':
        return { kind: this.kind, for_seconds: writeDuration(this.lasting) };
      case 'retention_risk':
        return { kind: this.kind, horizon_seconds: writeDuration(this.horizon) };
    }
  }
}
