//! Clients with the settings all tests share.

use std::time::{Duration, Instant};

use rdkafka::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::Message;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use rdkafka::{Offset, TopicPartitionList};
use sluice_fakekafka::FakeCluster;

pub const PATIENCE: Duration = Duration::from_secs(20);

pub fn config(cluster: &FakeCluster) -> ClientConfig {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", cluster.bootstrap());
    config.set("reconnect.backoff.max.ms", "200");
    config
}

pub fn producer(cluster: &FakeCluster, extra: &[(&str, &str)]) -> BaseProducer {
    let mut config = config(cluster);
    config
        .set("enable.idempotence", "true")
        .set("linger.ms", "5")
        .set("message.timeout.ms", "20000");
    config.set("retry.backoff.ms", "20");
    for (name, value) in extra {
        config.set(*name, *value);
    }
    config.create().unwrap()
}

pub fn consumer(cluster: &FakeCluster, extra: &[(&str, &str)]) -> BaseConsumer {
    let mut config = config(cluster);
    config
        .set("group.id", "g")
        .set("enable.auto.commit", "false")
        .set("auto.offset.reset", "error");
    config
        .set("check.crcs", "true")
        .set("enable.partition.eof", "false");
    for (name, value) in extra {
        config.set(*name, *value);
    }
    config.create().unwrap()
}

/// Values of the next `count` records: offset, value.
pub fn take(consumer: &BaseConsumer, count: usize) -> Vec<(i64, String)> {
    let deadline = Instant::now() + PATIENCE;
    let mut out = Vec::new();
    while out.len() < count {
        assert!(
            Instant::now() < deadline,
            "only {} of {count} records came",
            out.len()
        );
        if let Some(message) = consumer.poll(Duration::from_millis(100)) {
            let message = message.unwrap();
            out.push((
                message.offset(),
                String::from_utf8_lossy(message.payload().unwrap()).into_owned(),
            ));
        }
    }
    out
}

pub fn assign(consumer: &BaseConsumer, topic: &str, offset: Offset) {
    let mut list = TopicPartitionList::new();
    list.add_partition_offset(topic, 0, offset).unwrap();
    consumer.assign(&list).unwrap();
}

pub fn send(producer: &BaseProducer, topic: &str, partition: i32, value: &str) {
    let record = BaseRecord::<str, str>::to(topic)
        .partition(partition)
        .key("k")
        .payload(value);
    producer.send(record).map_err(|(error, _)| error).unwrap();
}

pub fn flush(producer: &BaseProducer) {
    producer.flush(PATIENCE).unwrap();
}
