use std::time::{Duration, Instant};

use bytes::Bytes;
use kafka_protocol::messages::ApiKey;

use crate::client::{LeadersFound, LinkEvent, LinkSignal, TopicInfo};
use crate::error::{Result, WireError};
use crate::error_code::ErrorCode;
use crate::fetch::answer::{self, FetchAnswer, FetchedPartition};
use crate::fetch::driver::brokers::Asked;
use crate::fetch::driver::event::{FetchEvent, FetchHalt, FetchedBatches, LogMarks};
use crate::fetch::driver::fetcher::{Fetcher, Signal};
use crate::format::{Stop, walk};
use crate::net::skip_header;
use crate::topic_partition::TopicPartition;

impl Fetcher {
    /// Takes what another thread reports.
    pub(crate) fn apply(&mut self, signal: Signal) {
        match signal {
            Signal::Leaders(found) => self.take_leaders(found),
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
                let is_asked = broker.in_flight.as_ref().is_some_and(|one| one.token == token);
                if is_asked && let Err(error) = answer.and_then(|body| self.take_answer(id, body)) {
                    self.broker_failed(id, error);
                }
            }
        }
    }

    /// A broker cannot be used now: its partitions may have other leaders.
    pub(crate) fn broker_failed(&mut self, id: i32, error: WireError) {
        let Some(broker) = self.brokers.get_mut(&id) else {
            return;
        };
        if broker.failed(&error, Instant::now()) {
            self.events.push(FetchEvent::BrokerFailed { broker: id, error });
        }
        let places: Vec<TopicPartition> = broker.wanted.iter().cloned().collect();
        for place in places {
            self.lookup.want(&place.topic);
            self.edit(&place, |partition| {
                partition.nearest = None;
                partition.is_proven = false;
            });
        }
    }

    fn take_answer(&mut self, id: i32, body: Bytes) -> Result<()> {
        let Some(broker) = self.brokers.get_mut(&id) else {
            return Ok(());
        };
        let Some(in_flight) = broker.in_flight.take() else {
            return Ok(());
        };
        let version = in_flight.version;
        match in_flight.asked {
            Asked::Epochs(questions) => return self.take_epochs(id, version, body, &questions),
            Asked::Records(room) => drop(room),
        }
        let body = self.held.hold(skip_header(ApiKey::Fetch, version, body)?);
        let session = &broker.session;
        let read = match answer::read_with(version, body, |id| session.name_of(id)) {
            Err(WireError::Kafka { code, .. }) if broker.session.refused(code) => {
                tracing::debug!("the fetch session with broker {id} begins again: {code}");
                return Ok(());
            }
            other => other?,
        };
        broker.session.answered(read.session_id);
        broker.link.succeeded();
        self.note_throttle(id, version, read.throttle);
        self.take_partitions(id, read);
        self.recall_marks(id);
        Ok(())
    }

    fn note_throttle(&mut self, id: i32, version: i16, time: Duration) {
        if time.is_zero() {
            return;
        }
        if let Some(broker) = self.brokers.get(&id) {
            broker.link.throttled(ApiKey::Fetch, version, time);
        }
        self.throttled += time;
        self.events.push(FetchEvent::Throttled { broker: id, time });
    }

    fn take_partitions(&mut self, id: i32, read: FetchAnswer) {
        for one in read.partitions {
            let listed = self
                .brokers
                .get(&id)
                .and_then(|broker| broker.session.listed(&one.place));
            let Some(partition) = self.partitions.get(&one.place) else {
                continue;
            };
            // It may be wanted from elsewhere by now.
            let is_current = partition.broker() == Some(id)
                && listed.is_some_and(|asked| {
                    asked.offset == partition.position && asked.topic_id == partition.topic_id
                });
            if is_current {
                self.take_partition(id, one);
            }
        }
    }

    /// A partition that came back and of which the answer says nothing is as it was when it was removed.
    fn recall_marks(&mut self, id: i32) {
        if self.remembered.is_empty() {
            return;
        }
        let Some(session) = self.brokers.get(&id).map(|broker| &broker.session) else {
            return;
        };
        let mut recalled = Vec::new();
        for (place, marks) in &self.remembered {
            let Some(partition) = self.partitions.get_mut(place) else {
                continue;
            };
            let is_asked = session
                .listed(place)
                .is_some_and(|asked| asked.offset == partition.position);
            if partition.broker() == Some(id) && is_asked {
                if partition.marks == LogMarks::default() {
                    partition.marks = *marks;
                    self.events.push(FetchEvent::Marks {
                        place: place.clone(),
                        marks: *marks,
                    });
                }
                recalled.push(place.clone());
            }
        }
        for place in recalled {
            self.remembered.remove(&place);
        }
    }

    fn take_partition(&mut self, id: i32, one: FetchedPartition) {
        let place = one.place.clone();
        let Some(position) = self.position(&place) else {
            return;
        };
        if let Some(code) = one.error {
            self.take_error(id, one, code, position);
            return;
        }
        if self
            .partitions
            .get_mut(&place)
            .is_some_and(|own| own.trouble.succeeded())
        {
            self.events.push(FetchEvent::Resumed { place: place.clone() });
        }
        if let Some(divergence) = one.divergence {
            let reason = FetchHalt::Diverged {
                position,
                epoch: divergence.epoch,
                end_offset: divergence.end_offset,
            };
            self.halt(&place, reason);
            return;
        }
        if let Some(own) = self.partitions.get_mut(&place) {
            // What is read from here on is this leader's.
            own.is_proven = true;
        }
        if let Some(nearest) = one.preferred_replica.filter(|_| self.settings.nearest_replica) {
            self.edit(&place, |partition| partition.nearest = Some(nearest));
        }
        let marks = LogMarks {
            log_start: one.log_start,
            last_stable_offset: one.last_stable_offset,
            high_watermark: one.high_watermark,
        };
        let has_new_marks = self
            .partitions
            .get_mut(&place)
            .is_some_and(|own| std::mem::replace(&mut own.marks, marks) != marks);
        if !self.take_records(one, position, marks) && has_new_marks {
            self.events.push(FetchEvent::Marks { place, marks });
        }
    }

    /// Hands whole batches over and goes on behind them. Returns whether there were any.
    fn take_records(&mut self, one: FetchedPartition, position: i64, marks: LogMarks) -> bool {
        let place = one.place;
        let walked = walk(&one.records);
        let next = walked.next_offset.filter(|next| *next > position);
        if let Some(next_offset) = next {
            let topic_id = self.edit(&place, |partition| {
                partition.position = next_offset;
                partition.last_epoch = walked.leader_epoch.or(partition.last_epoch);
                partition.topic_id
            });
            self.events.push(FetchEvent::Batches(FetchedBatches {
                place: place.clone(),
                topic_id: topic_id.flatten(),
                position,
                next_offset,
                leader_epoch: walked.leader_epoch,
                marks,
                aborted: one.aborted,
                isolation: self.settings.isolation,
                records: one.records.slice(..walked.len),
            }));
        } else if walked.len > 0 {
            let error = WireError::Malformed {
                what: place.to_string(),
                reason: format!("the batches that came end before offset {position}"),
            };
            self.delay(&place, error);
            return false;
        }
        match walked.stop {
            // Brokers before 0.10.1 cut even the first entry off.
            Some(Stop::Cut(Some(needed))) if next.is_none() => {
                let needed = i32::try_from(needed).unwrap_or(i32::MAX);
                self.edit(&place, |partition| {
                    partition.max_bytes = partition.max_bytes.max(needed)
                });
            }
            Some(Stop::Cut(None)) if next.is_none() => {
                self.edit(&place, |partition| {
                    partition.max_bytes = partition.max_bytes.saturating_mul(2);
                });
            }
            Some(Stop::Damaged(fault)) => {
                let position = next.unwrap_or(position);
                self.halt(&place, FetchHalt::Damaged { position, fault });
            }
            Some(Stop::Cut(_)) | None => {}
        }
        next.is_some()
    }

    fn take_error(&mut self, id: i32, one: FetchedPartition, code: ErrorCode, position: i64) {
        let place = one.place;
        let follows = self
            .partitions
            .get(&place)
            .is_some_and(|own| own.nearest.is_some());
        if follows {
            // The leader may know better.
            self.edit(&place, |partition| partition.nearest = None);
            return;
        }
        if code == ErrorCode::OFFSET_OUT_OF_RANGE {
            self.halt(&place, FetchHalt::OutOfRange { position });
            return;
        }
        let known = self.partitions.get(&place).and_then(|own| own.leader);
        let hint = one.current_leader.filter(|(leader, epoch)| {
            let is_newer = known.and_then(|(_, own)| own).is_none_or(|own| own < *epoch);
            is_newer && (*leader != id || code == ErrorCode::FENCED_LEADER_EPOCH)
        });
        if let Some((leader, epoch)) = hint {
            self.client.learn_leader(&place, leader, epoch);
            self.edit(&place, |partition| partition.lead_by((leader, Some(epoch))));
            return;
        }
        let error = WireError::Kafka {
            api: ApiKey::Fetch,
            code,
            message: None,
        };
        self.delay(&place, error);
    }

    pub(crate) fn halt(&mut self, place: &TopicPartition, reason: FetchHalt) {
        self.edit(place, |partition| partition.halted = true);
        self.events.push(FetchEvent::Halted {
            place: place.clone(),
            reason,
        });
    }

    /// Tries a partition again later, with its leader asked for again.
    pub(crate) fn delay(&mut self, place: &TopicPartition, error: WireError) {
        let now = Instant::now();
        self.client.forget_leader(place);
        let Some((at, is_due)) = self.edit(place, |partition| partition.failed(&error, now)) else {
            return;
        };
        self.timers.insert((at, place.clone()));
        if is_due {
            self.events.push(FetchEvent::Delayed {
                place: place.clone(),
                error,
            });
        }
    }

    fn take_leaders(&mut self, found: LeadersFound) {
        self.lookup.done(Instant::now());
        let topics = match found.found {
            Ok(topics) => topics,
            Err(error) => {
                for topic in found.topics {
                    for place in self.without_leader(&topic) {
                        self.delay(&place, error.clone());
                    }
                }
                return;
            }
        };
        for topic in topics {
            self.take_topic(&topic);
        }
    }

    fn of_topic(&self, topic: &str) -> Vec<TopicPartition> {
        self.partitions
            .range(TopicPartition::new(topic, i32::MIN)..)
            .take_while(|(place, _)| place.topic == topic)
            .map(|(place, _)| place.clone())
            .collect()
    }

    /// The partitions of a topic that only lack a leader.
    fn without_leader(&self, topic: &str) -> Vec<TopicPartition> {
        let lacks = |place: &TopicPartition| {
            self.partitions
                .get(place)
                .is_some_and(|own| own.leader.is_none() && own.trouble.retry_at.is_none() && !own.halted)
        };
        self.of_topic(topic).into_iter().filter(lacks).collect()
    }

    fn take_topic(&mut self, topic: &TopicInfo) {
        let kafka = |code| WireError::Kafka {
            api: ApiKey::Metadata,
            code,
            message: None,
        };
        if let Some(code) = topic.error {
            for place in self.without_leader(&topic.name) {
                self.delay(&place, kafka(code));
            }
            return;
        }
        for place in self.of_topic(&topic.name) {
            if let Some((expected, found)) = self.recreated(&place, topic) {
                self.halt(&place, FetchHalt::Recreated { expected, found });
                continue;
            }
            let info = topic.partition(place.partition);
            let leader = info.and_then(|info| Some((info.leader?, info.leader_epoch)));
            let waits = self
                .partitions
                .get(&place)
                .is_none_or(|own| own.trouble.retry_at.is_some());
            match leader {
                Some(leader) if !waits => {
                    self.edit(&place, |partition| {
                        partition.topic_id = partition.topic_id.or(topic.id);
                        partition.lead_by(leader);
                    });
                }
                None if self
                    .partitions
                    .get(&place)
                    .is_some_and(|own| own.leader.is_none())
                    && !waits =>
                {
                    let error = match info {
                        None => kafka(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION),
                        Some(_) => WireError::Unavailable {
                            what: place.to_string(),
                            role: "leader",
                        },
                    };
                    self.delay(&place, error);
                }
                _ => {}
            }
        }
    }

    /// The ids of the topic that was asked for and of the one that has its name, if they differ.
    fn recreated(&self, place: &TopicPartition, topic: &TopicInfo) -> Option<(uuid::Uuid, uuid::Uuid)> {
        let partition = self.partitions.get(place).filter(|own| !own.halted)?;
        let (expected, found) = (partition.topic_id?, topic.id?);
        (expected != found).then_some((expected, found))
    }
}
