//! What goes to the target: which of the records that were read are sent, set aside, held or left out.

use sluice_kafka::{ErrorCode, Guarantee, KafkaError, Message, PartitionOffset, ReadFaultKind};

use crate::clock::now_ms;
use crate::error::Side;
use crate::lane::missing_time::effective_time;
use crate::lane::record::incidents::{notice, source_incident, source_unusable, target_incident};
use crate::lane::record::proof::Proof;
use crate::lane::record::record_lane::RecordLane;
use crate::lane::record::track::{Fate, SEQUENCE_BITS, SEQUENCE_MASK, pass_over};
use crate::lane::record::writer::{fatal_error, lane_error};
use crate::lane::refusal_code::refusal_cause;
use crate::lane::{LaneError, Refusal, RefusalCause, Report, Slot, StepLimit};
use crate::record_hash::hash_message;

impl RecordLane {
    /// Sends what was received, as far as the budget and the step's limit reach.
    pub(super) fn send(&mut self, limit: Option<StepLimit>, report: &mut Report) -> Result<(), LaneError> {
        let mut unproven = Vec::new();
        let outcome = self.send_inbox(limit, &mut unproven, report);
        self.prove(&unproven, report);
        let ended = std::mem::take(&mut self.ended);
        if !ended.is_empty() {
            self.reader.unassign(&ended).map_err(source_unusable)?;
        }
        outcome
    }

    fn send_inbox(
        &mut self,
        limit: Option<StepLimit>,
        unproven: &mut Vec<Slot>,
        report: &mut Report,
    ) -> Result<(), LaneError> {
        let before = (report.read, report.read_bytes);
        while let Some(message) = self.inbox.pop_front() {
            if self.in_flight_bytes >= self.in_flight_limit {
                self.inbox.push_front(message);
                return Ok(());
            }
            let Some((slot, message)) = self.next_record(message, unproven, report) else {
                continue;
            };
            let bytes = message.payload_len() as u64;
            if limit.is_some_and(|limit| {
                let read = (report.read - before.0, report.read_bytes - before.1);
                is_reached(limit, read, bytes)
            }) {
                self.inbox.push_front(message);
                return Ok(());
            }
            report.read += 1;
            report.read_bytes += bytes;
            if let Some(unsent) = self.send_record(slot, message, report)? {
                self.inbox.push_front(unsent);
                return Ok(());
            }
        }
        Ok(())
    }

    /// The message with its partition if it is a record that comes next there. All else is dealt with here: ends of logs,
    /// faults, notices, and what must wait or be read again.
    fn next_record(
        &mut self,
        message: Message,
        unproven: &mut Vec<Slot>,
        report: &mut Report,
    ) -> Option<(Slot, Message)> {
        let Some(slot) = self.slot_of(&message) else {
            if message.topic().is_empty() && message.error() != ErrorCode::NONE {
                report
                    .notices
                    .push(notice(Side::Source, message.error(), message.error_text()));
            }
            return None;
        };
        let track = self.tracks.get_mut(slot)?.as_mut()?;
        if !track.reading || track.blocked || matches!(track.proof, Proof::Due { .. }) {
            return None;
        }
        if track.needs_proof(&message) {
            unproven.push(slot);
            return None;
        }
        if track.must_wait() {
            self.held.push(message);
            return None;
        }
        if let Some(until) = track.partition.until
            && track.next >= until
        {
            // Whatever comes next, also a fault, is behind the end.
            self.end_at(slot, until, &message);
            return None;
        }
        if message.error() == ErrorCode::LOCAL_PARTITION_EOF {
            track.push(message.offset().max(track.next), &message, Fate::End, None);
            self.in_flight += 1;
            return None;
        }
        if let Some(fault) = message.fault() {
            if let ReadFaultKind::UnreadableHeaders { offset } = fault.kind {
                if offset >= track.next && track.partition.until.is_none_or(|until| offset < until) {
                    self.in_flight += 1;
                    let refusal = pass_over(track, slot, &message, RefusalCause::UnreadableHeaders);
                    report.passed_over.push(refusal);
                }
            } else {
                report.incidents.push((slot, source_incident(fault)));
            }
            return None;
        }
        if let Some(until) = track.partition.until
            && message.offset() >= until
        {
            self.end_at(slot, until, &message);
            return None;
        }
        (message.offset() >= track.next).then_some((slot, message))
    }

    /// The end of what is copied of a partition was reached: it is reported as the end of its log, and read no longer.
    fn end_at(&mut self, slot: Slot, until: i64, message: &Message) {
        let Some(track) = self.tracks.get_mut(slot).and_then(Option::as_mut) else {
            return;
        };
        track.push(until.max(track.next), message, Fate::End, None);
        track.reading = false;
        self.in_flight += 1;
        self.ended.push(PartitionOffset::new(
            track.partition.source_topic.clone(),
            track.partition.partition,
            until,
        ));
    }

    /// Sends a record, or sets it aside. Returns it if the writer has no place for it now.
    fn send_record(
        &mut self,
        slot: Slot,
        mut message: Message,
        report: &mut Report,
    ) -> Result<Option<Message>, LaneError> {
        let Some(track) = self.tracks.get_mut(slot).and_then(Option::as_mut) else {
            return Ok(None);
        };
        let hash = self.config.hashes.then(|| hash_message(&message, false));
        let offset = message.offset();
        if track.partition.rejected.contains(&offset) {
            track.push(offset, &message, Fate::Skipped, hash);
            self.in_flight += 1;
            return Ok(None);
        }
        if track.partition.keyless_refused && message.key().is_none() {
            // Old brokers answer with an error that librdkafka retries for ever: it is not sent in the first place.
            self.in_flight += 1;
            let refusal = pass_over(track, slot, &message, RefusalCause::MissingKey);
            report.passed_over.push(refusal);
            return Ok(None);
        }
        if !self.transaction_open && matches!(self.config.writer.guarantee, Guarantee::Transactional(_)) {
            if let Err(error) = self.writer.begin() {
                return Err(lane_error(error, &self.topics(&[])));
            }
            self.transaction_open = true;
        }
        let ticket = ((slot as u64) << SEQUENCE_BITS) | (track.following() & SEQUENCE_MASK);
        let time = effective_time(
            self.config.missing_timestamps,
            message.timestamp(),
            track.last_time,
            now_ms,
        );
        match self.writer.write_at(track.target, &mut message, time, ticket) {
            Ok(()) => {
                self.in_flight_bytes += track.push(offset, &message, Fate::Waiting, hash);
                if let Some(sent) = track.queue.back_mut() {
                    sent.handed_over = self.sampling.next();
                }
                track.last_time = Some(time);
                self.in_flight += 1;
                Ok(None)
            }
            Err(ErrorCode::LOCAL_QUEUE_FULL) => Ok(Some(message)),
            Err(code)
                if code.refuses_record() || code == ErrorCode::MESSAGE_TOO_LARGE || code.concerns_topic() =>
            {
                track.blocked = true;
                report.refused.push(Refusal {
                    slot,
                    offset,
                    cause: refusal_cause(code),
                    code,
                    record: None,
                });
                Ok(None)
            }
            Err(code) => {
                let topics = self.topics(&[]);
                let failed = || LaneError::Recover(target_incident(KafkaError::from_code(code), &topics));
                let fatal = self.writer.fatal();
                Err(fatal.map_or_else(failed, |error| fatal_error(error, &topics)))
            }
        }
    }
}

/// Whether one record more, of so many bytes, is over the limit of a step that has read so many records and bytes.
fn is_reached(limit: StepLimit, read: (u64, u64), bytes: u64) -> bool {
    read.0 > 0 && (read.0 >= limit.records as u64 || read.1.saturating_add(bytes) > limit.bytes)
}
