import { expect, test } from 'vitest';
import type { PartitionReport, VerificationReport } from '../../backend/bindings';
import { task as texts } from '../../text/en/task';
import { coverageOf, isWhole, provedBy, readBy, resultOf, verdictOf } from './verify-words';
import { reportPage } from './report-page';

const partition: PartitionReport = {
  topic: 'orders',
  target_topic: 'orders',
  partition: 0,
  source_range: { from: 0, to: 100 },
  target_range: { from: 0, to: 100 },
  source_read_by_copier: false,
  source_records: 100,
  target_records: 100,
  source_digest: '',
  target_digest: '',
  equal_records: 100,
  records_as_batches: 0,
  differences: {},
  accepted: {},
  not_checked: [],
  gone: [],
  not_copied: null,
  not_compared: null,
  problem: null,
  keys_not_counted: false,
  continued: false,
  proof: null,
};

const report: VerificationReport = {
  task: 'orders',
  result: 'behind',
  equal: false,
  scope: null,
  sentence: 'Behind: 1 partitions are equal so far, 100 records, every field; 200 records are not copied yet',
  source_records: 100,
  target_records: 100,
  differences: {},
  accepted: {},
  first_differences: [],
  not_copied: { partitions: 1, offsets: 210, records: 200, held_back: 0, on_the_way: false },
  no_longer_there: { source_offsets: 0, target_offsets: 0, never_copied_offsets: 0, compacted_records: 0 },
  not_compared: { partitions: 0, offsets: 0 },
  left_out_topics: [],
  unread_partitions: 0,
  records_as_batches: 0,
  source_read_by: 'wire',
  target_read_by: 'wire',
  continues_ms: null,
  carried_proofs: [],
  partitions: [partition],
  duration_ms: 5,
};

test('a partition says what is not copied in records where they were counted, and in offsets elsewhere', () => {
  const rest = { range: { from: 100, to: 310 }, records: 200, held_back: 0, on_the_way: false };
  expect(resultOf(partition, texts)).toBe('Same');
  expect(resultOf({ ...partition, not_copied: rest }, texts)).toBe('Equal so far; not copied yet: 200 records');
  expect(resultOf({ ...partition, not_copied: { ...rest, records: null, held_back: 10, on_the_way: true } }, texts)).toBe(
    'Equal so far; on their way: about 200 offsets, about 10 offsets held back by an open transaction at the source',
  );
});

test('a partition whose copies are gone on the target is not the same, one that the source has forgotten is', () => {
  const gone = { range: { from: 0, to: 50 }, records: null, reason: 'retention_or_deletion' } as const;
  const lost = { ...partition, gone: [{ ...gone, side: 'target' as const }] };
  expect([isWhole(lost), resultOf(lost, texts)]).toEqual([false, 'The target lacks copies']);
  expect(isWhole({ ...partition, gone: [{ ...gone, side: 'source' }] })).toBe(true);
});

test('three numbers stand beside equal and different, with what they count', () => {
  expect(coverageOf(report, texts)).toEqual([
    ['Not copied yet', '200 records'],
    ['No longer there to compare', '0'],
    ['Could not be compared', '0'],
  ]);
  const others: VerificationReport = {
    ...report,
    not_copied: { ...report.not_copied, records: null, on_the_way: true },
    no_longer_there: { source_offsets: 0, target_offsets: 999, never_copied_offsets: 0, compacted_records: 7 },
    not_compared: { partitions: 2, offsets: 30 },
  };
  expect(coverageOf(others, texts)).toEqual([
    ['Newer, on their way', 'about 210 offsets'],
    ['No longer there to compare', '999 offsets on the target, which the source still has, 7 superseded records (compaction)'],
    ['Could not be compared', '2 partitions, about 30 offsets'],
  ]);
});

test('an exported report has the verdict, the numbers and the topics that were left out', () => {
  const page = reportPage({ ...report, left_out_topics: ['old'] }, 'Orders to Europe', texts);
  for (const words of ['Orders to Europe: Behind', 'Not copied yet: 200 records', 'No longer in the task, and not verified: old']) {
    expect(page).toContain(words);
  }
});

test('a report names the client that read each side', () => {
  expect(readBy(report, texts)).toBe(texts.verifyReadBy.wire);
  expect(readBy({ ...report, source_read_by: 'librdkafka' }, texts)).toBe(texts.verifyReadBy.mixed);
  const old = report.partitions.map((partition) => ({ ...partition, source_read_by_copier: true }));
  expect(readBy({ ...report, partitions: old }, texts)).toContain(texts.verifyOldFormats(String(old.length)));
  expect(readBy({ ...report, records_as_batches: 100 }, texts)).toBe('100 of 100 records were compared as whole stored batches, which are identical on both sides.');
  expect(readBy({ ...report, records_as_batches: 90 }, texts)).toBe(
    `90 of 100 records were compared as whole stored batches, which are identical on both sides. Of the others: ${texts.verifyReadBy.wire}`,
  );
  expect(reportPage({ ...report, source_read_by: 'librdkafka', target_read_by: 'librdkafka' }, 'n', texts)).toContain(texts.verifyReadBy.librdkafka);
});

test('a verdict of a part of a task names the part', () => {
  const equal = { ...report, result: 'equal' as const };
  expect(verdictOf(equal, texts)).toBe(texts.verdicts.equal);
  const part = { ...equal, scope: { topics: ['a', 'b'], since: 'time:2026-01-31T08:00:00Z' } };
  expect(verdictOf(part, texts)).toBe(`${texts.verdicts.equal} (of topic a, b, from 2026-01-31T08:00:00Z on only)`);
  expect(reportPage(part, 'n', texts)).toContain('(of topic a, b, from 2026-01-31T08:00:00Z on only)');
  expect(verdictOf({ ...equal, scope: { topics: ['a'], since: null } }, texts)).toContain('(of topic a only)');
});

test('what a later verification can build on is counted with what was taken over, and has the newest date', () => {
  expect(provedBy(report)).toBeNull();
  const proof = { topic: 'orders', partition: 0, source_topic_id: 'a', target_topic_id: 'b', incarnation: 0, source_to: 100, target_to: 100, at_ms: 7 };
  expect(provedBy({ ...report, partitions: [{ ...partition, proof }], carried_proofs: [{ ...proof, partition: 1, at_ms: 9 }] })).toEqual({ at: 9, partitions: 2 });
});
