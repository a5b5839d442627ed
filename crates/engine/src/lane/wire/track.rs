//! One partition of the wire lane: what of it is in flight, in the order of its source.

use std::collections::VecDeque;
use std::time::Instant;

use bytes::Bytes;
use sluice_wire::format::Span as SourceSpan;
use sluice_wire::{LogMarks, Ticket, TopicPartition};
use uuid::Uuid;

use crate::lane::wire::mirror_track::MirrorTrack;
use crate::lane::{HoleKind, LanePartition, Passed, Report, Slot, Span};
use crate::topic_id;

/// A batch on its way to the target.
#[derive(Debug)]
pub(super) struct Sent {
    pub(super) ticket: Ticket,
    /// Where its records come from.
    pub(super) spans: Vec<SourceSpan>,
    /// The position once it is there.
    pub(super) next: i64,
    pub(super) records: i64,
    /// Bytes of its records, as far as they are known without expanding them.
    pub(super) bytes: u64,
    pub(super) epoch: Option<i32>,
    /// Of the first record; the others may be older.
    pub(super) first_timestamp: i64,
    pub(super) greatest_timestamp: i64,
    pub(super) anchor: Option<u64>,
    /// As it was sent, for the records that are refused.
    pub(super) batch: Bytes,
    pub(super) arrived: Instant,
    /// What lies before it and was not copied.
    pub(super) hole: HoleKind,
    /// Its offset on the target, once that has acknowledged it.
    pub(super) written: Option<Option<i64>>,
    /// The offset on the target that it must get (mirrored partitions).
    pub(super) expected: Option<i64>,
}

/// What is reported of a partition when its turn comes.
#[derive(Debug)]
pub(super) enum Entry {
    Sent(Box<Sent>),
    /// Nothing was sent up to this offset, and rejected records are among what was passed over.
    PassedOver {
        next: i64,
    },
    /// Up to this offset the source has what another task has written, and what more may follow is not here yet.
    Partners {
        next: i64,
    },
    End {
        offset: i64,
    },
}

impl Entry {
    /// What it counts among what is in flight.
    fn weight(&self) -> usize {
        match self {
            Self::Sent(sent) => usize::try_from(sent.records).unwrap_or(0),
            Self::PassedOver { .. } | Self::Partners { .. } | Self::End { .. } => 1,
        }
    }
}

pub(super) struct Track {
    pub(super) partition: LanePartition,
    pub(super) source: TopicPartition,
    pub(super) target: TopicPartition,
    pub(super) queue: VecDeque<Entry>,
    /// Records in `queue`, and what else is in it.
    pub(super) in_flight: usize,
    /// Next source offset to be sent.
    pub(super) next: i64,
    /// Source offset up to which everything was reported.
    reported: i64,
    /// What was passed over since the last batch.
    hole: Option<HoleKind>,
    /// Leader epoch of the record before `next`, where that is known.
    pub(super) epoch: Option<i32>,
    pub(super) reading: bool,
    /// A batch was refused: nothing more is sent until the lane recovers.
    pub(super) blocked: bool,
    /// Answers of it that were not sent in full yet.
    pub(super) waiting: usize,
    pub(super) marks: LogMarks,
    end_reported: Option<i64>,
    /// Timestamp of the last record that had one, in ms since 1970.
    pub(super) last_time: Option<i64>,
    /// Target offset behind the last batch that was acknowledged.
    pub(super) acknowledged: Option<i64>,
    /// Where the target's log ends, of mirrored partitions.
    pub(super) mirror: Option<MirrorTrack>,
}

impl Track {
    pub(super) fn new(partition: LanePartition) -> Self {
        Self {
            source: TopicPartition::new(&partition.source_topic, partition.partition),
            target: TopicPartition::new(&partition.target_topic, partition.partition),
            queue: VecDeque::new(),
            in_flight: 0,
            next: partition.position,
            reported: partition.position,
            hole: None,
            epoch: partition.leader_epoch,
            reading: true,
            blocked: false,
            waiting: 0,
            marks: LogMarks::default(),
            end_reported: None,
            last_time: None,
            acknowledged: None,
            mirror: None,
            partition,
        }
    }

    /// Whether what arrives of it is sent.
    pub(super) fn is_open(&self) -> bool {
        self.reading && !self.blocked
    }

    /// The topic that is copied, whatever has its name.
    pub(super) fn topic_id(&self) -> Option<Uuid> {
        topic_id::parse(self.partition.source_topic_id.as_deref()?)
    }

    /// An offset of the source's log, or where the copy ends before it.
    pub(super) fn bounded(&self, offset: i64) -> i64 {
        self.partition.until.map_or(offset, |until| offset.min(until))
    }

    /// Whether nothing more of it is to be sent.
    pub(super) fn has_ended(&self) -> bool {
        self.partition.until.is_some_and(|until| self.next >= until)
    }

    /// Notes the end of what is copied as that of the log.
    pub(super) fn end_here(&mut self) {
        self.reading = false;
        if self.end_reported != Some(self.next) {
            self.end_reported = Some(self.next);
            self.push(Entry::End { offset: self.next });
        }
    }

    /// Nothing up to `next` is sent.
    pub(super) fn pass_over(&mut self, next: i64, kind: HoleKind) {
        let next = self.bounded(next);
        if next <= self.next {
            return;
        }
        let rejected = self.partition.rejected.range(self.next..next).next().is_some();
        self.next = next;
        self.epoch = None;
        self.hole = Some(match (self.hole, kind) {
            (None, kind) => kind,
            (Some(known), kind) if known == kind => kind,
            // Its transactions' markers are in between.
            (Some(HoleKind::Partner), HoleKind::Control) | (Some(HoleKind::Control), HoleKind::Partner) => {
                HoleKind::Partner
            }
            (Some(_), _) => HoleKind::Unseen,
        });
        if rejected {
            self.push(Entry::PassedOver { next });
        }
    }

    /// Notes that everything up to here was written by another task. Returns whether there is something to note.
    pub(super) fn rest_behind_partner(&mut self) -> bool {
        let is_new = self.end_reported != Some(self.next);
        let rests = is_new && self.hole == Some(HoleKind::Partner) && self.is_open();
        if rests {
            self.push(Entry::Partners { next: self.next });
        }
        rests
    }

    /// Takes the kind of what was passed over since the last batch. Where nothing was seen, compaction was it.
    pub(super) fn take_hole(&mut self) -> HoleKind {
        self.hole.take().unwrap_or(HoleKind::Compacted)
    }

    /// Whether everything up to the end of the log was sent, and that was not noted yet.
    pub(super) fn is_at_end(&self) -> bool {
        let log_end = self.marks.last_stable_offset.or(self.marks.high_watermark);
        let end = log_end.map(|end| self.bounded(end));
        let is_there = end.is_some_and(|end| self.next >= end);
        is_there && self.waiting == 0 && self.is_open() && self.end_reported != Some(self.next)
    }

    /// Notes the end of the log where everything before it was sent.
    pub(super) fn note_end(&mut self) {
        if !self.is_at_end() {
            return;
        }
        self.end_reported = Some(self.next);
        self.push(Entry::End { offset: self.next });
    }

    pub(super) fn push(&mut self, entry: Entry) {
        self.in_flight += entry.weight();
        self.queue.push_back(entry);
    }

    /// The batch of a ticket, if it is in flight.
    pub(super) fn sent(&mut self, ticket: Ticket) -> Option<&mut Sent> {
        self.queue.iter_mut().find_map(|entry| match entry {
            Entry::Sent(sent) if sent.ticket == ticket => Some(&mut **sent),
            _ => None,
        })
    }

    /// Whether a batch waits for its answer.
    pub(super) fn is_waiting(&self) -> bool {
        self.queue
            .iter()
            .any(|entry| matches!(entry, Entry::Sent(sent) if sent.written.is_none()))
    }

    /// The time of the oldest batch that is not acknowledged, in ms since 1970.
    pub(super) fn oldest_timestamp(&self) -> Option<i64> {
        self.queue.iter().find_map(|entry| match entry {
            Entry::Sent(sent) => Some(sent.first_timestamp),
            Entry::PassedOver { .. } | Entry::Partners { .. } | Entry::End { .. } => None,
        })
    }

    /// Reports what stands at the front and is settled. Returns how many entries that were.
    pub(super) fn release(&mut self, slot: Slot, report: &mut Report) -> usize {
        let mut released = 0;
        while let Some(front) = self.queue.front() {
            if matches!(front, Entry::Sent(sent) if sent.written.is_none()) {
                break;
            }
            released += 1;
            let front = self.queue.pop_front();
            self.in_flight -= front.as_ref().map_or(0, Entry::weight);
            match front {
                Some(Entry::Sent(sent)) => self.report_sent(slot, &sent, report),
                Some(Entry::PassedOver { next }) => {
                    let last = self.partition.rejected.range(..next).next_back().copied();
                    if let Some(last) = last.filter(|last| *last >= self.reported) {
                        self.advance(slot, last + 1, HoleKind::Unseen, report);
                    }
                }
                Some(Entry::Partners { next }) => {
                    if self.queue.is_empty() {
                        self.hole = None;
                    }
                    self.advance(slot, next, HoleKind::Partner, report);
                }
                Some(Entry::End { offset }) => {
                    let kind = if self.queue.is_empty() {
                        self.take_hole()
                    } else {
                        HoleKind::Unseen
                    };
                    self.advance(slot, offset, kind, report);
                    report.pass(slot, Passed::End { offset });
                }
                None => {}
            }
        }
        released
    }

    fn report_sent(&mut self, slot: Slot, sent: &Sent, report: &mut Report) {
        report.handed_over.push(sent.arrived);
        let base = sent.written.flatten();
        let (mut done, mut bytes) = (0, sent.bytes);
        for (index, span) in sent.spans.iter().enumerate() {
            let kind = if index == 0 {
                sent.hole
            } else {
                HoleKind::Compacted
            };
            self.advance(slot, span.source, kind, report);
            let records = i64::from(span.len);
            let is_last = index + 1 == sent.spans.len();
            // Bytes are known of the batch alone: each stretch gets its share.
            let share = if is_last {
                bytes
            } else {
                sent.bytes * records.unsigned_abs() / sent.records.unsigned_abs().max(1)
            };
            bytes -= share;
            let passed = Span {
                source: span.source,
                records,
                target: base.map(|base| base + done),
                bytes: share,
                leader_epoch: sent.epoch,
                greatest_timestamp: sent.greatest_timestamp,
                anchor: sent.anchor.filter(|_| is_last),
            };
            report.pass(slot, Passed::Span(passed));
            done += records;
            self.reported = span.source + records;
        }
        if let Some(base) = base {
            self.acknowledged = Some(base + sent.records);
        }
        // Rejected records behind the last that was sent.
        let last = self
            .partition
            .rejected
            .range(self.reported..sent.next)
            .next_back();
        if let Some(last) = last.copied() {
            self.advance(slot, last + 1, HoleKind::Compacted, report);
        }
    }

    /// Reports the offsets up to `to` that are not copied: rejected records one by one, the rest as holes.
    fn advance(&mut self, slot: Slot, to: i64, kind: HoleKind, report: &mut Report) {
        let rejected: Vec<i64> = if self.reported < to {
            self.partition
                .rejected
                .range(self.reported..to)
                .copied()
                .collect()
        } else {
            Vec::new()
        };
        for source in rejected {
            self.hole_to(slot, source, kind, report);
            report.pass(slot, Passed::Skipped { source });
            self.reported = source + 1;
        }
        self.hole_to(slot, to, kind, report);
    }

    fn hole_to(&mut self, slot: Slot, to: i64, kind: HoleKind, report: &mut Report) {
        if to > self.reported {
            let from = std::mem::replace(&mut self.reported, to);
            report.pass(slot, Passed::Hole { from, to, kind });
        }
    }
}
