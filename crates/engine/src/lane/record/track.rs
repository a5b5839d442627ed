//! One partition of the record lane: what of it is in flight, in the order of its source.

use std::collections::VecDeque;
use std::time::Instant;

use sluice_kafka::{Delivery, ErrorCode, KafkaError, Message, RefusedRecord, TopicHandle};

use crate::lane::record::proof::Proof;
use crate::lane::refusal_code::refusal_cause;
use crate::lane::{HoleKind, LanePartition, Passed, Refusal, RefusalCause, Report, Slot, Span};

/// Low bits of a ticket: the number of a record within its partition. The bits above are the slot.
pub(super) const SEQUENCE_BITS: u32 = 40;
pub(super) const SEQUENCE_MASK: u64 = (1 << SEQUENCE_BITS) - 1;
pub(super) enum Fate {
    Waiting,
    Written(Option<i64>),
    Skipped,
    End,
}

pub(super) struct InFlight {
    pub(super) source: i64,
    /// The offset that would have followed what stands before it: offsets between the two are a hole.
    pub(super) expected: i64,
    pub(super) timestamp: i64,
    pub(super) hash: Option<u64>,
    pub(super) bytes: u32,
    pub(super) epoch: i32,
    pub(super) fate: Fate,
    /// When the reader handed it over, if it is measured.
    pub(super) handed_over: Option<Instant>,
}

pub(super) struct Track {
    pub(super) partition: LanePartition,
    pub(super) target: TopicHandle,
    pub(super) queue: VecDeque<InFlight>,
    /// Sequence number of the front of `queue`.
    pub(super) front: u64,
    /// Next offset expected from the reader: anything before it was seen already.
    pub(super) next: i64,
    /// Leader epoch of the record before `next`, where it is known.
    pub(super) epoch: Option<i32>,
    pub(super) proof: Proof,
    pub(super) reading: bool,
    /// A record was refused: nothing more is sent until the lane recovers.
    pub(super) blocked: bool,
    /// Timestamp of the last record that had one, in ms since 1970.
    pub(super) last_time: Option<i64>,
    /// Brokers take any batch of an idempotent producer that they do not know in the partition, also the second one where
    /// the first was refused. So the first record goes alone, until it was acknowledged.
    pub(super) alone: bool,
}

impl Track {
    pub(super) fn following(&self) -> u64 {
        self.front + self.queue.len() as u64
    }

    /// Whether nothing may be sent until there is an answer to what is in flight.
    pub(super) fn must_wait(&self) -> bool {
        self.alone && !self.queue.is_empty()
    }

    /// Takes in the record at an offset, or the end of the log there. Returns the bytes that it takes in memory.
    pub(super) fn push(&mut self, source: i64, message: &Message, fate: Fate, hash: Option<u64>) -> usize {
        let is_end = matches!(fate, Fate::End);
        let bytes = if is_end { 0 } else { message.payload_len() };
        if !is_end {
            self.epoch = message.leader_epoch();
        }
        let expected = std::mem::replace(&mut self.next, if is_end { source } else { source + 1 });
        if is_end && source > expected {
            // Whatever was there may have had another epoch.
            self.epoch = None;
        }
        self.queue.push_back(InFlight {
            source,
            expected,
            timestamp: message.timestamp().0,
            hash,
            bytes: u32::try_from(bytes).unwrap_or(u32::MAX),
            epoch: message.leader_epoch().unwrap_or(-1),
            fate,
            handed_over: None,
        });
        // Every record costs its book-keeping here and in the client as well.
        bytes + RECORD_OVERHEAD
    }
}

impl InFlight {
    /// The hole before it and what became of it; nothing of what still waits for its answer.
    pub(super) fn passed(&self) -> Option<(Option<Passed>, Passed)> {
        let passed = match self.fate {
            Fate::Waiting => return None,
            Fate::Written(target) => Passed::Span(Span {
                source: self.source,
                records: 1,
                target,
                bytes: u64::from(self.bytes),
                leader_epoch: (self.epoch >= 0).then_some(self.epoch),
                greatest_timestamp: self.timestamp,
                anchor: self.hash,
            }),
            Fate::Skipped => Passed::Skipped { source: self.source },
            Fate::End => Passed::End { offset: self.source },
        };
        let hole = (self.expected < self.source).then_some(Passed::Hole {
            from: self.expected,
            to: self.source,
            // librdkafka says neither that nor why it leaves offsets out.
            kind: HoleKind::Unseen,
        });
        Some((hole, passed))
    }
}

/// Bytes that a record in flight takes beside key and value: its entry here, librdkafka's message, the allocators.
pub(super) const RECORD_OVERHEAD: usize = 256;

pub(super) fn settle_delivery(
    tracks: &mut [Option<Track>],
    delivery: Delivery,
    in_flight_bytes: &mut usize,
    broken: &mut Option<KafkaError>,
    ordered: bool,
    report: &mut Report,
) {
    let slot = usize::try_from(delivery.ticket >> SEQUENCE_BITS).unwrap_or(usize::MAX);
    let sequence = delivery.ticket & SEQUENCE_MASK;
    let Some(track) = tracks.get_mut(slot).and_then(Option::as_mut) else {
        return;
    };
    let index = sequence.wrapping_sub(track.front & SEQUENCE_MASK) & SEQUENCE_MASK;
    let Some(entry) = usize::try_from(index)
        .ok()
        .and_then(|index| track.queue.get_mut(index))
    else {
        return;
    };
    *in_flight_bytes = in_flight_bytes.saturating_sub(entry.bytes as usize + RECORD_OVERHEAD);
    match delivery.error {
        ErrorCode::NONE => entry.fate = Fate::Written(delivery.offset),
        // What was dropped on our own word stays unwritten; recovery reads it again.
        ErrorCode::LOCAL_PURGE_QUEUE | ErrorCode::LOCAL_PURGE_INFLIGHT | ErrorCode::LOCAL_FATAL => {
            track.blocked = true
        }
        code => {
            let refusal = Refusal {
                slot,
                offset: entry.source,
                cause: refusal_cause(code),
                code,
                // librdkafka does not return the timestamp of a record that was not written.
                record: delivery.refused.map(|mut record| {
                    record.timestamp = entry.timestamp;
                    record
                }),
            };
            if ordered && code.refuses_record() {
                // Without idempotence later records may be written already: this one is set aside for good.
                entry.fate = Fate::Skipped;
                report.passed_over.push(refusal);
            } else {
                track.blocked = true;
                broken.get_or_insert_with(|| KafkaError::from_code(code));
                report.refused.push(refusal);
            }
        }
    }
}

/// Sets a record aside that is not sent.
pub(super) fn pass_over(track: &mut Track, slot: Slot, message: &Message, cause: RefusalCause) -> Refusal {
    let offset = message.offset();
    track.push(offset, message, Fate::Skipped, None);
    Refusal {
        slot,
        offset,
        cause,
        code: ErrorCode::INVALID_RECORD,
        record: Some(Box::new(copied(message))),
    }
}

/// A record that is not sent, for the quarantine.
pub(super) fn copied(message: &Message) -> RefusedRecord {
    RefusedRecord {
        key: message.key().map(<[u8]>::to_vec),
        value: message.value().map(<[u8]>::to_vec),
        headers: message
            .headers()
            .map(|(name, value)| (name.to_vec(), value.map(<[u8]>::to_vec)))
            .collect(),
        timestamp: message.timestamp().0,
    }
}
