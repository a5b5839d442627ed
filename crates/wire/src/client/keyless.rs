//! Whether a topic refuses records without a key, asked in a way that writes nothing.

use std::collections::BTreeMap;

use bytes::{BufMut, Bytes, BytesMut};
use kafka_protocol::messages::ApiKey;

use crate::client::core::Client;
use crate::client::leaders::ByPartition;
use crate::error::{Result, WireError};
use crate::error_code::ErrorCode;
use crate::fields::{Fields, Writing};
use crate::net::{Budget, Connection, Outgoing};
use crate::topic_partition::{TopicPartition, by_topic};

/// The version of Produce that takes messages of format 1.
const VERSION: i16 = 2;
/// From this version of Produce on (Kafka 2.4), a refused record is named in the answer (KIP-467), so that nobody needs to
/// ask before. Brokers that have left version 2 out know it too, so they are not asked in a version that they lack.
const NAMES_RECORDS: i16 = 8;
/// All replicas in sync; nothing is written, so none is waited for.
const ACKS_ALL: i16 = -1;
/// A message's attribute that says that the broker gave the time, which no producer may say.
const LOG_APPEND_TIME: u8 = 0x08;

impl Client {
    /// Whether the topics of `places` refuse records without a key, as compacted topics do: each leader is sent a message
    /// without a key that says that the broker gave its time. Brokers look at the key first and at the time then, and
    /// refuse the whole message for either (`validateKey` and `validateTimestamp` in Kafka's LogValidator, and before
    /// 0.10.2 in its ByteBufferMessageSet), so nothing is ever written. For brokers before Kafka 2.4, those before 0.11
    /// among them, which cannot say how a topic is configured.
    ///
    /// # Errors
    /// The cluster does not answer, or the call is cancelled. What concerns a partition is its outcome; `None` is that of
    /// brokers from Kafka 2.4 on, which are not asked.
    pub fn refuses_keyless(
        &self,
        places: &[TopicPartition],
        now_ms: i64,
    ) -> Result<BTreeMap<TopicPartition, Result<Option<bool>>>> {
        let wanted: Vec<(TopicPartition, ())> = places.iter().map(|place| (place.clone(), ())).collect();
        self.by_leader(&wanted, |connection, group, budget| {
            self.ask_keyless(connection, group, now_ms, budget)
        })
    }

    fn ask_keyless(
        &self,
        connection: &Connection,
        group: &[(TopicPartition, ())],
        now_ms: i64,
        budget: &Budget,
    ) -> Result<ByPartition<Option<bool>>> {
        let newest = connection.versions().pick(ApiKey::Produce, 0, NAMES_RECORDS)?;
        if newest >= NAMES_RECORDS {
            return Ok(group
                .iter()
                .map(|(place, ())| (place.clone(), Ok(None)))
                .collect());
        }
        let message = unacceptable(now_ms);
        let mut body = Writing::new(false);
        body.out.put_i16(ACKS_ALL);
        let limit = self.request_limit(budget);
        body.out
            .put_i32(i32::try_from(limit.as_millis()).unwrap_or(i32::MAX));
        let topics = by_topic(group);
        body.count(topics.len());
        for (topic, partitions) in topics {
            body.text(topic)?;
            body.count(partitions.len());
            for (partition, ()) in partitions {
                body.out.put_i32(partition);
                body.bytes_length(message.len());
                body.out.put_slice(&message);
            }
        }
        let outgoing = Outgoing {
            api: ApiKey::Produce,
            version: VERSION,
            body: vec![body.out.freeze()],
        };
        let answer = connection.ask(outgoing, limit, &budget.cancel)?;
        let mut answer = Fields::new(ApiKey::Produce, answer, false);
        let mut outcomes = ByPartition::new();
        for _ in 0..answer.count()? {
            let topic = answer.text()?;
            for _ in 0..answer.count()? {
                let (partition, code) = (answer.int32()?, answer.int16()?);
                let (_base_offset, _append_time) = (answer.int64()?, answer.int64()?);
                outcomes.insert(TopicPartition::new(&topic, partition), outcome(code).map(Some));
            }
        }
        let throttle = answer.int32()?;
        connection.note_throttle(ApiKey::Produce, VERSION, throttle);
        Ok(outcomes)
    }
}

fn outcome(code: i16) -> Result<bool> {
    match ErrorCode::from_wire(code) {
        Some(ErrorCode::CORRUPT_MESSAGE | ErrorCode::INVALID_RECORD) => Ok(true),
        Some(ErrorCode::INVALID_TIMESTAMP) => Ok(false),
        _ => WireError::check(ApiKey::Produce, code, None).map(|()| false),
    }
}

/// A message of format 1 without key and value that no broker writes.
fn unacceptable(now_ms: i64) -> Bytes {
    const NULL: i32 = -1;
    let mut covered = BytesMut::new();
    covered.put_u8(1);
    covered.put_u8(LOG_APPEND_TIME);
    covered.put_i64(now_ms);
    covered.put_i32(NULL);
    covered.put_i32(NULL);
    let mut crc = flate2::Crc::new();
    crc.update(&covered);
    let mut message = BytesMut::new();
    message.put_i64(0);
    message.put_i32(i32::try_from(covered.len() + size_of::<u32>()).unwrap_or(i32::MAX));
    message.put_u32(crc.sum());
    message.put_slice(&covered);
    message.freeze()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::Message;

    #[test]
    fn the_message_is_sound_but_for_what_no_producer_may_say() {
        let bytes = unacceptable(1_700_000_000_000);
        let message = Message::parse(&bytes).unwrap();
        message.check_crc().unwrap();
        assert_eq!((message.magic, message.key, message.value), (1, None, None));
        assert_eq!(message.timestamp, 1_700_000_000_000);
        assert_eq!(message.timestamp_kind, crate::format::TimestampKind::LogAppend);
    }

    #[test]
    fn a_refused_key_a_refused_time_and_anything_else_are_told_apart() {
        assert!(outcome(2).unwrap());
        assert!(outcome(87).unwrap());
        assert!(!outcome(32).unwrap());
        assert!(outcome(29).is_err());
    }
}
