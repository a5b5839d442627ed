//! What was fetched, handed to the producer as far as the limits reach.

use std::time::Instant;

use sluice_kafka::ErrorCode;
use sluice_wire::SendError;
use sluice_wire::format::{BatchView, Fault};

use crate::lane::wire::answers::copied;
use crate::lane::wire::framing::{Framed, Framing, FramingError, Part};
use crate::lane::wire::incidents::{damaged, fenced};
use crate::lane::wire::piece::{Piece, Stored};
use crate::lane::wire::track::{Entry as TrackEntry, Sent};
use crate::lane::wire::wire_lane::WireLane;
use crate::lane::{HoleKind, LaneError, Refusal, RefusalCause, Report, Slot, SourceIncident, StepLimit};

/// Stored bytes and entries of a run that is framed as one.
const RUN_BYTES: usize = 256 * 1024;
const RUN_ENTRIES: usize = 2_000;

/// Records that a step may send from which on no batch is cut for their number: a quarter of a second's worth at 20 000 a
/// second, where a batch more or less hardly shows.
const WHOLE_BATCHES: i64 = 5_000;

/// What may still be sent in a step.
#[derive(Debug, Clone, Copy)]
pub(super) struct Allowance {
    records: i64,
    bytes: u64,
    /// Whether batches are cut where they have more records than are left.
    cuts: bool,
    /// Whether something was sent already: one record may be larger than the bytes of a step.
    begun: bool,
}

impl Allowance {
    pub(super) fn of(limit: StepLimit) -> Self {
        let records = i64::try_from(limit.records).unwrap_or(i64::MAX);
        Self {
            records,
            bytes: limit.bytes,
            cuts: records < WHOLE_BATCHES,
            begun: false,
        }
    }

    fn is_used_up(&self) -> bool {
        self.records <= 0 || self.begun && self.bytes == 0
    }

    /// How many offsets of an entry may be sent at once. It is cut where more than is left of the step is in it: a search for
    /// a refused record sends one at a time, and a rate holds whatever the batches are like.
    fn part_of(&self, stored: &Stored) -> i64 {
        let records = if self.cuts { self.records } else { i64::MAX };
        let size = stored.bytes.len() as u64;
        if stored.is_message || size <= self.bytes {
            return records;
        }
        let share = self.bytes as f64 / size as f64 * stored.records as f64;
        records.min((share as i64).max(1))
    }

    fn spend(&mut self, framed: &Framed) {
        self.begun = true;
        self.records -= framed.records;
        self.bytes = self.bytes.saturating_sub(framed.bytes);
    }
}

/// Whether sending goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Turn {
    Next,
    Later,
}

impl WireLane {
    /// Sends what was received. Returns whether that was something.
    pub(super) fn send(&mut self, mut allowed: Allowance, report: &mut Report) -> Result<bool, LaneError> {
        let before = report.read;
        while let Some(front) = self.inbox.front() {
            let (slot, at) = (front.slot, front.at);
            let is_open = self.track(slot).is_some_and(|track| track.is_open());
            if !is_open {
                self.inbox.pop_front();
                continue;
            }
            if self.track(slot).is_some_and(|track| track.has_ended()) {
                self.end_partition(slot);
                continue;
            }
            if self.inbox.front().is_some_and(|front| front.pieces.is_empty()) {
                self.inbox.pop_front();
                if let Some(track) = self.track_mut(slot) {
                    track.waiting = track.waiting.saturating_sub(1);
                    self.note_end(slot);
                    self.rest_behind_partner(slot);
                }
                continue;
            }
            if self.track(slot).is_some_and(|track| track.is_filling()) {
                let arrived = self.inbox.pop_front();
                if let (Some(mirror), Some(arrived)) = (&mut self.mirror, arrived) {
                    mirror.park(arrived);
                }
                continue;
            }
            if allowed.is_used_up() || self.in_flight_bytes >= self.in_flight_limit {
                break;
            }
            if self.send_front(slot, at, &mut allowed, report)? == Turn::Later {
                break;
            }
        }
        Ok(report.read > before)
    }

    /// Sends the next entry, or the next run of small ones.
    fn send_front(
        &mut self,
        slot: Slot,
        at: Instant,
        allowed: &mut Allowance,
        report: &mut Report,
    ) -> Result<Turn, LaneError> {
        let run = self.run(*allowed);
        let Some(first) = self.stored_in_front(slot, report) else {
            return Ok(Turn::Next);
        };
        match self.pass_over_keyless(slot, &run, report) {
            Ok(true) => {}
            Ok(false) => {
                self.block(slot);
                return Ok(Turn::Next);
            }
            Err(fault) => {
                self.stop_at(slot, |position| damaged(position, &fault), report);
                return Ok(Turn::Next);
            }
        }
        let from = self.track(slot).map_or(0, |track| track.next);
        let before = from
            .max(first.base_offset.unwrap_or(0))
            .saturating_add(allowed.part_of(&first));
        let before = self.track(slot).map_or(before, |track| track.bounded(before));
        let framing = match self.frame(slot, &run, before) {
            Ok(Framing::Batches(framed)) => match self.without_holes(slot, &run, framed) {
                Ok(Some(framed)) => Ok(Framing::Batches(framed)),
                Ok(None) => return Ok(Turn::Next),
                Err(error) => Err(error),
            },
            other => other,
        };
        if let (Ok(framing), Some(track)) = (&framing, self.track(slot)) {
            // They are read all the same.
            let rejected = track.partition.rejected.range(from..framing.next().max(from));
            report.read += rejected.count() as u64;
        }
        match framing {
            Err(FramingError::Fault(fault)) => {
                self.stop_at(slot, |position| damaged(position, &fault), report);
                Ok(Turn::Next)
            }
            Err(error) => {
                let detail = error.to_string();
                self.stop_at(slot, |_| SourceIncident::Unreadable { detail }, report);
                Ok(Turn::Next)
            }
            Ok(Framing::Nothing { next }) => {
                self.pass_over(slot, next, HoleKind::Compacted);
                self.drop_sent(slot, &run);
                Ok(Turn::Next)
            }
            Ok(Framing::Batches(framed)) => {
                for one in framed {
                    if !self.hand_over(slot, one, (at, first.leader_epoch), allowed, report)? {
                        return Ok(Turn::Later);
                    }
                }
                self.drop_sent(slot, &run);
                Ok(Turn::Next)
            }
        }
    }

    /// The entry that is to be sent next; a hole or a damaged place in front of it is dealt with instead.
    fn stored_in_front(&mut self, slot: Slot, report: &mut Report) -> Option<Stored> {
        let first = self.inbox.front().and_then(|front| front.pieces.front()).cloned();
        match first? {
            Piece::Stored(stored) => Some(stored),
            Piece::Hole { next, kind } => {
                self.take_pieces(1);
                self.pass_over(slot, next, kind);
                None
            }
            Piece::Damaged(fault) => {
                self.stop_at(slot, |position| damaged(position, &fault), report);
                None
            }
            Piece::Unknown(error) => {
                let detail = format!(
                    "whether the other task of the pair has written what comes next cannot be found out: {error}"
                );
                self.stop_at(slot, |_| SourceIncident::Unreadable { detail }, report);
                None
            }
        }
    }

    /// The entries that are framed together: messages of old formats and small batches as many as follow each other,
    /// anything else alone.
    fn run(&self, allowed: Allowance) -> Vec<Stored> {
        let mut run: Vec<Stored> = Vec::new();
        let (mut total, mut records) = (0, 0);
        let room = self.in_flight_limit.saturating_sub(self.in_flight_bytes);
        let most = RUN_BYTES
            .min(room)
            .min(usize::try_from(allowed.bytes).unwrap_or(usize::MAX));
        let pieces = self.inbox.front().into_iter().flat_map(|front| &front.pieces);
        for piece in pieces.take(RUN_ENTRIES) {
            let Piece::Stored(stored) = piece else { break };
            let is_small = stored.is_small();
            let joins = run.first().is_none_or(|first| is_small && first.joins(stored));
            records += stored.records;
            total += stored.bytes.len();
            let is_too_much = total > most || records > allowed.records;
            if !joins || !run.is_empty() && is_too_much {
                break;
            }
            run.push(stored.clone());
            if !is_small {
                break;
            }
        }
        run
    }

    pub(super) fn frame(&mut self, slot: Slot, run: &[Stored], before: i64) -> Result<Framing, FramingError> {
        let Some(track) = self.tracks.get(slot).and_then(Option::as_ref) else {
            return Ok(Framing::Nothing { next: 0 });
        };
        let part = Part {
            from: track.next,
            before,
            rejected: &track.partition.rejected,
            topic: &track.partition.target_topic,
            last_time: track.last_time,
            harder: self.harder.get(&track.partition.target_topic).copied(),
        };
        if let [one] = run
            && !one.is_message
        {
            return self.framer.batch(&self.config, &one.bytes, part);
        }
        let entries = run.iter().map(Stored::entry).collect::<Result<Vec<_>, _>>()?;
        self.framer.several(&self.config, &entries, part)
    }

    /// Hands a batch to the producer. Returns whether it had room.
    fn hand_over(
        &mut self,
        slot: Slot,
        framed: Framed,
        (arrived, epoch): (Instant, Option<i32>),
        allowed: &mut Allowance,
        report: &mut Report,
    ) -> Result<bool, LaneError> {
        self.open_transaction();
        let Some(track) = self.tracks.get_mut(slot).and_then(Option::as_mut) else {
            return Ok(false);
        };
        let ticket = match self.producer.send(&track.target, framed.batch.clone()) {
            Ok(ticket) => ticket,
            Err(SendError::Full | SendError::NoTransaction) => return Ok(false),
            Err(SendError::Fenced) => return Err(fenced()),
            Err(error @ (SendError::Batch(_) | SendError::Holes { .. })) => {
                let detail = error.to_string();
                self.stop_at(slot, |_| SourceIncident::Unreadable { detail }, report);
                return Ok(false);
            }
        };
        allowed.spend(&framed);
        report.read += framed.records.unsigned_abs();
        report.read_bytes += framed.bytes;
        self.in_flight_bytes += framed.batch.len();
        let expected = track.mirror.as_mut().map(|mirror| {
            let expected = mirror.end;
            mirror.end += framed.records;
            expected
        });
        track.next = framed.next;
        track.epoch = epoch;
        if framed.greatest_timestamp >= 0 {
            track.last_time = Some(framed.greatest_timestamp);
        }
        let (hole, first_timestamp) = (track.take_hole(), first_timestamp(&framed));
        track.push(TrackEntry::Sent(Box::new(Sent {
            ticket,
            spans: framed.spans,
            next: framed.next,
            records: framed.records,
            bytes: framed.bytes,
            epoch,
            first_timestamp,
            greatest_timestamp: framed.greatest_timestamp,
            anchor: framed.anchor,
            batch: framed.batch,
            arrived,
            hole,
            written: None,
            expected,
        })));
        Ok(true)
    }

    /// Nothing up to `next` is sent. Where rejected records are among it, that is reported without waiting for an answer:
    /// there may be none to come.
    fn pass_over(&mut self, slot: Slot, next: i64, kind: HoleKind) {
        if let Some(track) = self.track_mut(slot) {
            track.pass_over(next, kind);
            self.touched.insert(slot);
        }
    }

    /// All that comes may be the other task's for hours: the position follows it from answer to answer, so that neither a
    /// restart nor retention finds it far behind.
    fn rest_behind_partner(&mut self, slot: Slot) {
        if self.config.pair.is_some()
            && let Some(track) = self.track_mut(slot)
            && track.rest_behind_partner()
        {
            self.touched.insert(slot);
        }
    }

    /// Takes out of the inbox what of a run lies before the position.
    fn drop_sent(&mut self, slot: Slot, run: &[Stored]) {
        let next = self.track(slot).map_or(i64::MAX, |track| track.next);
        let done = run.iter().take_while(|stored| stored.next <= next).count();
        self.take_pieces(done);
    }

    fn take_pieces(&mut self, count: usize) {
        if let Some(front) = self.inbox.front_mut() {
            front.pieces.drain(..count.min(front.pieces.len()));
        }
    }

    /// Nothing more of the partition is sent, for a reason at its source.
    fn stop_at(&mut self, slot: Slot, incident: impl FnOnce(i64) -> SourceIncident, report: &mut Report) {
        let position = self.track(slot).map_or(0, |track| track.next);
        report.incidents.push((slot, incident(position)));
        self.block(slot);
    }

    /// Nothing more of the partition is sent until the lane recovers.
    fn block(&mut self, slot: Slot) {
        if let Some(track) = self.track_mut(slot) {
            track.blocked = true;
        }
        self.drop_unsent(slot);
    }

    /// Finds records without a key that the target topic would refuse, and passes them over. Returns whether the run may
    /// be sent.
    fn pass_over_keyless(&mut self, slot: Slot, run: &[Stored], report: &mut Report) -> Result<bool, Fault> {
        let Some(track) = self.tracks.get_mut(slot).and_then(Option::as_mut) else {
            return Ok(true);
        };
        if !track.partition.keyless_refused {
            return Ok(true);
        }
        if track.mirror.is_some() {
            return self.refuse_keyless(slot, run, report).map(|refused| !refused);
        }
        // What is behind the end of the copy is refused by nobody.
        let end = track.bounded(i64::MAX);
        let (next, rejected) = (track.next, &mut track.partition.rejected);
        for (index, stored) in run.iter().enumerate() {
            let read = self.framer.each(&stored.entry()?, |record| {
                if record.key.is_none()
                    && (next..end).contains(&record.offset)
                    && rejected.insert(record.offset)
                {
                    report.passed_over.push(Refusal {
                        slot,
                        offset: record.offset,
                        cause: RefusalCause::MissingKey,
                        code: ErrorCode::INVALID_RECORD,
                        record: Some(Box::new(copied(record))),
                    });
                }
            });
            match read {
                // The run ends before it.
                Err(_) if index > 0 => break,
                read => read?,
            }
        }
        Ok(true)
    }
}

/// Time of a batch's first record, in ms since 1970.
pub(super) fn first_timestamp(framed: &Framed) -> i64 {
    match BatchView::parse(&framed.batch) {
        Ok(view) if !view.header().attributes.has_delete_horizon() => view.header().base_timestamp,
        _ => framed.greatest_timestamp,
    }
}
