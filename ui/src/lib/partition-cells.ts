import type { PartitionProgress } from '../backend/bindings';

/** A partition that is less late than this keeps up: what arrives is copied at once. */
const KEEPS_UP_MS = 5000;
const MS_IN_SECOND = 1000;

/** How a partition is shown: how it is, and how far between its start and its end. */
export function partitionCell(partition: PartitionProgress): { tone: 'ok' | 'busy' | 'warn' | 'bad' | 'idle'; fill: number } {
  const { condition, start, position, end } = partition;
  const length = end === null ? 0 : end - start;
  const fill = condition === 'caught_up' || length <= 0 ? 1 : (position - start) / length;
  if (condition === 'stopped') return { tone: 'bad', fill };
  if (condition === 'retrying' || partition.stuck) return { tone: 'warn', fill };
  if (condition === 'at_rest') return { tone: 'idle', fill: end === null ? 1 : fill };
  if (end === null) return { tone: 'idle', fill: 0 };
  // Between two looks at the source the delay may not be known; then what is left at the present rate counts.
  const late = partition.delay_ms ?? (partition.lag === null ? Infinity : (partition.lag / Math.max(partition.rate, Number.EPSILON)) * MS_IN_SECOND);
  const keepsUp = condition === 'caught_up' || late < KEEPS_UP_MS;
  return { tone: keepsUp ? 'ok' : 'busy', fill };
}
