//! Logs in memory, framed byte by byte, and a comparison of two of them.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::AtomicBool;

use bytes::Bytes;
use sluice_model::OffsetRange;
use sluice_wire::{AbortedTransaction, FetchedPartition, TopicPartition, WireError};

use crate::error::StoreError;
use crate::position::{OffsetRun, PartitionKey};
use crate::record_hash::Fields;
use crate::verify::batches::{Batches, Pace};
use crate::verify::comparison::Comparison;
use crate::verify::offset_map::OffsetMap;
use crate::verify::report::{Difference, GoneReason, LogSide, NotCopied, PartitionReport};
use crate::verify::rules::{Cut, Rules};
use crate::verify::stored_log::StoredLog;
use crate::verify::stream::Stream;
use crate::verify::wire_feed::WireFeed;

pub(super) const APPEND_TIME: u16 = 8;
pub(super) const TRANSACTIONAL: u16 = 16;
const CONTROL: u16 = 32;

/// A record before it is framed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Plain {
    pub(super) key: Option<String>,
    pub(super) value: Option<String>,
    pub(super) time: i64,
}

impl Plain {
    pub(super) fn new(key: &str, value: &str, time: i64) -> Self {
        Self {
            key: Some(key.to_owned()),
            value: Some(value.to_owned()),
            time,
        }
    }
}

fn varint(out: &mut Vec<u8>, value: i64) {
    let mut bits = ((value << 1) ^ (value >> 63)) as u64;
    while bits >= 128 {
        out.push((bits % 128) as u8 | 128);
        bits /= 128;
    }
    out.push(bits as u8);
}

fn field(out: &mut Vec<u8>, bytes: Option<&[u8]>) {
    varint(out, bytes.map_or(-1, |bytes| bytes.len() as i64));
    out.extend(bytes.into_iter().flatten());
}

/// A batch of format 2. `records`: with their distance from `base`, the last of which may be less than `last_delta`.
pub(super) fn frame(
    base: i64,
    records: &[(i32, Plain)],
    last_delta: i32,
    attributes: u16,
    producer: i64,
) -> Vec<u8> {
    let base_time = records.first().map_or(-1, |(_, record)| record.time);
    let max_time = records.iter().map(|(_, record)| record.time).max().unwrap_or(-1);
    let mut body = Vec::new();
    for (delta, record) in records {
        let mut one = vec![0];
        varint(&mut one, record.time - base_time);
        varint(&mut one, i64::from(*delta));
        field(&mut one, record.key.as_ref().map(String::as_bytes));
        field(&mut one, record.value.as_ref().map(String::as_bytes));
        varint(&mut one, 0);
        varint(&mut body, one.len() as i64);
        body.extend(one);
    }
    let mut covered = Vec::new();
    covered.extend(attributes.to_be_bytes());
    covered.extend(last_delta.to_be_bytes());
    covered.extend(base_time.to_be_bytes());
    covered.extend(max_time.to_be_bytes());
    covered.extend(producer.to_be_bytes());
    covered.extend(0_i16.to_be_bytes());
    covered.extend(0_i32.to_be_bytes());
    covered.extend((records.len() as i32).to_be_bytes());
    covered.extend(body);
    let mut batch = Vec::new();
    batch.extend(base.to_be_bytes());
    batch.extend((covered.len() as i32 + 9).to_be_bytes());
    batch.extend(3_i32.to_be_bytes());
    batch.push(2);
    batch.extend(crc32c::crc32c(&covered).to_be_bytes());
    batch.extend(covered);
    batch
}

/// One partition of one side.
#[derive(Debug, Clone, Default)]
pub(super) struct MemoryLog {
    entries: Vec<(i64, Vec<u8>)>,
    aborted: Vec<AbortedTransaction>,
    /// The next offset.
    pub(super) end: i64,
    /// Entries of an answer; 0 for all.
    pub(super) per_answer: usize,
    /// Nothing can be read of it as batches.
    pub(super) fails: bool,
}

impl MemoryLog {
    /// Appends records as one batch. Returns the offset of the first.
    pub(super) fn batch(&mut self, records: &[Plain]) -> i64 {
        self.batch_with(records, 0, -1)
    }

    pub(super) fn batch_with(&mut self, records: &[Plain], attributes: u16, producer: i64) -> i64 {
        let kept: Vec<(i32, Plain)> = (0..).zip(records.iter().cloned()).collect();
        self.sparse(&kept, records.len() as i64, attributes, producer)
    }

    /// Appends a batch of `length` offsets, not all of which have a record.
    pub(super) fn sparse(
        &mut self,
        records: &[(i32, Plain)],
        length: i64,
        attributes: u16,
        producer: i64,
    ) -> i64 {
        let base = self.end;
        self.end += length;
        let last = i32::try_from(length - 1).unwrap();
        self.entries
            .push((self.end, frame(base, records, last, attributes, producer)));
        base
    }

    /// Appends the marker that ends a producer's transaction.
    pub(super) fn marker(&mut self, producer: i64, commits: bool) {
        let key = String::from_utf8(vec![0, 0, 0, u8::from(commits)]).unwrap();
        let marker = Plain::new(&key, "\0\0\0\0\0\0", 1_000);
        self.batch_with(&[marker], TRANSACTIONAL | CONTROL, producer);
    }

    /// Appends an aborted transaction.
    pub(super) fn aborted(&mut self, records: &[Plain], producer: i64) {
        let first_offset = self.batch_with(records, TRANSACTIONAL, producer);
        self.aborted.push(AbortedTransaction {
            producer_id: producer,
            first_offset,
        });
        self.marker(producer, false);
    }

    /// Makes the checksum of the last batch wrong.
    pub(super) fn damage(&mut self) {
        if let Some(byte) = self.entries.last_mut().and_then(|(_, bytes)| bytes.last_mut()) {
            *byte ^= 0x55;
        }
    }

    /// Makes the log end with an entry, as those of brokers do.
    pub(super) fn close(&mut self) {
        let last = self.entries.last().map_or(0, |(next, _)| *next);
        let missing = self.end - last;
        if missing > 0 {
            self.end = last;
            self.sparse(&[], missing, 0, -1);
        }
    }

    /// Offsets without an entry, as a cleaner leaves them.
    pub(super) fn skip(&mut self, count: i64) {
        self.end += count;
    }
}

impl StoredLog for MemoryLog {
    fn fetch(&mut self, offset: i64, _: i32) -> Result<Option<FetchedPartition>, WireError> {
        if self.fails {
            return Ok(None);
        }
        let from = self.entries.partition_point(|(next, _)| *next <= offset);
        let entries = self.entries[from..].iter();
        let records: Vec<u8> = match self.per_answer {
            0 => entries.flat_map(|(_, bytes)| bytes.clone()).collect(),
            some => entries.take(some).flat_map(|(_, bytes)| bytes.clone()).collect(),
        };
        Ok(Some(FetchedPartition {
            place: TopicPartition::new("t", 0),
            topic_id: None,
            error: None,
            high_watermark: Some(self.end),
            last_stable_offset: Some(self.end),
            log_start: Some(0),
            // Brokers name the transactions of the answer; more does no harm as long as they end behind the position.
            aborted: self
                .aborted
                .iter()
                .filter(|one| self.marker_of(one) >= offset)
                .copied()
                .collect(),
            preferred_replica: None,
            current_leader: None,
            divergence: None,
            records: Bytes::from(records),
        }))
    }
}

impl MemoryLog {
    fn marker_of(&self, transaction: &AbortedTransaction) -> i64 {
        let at = self
            .entries
            .partition_point(|(next, _)| *next <= transaction.first_offset);
        self.entries.get(at + 1).map_or(self.end, |(next, _)| next - 1)
    }
}

/// A comparison of two logs.
pub(super) struct Ground {
    pub(super) source: MemoryLog,
    pub(super) target: MemoryLog,
    pub(super) rules: Rules,
    pub(super) runs: Option<Vec<OffsetRun>>,
    pub(super) source_from: i64,
    pub(super) target_from: i64,
}

pub(super) fn key() -> PartitionKey {
    PartitionKey {
        topic: "t".into(),
        partition: 0,
    }
}

impl Ground {
    pub(super) fn new(source: MemoryLog, target: MemoryLog) -> Self {
        let rules = Rules {
            headers: true,
            compacted: (false, false),
            log_starts: (0, 0),
            source_end: source.end,
            target_end: target.end,
            target_high: target.end,
            equal_offsets: false,
            mapped: false,
            quarantined: HashSet::new(),
            settled: HashMap::new(),
            cut: None,
            gone_reasons: (GoneReason::Deletion, GoneReason::Deletion),
        };
        Self {
            source,
            target,
            rules,
            runs: None,
            source_from: 0,
            target_from: 0,
        }
    }

    pub(super) fn cut(mut self, cut: Cut) -> Self {
        self.rules.cut = Some(cut);
        self
    }

    fn report(&self) -> PartitionReport {
        let range = |from, to| Some(OffsetRange { from, to });
        let rest = OffsetRange {
            from: self.rules.source_end,
            to: self.source.end,
        };
        PartitionReport {
            topic: "t".into(),
            target_topic: "t".into(),
            source_range: range(self.source_from, self.rules.source_end),
            target_range: range(self.target_from, self.rules.target_end),
            not_copied: (!rest.is_empty()).then_some(NotCopied {
                range: rest,
                records: None,
                held_back: 0,
                on_the_way: true,
            }),
            ..PartitionReport::default()
        }
    }

    /// The report with whole batches (`pace`) or record by record, and the first differences.
    pub(super) fn compare(&self, pace: Option<Pace>) -> (PartitionReport, Vec<Difference>) {
        let cancel = AtomicBool::new(false);
        let fields = Fields {
            headers: true,
            time: true,
        };
        // Only batches come a few at a time: how a damaged one is described depends on its neighbours in the answer.
        let whole = |log: &MemoryLog| MemoryLog {
            per_answer: 0,
            fails: false,
            ..log.clone()
        };
        let stream = |side, log: &MemoryLog, from| {
            Stream::new(
                side,
                Box::new(WireFeed::open(Box::new(whole(log)), from)),
                fields,
                &cancel,
            )
        };
        let batches = pace.and_then(|pace| {
            Batches::new(
                (Box::new(self.source.clone()), self.source_from),
                (Box::new(self.target.clone()), self.target_from),
                &self.rules,
                pace,
            )
        });
        let map = self.runs.clone().map(|runs| {
            let read = move |from: i64, limit: usize| -> Result<Vec<OffsetRun>, StoreError> {
                let rest = runs.iter().filter(|run| run.last().0 >= from);
                Ok(rest.take(limit).cloned().collect())
            };
            OffsetMap::of(Box::new(read), self.source_from)
        });
        let mut counted = 0;
        let mut count = |records| counted += records;
        let (report, found) = Comparison::new(
            stream(LogSide::Source, &self.source, self.source_from),
            stream(LogSide::Target, &self.target, self.target_from),
            self.rules.clone(),
            map,
            self.report(),
            &mut count,
        )
        .with_batches(batches)
        .run();
        assert_eq!(
            counted, report.source_records,
            "progress counts every record once"
        );
        (report, found)
    }
}
