import type { AcceptedGap, PartitionProgress } from '../../backend/bindings';
import { whole } from '../../lib/format';
import { t } from '../../text/index.svelte';

/** A partition that has stopped at a gap. */
export type StoppedAtGap = PartitionProgress & { gap: NonNullable<PartitionProgress['gap']> };

/** The partitions that have stopped at a gap. */
export function stoppedAtGaps(partitions: readonly PartitionProgress[]): StoppedAtGap[] {
  return partitions.filter((partition): partition is StoppedAtGap => partition.gap !== null);
}

/** What accepting these gaps does, for a button. */
export function acceptWords(gaps: readonly StoppedAtGap[]): string {
  const texts = t().task;
  const [first] = gaps;
  if (first && gaps.length === 1) {
    if (first.gap.reason === 'recreated') return texts.acceptRecreated;
    return texts.acceptGap(whole(first.gap.range.to - first.gap.range.from), whole(first.gap.resume_at));
  }
  const topics = new Set(gaps.map(({ topic }) => topic));
  return topics.size === 1 && first ? texts.acceptOfTopic(whole(gaps.length), first.topic) : texts.acceptAll(whole(gaps.length));
}

/** The gaps as they were shown, for the backend. */
export function asShown(gaps: readonly StoppedAtGap[]): AcceptedGap[] {
  return gaps.map(({ topic, partition, gap: { range, reason } }) => ({ topic, partition, range, reason }));
}
