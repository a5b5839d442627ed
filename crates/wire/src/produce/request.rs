use std::collections::BTreeMap;
use std::time::Duration;

use bytes::{BufMut, Bytes};
use kafka_protocol::messages::ApiKey;

use crate::error::Result;
use crate::error_code::ErrorCode;
use crate::fetch::read_leaders;
use crate::fields::{Fields, Writing};
use crate::net::Address;
use crate::topic_partition::TopicPartition;

/// The first version that takes batches of the second format, and the last that takes transactions without implied
/// partitions (KIP-890 begins with 12).
pub(crate) const VERSIONS: (i16, i16) = (3, 11);
/// The first version with zstd (KIP-110).
pub(crate) const HAS_ZSTD: i16 = 7;
const FLEXIBLE: i16 = 9;
const HAS_LOG_START: i16 = 5;
const HAS_RECORD_ERRORS: i16 = 8;
/// All replicas in sync must have the batch.
const ACKS_ALL: i16 = -1;

/// A batch for one partition, in pieces that are sent one after the other. Brokers take one batch per partition and
/// request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProduceBatch {
    /// Where to.
    pub place: TopicPartition,
    /// The batch's bytes: often a new head and the rest as it came.
    pub pieces: Vec<Bytes>,
}

/// Batches for partitions that one broker leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProduceRequest {
    /// The transactional id, if the batches are part of a transaction.
    pub transactional_id: Option<String>,
    /// How long the broker may wait for its replicas.
    pub timeout: Duration,
    /// At most one for each partition.
    pub batches: Vec<ProduceBatch>,
    /// Whether one of them is compressed with zstd, which needs Kafka 2.1.
    pub has_zstd: bool,
}

/// An error that concerns one record of a batch (KIP-467).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordError {
    /// The record's place in the batch, from 0.
    pub index: i32,
    /// What is wrong with it, in the broker's words.
    pub message: Option<String>,
}

/// What came of one batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProducedPartition {
    /// Where it was for.
    pub place: TopicPartition,
    /// Why it was not written.
    pub error: Option<ErrorCode>,
    /// What the broker adds in words.
    pub message: Option<String>,
    /// The offset of its first record.
    pub base_offset: Option<i64>,
    /// The time the broker gave its records, in ms since 1970; none if they keep theirs.
    pub append_time: Option<i64>,
    /// The first offset there is; none before Kafka 1.0.
    pub log_start: Option<i64>,
    /// The records that are wrong, where the broker lists them (Kafka 2.4).
    pub records: Vec<RecordError>,
    /// The leader and its epoch, where the error is that another broker leads.
    pub current_leader: Option<(i32, i32)>,
}

/// An answer to a [`ProduceRequest`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProduceAnswer {
    /// How long the broker throttles this client.
    pub throttle: Duration,
    /// The batches.
    pub partitions: Vec<ProducedPartition>,
    /// Addresses of the leaders that the partitions name.
    pub leaders: BTreeMap<i32, Address>,
}

impl ProduceRequest {
    /// The request's body in pieces; the batches are not copied.
    ///
    /// # Errors
    /// A name is longer than the protocol can write.
    pub(crate) fn encode(&self, version: i16) -> Result<Vec<Bytes>> {
        let mut topics: BTreeMap<&str, Vec<&ProduceBatch>> = BTreeMap::new();
        for batch in &self.batches {
            topics.entry(&batch.place.topic).or_default().push(batch);
        }
        let mut pieces = Vec::new();
        let mut body = Writing::new(version >= FLEXIBLE);
        match &self.transactional_id {
            Some(id) => body.text(id)?,
            None => body.null_text(),
        }
        body.out.put_i16(ACKS_ALL);
        body.out
            .put_i32(i32::try_from(self.timeout.as_millis()).unwrap_or(i32::MAX));
        body.count(topics.len());
        for (topic, batches) in topics {
            body.text(topic)?;
            body.count(batches.len());
            for batch in batches {
                body.out.put_i32(batch.place.partition);
                body.bytes_length(batch.pieces.iter().map(Bytes::len).sum());
                pieces.push(body.out.split().freeze());
                pieces.extend(batch.pieces.iter().cloned());
                body.no_tags();
            }
            body.no_tags();
        }
        body.no_tags();
        pieces.push(body.out.freeze());
        Ok(pieces)
    }
}

/// Reads the body of an answer.
///
/// # Errors
/// It is malformed.
pub(crate) fn read(version: i16, body: Bytes) -> Result<ProduceAnswer> {
    let mut fields = Fields::new(ApiKey::Produce, body, version >= FLEXIBLE);
    let mut partitions = Vec::new();
    for _ in 0..fields.count()? {
        let topic = fields.text()?;
        for _ in 0..fields.count()? {
            partitions.push(read_partition(&mut fields, version, &topic)?);
        }
        fields.tagged()?;
    }
    let throttle = fields.int32()?;
    let mut leaders = BTreeMap::new();
    for (tag, mut field) in fields.tagged()? {
        if tag == 0 {
            leaders = read_leaders(&mut field)?;
        }
    }
    Ok(ProduceAnswer {
        throttle: Duration::from_millis(u64::try_from(throttle).unwrap_or(0)),
        partitions,
        leaders,
    })
}

fn read_partition(fields: &mut Fields, version: i16, topic: &str) -> Result<ProducedPartition> {
    let known = |number: i64| Some(number).filter(|number| *number >= 0);
    let place = TopicPartition::new(topic, fields.int32()?);
    let error = ErrorCode::from_wire(fields.int16()?);
    let base_offset = known(fields.int64()?);
    let append_time = known(fields.int64()?);
    let log_start = if version >= HAS_LOG_START {
        known(fields.int64()?)
    } else {
        None
    };
    let (mut records, mut message) = (Vec::new(), None);
    if version >= HAS_RECORD_ERRORS {
        for _ in 0..fields.count()? {
            records.push(RecordError {
                index: fields.int32()?,
                message: fields.optional_text()?,
            });
            fields.tagged()?;
        }
        message = fields.optional_text()?;
    }
    let mut current_leader = None;
    for (tag, mut field) in fields.tagged()? {
        if tag == 0 {
            let leader = (field.int32()?, field.int32()?);
            current_leader = Some(leader).filter(|(id, _)| *id >= 0);
        }
    }
    Ok(ProducedPartition {
        place,
        error,
        message,
        base_offset,
        append_time,
        log_start,
        records,
        current_leader,
    })
}

#[cfg(test)]
mod tests {
    use bytes::BytesMut;
    use kafka_protocol::messages::produce_response::{
        BatchIndexAndErrorMessage, LeaderIdAndEpoch, PartitionProduceResponse, TopicProduceResponse,
    };
    use kafka_protocol::messages::{BrokerId, ProduceRequest as Decoded, ProduceResponse, TopicName};
    use kafka_protocol::protocol::{Decodable, Encodable, StrBytes};
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn requests_of_every_version_are_what_the_protocol_crate_reads_and_batches_are_not_copied() {
        let rest = Bytes::from_static(b"rest");
        let batch = |topic: &str, number| ProduceBatch {
            place: TopicPartition::new(topic, number),
            pieces: vec![Bytes::from_static(b"head"), rest.clone()],
        };
        let request = ProduceRequest {
            transactional_id: Some("id".to_owned()),
            timeout: Duration::from_secs(3),
            batches: vec![batch("a", 0), batch("b", 1), batch("a", 2)],
            has_zstd: false,
        };
        for version in VERSIONS.0..=VERSIONS.1 {
            let pieces = request.encode(version).unwrap();
            assert!(pieces.iter().any(|piece| piece.as_ptr() == rest.as_ptr()));
            let mut body = Bytes::from(pieces.concat());
            let decoded = Decoded::decode(&mut body, version).unwrap();
            assert!(body.is_empty(), "version {version}");
            assert_eq!((decoded.acks, decoded.timeout_ms), (-1, 3_000));
            assert_eq!(decoded.transactional_id.as_ref().unwrap().as_str(), "id");
            assert_eq!(decoded.topic_data.len(), 2);
            let second = &decoded.topic_data[0].partition_data[1];
            assert_eq!(
                (second.index, second.records.as_deref()),
                (2, Some(&b"headrest"[..]))
            );
        }
    }

    fn answer(version: i16) -> Bytes {
        let mut partition = PartitionProduceResponse::default()
            .with_index(2)
            .with_error_code(6)
            .with_base_offset(41)
            .with_log_append_time_ms(-1);
        if version >= HAS_LOG_START {
            partition = partition.with_log_start_offset(3);
        }
        if version >= HAS_RECORD_ERRORS {
            partition = partition
                .with_record_errors(vec![
                    BatchIndexAndErrorMessage::default()
                        .with_batch_index(7)
                        .with_batch_index_error_message(Some(StrBytes::from_static_str("no key"))),
                ])
                .with_error_message(Some(StrBytes::from_static_str("bad")));
        }
        if version >= 10 {
            partition = partition.with_current_leader(
                LeaderIdAndEpoch::default()
                    .with_leader_id(BrokerId(5))
                    .with_leader_epoch(8),
            );
        }
        let response = ProduceResponse::default()
            .with_throttle_time_ms(9)
            .with_responses(vec![
                TopicProduceResponse::default()
                    .with_name(TopicName(StrBytes::from_static_str("a")))
                    .with_partition_responses(vec![partition]),
            ]);
        let mut out = BytesMut::new();
        response.encode(&mut out, version).unwrap();
        out.freeze()
    }

    #[test]
    fn answers_of_every_version_are_read() {
        for version in VERSIONS.0..=VERSIONS.1 {
            let read = read(version, answer(version)).unwrap();
            assert_eq!(read.throttle, Duration::from_millis(9));
            let partition = &read.partitions[0];
            assert_eq!(partition.place, TopicPartition::new("a", 2));
            assert_eq!(partition.error, Some(ErrorCode::NOT_LEADER_OR_FOLLOWER));
            assert_eq!((partition.base_offset, partition.append_time), (Some(41), None));
            assert_eq!(partition.log_start, (version >= HAS_LOG_START).then_some(3));
            assert_eq!(partition.records.len(), usize::from(version >= HAS_RECORD_ERRORS));
            assert_eq!(partition.current_leader, (version >= 10).then_some((5, 8)));
        }
    }

    proptest! {
        #[test]
        fn damaged_answers_are_errors_or_answers_but_never_a_panic(
            version in VERSIONS.0..=VERSIONS.1,
            position in 0usize..100,
            value: u8,
            cut in 0usize..100,
        ) {
            let mut body = answer(version).to_vec();
            let length = body.len();
            body[position % length] = value;
            body.truncate(length - cut % length);
            if let Ok(read) = read(version, body.into()) {
                prop_assert!(read.partitions.len() <= length);
            }
        }
    }
}
