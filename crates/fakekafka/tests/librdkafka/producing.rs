//! Idempotent producers in good times and bad.

use std::time::Duration;

use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::BaseRecord;
use sluice_fakekafka::{ApiKey, Compression, FakeCluster, Isolation, ResponseError};

use crate::setup::{flush, producer, send};

fn values(cluster: &FakeCluster, topic: &str, partition: i32) -> Vec<String> {
    let text = |b: bytes::Bytes| String::from_utf8(b.to_vec()).unwrap();
    let records = cluster.records(topic, partition, Isolation::Committed).unwrap();
    records
        .into_iter()
        .map(|r| text(r.record.value.unwrap()))
        .collect()
}

#[test]
fn every_codec_arrives_as_sent() {
    let cluster = FakeCluster::builder().start().unwrap();
    for (name, codec) in [
        ("none", Compression::None),
        ("gzip", Compression::Gzip),
        ("snappy", Compression::Snappy),
        ("lz4", Compression::Lz4),
        ("zstd", Compression::Zstd),
    ] {
        cluster.create_topic(name, 1, &[]).unwrap();
        let producer = producer(&cluster, &[("compression.codec", name)]);
        for i in 0..500 {
            send(
                &producer,
                name,
                0,
                &format!("a value that compresses well, number {i}"),
            );
        }
        flush(&producer);
        let stored = values(&cluster, name, 0);
        assert_eq!(stored.len(), 500, "{name}");
        assert_eq!(stored[499], "a value that compresses well, number 499");
        assert!(
            cluster
                .batches(name, 0)
                .unwrap()
                .iter()
                .any(|b| b.compression == codec),
            "{name}"
        );
    }
}

#[test]
fn headers_keys_and_times_are_kept() {
    let cluster = FakeCluster::builder().start().unwrap();
    cluster.create_topic("t", 1, &[]).unwrap();
    let producer = producer(&cluster, &[]);
    let headers = OwnedHeaders::new()
        .insert(Header {
            key: "same",
            value: Some(&b"\xff\0"[..]),
        })
        .insert(Header {
            key: "same",
            value: None::<&[u8]>,
        })
        .insert(Header {
            key: "empty",
            value: Some(&b""[..]),
        });
    let record = BaseRecord::<[u8], [u8]>::to("t")
        .partition(0)
        .timestamp(1234)
        .headers(headers)
        .key(b"");
    producer.send(record).map_err(|(e, _)| e).unwrap();
    flush(&producer);
    let stored = cluster
        .records("t", 0, Isolation::Committed)
        .unwrap()
        .remove(0)
        .record;
    assert_eq!(
        (stored.key.as_deref(), stored.value, stored.timestamp),
        (Some(&b""[..]), None, 1234)
    );
    let headers: Vec<_> = stored
        .headers
        .iter()
        .map(|h| (&h.key[..], h.value.as_deref()))
        .collect();
    assert_eq!(
        headers,
        [
            (&b"same"[..], Some(&b"\xff\0"[..])),
            (&b"same"[..], None),
            (&b"empty"[..], Some(&b""[..]))
        ]
    );
}

#[test]
fn lost_answers_do_not_double_records() {
    let cluster = FakeCluster::builder().start().unwrap();
    cluster.create_topic("t", 1, &[]).unwrap();
    let producer = producer(&cluster, &[("batch.num.messages", "10")]);
    send(&producer, "t", 0, "first");
    flush(&producer);
    cluster.drop_before_response(ApiKey::Produce, 3);
    for i in 0..200 {
        send(&producer, "t", 0, &i.to_string());
    }
    flush(&producer);
    let expected: Vec<String> = std::iter::once("first".to_owned())
        .chain((0..200).map(|i| i.to_string()))
        .collect();
    assert_eq!(values(&cluster, "t", 0), expected);
}

#[test]
fn errors_and_lost_connections_are_retried_in_order() {
    let cluster = FakeCluster::builder().brokers(2).start().unwrap();
    cluster.create_topic("t", 1, &[]).unwrap();
    let producer = producer(&cluster, &[("batch.num.messages", "10")]);
    for i in 0..600 {
        if i % 150 == 50 {
            cluster.fail_next(ApiKey::Produce, ResponseError::NotEnoughReplicas, 2);
        }
        if i % 150 == 100 {
            cluster.drop_connections(cluster.leader("t", 0).unwrap()).unwrap();
        }
        send(&producer, "t", 0, &i.to_string());
        producer.poll(Duration::from_millis(1));
    }
    flush(&producer);
    assert_eq!(
        values(&cluster, "t", 0),
        (0..600).map(|i| i.to_string()).collect::<Vec<_>>()
    );
}

#[test]
fn a_moved_leader_is_followed() {
    let cluster = FakeCluster::builder().brokers(3).start().unwrap();
    cluster.create_topic("t", 3, &[]).unwrap();
    let producer = producer(&cluster, &[("batch.num.messages", "10")]);
    for i in 0..300 {
        if i % 100 == 50 {
            for partition in 0..3 {
                let old = cluster.leader("t", partition).unwrap();
                cluster.move_leader("t", partition, old % 3 + 1).unwrap();
            }
        }
        for partition in 0..3 {
            send(&producer, "t", partition, &i.to_string());
        }
        producer.poll(Duration::from_millis(2));
    }
    flush(&producer);
    for partition in 0..3 {
        assert_eq!(
            values(&cluster, "t", partition),
            (0..300).map(|i| i.to_string()).collect::<Vec<_>>()
        );
    }
}

#[test]
fn a_broker_may_stop_and_come_back() {
    let cluster = FakeCluster::builder().brokers(3).start().unwrap();
    cluster.create_topic("t", 1, &[]).unwrap();
    let producer = producer(&cluster, &[("batch.num.messages", "10")]);
    let first = cluster.leader("t", 0).unwrap();
    for i in 0..300 {
        match i {
            100 => cluster.stop_broker(first).unwrap(),
            200 => cluster.start_broker(first).unwrap(),
            _ => {}
        }
        send(&producer, "t", 0, &i.to_string());
        producer.poll(Duration::from_millis(2));
    }
    flush(&producer);
    assert_ne!(cluster.leader("t", 0), Some(first));
    assert_eq!(
        values(&cluster, "t", 0),
        (0..300).map(|i| i.to_string()).collect::<Vec<_>>()
    );
}
