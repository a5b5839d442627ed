use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use bytes::Bytes;
use kafka_protocol::messages::ApiKey;

use crate::client::{LinkEvent, LinkSignal};
use crate::error::{Result, WireError};
use crate::error_code::ErrorCode;
use crate::net::skip_header;
use crate::produce::driver::brokers::InFlight;
use crate::produce::driver::event::{ProduceEvent, TransactionFault};
use crate::produce::driver::producer::{Producer, Signal};
use crate::produce::request::{self, ProducedPartition};
use crate::produce::sequences::Outcome;
use crate::topic_partition::TopicPartition;

impl Producer {
    /// Takes what another thread reports.
    pub(crate) fn apply(&mut self, signal: Signal) {
        match signal {
            Signal::Leaders(found) => self.take_leaders(found),
            Signal::Coordinator(done) => self.take_step(done),
            Signal::Link(signal) => self.take_link_event(signal),
        }
    }

    fn take_link_event(&mut self, signal: LinkSignal) {
        let id = signal.broker;
        let Some(broker) = self.brokers.get_mut(&id).filter(|own| own.link.is(signal.link)) else {
            return;
        };
        match signal.event {
            LinkEvent::Opened(connection) => broker.link.opened(connection),
            LinkEvent::Ended(error) => self.broker_failed(id, error),
            LinkEvent::Answered { token, answer } => {
                let Some(in_flight) = broker.in_flight.remove(&token) else {
                    return;
                };
                let tickets = in_flight.batches.clone();
                let taken = answer.and_then(|body| self.take_answer(id, in_flight, body));
                if let Err(error) = taken {
                    self.settle_unknown(tickets);
                    self.broker_failed(id, error);
                }
            }
        }
    }

    /// A broker cannot be used now: what it was sent is not known to be written, and its partitions may have other
    /// leaders.
    pub(crate) fn broker_failed(&mut self, id: i32, error: WireError) {
        let Some(broker) = self.brokers.get_mut(&id) else {
            return;
        };
        let is_new = broker.link.failed(&error, Instant::now());
        let in_flight = std::mem::take(&mut broker.in_flight);
        if is_new {
            self.events.push(ProduceEvent::BrokerFailed { broker: id, error });
        }
        for one in in_flight.into_values() {
            self.settle_unknown(one.batches);
        }
        let led = self
            .streams
            .iter()
            .filter(|(_, stream)| stream.leader == Some(id) && stream.unsettled() > 0);
        for (place, _) in led {
            self.lookup.want(&place.topic);
        }
    }

    fn take_answer(&mut self, id: i32, in_flight: InFlight, body: Bytes) -> Result<()> {
        let version = in_flight.version;
        let read = request::read(version, skip_header(ApiKey::Produce, version, body)?)?;
        if let Some(broker) = self.brokers.get_mut(&id) {
            broker.link.succeeded();
        }
        self.note_throttle(id, version, read.throttle);
        let mut answers: BTreeMap<TopicPartition, ProducedPartition> = read
            .partitions
            .into_iter()
            .map(|one| (one.place.clone(), one))
            .collect();
        for (place, ticket) in in_flight.batches {
            match answers.remove(&place) {
                Some(answer) => self.take_partition(id, ticket, answer),
                // The broker left it out: nothing is known.
                None => self.settle(&place, ticket, Outcome::Unknown),
            }
        }
        Ok(())
    }

    fn note_throttle(&mut self, id: i32, version: i16, time: Duration) {
        if time.is_zero() {
            return;
        }
        if let Some(broker) = self.brokers.get(&id) {
            broker.link.throttled(ApiKey::Produce, version, time);
        }
        self.throttled += time;
        self.events.push(ProduceEvent::Throttled { broker: id, time });
    }

    fn take_partition(&mut self, id: i32, ticket: u64, answer: ProducedPartition) {
        let place = answer.place.clone();
        let (code, hint, base_offset) = (answer.error, answer.current_leader, answer.base_offset);
        let Some(stream) = self.streams.get_mut(&place) else {
            return;
        };
        stream.note_reply(ticket, answer);
        let Some(code) = code else {
            if stream.trouble.succeeded() {
                self.events.push(ProduceEvent::Resumed { place: place.clone() });
            }
            self.settle(&place, ticket, Outcome::Written(base_offset));
            return;
        };
        if code.is_retriable() || code.is_stale_leader() {
            match hint.filter(|(leader, _)| *leader != id) {
                Some((leader, epoch)) => {
                    self.client.learn_leader(&place, leader, epoch);
                    self.move_to(&place, leader);
                }
                None => {
                    let error = WireError::Kafka {
                        api: ApiKey::Produce,
                        code,
                        message: None,
                    };
                    self.delay(&place, error);
                }
            }
        }
        self.settle(&place, ticket, Outcome::Failed(code));
    }

    /// Applies a batch's outcome.
    pub(crate) fn settle(&mut self, place: &TopicPartition, ticket: u64, outcome: Outcome) {
        let Some(stream) = self.streams.get_mut(place) else {
            return;
        };
        let (events, bytes) = stream.answered(place, ticket, outcome);
        self.take_events(events, bytes);
        self.list(place);
    }

    pub(crate) fn take_events(&mut self, events: Vec<ProduceEvent>, settled_bytes: usize) {
        self.queued_bytes = self.queued_bytes.saturating_sub(settled_bytes);
        for event in events {
            match &event {
                ProduceEvent::Acknowledged { .. } => self.unsettled = self.unsettled.saturating_sub(1),
                ProduceEvent::Refused { code, .. } => {
                    self.unsettled = self.unsettled.saturating_sub(1);
                    let error = produce_error(*code);
                    self.events.push(event);
                    self.fail_transaction(TransactionFault::Abortable(error));
                    continue;
                }
                ProduceEvent::Unresolved(unresolved) if self.transaction.is_some() => {
                    let error = produce_error(unresolved.code);
                    self.fail_transaction(TransactionFault::Abortable(error));
                    continue;
                }
                ProduceEvent::Fenced => {
                    self.fence();
                    continue;
                }
                _ => {}
            }
            self.events.push(event);
        }
    }
}

fn produce_error(code: ErrorCode) -> WireError {
    WireError::Kafka {
        api: ApiKey::Produce,
        code,
        message: None,
    }
}
