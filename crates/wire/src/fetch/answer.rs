use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use kafka_protocol::messages::ApiKey;
use uuid::Uuid;

use crate::error::{Result, WireError};
use crate::error_code::ErrorCode;
use crate::fetch::request::{BY_TOPIC_ID, FLEXIBLE, FetchRequest};
use crate::fields::Fields;
use crate::net::Address;
use crate::topic_partition::TopicPartition;

const HAS_THROTTLE: i16 = 1;
const HAS_ABORTED: i16 = 4;
const HAS_LOG_START: i16 = 5;
const HAS_SESSIONS: i16 = 7;
const HAS_REPLICA: i16 = 11;

/// A transaction whose records in an answer are to be left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AbortedTransaction {
    /// Its producer.
    pub producer_id: i64,
    /// Its first offset in this partition: from there to its marker the producer's transactional batches were aborted.
    pub first_offset: i64,
}

/// Where the broker's log goes another way than what was read: records from there on were lost (KIP-595).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Divergence {
    /// The greatest epoch that both have.
    pub epoch: i32,
    /// Where that epoch ends in the broker's log.
    pub end_offset: i64,
}

/// What came of one partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FetchedPartition {
    /// Which one.
    pub place: TopicPartition,
    /// The topic's id, where the request went by ids.
    pub topic_id: Option<Uuid>,
    /// Why there are no records.
    pub error: Option<ErrorCode>,
    /// The end of what all replicas have; none if the broker does not report it because of the error.
    pub high_watermark: Option<i64>,
    /// The end of what no open transaction is before; none before Kafka 0.11.
    pub last_stable_offset: Option<i64>,
    /// The first offset there is; none before Kafka 1.0.
    pub log_start: Option<i64>,
    /// The aborted transactions among the records; empty for uncommitted readers.
    pub aborted: Vec<AbortedTransaction>,
    /// A nearer replica to ask from now on.
    pub preferred_replica: Option<i32>,
    /// The leader and its epoch, where the error is that another broker leads.
    pub current_leader: Option<(i32, i32)>,
    /// Where the log goes another way.
    pub divergence: Option<Divergence>,
    /// Batches as they are on the broker's disk, a slice of the answer. The first may begin before the offset that was
    /// asked for, the last may be cut off.
    pub records: Bytes,
}

/// An answer to a [`FetchRequest`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FetchAnswer {
    /// How long the broker throttles this client.
    pub throttle: Duration,
    /// The session's number; 0 without one.
    pub session_id: i32,
    /// The partitions; in a session only those with news.
    pub partitions: Vec<FetchedPartition>,
    /// Addresses of the leaders that the partitions name.
    pub leaders: BTreeMap<i32, Address>,
}

/// Reads the body of an answer in `version` to `request`.
///
/// # Errors
/// It is malformed, or its session has failed ([`WireError::Kafka`]).
pub(crate) fn read(version: i16, body: Bytes, request: &FetchRequest) -> Result<FetchAnswer> {
    let names: BTreeMap<Uuid, &str> = request
        .partitions
        .iter()
        .map(|one| (one.topic_id, &one.place))
        .chain(request.forgotten.iter().map(|(place, id)| (*id, place)))
        .filter_map(|(id, place)| Some((id?, place.topic.as_str())))
        .collect();
    read_with(version, body, |id| names.get(&id).copied())
}

/// As [`read`], with the names of topic ids.
///
/// # Errors
/// As [`read`].
pub(crate) fn read_with<'a>(
    version: i16,
    body: Bytes,
    name_of: impl Fn(Uuid) -> Option<&'a str>,
) -> Result<FetchAnswer> {
    let mut fields = Fields::new(ApiKey::Fetch, body, version >= FLEXIBLE);
    let throttle = if version >= HAS_THROTTLE {
        fields.int32()?
    } else {
        0
    };
    let mut session_id = 0;
    if version >= HAS_SESSIONS {
        let code = fields.int16()?;
        session_id = fields.int32()?;
        WireError::check(ApiKey::Fetch, code, None)?;
    }
    let mut partitions = Vec::new();
    for _ in 0..fields.count()? {
        let (name, id) = if version >= BY_TOPIC_ID {
            let id = fields.uuid()?;
            (name_of(id).map(str::to_owned), Some(id))
        } else {
            (Some(fields.text()?), None)
        };
        for _ in 0..fields.count()? {
            let partition = read_partition(&mut fields, version, name.as_deref().unwrap_or_default(), id)?;
            if name.is_some() {
                partitions.push(partition);
            }
        }
        fields.tagged()?;
    }
    let mut leaders = BTreeMap::new();
    for (tag, mut field) in fields.tagged()? {
        if tag == 0 {
            leaders = read_leaders(&mut field)?;
        }
    }
    Ok(FetchAnswer {
        throttle: Duration::from_millis(u64::try_from(throttle).unwrap_or(0)),
        session_id,
        partitions,
        leaders,
    })
}

fn read_partition(
    fields: &mut Fields,
    version: i16,
    topic: &str,
    id: Option<Uuid>,
) -> Result<FetchedPartition> {
    let known = |number: i64| Some(number).filter(|number| *number >= 0);
    let place = TopicPartition::new(topic, fields.int32()?);
    let error = ErrorCode::from_wire(fields.int16()?);
    let high_watermark = known(fields.int64()?);
    let (mut last_stable_offset, mut log_start, mut aborted) = (None, None, Vec::new());
    if version >= HAS_ABORTED {
        last_stable_offset = known(fields.int64()?);
        if version >= HAS_LOG_START {
            log_start = known(fields.int64()?);
        }
        for _ in 0..fields.count()? {
            aborted.push(AbortedTransaction {
                producer_id: fields.int64()?,
                first_offset: fields.int64()?,
            });
            fields.tagged()?;
        }
    }
    let preferred_replica = if version >= HAS_REPLICA {
        Some(fields.int32()?).filter(|id| *id >= 0)
    } else {
        None
    };
    let records = fields.bytes()?.unwrap_or_default();
    let (mut divergence, mut current_leader) = (None, None);
    for (tag, mut field) in fields.tagged()? {
        match tag {
            0 => {
                divergence = Some(Divergence {
                    epoch: field.int32()?,
                    end_offset: field.int64()?,
                });
            }
            1 => {
                let leader = (field.int32()?, field.int32()?);
                current_leader = Some(leader).filter(|(id, _)| *id >= 0);
            }
            _ => {}
        }
    }
    Ok(FetchedPartition {
        place,
        topic_id: id,
        error,
        high_watermark,
        last_stable_offset,
        log_start,
        aborted,
        preferred_replica,
        current_leader,
        divergence,
        records,
    })
}

/// The addresses of brokers that an answer names (KIP-951).
pub(crate) fn read_leaders(field: &mut Fields) -> Result<BTreeMap<i32, Address>> {
    let mut leaders = BTreeMap::new();
    for _ in 0..field.count()? {
        let (id, host, port) = (field.int32()?, field.text()?, field.int32()?);
        field.optional_text()?;
        field.tagged()?;
        if let Ok(port) = u16::try_from(port) {
            leaders.insert(id, Address::new(&host, port));
        }
    }
    Ok(leaders)
}

#[cfg(test)]
mod tests {
    use bytes::BytesMut;
    use kafka_protocol::messages::fetch_response::{
        AbortedTransaction as Aborted, EpochEndOffset, FetchableTopicResponse, LeaderIdAndEpoch,
        NodeEndpoint, PartitionData,
    };
    use kafka_protocol::messages::{BrokerId, FetchResponse, ProducerId, TopicName};
    use kafka_protocol::protocol::{Encodable, StrBytes};
    use proptest::prelude::*;

    use super::*;

    fn answer(version: i16, id: Uuid) -> Bytes {
        let mut partition = PartitionData::default()
            .with_partition_index(3)
            .with_error_code(6)
            .with_high_watermark(100)
            .with_last_stable_offset(90)
            .with_aborted_transactions(Some(vec![
                Aborted::default()
                    .with_producer_id(ProducerId(8))
                    .with_first_offset(80),
            ]))
            .with_records(Some(Bytes::from_static(b"records")));
        if version >= HAS_LOG_START {
            partition = partition.with_log_start_offset(5);
        }
        if version >= HAS_REPLICA {
            partition = partition.with_preferred_read_replica(BrokerId(2));
        }
        if version >= FLEXIBLE {
            partition = partition
                .with_diverging_epoch(EpochEndOffset::default().with_epoch(4).with_end_offset(70))
                .with_current_leader(
                    LeaderIdAndEpoch::default()
                        .with_leader_id(BrokerId(9))
                        .with_leader_epoch(11),
                );
        }
        let mut topic = FetchableTopicResponse::default().with_partitions(vec![partition]);
        if version >= BY_TOPIC_ID {
            topic = topic.with_topic_id(id);
        } else {
            topic = topic.with_topic(TopicName(StrBytes::from_static_str("topic")));
        }
        let mut response = FetchResponse::default()
            .with_throttle_time_ms(12)
            .with_responses(vec![topic]);
        if version >= HAS_SESSIONS {
            response = response.with_session_id(77);
        }
        if version >= 16 {
            response = response.with_node_endpoints(vec![
                NodeEndpoint::default()
                    .with_node_id(BrokerId(9))
                    .with_host(StrBytes::from_static_str("nine"))
                    .with_port(9_092),
            ]);
        }
        let mut out = BytesMut::new();
        response.encode(&mut out, version).unwrap();
        out.freeze()
    }

    #[test]
    fn answers_of_every_version_are_read_and_records_are_slices_of_them() {
        let id = Uuid::from_u128(0x99);
        for version in 4..=super::super::call::HIGHEST {
            let body = answer(version, id);
            let range = body.as_ptr_range();
            let read = read_with(version, body.clone(), |asked| (asked == id).then_some("topic")).unwrap();
            assert_eq!(read.throttle, Duration::from_millis(12));
            let partition = &read.partitions[0];
            assert_eq!(partition.place, TopicPartition::new("topic", 3));
            assert_eq!(partition.error, Some(ErrorCode::NOT_LEADER_OR_FOLLOWER));
            assert_eq!(
                (partition.high_watermark, partition.last_stable_offset),
                (Some(100), Some(90))
            );
            assert_eq!(partition.log_start, (version >= HAS_LOG_START).then_some(5));
            assert_eq!(
                partition.aborted,
                [AbortedTransaction {
                    producer_id: 8,
                    first_offset: 80
                }]
            );
            assert_eq!(&partition.records[..], b"records");
            assert!(
                range.contains(&partition.records.as_ptr()),
                "copied in version {version}"
            );
            assert_eq!(partition.preferred_replica, (version >= HAS_REPLICA).then_some(2));
            assert_eq!(partition.current_leader, (version >= FLEXIBLE).then_some((9, 11)));
            assert_eq!(partition.divergence.is_some(), version >= FLEXIBLE);
            assert_eq!(read.leaders.len(), usize::from(version >= 16));
        }
    }

    #[test]
    fn answers_of_brokers_before_0_11_are_read() {
        use crate::fields::Writing;
        use bytes::BufMut;
        for version in 0..HAS_ABORTED {
            let mut body = Writing::new(false);
            if version >= HAS_THROTTLE {
                body.out.put_i32(0);
            }
            body.count(1);
            body.text("topic").unwrap();
            body.count(1);
            body.out.put_i32(0);
            body.out.put_i16(0);
            body.out.put_i64(10);
            body.bytes_length(3);
            body.out.put_slice(b"abc");
            let read = read_with(version, body.out.freeze(), |_| None).unwrap();
            let partition = &read.partitions[0];
            assert_eq!(
                (partition.high_watermark, partition.last_stable_offset),
                (Some(10), None)
            );
            assert_eq!(&partition.records[..], b"abc");
        }
    }

    proptest! {
        #[test]
        fn damaged_answers_are_errors_or_answers_but_never_a_panic(
            version in 0i16..=17,
            position in 0usize..200,
            value: u8,
            cut in 0usize..200,
        ) {
            let id = Uuid::from_u128(0x99);
            let mut body = answer(version.max(4), id).to_vec();
            let length = body.len();
            body[position % length] = value;
            body.truncate(length - cut % length);
            let read = read_with(version, body.into(), |_| Some("topic"));
            if let Ok(read) = read {
                let records: usize = read.partitions.iter().map(|one| one.records.len()).sum();
                prop_assert!(records <= length);
            }
        }
    }
}
