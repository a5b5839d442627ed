use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{Headers, Message};
use rdkafka::{ClientConfig, Offset, TopicPartitionList};

/// A record as the plain rust-rdkafka consumer sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlainRecord {
    /// Offset.
    pub offset: i64,
    /// Key.
    pub key: Option<Vec<u8>>,
    /// Value.
    pub value: Option<Vec<u8>>,
    /// Headers in order.
    pub headers: Vec<(String, Option<Vec<u8>>)>,
    /// Timestamp.
    pub timestamp: Option<i64>,
}

impl PlainRecord {
    /// Everything but the offset.
    pub fn content(&self) -> impl PartialEq + std::fmt::Debug + '_ {
        (&self.key, &self.value, &self.headers, self.timestamp)
    }
}

/// Reads all committed records of a partition.
///
/// # Errors
/// The cluster did not answer.
pub fn read_all(bootstrap: &str, topic: &str, partition: i32) -> Result<Vec<PlainRecord>> {
    let consumer: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", bootstrap)
        .set("group.id", "independent-reader")
        .set("enable.auto.commit", "false")
        .set("enable.partition.eof", "true")
        .set("isolation.level", "read_committed")
        .set("receive.message.max.bytes", "2000000000")
        .create()?;
    let mut list = TopicPartitionList::new();
    list.add_partition_offset(topic, partition, Offset::Beginning)?;
    consumer.assign(&list)?;
    let (mut records, until) = (Vec::new(), Instant::now() + Duration::from_secs(60));
    while Instant::now() < until {
        match consumer.poll(Duration::from_millis(200)) {
            None => {}
            Some(Err(KafkaError::PartitionEOF(_))) => return Ok(records),
            // A connection that ends is news, not an end: the broker beside the partition's leader may be down.
            Some(Err(KafkaError::MessageConsumption(
                RDKafkaErrorCode::BrokerTransportFailure | RDKafkaErrorCode::AllBrokersDown,
            ))) => {}
            Some(Err(error)) => return Err(error.into()),
            Some(Ok(message)) => records.push(PlainRecord {
                offset: message.offset(),
                key: message.key().map(<[u8]>::to_vec),
                value: message.payload().map(<[u8]>::to_vec),
                headers: message
                    .headers()
                    .map(|headers| {
                        headers
                            .iter()
                            .map(|header| (header.key.to_owned(), header.value.map(<[u8]>::to_vec)))
                            .collect()
                    })
                    .unwrap_or_default(),
                timestamp: message.timestamp().to_millis(),
            }),
        }
    }
    bail!("{topic}-{partition} was not read to its end in 60 s")
}
