import type { PartitionReport, VerificationReport, VerificationResult } from '../../backend/bindings';
import { whole } from '../../lib/format';
import { say } from '../../text/say';
import type { task } from '../../text/en/task';

type Texts = typeof task;

/** How good a verdict is. */
export const TONES: Record<VerificationResult, 'ok' | 'warn' | 'bad'> = { equal: 'ok', accepted_differences: 'ok', different: 'bad', behind: 'warn', incomplete: 'warn' };

/** Whether everything that was compared is equal, and nothing that was copied is missing. */
export function isWhole(partition: PartitionReport): boolean {
  const isLost = partition.gone.some(({ side, reason }) => side === 'target' || reason === 'never_copied');
  return partition.problem === null && Object.keys(partition.differences).length === 0 && !isLost;
}

/** A partition's result in words. */
export function resultOf(partition: PartitionReport, texts: Texts): string {
  const kinds = Object.entries(partition.differences).map(([kind, count]) => `${texts.differences[kind as keyof Texts['differences']]}: ${whole(count)}`);
  if (kinds.length > 0) return kinds.join(', ');
  if (partition.problem !== null) return say(partition.problem);
  if (!isWhole(partition)) return texts.verifyLost;
  const rest = partition.not_copied;
  if (rest === null) return texts.verifySame;
  const offsets = rest.range.to - rest.range.from - rest.held_back;
  const amount = amountOf(rest.records, offsets, rest.held_back, texts);
  return rest.on_the_way ? texts.verifyOnTheWay(amount) : texts.verifyBehind(amount);
}

/** When the newest of what a report proved for later verifications was proved, and of how many partitions; null for nothing. */
export function provedBy(report: VerificationReport): { at: number; partitions: number } | null {
  const proofs = [...report.partitions.flatMap(({ proof }) => (proof ? [proof] : [])), ...report.carried_proofs];
  return proofs.length === 0 ? null : { at: Math.max(...proofs.map(({ at_ms: at }) => at)), partitions: proofs.length };
}

/** The verdict, which is that of the verified part alone. */
export function verdictOf(report: VerificationReport, texts: Texts): string {
  const verdict = texts.verdicts[report.result];
  if (report.scope === null) return verdict;
  const { topics, since } = report.scope;
  return `${verdict} (${texts.verifyScope(topics.join(texts.verifyComma), since?.replace(/^time:/, '') ?? '')})`;
}

/** How both sides were read: what as whole batches, and the rest by which clients. */
export function readBy(report: VerificationReport, texts: Texts): string {
  const { records_as_batches: batches, source_records: all, target_records: copies } = report;
  const old = report.partitions.filter((partition) => partition.source_read_by_copier).length;
  const read = texts.verifyReadBy[report.source_read_by === report.target_read_by ? report.source_read_by : 'mixed'];
  const clients = old === 0 ? read : `${read} ${texts.verifyOldFormats(whole(old))}`;
  if (batches === 0) return clients;
  const identical = texts.verifyAsBatches(whole(batches), whole(all));
  return batches === all && batches === copies ? identical : `${identical} ${texts.verifyOthers(clients)}`;
}

/** The three numbers beside equal and different, each with what it counts. */
export function coverageOf(report: VerificationReport, texts: Texts): [label: string, amount: string][] {
  const { not_copied: rest, no_longer_there: gone, not_compared: unread } = report;
  const compacted = gone.compacted_records > 0 ? texts.verifyCompacted(whole(gone.compacted_records)) : '';
  const lost = [
    gone.source_offsets > 0 ? texts.verifyGoneSource(whole(gone.source_offsets)) : '',
    gone.target_offsets > 0 ? texts.verifyGoneTarget(whole(gone.target_offsets)) : '',
    gone.never_copied_offsets > 0 ? texts.verifyNeverCopied(whole(gone.never_copied_offsets)) : '',
    compacted,
  ].filter((part) => part !== '');
  return [
    [rest.on_the_way ? texts.verifyNewer : texts.verifyNotCopied, amountOf(rest.records, rest.offsets - rest.held_back, rest.held_back, texts)],
    [texts.verifyGone, lost.length === 0 ? whole(0) : lost.join(texts.verifyComma)],
    [texts.verifyNotCompared, unread.partitions === 0 ? whole(0) : texts.verifyUnread(whole(unread.partitions), whole(unread.offsets))],
  ];
}

/** Records where they were counted, offsets elsewhere: a log has fewer records than offsets. */
function amountOf(records: number | null, offsets: number, heldBack: number, texts: Texts): string {
  const counted = records === null ? texts.verifyOffsets(whole(offsets)) : texts.verifyRecords(whole(records));
  return heldBack > 0 ? [counted, texts.verifyHeldBack(whole(heldBack))].join(texts.verifyComma) : counted;
}
