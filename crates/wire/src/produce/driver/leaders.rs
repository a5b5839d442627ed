use std::time::Instant;

use kafka_protocol::messages::ApiKey;

use crate::client::{LeadersFound, TopicInfo};
use crate::error::WireError;
use crate::error_code::ErrorCode;
use crate::produce::driver::event::ProduceEvent;
use crate::produce::driver::producer::Producer;
use crate::topic_partition::TopicPartition;

impl Producer {
    /// Notes a partition's leader.
    pub(crate) fn move_to(&mut self, place: &TopicPartition, leader: i32) {
        let Some(stream) = self.streams.get_mut(place) else {
            return;
        };
        if let Some(before) = stream.leader.filter(|before| *before != leader) {
            stream.listed = false;
            if let Some(broker) = self.brokers.get_mut(&before) {
                broker.ready.retain(|other| other != place);
            }
        }
        stream.leader = Some(leader);
        self.list(place);
    }

    /// Tries a partition again later, with its leader asked for again.
    pub(crate) fn delay(&mut self, place: &TopicPartition, error: WireError) {
        let Some(stream) = self.streams.get_mut(place) else {
            return;
        };
        if stream.trouble.retry_at.is_some() {
            return;
        }
        self.client.forget_leader(place);
        let (at, is_due) = stream.trouble.failed(&error, Instant::now());
        self.timers.insert((at, place.clone()));
        if is_due {
            self.events.push(ProduceEvent::Delayed {
                place: place.clone(),
                error,
            });
        }
    }

    pub(crate) fn retry_partitions(&mut self, now: Instant) {
        while let Some((at, place)) = self.timers.pop_first() {
            if at > now {
                self.timers.insert((at, place));
                return;
            }
            if let Some(stream) = self.streams.get_mut(&place) {
                stream.trouble.retry_at = None;
                // The old leader may still be the one, but that is to be found out first.
                self.lookup.want(&place.topic);
                if let Some(before) = stream.leader.take()
                    && let Some(broker) = self.brokers.get_mut(&before)
                {
                    stream.listed = false;
                    broker.ready.retain(|other| *other != place);
                }
            }
        }
    }

    pub(crate) fn take_leaders(&mut self, found: LeadersFound) {
        self.lookup.done(Instant::now());
        match found.found {
            Ok(topics) => {
                for topic in topics {
                    self.take_topic(&topic);
                }
            }
            Err(error) => {
                for topic in found.topics {
                    for place in self.of_topic(&topic) {
                        self.delay_without_leader(&place, error.clone());
                    }
                }
            }
        }
    }

    fn of_topic(&self, topic: &str) -> Vec<TopicPartition> {
        self.streams
            .range(TopicPartition::new(topic, i32::MIN)..)
            .take_while(|(place, _)| place.topic == topic)
            .map(|(place, _)| place.clone())
            .collect()
    }

    fn delay_without_leader(&mut self, place: &TopicPartition, error: WireError) {
        let lacks = self
            .streams
            .get(place)
            .is_some_and(|stream| stream.leader.is_none());
        if lacks {
            self.delay(place, error);
        }
    }

    fn take_topic(&mut self, topic: &TopicInfo) {
        for place in self.of_topic(&topic.name) {
            let info = topic.partition(place.partition);
            match info.and_then(|info| info.leader) {
                Some(leader) => self.move_to(&place, leader),
                None => {
                    let error = match (topic.error, info) {
                        (None, Some(_)) => WireError::Unavailable {
                            what: place.to_string(),
                            role: "leader",
                        },
                        (code, _) => WireError::Kafka {
                            api: ApiKey::Metadata,
                            code: code.unwrap_or(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION),
                            message: None,
                        },
                    };
                    self.delay_without_leader(&place, error);
                }
            }
        }
    }
}
