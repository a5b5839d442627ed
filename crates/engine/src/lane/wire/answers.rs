//! What the producer reports, taken into the lane.

use std::time::Instant;

use sluice_kafka::{ErrorCode, RefusedRecord};
use sluice_wire::format::{BatchView, Entry, RecordView};
use sluice_wire::{ProduceEvent, Ticket, TopicPartition, TransactionFault, Unresolved, WireError};

use crate::error::Side;
use crate::lane::refusal_code::refusal_cause;
use crate::lane::wire::incidents::{broker_failed, fenced, target_incident, transaction_failed, unusable};
use crate::lane::wire::mirror::unanswered;
use crate::lane::wire::mirror_track::InPlace;
use crate::lane::wire::wire_lane::WireLane;
use crate::lane::{Displaced, LaneError, Refusal, RefusalCause, Report, Slot};

impl WireLane {
    /// Sends what was handed over and takes in what the target has answered. Returns whether that was something.
    pub(super) fn collect(&mut self, report: &mut Report) -> Result<bool, LaneError> {
        let events = self
            .producer
            .poll(Instant::now())
            .map_err(|error| unusable(&error))?;
        let any = !events.is_empty();
        let mut failed = None;
        for event in events {
            if let Err(error) = self.take_produced(event, report) {
                failed.get_or_insert(error);
            }
        }
        let filled = match self.collect_fills(report) {
            Ok(filled) => filled,
            Err(error) => {
                failed.get_or_insert(error);
                true
            }
        };
        self.release(report);
        match failed {
            Some(error) => Err(error),
            None => Ok(any || filled),
        }
    }

    fn take_produced(&mut self, event: ProduceEvent, report: &mut Report) -> Result<(), LaneError> {
        match event {
            ProduceEvent::Acknowledged {
                ticket,
                place,
                base_offset,
                ..
            } => return self.acknowledged(ticket, &place, base_offset, report),
            ProduceEvent::Refused {
                ticket,
                place,
                code,
                records,
                ..
            } => {
                let indexes: Vec<i64> = records.iter().map(|one| i64::from(one.index)).collect();
                self.refused(
                    ticket,
                    &place,
                    ErrorCode(i32::from(code.number())),
                    &indexes,
                    report,
                );
            }
            ProduceEvent::Unresolved(unresolved) => return self.resolve(&unresolved),
            ProduceEvent::Delayed { place, error } => self.delayed(&place, &error, report),
            ProduceEvent::BrokerFailed { error, .. } => {
                report.notices.push(broker_failed(Side::Target, &error));
            }
            ProduceEvent::Fenced => return Err(fenced()),
            ProduceEvent::Committed => self.committed = true,
            ProduceEvent::TransactionDelayed(error) => self.transaction_delayed = Some(error),
            ProduceEvent::TransactionFailed(TransactionFault::Fenced) => return Err(fenced()),
            ProduceEvent::TransactionFailed(
                TransactionFault::Abortable(error) | TransactionFault::Fatal(error),
            ) => return Err(transaction_failed(&error)),
            ProduceEvent::Aborted | ProduceEvent::Resumed { .. } | ProduceEvent::Throttled { .. } => {}
        }
        Ok(())
    }

    fn acknowledged(
        &mut self,
        ticket: Ticket,
        place: &TopicPartition,
        base: Option<i64>,
        report: &mut Report,
    ) -> Result<(), LaneError> {
        let Some(slot) = self.slot_of_target(place) else {
            return Ok(());
        };
        let Some(track) = self.track_mut(slot) else {
            return Ok(());
        };
        match track.is_in_place(ticket, base) {
            InPlace::Yes => {}
            InPlace::No { expected, found } => {
                self.displaced(slot, Displaced { expected, found }, report);
                return Ok(());
            }
            InPlace::Unknown => return Err(unanswered(sluice_wire::ErrorCode::DUPLICATE_SEQUENCE_NUMBER)),
        }
        let Some(sent) = track.sent(ticket) else {
            return Ok(());
        };
        sent.written = Some(base);
        let len = sent.batch.len();
        let end = sent.expected.map(|expected| expected + sent.records);
        self.in_flight_bytes = self.in_flight_bytes.saturating_sub(len);
        if let Some(end) = end {
            self.note_mirrored_end(slot, end);
        }
        self.touched.insert(slot);
        Ok(())
    }

    /// The target does not take a batch: each of its records is reported, and nothing more of the partition is sent.
    /// `named` are the places of the records that are wrong, where the broker lists them.
    fn refused(
        &mut self,
        ticket: Ticket,
        place: &TopicPartition,
        code: ErrorCode,
        named: &[i64],
        report: &mut Report,
    ) {
        let Some(slot) = self.slot_of_target(place) else {
            return;
        };
        let Some(track) = self.track_mut(slot) else { return };
        track.blocked = true;
        let Some(sent) = track.sent(ticket) else { return };
        let offsets: Vec<i64> = sent
            .spans
            .iter()
            .flat_map(|span| span.source..span.source + i64::from(span.len))
            .collect();
        let batch = sent.batch.clone();
        if let Ok(view) = BatchView::parse(&batch) {
            self.refused_with.insert(place.topic.clone(), view.header().codec);
        }
        self.in_flight_bytes = self.in_flight_bytes.saturating_sub(batch.len());
        let cause = refusal_cause(code);
        let mut refusals: Vec<Refusal> = offsets
            .iter()
            .zip(0_i64..)
            .map(|(&offset, index)| Refusal {
                slot,
                offset,
                cause: if named.is_empty() || named.contains(&index) {
                    cause
                } else {
                    RefusalCause::Companion
                },
                code,
                record: None,
            })
            .collect();
        let alone = refusals.len() == 1;
        self.fill_in(&batch, &mut refusals, |refusal| {
            refusal.cause.is_of_record() && (alone || !named.is_empty())
        });
        self.drop_unsent(slot);
        report.refused.extend(refusals);
    }

    /// Adds the records themselves to the refusals that `wants` them. Records of a sent batch stand in the order of the
    /// refusals.
    fn fill_in(&mut self, batch: &[u8], refusals: &mut [Refusal], wants: impl Fn(&Refusal) -> bool) {
        if !refusals.iter().any(&wants) {
            return;
        }
        let mut at = refusals.iter_mut();
        let read = BatchView::parse(batch).and_then(|view| {
            self.framer.each(&Entry::Batch(view), |record| {
                if let Some(refusal) = at.next()
                    && wants(refusal)
                {
                    refusal.record = Some(Box::new(copied(record)));
                }
            })
        });
        if let Err(error) = read {
            tracing::warn!(%error, "reading a refused batch again");
        }
    }

    /// The broker does not remember what came before. What is on it is counted, and the rest is sent under a new epoch.
    fn resolve(&mut self, unresolved: &Unresolved) -> Result<(), LaneError> {
        let from = self
            .slot_of_target(&unresolved.place)
            .and_then(|slot| self.track_mut(slot)?.acknowledged);
        let Some(from) = from else {
            // It is unknown where to look: with a new producer it is sent again.
            return Err(unanswered(unresolved.code));
        };
        if self.mirror.is_some() && unresolved.code != sluice_wire::ErrorCode::UNKNOWN_PRODUCER_ID {
            // Something of an earlier run was written meanwhile: the end of the log says how much.
            return Err(unanswered(unresolved.code));
        }
        unresolved
            .count_written(&self.target, from)
            .and_then(|written| self.producer.resolve(&unresolved.place, written))
            .map_err(|error| LaneError::Recover(target_incident(&error)))
    }

    /// A target partition that cannot be written at present. What the client tries again by itself is no refusal.
    fn delayed(&mut self, place: &TopicPartition, error: &WireError, report: &mut Report) {
        let Some(code) = error.code() else { return };
        let code = ErrorCode(i32::from(code.number()));
        if !code.concerns_topic() {
            return;
        }
        let Some(slot) = self.slot_of_target(place) else {
            return;
        };
        let Some(track) = self.track_mut(slot) else { return };
        track.blocked = true;
        let offset = track.next;
        self.drop_unsent(slot);
        report.refused.push(Refusal {
            slot,
            offset,
            cause: RefusalCause::Topic,
            code,
            record: None,
        });
    }

    /// Reports what is settled of the partitions that something happened to.
    pub(super) fn release(&mut self, report: &mut Report) {
        let touched: Vec<Slot> = std::mem::take(&mut self.touched).into_iter().collect();
        for slot in touched {
            if let Some(track) = self.track_mut(slot) {
                track.release(slot, report);
            }
        }
    }
}

/// A record that is not written, for the quarantine.
pub(super) fn copied(record: &RecordView<'_>) -> RefusedRecord {
    RefusedRecord {
        key: record.key.map(<[u8]>::to_vec),
        value: record.value.map(<[u8]>::to_vec),
        headers: record
            .headers
            .iter()
            .map(|header| (header.key.to_vec(), header.value.map(<[u8]>::to_vec)))
            .collect(),
        timestamp: record.timestamp,
    }
}
