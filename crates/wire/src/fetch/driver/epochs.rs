//! Brokers before Kafka 2.7 do not compare the last epoch that was read with their log when they are asked to fetch
//! (KIP-595). They are asked for it first (KIP-320), whenever a partition has another leader and where it begins.

use std::time::Duration;

use bytes::{BufMut, Bytes};
use kafka_protocol::messages::ApiKey;

use crate::error::{Result, WireError};
use crate::error_code::ErrorCode;
use crate::fetch::call::HIGHEST;
use crate::fetch::driver::brokers::{Asked, InFlight};
use crate::fetch::driver::event::FetchHalt;
use crate::fetch::driver::fetcher::Fetcher;
use crate::fetch::request::FLEXIBLE;
use crate::fields::{Fields, Writing};
use crate::net::{Outgoing, skip_header};
use crate::topic_partition::{TopicPartition, by_topic};

/// What is said of a reader that is no replica.
const NO_REPLICA: i32 = -1;
/// The versions that are known, of Kafka 0.11 to 2.7: later brokers compare epochs by themselves.
const VERSIONS: (i16, i16) = (0, 3);
/// How long an answer may take.
const TIMEOUT: Duration = Duration::from_secs(30);

/// The log of a partition was read up to a position.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct EpochQuestion {
    pub(crate) place: TopicPartition,
    pub(crate) position: i64,
    /// Leader epoch of the last record before it.
    pub(crate) epoch: i32,
}

/// What a broker says of it.
#[derive(Debug)]
struct EpochAnswer {
    place: TopicPartition,
    error: Option<ErrorCode>,
    epoch: i32,
    end_offset: i64,
}

impl Fetcher {
    /// Asks a broker that does not compare epochs by itself how far they go in its log, if there is a partition to ask
    /// for. Returns whether it was asked.
    ///
    /// # Errors
    /// The request cannot be written.
    pub(crate) fn ask_for_epochs(&mut self, id: i32) -> Result<bool> {
        let Some(broker) = self.brokers.get_mut(&id) else {
            return Ok(false);
        };
        let Some((link, connection)) = broker.link.usable() else {
            return Ok(false);
        };
        let versions = connection.versions();
        if versions.pick(ApiKey::Fetch, FLEXIBLE, HIGHEST).is_ok() {
            return Ok(false);
        }
        let Ok(version) = versions.pick(ApiKey::OffsetForLeaderEpoch, VERSIONS.0, VERSIONS.1) else {
            return Ok(false);
        };
        let questions: Vec<EpochQuestion> = broker
            .wanted
            .iter()
            .filter_map(|place| self.partitions.get(place)?.question(place))
            .collect();
        if questions.is_empty() {
            return Ok(false);
        }
        let leader_epoch = |place: &TopicPartition| self.partitions.get(place)?.leader?.1;
        let items: Vec<Item> = questions
            .iter()
            .map(|one| (one.place.clone(), (one.epoch, leader_epoch(&one.place))))
            .collect();
        let body = request(version, &items)?;
        let outgoing = Outgoing {
            api: ApiKey::OffsetForLeaderEpoch,
            version,
            body: vec![body],
        };
        self.next_token += 1;
        link.send(self.next_token, outgoing, TIMEOUT);
        broker.in_flight = Some(InFlight {
            token: self.next_token,
            version,
            asked: Asked::Epochs(questions),
        });
        Ok(true)
    }

    /// Takes in what a broker says of epochs.
    ///
    /// # Errors
    /// The answer is malformed.
    pub(crate) fn take_epochs(
        &mut self,
        id: i32,
        version: i16,
        body: Bytes,
        questions: &[EpochQuestion],
    ) -> Result<()> {
        let answers = read(version, skip_header(ApiKey::OffsetForLeaderEpoch, version, body)?)?;
        if let Some(broker) = self.brokers.get_mut(&id) {
            broker.link.succeeded();
        }
        for asked in questions {
            let is_current = self.partitions.get(&asked.place).is_some_and(|own| {
                own.broker() == Some(id) && own.question(&asked.place).as_ref() == Some(asked)
            });
            if !is_current {
                continue;
            }
            match answers.iter().find(|one| one.place == asked.place) {
                Some(answer) => self.take_epoch(asked, answer),
                None => self.delay(
                    &asked.place,
                    WireError::Malformed {
                        what: "OffsetForLeaderEpoch".to_owned(),
                        reason: format!("the answer has nothing of {}", asked.place),
                    },
                ),
            }
        }
        Ok(())
    }

    fn take_epoch(&mut self, asked: &EpochQuestion, answer: &EpochAnswer) {
        match answer.error {
            None => {}
            // Before Kafka 2.1 only brokers may ask; the log is read without this proof then.
            Some(ErrorCode::CLUSTER_AUTHORIZATION_FAILED) => {
                tracing::debug!("the leader epoch of {} may not be asked for", asked.place);
                self.edit(&asked.place, |partition| partition.is_proven = true);
                return;
            }
            Some(code) => {
                let error = WireError::Kafka {
                    api: ApiKey::OffsetForLeaderEpoch,
                    code,
                    message: None,
                };
                self.delay(&asked.place, error);
                return;
            }
        }
        // A negative end says that the log knows no epochs: its records are in an older format.
        if (0..asked.position).contains(&answer.end_offset) {
            let reason = FetchHalt::Diverged {
                position: asked.position,
                epoch: answer.epoch,
                end_offset: answer.end_offset,
            };
            self.halt(&asked.place, reason);
            return;
        }
        self.edit(&asked.place, |partition| partition.is_proven = true);
    }
}

/// The first version whose answers name the epoch that the end belongs to.
const HAS_EPOCH: i16 = 1;
/// The first version with the epoch of the leader as we know it, and with a throttle time.
const HAS_LEADER_EPOCH: i16 = 2;
/// The first version with the number of a replica.
const HAS_REPLICA: i16 = 3;

/// A partition with the epoch that is asked for, and that of its leader as we know it.
type Item = (TopicPartition, (i32, Option<i32>));

// Written by hand, as versions 0 and 1, of Kafka 0.11 to 2.0, are not in the crate.
fn request(version: i16, items: &[Item]) -> Result<Bytes> {
    let mut body = Writing::new(false);
    if version >= HAS_REPLICA {
        body.out.put_i32(NO_REPLICA);
    }
    let topics = by_topic(items);
    body.count(topics.len());
    for (topic, partitions) in topics {
        body.text(topic)?;
        body.count(partitions.len());
        for (number, (epoch, leader_epoch)) in partitions {
            body.out.put_i32(number);
            if version >= HAS_LEADER_EPOCH {
                body.out.put_i32(leader_epoch.unwrap_or(-1));
            }
            body.out.put_i32(epoch);
        }
    }
    Ok(body.out.freeze())
}

fn read(version: i16, body: Bytes) -> Result<Vec<EpochAnswer>> {
    let mut fields = Fields::new(ApiKey::OffsetForLeaderEpoch, body, false);
    if version >= HAS_LEADER_EPOCH {
        // The throttle time: this is asked so seldom that it need not be obeyed.
        fields.int32()?;
    }
    let mut answers = Vec::new();
    for _ in 0..fields.count()? {
        let topic = fields.text()?;
        for _ in 0..fields.count()? {
            let error = ErrorCode::from_wire(fields.int16()?);
            let place = TopicPartition::new(&topic, fields.int32()?);
            let epoch = if version >= HAS_EPOCH { fields.int32()? } else { -1 };
            answers.push(EpochAnswer {
                place,
                error,
                epoch,
                end_offset: fields.int64()?,
            });
        }
    }
    Ok(answers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_version_is_written_and_read_as_the_protocol_says() {
        let items = [(TopicPartition::new("t", 7), (4, Some(6)))];
        let head: &[u8] = &[0, 0, 0, 1, 0, 1, b't', 0, 0, 0, 1, 0, 0, 0, 7];
        let plain = [head, &[0, 0, 0, 4]].concat();
        let with_leader = [head, &[0, 0, 0, 6, 0, 0, 0, 4]].concat();
        for version in [0, 1] {
            assert_eq!(request(version, &items).unwrap(), plain);
        }
        assert_eq!(request(2, &items).unwrap(), with_leader);
        assert_eq!(
            request(3, &items).unwrap(),
            [&[255, 255, 255, 255][..], &with_leader].concat()
        );

        let topic: &[u8] = &[0, 0, 0, 1, 0, 1, b't', 0, 0, 0, 1, 0, 0, 0, 0, 0, 7];
        let end: &[u8] = &[0, 0, 0, 0, 0, 0, 0, 9];
        let epoch: &[u8] = &[0, 0, 0, 3];
        let of_version = [
            [topic, end].concat(),
            [topic, epoch, end].concat(),
            [&[0, 0, 0, 5], topic, epoch, end].concat(),
            [&[0, 0, 0, 5], topic, epoch, end].concat(),
        ];
        for (version, body) in (0..).zip(of_version) {
            let answers = read(version, body.into()).unwrap();
            let [answer] = &answers[..] else {
                panic!("one answer: {answers:?}");
            };
            assert_eq!(answer.place, TopicPartition::new("t", 7));
            assert_eq!((answer.error, answer.end_offset), (None, 9));
            assert_eq!(answer.epoch, if version == 0 { -1 } else { 3 });
        }
    }
}
