use std::collections::BTreeMap;
use std::time::Duration;

use bytes::{BufMut, Bytes};
use uuid::Uuid;

use crate::client::Isolation;
use crate::error::Result;
use crate::fields::Writing;
use crate::topic_partition::TopicPartition;

/// The first version whose answers end at a size of the whole.
const HAS_MAX_BYTES: i16 = 3;
const HAS_ISOLATION: i16 = 4;
const HAS_LOG_START: i16 = 5;
const HAS_SESSIONS: i16 = 7;
const HAS_LEADER_EPOCH: i16 = 9;
const HAS_RACK: i16 = 11;
/// Also the first with the epoch of the last fetched record.
pub(crate) const FLEXIBLE: i16 = 12;
pub(crate) const BY_TOPIC_ID: i16 = 13;
/// The first version without the number of the asking replica.
const WITHOUT_REPLICA: i16 = 15;

/// What is asked of one partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FetchPartition {
    /// Which one.
    pub place: TopicPartition,
    /// The topic's id. All partitions of a request must have one for it to go by ids (Kafka 3.1), so that a topic that
    /// was recreated is noticed.
    pub topic_id: Option<Uuid>,
    /// The first offset that is wanted.
    pub offset: i64,
    /// The leader epoch from metadata; brokers refuse another one. None asks without.
    pub leader_epoch: Option<i32>,
    /// The leader epoch of the last record that was read: a broker whose log diverges reports it (KIP-595, Kafka
    /// 2.7). None asks without.
    pub last_epoch: Option<i32>,
    /// The most bytes of it. Its first batch comes whole, even if it is larger.
    pub max_bytes: i32,
}

/// An incremental fetch session (KIP-227): partitions are sent once and then only when they change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FetchSession {
    /// The broker's number for it; 0 asks for a new one.
    pub id: i32,
    /// 0 for the first request, then 1, 2, …; −1 ends it, or does without.
    pub epoch: i32,
}

impl FetchSession {
    /// No session: each request names all its partitions.
    pub const NONE: Self = Self { id: 0, epoch: -1 };
}

/// A request for records of partitions that one broker leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FetchRequest {
    /// How long the broker may wait for [`FetchRequest::min_bytes`].
    pub max_wait: Duration,
    /// From how many bytes on it answers at once.
    pub min_bytes: i32,
    /// The most bytes of the whole answer; the first batch comes even if it is larger.
    pub max_bytes: i32,
    /// Whether records of open transactions are sent, and the list of aborted ones comes along.
    pub isolation: Isolation,
    /// The session; [`FetchSession::NONE`] without.
    pub session: FetchSession,
    /// The partitions; in a session those that are new or have another position.
    pub partitions: Vec<FetchPartition>,
    /// The partitions that leave the session.
    pub forgotten: Vec<(TopicPartition, Option<Uuid>)>,
    /// Our rack, for brokers that may name a nearer replica (KIP-392).
    pub rack: Option<String>,
}

/// A topic's name and its id.
type TopicKey<'a> = (&'a str, Option<Uuid>);

impl FetchRequest {
    /// The greatest version that this request can be written in.
    pub(crate) fn highest_version(&self) -> i16 {
        let ids = self.partitions.iter().map(|partition| partition.topic_id);
        let forgotten = self.forgotten.iter().map(|(_, id)| *id);
        if ids.chain(forgotten).all(|id| id.is_some()) {
            super::call::HIGHEST
        } else {
            BY_TOPIC_ID - 1
        }
    }

    /// The request's body.
    ///
    /// # Errors
    /// A name is longer than the protocol can write.
    pub(crate) fn encode(&self, version: i16) -> Result<Bytes> {
        let mut body = Writing::new(version >= FLEXIBLE);
        if version < WITHOUT_REPLICA {
            body.out.put_i32(-1);
        }
        body.out
            .put_i32(i32::try_from(self.max_wait.as_millis()).unwrap_or(i32::MAX));
        body.out.put_i32(self.min_bytes);
        if version >= HAS_MAX_BYTES {
            body.out.put_i32(self.max_bytes);
        }
        if version >= HAS_ISOLATION {
            body.out.put_i8(self.isolation.on_wire());
        }
        if version >= HAS_SESSIONS {
            body.out.put_i32(self.session.id);
            body.out.put_i32(self.session.epoch);
        }
        self.encode_partitions(&mut body, version)?;
        if version >= HAS_SESSIONS {
            self.encode_forgotten(&mut body, version)?;
        }
        if version >= HAS_RACK {
            body.text(self.rack.as_deref().unwrap_or_default())?;
        }
        body.no_tags();
        Ok(body.out.freeze())
    }

    fn encode_partitions(&self, body: &mut Writing, version: i16) -> Result<()> {
        // The order counts: brokers fill the answer from the front.
        let mut index: BTreeMap<TopicKey<'_>, usize> = BTreeMap::new();
        let mut topics: Vec<(TopicKey<'_>, Vec<&FetchPartition>)> = Vec::new();
        for partition in &self.partitions {
            let key = (partition.place.topic.as_str(), partition.topic_id);
            let at = *index.entry(key).or_insert(topics.len());
            match topics.get_mut(at) {
                Some((_, partitions)) => partitions.push(partition),
                None => topics.push((key, vec![partition])),
            }
        }
        body.count(topics.len());
        for ((name, id), partitions) in topics {
            put_topic(body, version, name, id)?;
            body.count(partitions.len());
            for partition in partitions {
                body.out.put_i32(partition.place.partition);
                if version >= HAS_LEADER_EPOCH {
                    body.out.put_i32(partition.leader_epoch.unwrap_or(-1));
                }
                body.out.put_i64(partition.offset);
                if version >= FLEXIBLE {
                    body.out.put_i32(partition.last_epoch.unwrap_or(-1));
                }
                if version >= HAS_LOG_START {
                    // Only followers send theirs.
                    body.out.put_i64(-1);
                }
                body.out.put_i32(partition.max_bytes);
                body.no_tags();
            }
            body.no_tags();
        }
        Ok(())
    }

    fn encode_forgotten(&self, body: &mut Writing, version: i16) -> Result<()> {
        let mut topics: BTreeMap<(&str, Option<Uuid>), Vec<i32>> = BTreeMap::new();
        for (place, id) in &self.forgotten {
            topics
                .entry((place.topic.as_str(), *id))
                .or_default()
                .push(place.partition);
        }
        body.count(topics.len());
        for ((name, id), partitions) in topics {
            put_topic(body, version, name, id)?;
            body.count(partitions.len());
            for partition in partitions {
                body.out.put_i32(partition);
            }
            body.no_tags();
        }
        Ok(())
    }
}

fn put_topic(body: &mut Writing, version: i16, name: &str, id: Option<Uuid>) -> Result<()> {
    if version >= BY_TOPIC_ID {
        body.out.put_u128(id.unwrap_or_default().as_u128());
        return Ok(());
    }
    body.text(name)
}

#[cfg(test)]
mod tests {
    use kafka_protocol::messages::FetchRequest as Decoded;
    use kafka_protocol::protocol::Decodable;

    use super::*;

    fn request(id: Option<Uuid>) -> FetchRequest {
        let partition = |number, offset| FetchPartition {
            place: TopicPartition::new("topic", number),
            topic_id: id,
            offset,
            leader_epoch: Some(7),
            last_epoch: None,
            max_bytes: 1_000,
        };
        FetchRequest {
            max_wait: Duration::from_millis(500),
            min_bytes: 1,
            max_bytes: 5_000,
            isolation: Isolation::Committed,
            session: FetchSession { id: 3, epoch: 4 },
            partitions: vec![partition(0, 10), partition(5, 20)],
            forgotten: vec![(TopicPartition::new("topic", 9), id)],
            rack: Some("east".to_owned()),
        }
    }

    #[test]
    fn requests_of_every_version_are_what_the_protocol_crate_reads() {
        let id = Uuid::from_u128(0x1234);
        for version in 4..=super::super::call::HIGHEST {
            let mut body = request(Some(id)).encode(version).unwrap();
            let decoded = Decoded::decode(&mut body, version).unwrap();
            assert!(body.is_empty(), "version {version}");
            assert_eq!(
                (
                    decoded.max_wait_ms,
                    decoded.min_bytes,
                    decoded.max_bytes,
                    decoded.isolation_level
                ),
                (500, 1, 5_000, 1)
            );
            let topic = &decoded.topics[0];
            assert_eq!(topic.topic_id == id, version >= BY_TOPIC_ID);
            assert_eq!(topic.topic.as_str() == "topic", version < BY_TOPIC_ID);
            assert_eq!(topic.partitions[1].fetch_offset, 20);
            assert_eq!(topic.partitions[1].partition_max_bytes, 1_000);
            assert_eq!(
                topic.partitions[0].current_leader_epoch,
                if version >= HAS_LEADER_EPOCH { 7 } else { -1 }
            );
            if version >= HAS_SESSIONS {
                assert_eq!((decoded.session_id, decoded.session_epoch), (3, 4));
                assert_eq!(decoded.forgotten_topics_data[0].partitions, [9]);
            }
            if version >= HAS_RACK {
                assert_eq!(decoded.rack_id.as_str(), "east");
            }
        }
    }

    #[test]
    fn without_topic_ids_the_request_goes_by_names() {
        assert_eq!(request(None).highest_version(), BY_TOPIC_ID - 1);
        assert_eq!(
            request(Some(Uuid::from_u128(1))).highest_version(),
            super::super::call::HIGHEST
        );
    }
}
