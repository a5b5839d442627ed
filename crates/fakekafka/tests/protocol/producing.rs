//! What Produce takes and what it refuses.

use bytes::{Bytes, BytesMut};
use kafka_protocol::messages::InitProducerIdRequest;
use sluice_fakekafka::{Compression, FakeCluster, Isolation, ResponseError};

use crate::client::{Batch, Client, only};

fn cluster(configs: &[(&str, &str)]) -> (FakeCluster, Client) {
    let cluster = FakeCluster::builder().start().unwrap();
    cluster.create_topic("t", 1, configs).unwrap();
    let client = Client::to_leader(&cluster, "t");
    (cluster, client)
}

#[test]
fn a_good_batch_gets_offsets_in_every_version() {
    let (cluster, mut client) = cluster(&[]);
    for version in 3..=9 {
        let request = Client::produce_request("t", 0, Batch::of(&["a", "b"]).encode());
        let answer = only(client.call(version, &request));
        assert_eq!(
            (answer.error_code, answer.base_offset),
            (0, 2 * i64::from(version - 3))
        );
        assert_eq!(answer.log_append_time_ms, -1);
    }
    assert_eq!(cluster.end_offset("t", 0).unwrap(), 14);
    let stored = cluster.batches("t", 0).unwrap();
    assert_eq!(stored[1].base_offset, 2);
}

#[test]
fn batches_a_broker_refuses_are_refused() {
    let (cluster, mut client) = cluster(&[("max.message.bytes", "200")]);
    let good = Batch::of(&["a", "b"]);
    let invalid = ResponseError::InvalidRecord;
    let mut two = BytesMut::from(&good.encode()[..]);
    two.extend_from_slice(&good.encode());
    let mut old_magic = BytesMut::from(&good.encode()[..]);
    old_magic[16] = 1;
    let long = "x".repeat(300).leak();
    let cases: Vec<(&str, Bytes, ResponseError)> = vec![
        ("nothing", Bytes::new(), invalid),
        ("two batches", two.freeze(), invalid),
        ("magic 1", old_magic.freeze(), invalid),
        ("cut", good.encode().slice(..70), ResponseError::CorruptMessage),
        (
            "crc",
            Batch {
                spoil_crc: true,
                ..good.clone()
            }
            .encode(),
            ResponseError::CorruptMessage,
        ),
        (
            "holes",
            Batch {
                last_offset_delta: Some(5),
                ..good.clone()
            }
            .encode(),
            invalid,
        ),
        (
            "base offset",
            Batch {
                base_offset: 7,
                ..good.clone()
            }
            .encode(),
            invalid,
        ),
        (
            "control",
            Batch {
                attributes: 0x30,
                ..good.clone()
            }
            .producer(1, 0, 0)
            .encode(),
            invalid,
        ),
        (
            "append time",
            Batch {
                attributes: 0x08,
                ..good.clone()
            }
            .encode(),
            ResponseError::InvalidTimestamp,
        ),
        ("no sequence", good.clone().producer(5, 0, -1).encode(), invalid),
        (
            "transactional without producer",
            good.clone().transactional().encode(),
            invalid,
        ),
        (
            "codec 6",
            Batch {
                attributes: 6,
                ..good.clone()
            }
            .encode(),
            ResponseError::UnsupportedCompressionType,
        ),
        (
            "not zstd",
            Batch {
                attributes: 4,
                ..good.clone()
            }
            .encode(),
            invalid,
        ),
        (
            "garbage",
            Batch {
                body: Some(vec![0xff; 40]),
                ..good.clone()
            }
            .encode(),
            invalid,
        ),
        (
            "large",
            Batch::of(&[long]).encode(),
            ResponseError::MessageTooLarge,
        ),
    ];
    for (name, bytes, expected) in cases {
        let answer = client.produce("t", bytes);
        assert_eq!(
            answer.error_code,
            expected.code(),
            "{name}: {:?}",
            answer.error_message
        );
        assert_eq!(answer.base_offset, -1, "{name}");
    }
    assert_eq!(cluster.end_offset("t", 0).unwrap(), 0);

    let zstd = Batch {
        attributes: 4,
        ..good
    };
    let answer = only(client.call(6, &Client::produce_request("t", 0, zstd.encode())));
    assert_eq!(
        answer.error_code,
        ResponseError::UnsupportedCompressionType.code()
    );
    let answer = only(client.call(9, &Client::produce_request("t", 4, zstd.encode())));
    assert_eq!(answer.error_code, ResponseError::UnknownTopicOrPartition.code());
    let bad_acks = Client::produce_request("t", 0, zstd.encode()).with_acks(2);
    assert_eq!(
        only(client.call(9, &bad_acks)).error_code,
        ResponseError::InvalidRequiredAcks.code()
    );
}

#[test]
fn a_compacted_topic_wants_keys() {
    let (_cluster, mut client) = cluster(&[("cleanup.policy", "compact")]);
    let mut batch = Batch::of(&["a", "b"]);
    batch.records[1].0 = None;
    let answer = client.produce("t", batch.encode());
    assert_eq!(answer.error_code, ResponseError::InvalidRecord.code());
    assert_eq!(answer.record_errors[0].batch_index, 1);
}

#[test]
fn timestamps_out_of_bounds_fail_the_batch() {
    let (cluster, mut client) = cluster(&[
        ("message.timestamp.before.max.ms", "60000"),
        ("message.timestamp.after.max.ms", "60000"),
    ]);
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap()
        .as_millis() as i64;
    for (timestamp, expected) in [
        (1_000, 32),
        (now - 70_000, 32),
        (now + 70_000, 32),
        (-1, 0),
        (now - 50_000, 0),
        (now + 50_000, 0),
    ] {
        let answer = client.produce(
            "t",
            Batch {
                timestamp,
                ..Batch::of(&["a"])
            }
            .encode(),
        );
        assert_eq!(answer.error_code, expected, "{timestamp}");
    }
    assert_eq!(cluster.end_offset("t", 0).unwrap(), 3);
}

#[test]
fn a_log_append_time_topic_stamps_records() {
    let (cluster, mut client) = cluster(&[("message.timestamp.type", "LogAppendTime")]);
    let answer = client.produce("t", Batch::of(&["a"]).encode());
    assert_eq!(answer.error_code, 0);
    let stored = cluster.records("t", 0, Isolation::Uncommitted).unwrap();
    assert!(stored[0].append_time);
    assert_eq!(stored[0].record.timestamp, answer.log_append_time_ms);
    assert!(answer.log_append_time_ms > 1_600_000_000_000);
}

#[test]
fn a_topic_codec_recompresses() {
    let (cluster, mut client) = cluster(&[("compression.type", "lz4")]);
    assert_eq!(client.produce("t", Batch::of(&["a", "b"]).encode()).error_code, 0);
    assert_eq!(cluster.batches("t", 0).unwrap()[0].compression, Compression::Lz4);
    assert_eq!(cluster.records("t", 0, Isolation::Uncommitted).unwrap().len(), 2);
}

#[test]
fn idempotent_producers_are_numbered_checked_and_fenced() {
    let (cluster, mut client) = cluster(&[]);
    let id = client
        .call(4, &InitProducerIdRequest::default().with_transactional_id(None))
        .producer_id
        .0;
    let mut send = |epoch, sequence| {
        let answer = client.produce("t", Batch::of(&["a", "b"]).producer(id, epoch, sequence).encode());
        (answer.error_code, answer.base_offset)
    };
    assert_eq!(send(0, 0), (0, 0));
    assert_eq!(send(0, 2), (0, 2));
    assert_eq!(send(0, 0), (0, 0), "a repeated batch gets its first offset");
    assert_eq!(send(0, 6), (ResponseError::OutOfOrderSequenceNumber.code(), -1));
    assert_eq!(send(1, 0), (0, 4));
    assert_eq!(send(0, 4), (ResponseError::InvalidProducerEpoch.code(), -1));
    assert_eq!(cluster.end_offset("t", 0).unwrap(), 6);
}

#[test]
fn acks_of_too_few_replicas_are_refused() {
    let cluster = FakeCluster::builder().brokers(2).start().unwrap();
    cluster
        .create_topic("t", 1, &[("min.insync.replicas", "2")])
        .unwrap();
    let leader = cluster.leader("t", 0).unwrap();
    cluster.stop_broker(3 - leader).unwrap();
    let mut client = Client::to_leader(&cluster, "t");
    let answer = client.produce("t", Batch::of(&["a"]).encode());
    assert_eq!(answer.error_code, ResponseError::NotEnoughReplicas.code());
    let one = Client::produce_request("t", 0, Batch::of(&["a"]).encode()).with_acks(1);
    assert_eq!(only(client.call(9, &one)).error_code, 0);
}

#[test]
fn size_retention_drops_old_batches() {
    let (cluster, mut client) = cluster(&[("retention.bytes", "250")]);
    for _ in 0..10 {
        client.produce("t", Batch::of(&["0123456789"]).encode());
    }
    assert_eq!(cluster.end_offset("t", 0).unwrap(), 10);
    let start = cluster.start_offset("t", 0).unwrap();
    assert!((6..10).contains(&start), "{start}");
}
