import type { PartitionCondition, TaskState } from '../../backend/bindings';
import { t } from '../../text/index.svelte';

/** How a partition is, in words: one of a task that does not run is as the task is. */
export function conditionWords(condition: PartitionCondition, state: TaskState | undefined): string {
  const texts = t().task;
  if (condition !== 'at_rest') return texts.conditions[condition];
  if (state === 'paused' || state === 'pausing') return texts.atRest.paused;
  if (state === 'terminated' || state === 'terminating') return texts.atRest.ended;
  if (state === 'completed') return texts.atRest.completed;
  if (state === 'abnormal' || state === 'starting' || state === 'running') return texts.atRest.waiting;
  return texts.atRest.stands;
}
