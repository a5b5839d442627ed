use std::collections::VecDeque;

use bytes::Bytes;

use crate::client::Trouble;
use crate::error_code::ErrorCode;
use crate::format::{ProducerStamp, RewriteError, rewritten_head};
use crate::produce::driver::event::{ProduceEvent, Ticket, Unresolved, UnsettledBatch};
use crate::produce::request::{ProducedPartition, RecordError};
use crate::produce::sequences::{Event, Outcome, Sequences};
use crate::produce::transaction::ProducerIdentity;
use crate::topic_partition::TopicPartition;

/// What a broker answered beyond the outcome.
#[derive(Debug, Default)]
struct Reply {
    append_time: Option<i64>,
    log_start: Option<i64>,
    message: Option<String>,
    records: Vec<RecordError>,
}

/// A batch that is not settled.
#[derive(Debug)]
struct Queued {
    ticket: u64,
    bytes: Bytes,
    records: i32,
    /// The header it was sent with: it goes with the same bytes again.
    stamped: Option<(ProducerStamp, Bytes)>,
    reply: Reply,
}

/// A batch that is sent now.
#[derive(Debug)]
pub(crate) struct Sendable {
    pub(crate) ticket: u64,
    pub(crate) pieces: Vec<Bytes>,
}

/// One partition that is written.
#[derive(Debug)]
pub(crate) struct Stream {
    /// Brokers keep epochs per partition, so each partition has its own.
    pub(crate) producer: ProducerIdentity,
    sequences: Sequences,
    queued: VecDeque<Queued>,
    pub(crate) leader: Option<i32>,
    /// The broker that has requests without an answer, and how many.
    pub(crate) on_wire: Option<(i32, usize)>,
    pub(crate) trouble: Trouble,
    /// Whether a batch was refused and the caller has not decided on those behind it.
    pub(crate) held: bool,
    /// Whether it stands in its leader's list.
    pub(crate) listed: bool,
}

impl Stream {
    pub(crate) fn new(producer: ProducerIdentity) -> Self {
        Self {
            producer,
            sequences: Sequences::new(),
            queued: VecDeque::new(),
            leader: None,
            on_wire: None,
            trouble: Trouble::default(),
            held: false,
            listed: false,
        }
    }

    /// A stream that goes on where an earlier one of the same producer ended on the broker.
    pub(crate) fn resumed(producer: ProducerIdentity, next_sequence: i32) -> Self {
        Self {
            sequences: Sequences::starting_at(next_sequence),
            ..Self::new(producer)
        }
    }

    /// Bytes of the batches that are not settled.
    pub(crate) fn queued_bytes(&self) -> usize {
        self.queued.iter().map(|queued| queued.bytes.len()).sum()
    }

    pub(crate) fn add(&mut self, ticket: u64, bytes: Bytes, records: i32) {
        self.sequences.add(ticket, records);
        self.queued.push_back(Queued {
            ticket,
            bytes,
            records,
            stamped: None,
            reply: Reply::default(),
        });
    }

    /// Drops everything and begins again under a new epoch.
    pub(crate) fn begin_again(&mut self, producer: ProducerIdentity) {
        *self = Self {
            leader: self.leader,
            ..Self::new(producer)
        };
    }

    pub(crate) fn unsettled(&self) -> usize {
        self.queued.len()
    }

    fn find(&mut self, ticket: u64) -> Option<&mut Queued> {
        // They are in the order of their numbers.
        let at = self.queued.binary_search_by_key(&ticket, |one| one.ticket).ok()?;
        self.queued.get_mut(at)
    }

    fn take(&mut self, ticket: u64) -> Option<Queued> {
        let at = self.queued.binary_search_by_key(&ticket, |one| one.ticket).ok()?;
        self.queued.remove(at)
    }

    /// The bytes of the batch that may be sent to `broker` now; none while something else must come first.
    pub(crate) fn upcoming(&self, broker: i32) -> Option<usize> {
        // Over another connection only when nothing is in flight.
        let elsewhere = self.on_wire.is_some_and(|(other, _)| other != broker);
        if elsewhere || self.held || self.leader != Some(broker) || self.trouble.retry_at.is_some() {
            return None;
        }
        let ticket = self.sequences.upcoming()?;
        let at = self.queued.binary_search_by_key(&ticket, |one| one.ticket).ok()?;
        self.queued.get(at).map(|one| one.bytes.len())
    }

    /// The batch that is sent now, with its header.
    ///
    /// # Errors
    /// The batch is not one; it was checked when it was handed over.
    pub(crate) fn next(
        &mut self,
        broker: i32,
        transactional: bool,
    ) -> Result<Option<Sendable>, RewriteError> {
        let Some(to_send) = self.sequences.next_to_send() else {
            return Ok(None);
        };
        let stamp = ProducerStamp {
            producer_id: self.producer.id,
            producer_epoch: self.producer.epoch,
            base_sequence: to_send.sequence,
            transactional,
        };
        let Some(queued) = self.find(to_send.batch) else {
            return Ok(None);
        };
        let head = match &queued.stamped {
            Some((before, head)) if *before == stamp => head.clone(),
            _ => {
                let head = Bytes::copy_from_slice(&rewritten_head(&queued.bytes, &stamp)?);
                queued.stamped = Some((stamp, head.clone()));
                head
            }
        };
        let pieces = vec![head.clone(), queued.bytes.slice(head.len()..)];
        let count = self.on_wire.map_or(0, |(_, count)| count);
        self.on_wire = Some((broker, count + 1));
        Ok(Some(Sendable {
            ticket: to_send.batch,
            pieces,
        }))
    }

    /// Keeps what the broker answered beside the outcome.
    pub(crate) fn note_reply(&mut self, ticket: u64, answer: ProducedPartition) {
        if let Some(queued) = self.find(ticket) {
            queued.reply = Reply {
                append_time: answer.append_time,
                log_start: answer.log_start,
                message: answer.message,
                records: answer.records,
            };
        }
    }

    /// Applies an outcome. Returns what follows and the bytes that are settled.
    pub(crate) fn answered(
        &mut self,
        place: &TopicPartition,
        ticket: u64,
        outcome: Outcome,
    ) -> (Vec<ProduceEvent>, usize) {
        self.on_wire = self
            .on_wire
            .and_then(|(broker, count)| (count > 1).then_some((broker, count - 1)));
        let events = self.sequences.answered(ticket, outcome);
        self.apply(place, events)
    }

    /// Goes on under `producer` after the first `written` unsettled batches were found on the broker.
    pub(crate) fn restart(
        &mut self,
        place: &TopicPartition,
        producer: ProducerIdentity,
        written: usize,
    ) -> (Vec<ProduceEvent>, usize) {
        self.producer = producer;
        let events = self.sequences.restart(written);
        self.apply(place, events)
    }

    /// Takes back what is behind a refused batch: its numbers and its bytes.
    pub(crate) fn withdraw(&mut self) -> (Vec<u64>, usize) {
        let tickets = self.sequences.withdraw();
        let taken = tickets
            .iter()
            .filter_map(|ticket| self.take(*ticket))
            .collect::<Vec<_>>();
        (tickets, taken.iter().map(|one| one.bytes.len()).sum())
    }

    /// Whether it waits for [`Stream::restart`].
    pub(crate) fn is_broken(&self) -> bool {
        self.sequences.is_broken()
    }

    fn apply(&mut self, place: &TopicPartition, events: Vec<Event>) -> (Vec<ProduceEvent>, usize) {
        let mut settled = 0;
        let mut out = Vec::with_capacity(events.len());
        for event in events {
            match event {
                Event::Acknowledged { batch, base_offset } => {
                    let Some(queued) = self.take(batch) else { continue };
                    settled += queued.bytes.len();
                    out.push(ProduceEvent::Acknowledged {
                        ticket: Ticket(batch),
                        place: place.clone(),
                        base_offset,
                        append_time: queued.reply.append_time,
                        log_start: queued.reply.log_start,
                    });
                }
                Event::Refused { batch, code } => {
                    let Some(queued) = self.take(batch) else { continue };
                    settled += queued.bytes.len();
                    self.held = true;
                    out.push(ProduceEvent::Refused {
                        ticket: Ticket(batch),
                        place: place.clone(),
                        code,
                        message: queued.reply.message,
                        records: queued.reply.records,
                    });
                }
                Event::Fenced => out.push(ProduceEvent::Fenced),
                Event::Broken(code) => out.push(ProduceEvent::Unresolved(self.unresolved(place, code))),
            }
        }
        (out, settled)
    }

    fn unresolved(&self, place: &TopicPartition, code: ErrorCode) -> Unresolved {
        let sequences = self.sequences.unsettled();
        let batches = self
            .queued
            .iter()
            .zip(sequences)
            .map(|(queued, base_sequence)| UnsettledBatch {
                ticket: Ticket(queued.ticket),
                base_sequence,
                records: queued.records,
            });
        Unresolved {
            place: place.clone(),
            code,
            producer: self.producer,
            batches: batches.collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::BATCH_HEADER_LEN;

    /// A header of one record and something behind it: nothing here looks at records.
    fn batch() -> Bytes {
        let mut bytes = vec![0; BATCH_HEADER_LEN + 9];
        let length = i32::try_from(bytes.len() - 12).unwrap();
        bytes[8..12].copy_from_slice(&length.to_be_bytes());
        bytes[16] = 2;
        bytes[60] = 1;
        bytes.into()
    }

    #[test]
    fn a_partition_goes_to_another_leader_only_when_nothing_is_in_flight_and_with_the_same_bytes() {
        let place = TopicPartition::new("t", 0);
        let mut stream = Stream::new(ProducerIdentity { id: 7, epoch: 0 });
        stream.leader = Some(1);
        for ticket in 1..=3 {
            stream.add(ticket, batch(), 1);
        }
        stream.next(1, false).unwrap().unwrap();
        stream.answered(&place, 1, Outcome::Written(Some(0)));
        let second = stream.next(1, false).unwrap().unwrap();
        assert_eq!(stream.upcoming(1), Some(batch().len()));
        stream.leader = Some(2);
        assert_eq!((stream.upcoming(1), stream.upcoming(2)), (None, None));
        stream.answered(&place, 2, Outcome::Unknown);
        assert_eq!(stream.upcoming(2), Some(batch().len()));
        let again = stream.next(2, false).unwrap().unwrap();
        assert_eq!((again.ticket, &again.pieces), (second.ticket, &second.pieces));
        // Alone, until its outcome is known.
        assert_eq!(stream.upcoming(2), None);
    }
}
