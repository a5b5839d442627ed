import type { AcceptedGap, GapTopic, OpenGap, StoppedAtGap } from '../../backend/bindings';
import { whole } from '../../lib/format';
import { t } from '../../text/index.svelte';

/** Which gaps are asked about: all, those of a topic, or that of a partition. */
export interface AskedGaps {
  topic: string | null;
  partition: number | null;
}

/** What accepting a gap does, for a button. */
export function acceptOneWords(gap: OpenGap): string {
  const texts = t().task;
  if (gap.reason === 'recreated') return texts.acceptRecreated;
  return texts.acceptGap(whole(gap.range.to - gap.range.from), whole(gap.resume_at));
}

/** What accepting the gaps of a topic does, for a button. */
export function acceptTopicWords({ topic, gaps, gap }: GapTopic): string {
  return gaps === 1 ? acceptOneWords(gap) : t().task.acceptOfTopic(whole(gaps), topic);
}

/** What accepting `count` gaps does, the first of which are those of `topics`. */
export function acceptAllWords(count: number, topics: readonly GapTopic[]): string {
  const [first] = topics;
  return first && topics.length === 1 ? acceptTopicWords(first) : t().task.acceptAll(whole(count));
}

/** The gaps as they were shown, for the backend. */
export function asShown(gaps: readonly StoppedAtGap[]): AcceptedGap[] {
  return gaps.map(({ topic, partition, gap: { range, reason } }) => ({ topic, partition, range, reason }));
}
