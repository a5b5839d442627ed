import type { Condition } from '../../backend/bindings';
import { duration } from '../../lib/format';
import { t } from '../../text/index.svelte';

/** A condition as a sentence. */
export function conditionWords(condition: Condition): string {
  const texts = t().alerts;
  switch (condition.kind) {
    case 'failed':
      return texts.sentenceFailed;
    case 'abnormal_longer_than':
      return texts.sentenceAbnormal(duration(condition.seconds));
    case 'delay_over':
      return texts.sentenceDelay(duration(condition.delay_seconds), duration(condition.for_seconds));
    case 'stuck':
      return texts.sentenceStuck(duration(condition.for_seconds));
    case 'gap_found':
      return texts.sentenceGap;
    case 'record_quarantined':
      return texts.sentenceQuarantine;
    case 'retention_risk':
      return texts.sentenceRetention(duration(condition.horizon_seconds));
    case 'not_equal':
      return texts.sentenceNotEqual;
    case 'completed':
      return texts.sentenceCompleted;
  }
}
