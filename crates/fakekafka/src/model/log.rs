//! The log of one partition: batches in offset order, in memory.

use std::collections::{BTreeMap, VecDeque};

use bytes::{Bytes, BytesMut};
use kafka_protocol::error::ResponseError;

use super::producers::{Producers, Sequence};
use crate::format::{BatchHeader, FormatError, Record, decode, marker, marker_commits, place};

/// A batch in the log.
#[derive(Debug, Clone)]
pub(crate) struct StoredBatch {
    pub(crate) header: BatchHeader,
    pub(crate) bytes: Bytes,
}

/// Offsets of a producer's aborted transaction in this partition, both inclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct AbortedRange {
    pub(crate) producer_id: i64,
    pub(crate) first_offset: i64,
    pub(crate) marker_offset: i64,
}

/// Where a batch went.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Appended {
    pub(crate) base_offset: i64,
    pub(crate) max_timestamp: i64,
}

/// All that one partition holds.
#[derive(Debug, Default)]
pub(crate) struct PartitionLog {
    batches: VecDeque<StoredBatch>,
    start: i64,
    end: i64,
    size: u64,
    producers: Producers,
    /// First offset of the open transaction of each producer.
    open: BTreeMap<i64, i64>,
    aborted: Vec<AbortedRange>,
    /// Leader epochs and the offset each began at.
    epochs: Vec<(i32, i64)>,
}

impl PartitionLog {
    /// Bytes of its batches.
    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    pub(crate) fn start_offset(&self) -> i64 {
        self.start
    }

    /// The offset the next record gets. Without replicas to wait for, also the high watermark.
    pub(crate) fn end_offset(&self) -> i64 {
        self.end
    }

    /// Before this offset every transaction is decided.
    pub(crate) fn last_stable_offset(&self) -> i64 {
        self.open
            .values()
            .copied()
            .min()
            // Records of an open transaction may have been deleted from under it.
            .map_or(self.end, |first| first.max(self.start))
    }

    pub(crate) fn open_transactions(&self) -> Vec<i64> {
        self.open.keys().copied().collect()
    }

    pub(crate) fn batches(&self) -> impl Iterator<Item = &StoredBatch> {
        self.batches.iter()
    }

    pub(crate) fn producers(&self) -> &Producers {
        &self.producers
    }

    /// Notes that a leader began its term here.
    pub(crate) fn begin_epoch(&mut self, epoch: i32) {
        // A term in which nothing was written leaves no trace, as its offsets are the next one's.
        while self.epochs.last().is_some_and(|(_, from)| *from >= self.end) {
            self.epochs.pop();
        }
        self.epochs.push((epoch, self.end));
    }

    /// Appends a checked batch unless its producer wrote it before.
    pub(crate) fn append_produced(
        &mut self,
        batch: Bytes,
        leader_epoch: i32,
    ) -> Result<Appended, ResponseError> {
        let header = BatchHeader::parse(&batch).map_err(|_| ResponseError::CorruptMessage)?;
        if header.producer_id >= 0
            && let Sequence::Duplicate {
                base_offset,
                max_timestamp,
            } = self.producers.check(&header)?
        {
            return Ok(Appended {
                base_offset,
                max_timestamp,
            });
        }
        self.append(batch, leader_epoch)
            .map_err(|_| ResponseError::CorruptMessage)
    }

    /// Appends a batch without looking at its sequence numbers.
    pub(crate) fn append(&mut self, batch: Bytes, leader_epoch: i32) -> Result<Appended, FormatError> {
        let mut owned = batch
            .try_into_mut()
            .unwrap_or_else(|shared| BytesMut::from(&shared[..]));
        place(&mut owned, self.end, leader_epoch);
        let bytes = owned.freeze();
        let header = BatchHeader::parse(&bytes)?;
        self.note(&header, &bytes)?;
        self.end = header.last_offset() + 1;
        self.size += bytes.len() as u64;
        self.batches.push_back(StoredBatch { header, bytes });
        Ok(Appended {
            base_offset: header.base_offset,
            max_timestamp: header.max_timestamp,
        })
    }

    /// Changes one bit in the records of the batch that holds an offset and leaves its checksum, as a bad disk does.
    /// Returns the batch's first offset; nothing happens where no batch holds the offset.
    pub(crate) fn damage(&mut self, offset: i64) -> Option<i64> {
        let holds = |b: &&mut StoredBatch| (b.header.base_offset..=b.header.last_offset()).contains(&offset);
        let batch = self.batches.iter_mut().find(holds)?;
        let mut owned = BytesMut::from(&batch.bytes[..]);
        if let Some(last) = owned.last_mut() {
            *last ^= 1;
        }
        batch.bytes = owned.freeze();
        Some(batch.header.base_offset)
    }

    /// Ends the transaction a producer may have open here; also sets the epoch of later batches.
    pub(crate) fn append_marker(
        &mut self,
        producer_id: i64,
        producer_epoch: i16,
        commit: bool,
        leader_epoch: i32,
        now_ms: i64,
    ) -> Result<(), FormatError> {
        let batch = marker(producer_id, producer_epoch, commit, now_ms)?;
        self.append(batch, leader_epoch).map(drop)
    }

    /// Keeps producers, open and aborted transactions in step with a batch that joins the log.
    fn note(&mut self, header: &BatchHeader, bytes: &Bytes) -> Result<(), FormatError> {
        self.producers.record(header);
        if header.is_control() {
            let decided = decode(header, bytes)?.first().and_then(marker_commits);
            let first = self.open.remove(&header.producer_id);
            if let (Some(false), Some(first_offset)) = (decided, first) {
                self.aborted.push(AbortedRange {
                    producer_id: header.producer_id,
                    first_offset,
                    marker_offset: header.base_offset,
                });
            }
        } else if header.is_transactional() {
            self.open.entry(header.producer_id).or_insert(header.base_offset);
        }
        Ok(())
    }

    fn index_of(&self, offset: i64) -> usize {
        self.batches.partition_point(|b| b.header.last_offset() < offset)
    }

    /// Whole batches from the one that holds `from`, below `limit`, in at most `max_bytes`. With
    /// `at_least_one` the first batch comes even if it alone is larger.
    pub(crate) fn read(
        &self,
        from: i64,
        limit: i64,
        max_bytes: usize,
        at_least_one: bool,
    ) -> Vec<&StoredBatch> {
        let mut taken = Vec::new();
        let mut size = 0;
        for batch in self.batches.range(self.index_of(from)..) {
            size += batch.bytes.len();
            let forced = at_least_one && taken.is_empty();
            if batch.header.last_offset() >= limit || (size > max_bytes && !forced) {
                break;
            }
            taken.push(batch);
        }
        taken
    }

    /// Aborted transactions that touch the offsets `from..=to`, in the order they began.
    pub(crate) fn aborted_between(&self, from: i64, to: i64) -> Vec<AbortedRange> {
        let mut found: Vec<_> = self
            .aborted
            .iter()
            .copied()
            .filter(|a| a.marker_offset >= from && a.first_offset <= to)
            .collect();
        found.sort_by_key(|a| a.first_offset);
        found
    }

    /// All records still in the log, or only those of decided and committed transactions.
    pub(crate) fn records(&self, committed_only: bool) -> Result<Vec<(BatchHeader, Record)>, FormatError> {
        let limit = if committed_only {
            self.last_stable_offset()
        } else {
            self.end
        };
        let mut out = Vec::new();
        for batch in self.batches.iter().filter(|b| !b.header.is_control()) {
            if committed_only && self.is_aborted(&batch.header) {
                continue;
            }
            for record in decode(&batch.header, &batch.bytes)? {
                if record.offset >= self.start && record.offset < limit {
                    out.push((batch.header, record));
                }
            }
        }
        Ok(out)
    }

    pub(crate) fn is_aborted(&self, header: &BatchHeader) -> bool {
        header.is_transactional()
            && self.aborted.iter().any(|a| {
                a.producer_id == header.producer_id
                    && (a.first_offset..a.marker_offset).contains(&header.base_offset)
            })
    }

    /// First record at or after a time: offset, timestamp, leader epoch.
    pub(crate) fn first_at(
        &self,
        timestamp: i64,
        limit: i64,
    ) -> Result<Option<(i64, i64, i32)>, FormatError> {
        for batch in self
            .batches
            .iter()
            .filter(|b| b.header.max_timestamp >= timestamp)
        {
            if batch.header.is_control() {
                continue;
            }
            let found = decode(&batch.header, &batch.bytes)?
                .into_iter()
                .find(|r| r.timestamp >= timestamp && r.offset >= self.start);
            if let Some(record) = found {
                return Ok((record.offset < limit).then_some((
                    record.offset,
                    record.timestamp,
                    batch.header.leader_epoch,
                )));
            }
        }
        Ok(None)
    }

    /// The record with the largest timestamp: offset, timestamp, leader epoch.
    pub(crate) fn newest(&self) -> Result<Option<(i64, i64, i32)>, FormatError> {
        let Some(largest) = self.batches.iter().map(|b| b.header.max_timestamp).max() else {
            return Ok(None);
        };
        self.first_at(largest, self.end)
    }

    pub(crate) fn epoch_at(&self, offset: i64) -> Option<i32> {
        self.epochs
            .iter()
            .rev()
            .find(|(_, from)| *from <= offset)
            .map(|(epoch, _)| *epoch)
    }

    /// The newest epoch not after the one asked for, and the offset where it ended.
    pub(crate) fn end_of_epoch(&self, asked: i32) -> Option<(i32, i64)> {
        let (newest, _) = *self.epochs.last()?;
        if asked == newest {
            return Some((newest, self.end));
        }
        let next = self.epochs.iter().position(|(epoch, _)| *epoch > asked)?;
        let (_, ended) = self.epochs[next];
        let epoch = if next == 0 { asked } else { self.epochs[next - 1].0 };
        Some((epoch, ended))
    }

    /// Forgets records before an offset. A batch goes when all of its records have.
    pub(crate) fn delete_before(&mut self, offset: i64) {
        self.start = offset.clamp(self.start, self.end);
        while self
            .batches
            .front()
            .is_some_and(|b| b.header.last_offset() < self.start)
        {
            self.drop_front();
        }
        let start = self.start;
        self.aborted.retain(|a| a.marker_offset >= start);
    }

    /// Drops the oldest batches until the rest fits, the newest batch always staying.
    pub(crate) fn retain_bytes(&mut self, limit: u64) {
        while self.size > limit && self.batches.len() > 1 {
            self.drop_front();
            if let Some(first) = self.batches.front() {
                self.start = self.start.max(first.header.base_offset);
            }
        }
        let start = self.start;
        self.aborted.retain(|a| a.marker_offset >= start);
    }

    fn drop_front(&mut self) {
        if let Some(gone) = self.batches.pop_front() {
            self.size -= gone.bytes.len() as u64;
        }
    }

    /// Cuts the log as after an unclean election; a batch that holds `offset` goes as a whole.
    pub(crate) fn truncate(&mut self, offset: i64) -> Result<(), FormatError> {
        while self
            .batches
            .back()
            .is_some_and(|b| b.header.last_offset() >= offset)
        {
            if let Some(gone) = self.batches.pop_back() {
                self.size -= gone.bytes.len() as u64;
                self.end = gone.header.base_offset;
            }
        }
        self.end = self.end.min(offset.max(0));
        self.start = self.start.min(self.end);
        let end = self.end;
        self.epochs.retain(|(_, from)| *from < end);
        self.producers = Producers::default();
        self.open.clear();
        self.aborted.clear();
        let kept: Vec<_> = self.batches.iter().cloned().collect();
        kept.iter().try_for_each(|b| self.note(&b.header, &b.bytes))
    }

    /// Puts other batches in place of all there are. Offsets of the log do not change.
    pub(crate) fn replace(&mut self, batches: VecDeque<StoredBatch>) {
        self.size = batches.iter().map(|b| b.bytes.len() as u64).sum();
        self.batches = batches;
    }
}
