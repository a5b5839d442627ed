//! Consumers, with and without a group.

use std::time::{Duration, Instant};

use rdkafka::Offset;
use rdkafka::TopicPartitionList;
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::message::{Headers, Message};
use rdkafka::types::RDKafkaErrorCode;
use sluice_fakekafka::{Access, ApiKey, Compression, FakeCluster, FakeRecord, Outcome, ResponseError};

use crate::setup::{PATIENCE, assign, consumer, take};

fn cluster() -> FakeCluster {
    let cluster = FakeCluster::builder().brokers(2).start().unwrap();
    cluster.create_topic("t", 1, &[]).unwrap();
    cluster
}

fn numbers(range: std::ops::Range<i64>) -> Vec<FakeRecord> {
    range
        .map(|i| FakeRecord::new(format!("k{i}"), i.to_string()).at(1000 + i))
        .collect()
}

fn expected(offsets: impl IntoIterator<Item = i64>) -> Vec<(i64, String)> {
    offsets.into_iter().map(|i| (i, i.to_string())).collect()
}

#[test]
fn every_codec_is_read_from_the_middle_of_a_batch() {
    let codecs = [
        Compression::None,
        Compression::Gzip,
        Compression::Snappy,
        Compression::Lz4,
        Compression::Zstd,
    ];
    for codec in codecs {
        let cluster = cluster();
        cluster.append_compressed("t", 0, numbers(0..100), codec).unwrap();
        cluster
            .append_compressed("t", 0, numbers(100..200), codec)
            .unwrap();
        let consumer = consumer(&cluster, &[]);
        assign(&consumer, "t", Offset::Offset(57));
        assert_eq!(take(&consumer, 143), expected(57..200), "{codec:?}");
    }
}

#[test]
fn null_and_repeated_headers_are_seen() {
    let cluster = cluster();
    let record = FakeRecord::tombstone("k")
        .header("h", None)
        .header("h", Some(b""))
        .at(77);
    cluster.append("t", 0, vec![record]).unwrap();
    let consumer = consumer(&cluster, &[]);
    assign(&consumer, "t", Offset::Beginning);
    let message = loop {
        if let Some(message) = consumer.poll(Duration::from_millis(100)) {
            break message.unwrap();
        }
    };
    assert_eq!(
        (message.payload(), message.timestamp().to_millis()),
        (None, Some(77))
    );
    let headers: Vec<_> = message
        .headers()
        .unwrap()
        .iter()
        .map(|h| (h.key, h.value))
        .collect();
    assert_eq!(headers, [("h", None), ("h", Some(&b""[..]))]);
}

#[test]
fn committed_readers_skip_aborted_records_and_wait_for_open_ones() {
    let cluster = cluster();
    cluster.append("t", 0, numbers(0..3)).unwrap();
    cluster
        .append_transaction("t", 0, vec![FakeRecord::new("k", "bad")], Outcome::Aborted)
        .unwrap();
    cluster
        .append_transaction("t", 0, vec![FakeRecord::new("k", "good")], Outcome::Committed)
        .unwrap();
    cluster
        .append_transaction("t", 0, vec![FakeRecord::new("k", "open")], Outcome::Open)
        .unwrap();
    let committed = consumer(&cluster, &[]);
    assign(&committed, "t", Offset::Beginning);
    let values: Vec<String> = take(&committed, 4).into_iter().map(|(_, v)| v).collect();
    assert_eq!(values, ["0", "1", "2", "good"]);
    assert!(committed.poll(Duration::from_millis(300)).is_none());
    let (_, high) = committed.fetch_watermarks("t", 0, PATIENCE).unwrap();
    assert_eq!(high, 7, "the last stable offset");
    cluster.end_open_transactions("t", 0, true).unwrap();
    assert_eq!(take(&committed, 1)[0].1, "open");

    let all = consumer(&cluster, &[("isolation.level", "read_uncommitted")]);
    assign(&all, "t", Offset::Beginning);
    let values: Vec<String> = take(&all, 6).into_iter().map(|(_, v)| v).collect();
    assert_eq!(values, ["0", "1", "2", "bad", "good", "open"]);
}

#[test]
fn compacted_logs_are_read_with_their_holes() {
    let cluster = cluster();
    for codec in [
        Compression::None,
        Compression::Lz4,
        Compression::Gzip,
        Compression::Zstd,
    ] {
        cluster.append_compressed("t", 0, numbers(0..10), codec).unwrap();
    }
    cluster
        .append("t", 0, vec![FakeRecord::new("k3", "new")])
        .unwrap();
    cluster.compact("t", 0).unwrap();
    let consumer = consumer(&cluster, &[]);
    assign(&consumer, "t", Offset::Offset(0));
    let offsets: Vec<i64> = take(&consumer, 10)
        .into_iter()
        .map(|(offset, _)| offset)
        .collect();
    assert_eq!(offsets, [30, 31, 32, 34, 35, 36, 37, 38, 39, 40]);
}

#[test]
fn an_emptied_batch_does_not_stop_a_reader() {
    let cluster = cluster();
    // Of an idempotent producer compaction keeps the newest batch, even without any record.
    cluster
        .append_transaction("t", 0, vec![FakeRecord::new("a", "old")], Outcome::Committed)
        .unwrap();
    cluster.append("t", 0, vec![FakeRecord::new("a", "new")]).unwrap();
    cluster.compact("t", 0).unwrap();
    assert_eq!(cluster.batches("t", 0).unwrap()[0].count, 0);
    let consumer = consumer(&cluster, &[]);
    assign(&consumer, "t", Offset::Beginning);
    assert_eq!(take(&consumer, 1), [(2, "new".to_owned())]);
}

#[test]
fn offsets_are_found_by_time_and_committed_with_metadata() {
    let cluster = cluster();
    cluster.append("t", 0, numbers(0..10)).unwrap();
    let consumer = consumer(&cluster, &[]);
    let mut asked = TopicPartitionList::new();
    asked.add_partition_offset("t", 0, Offset::Offset(1004)).unwrap();
    let found = consumer.offsets_for_times(asked, PATIENCE).unwrap();
    assert_eq!(found.elements()[0].offset(), Offset::Offset(4));
    assert_eq!(consumer.fetch_watermarks("t", 0, PATIENCE).unwrap(), (0, 10));

    let mut list = TopicPartitionList::new();
    list.add_partition_offset("t", 0, Offset::Offset(7)).unwrap();
    list.set_partition_offset("t", 0, Offset::Offset(7)).unwrap();
    consumer.commit(&list, CommitMode::Sync).unwrap();
    assert_eq!(cluster.committed("g", "t", 0).unwrap().offset, 7);
    let mut wanted = TopicPartitionList::new();
    wanted.add_partition("t", 0);
    let committed = consumer.committed_offsets(wanted, PATIENCE).unwrap();
    assert_eq!(committed.elements()[0].offset(), Offset::Offset(7));
}

fn next_error(consumer: &BaseConsumer) -> RDKafkaErrorCode {
    let deadline = Instant::now() + PATIENCE;
    while Instant::now() < deadline {
        match consumer.poll(Duration::from_millis(100)) {
            Some(Err(KafkaError::MessageConsumption(code))) => return code,
            Some(other) => panic!("{other:?}"),
            None => {}
        }
    }
    panic!("no error came");
}

#[test]
fn an_offset_that_is_gone_is_an_error() {
    let cluster = cluster();
    cluster.append("t", 0, numbers(0..10)).unwrap();
    cluster.append("t", 0, numbers(10..20)).unwrap();
    cluster.delete_records("t", 0, 10).unwrap();
    let consumer = consumer(&cluster, &[]);
    assign(&consumer, "t", Offset::Offset(3));
    assert_eq!(next_error(&consumer), RDKafkaErrorCode::AutoOffsetReset);
}

#[test]
fn a_denied_topic_is_an_error() {
    let cluster = cluster();
    cluster.append("t", 0, numbers(0..10)).unwrap();
    cluster.deny("t", Access::Read);
    let consumer = consumer(&cluster, &[]);
    assign(&consumer, "t", Offset::Beginning);
    assert_eq!(next_error(&consumer), RDKafkaErrorCode::TopicAuthorizationFailed);
    cluster.allow("t", Access::Read);
    assert_eq!(take(&consumer, 10).len(), 10);
}

#[test]
fn a_reader_follows_the_leader_and_survives_errors() {
    let cluster = cluster();
    cluster.append("t", 0, numbers(0..10)).unwrap();
    let consumer = consumer(&cluster, &[]);
    assign(&consumer, "t", Offset::Beginning);
    assert_eq!(take(&consumer, 10).len(), 10);
    cluster
        .move_leader("t", 0, 3 - cluster.leader("t", 0).unwrap())
        .unwrap();
    cluster.append("t", 0, numbers(10..20)).unwrap();
    assert_eq!(take(&consumer, 10), expected(10..20));
    cluster.fail_next(ApiKey::Fetch, ResponseError::KafkaStorageError, 2);
    cluster.drop_connections(cluster.leader("t", 0).unwrap()).unwrap();
    cluster.append("t", 0, numbers(20..30)).unwrap();
    assert_eq!(take(&consumer, 10), expected(20..30));
}

#[test]
fn truncation_is_noticed() {
    let cluster = cluster();
    for i in 0..10 {
        cluster.append("t", 0, numbers(i..i + 1)).unwrap();
    }
    let strict = consumer(&cluster, &[]);
    let lenient = consumer(&cluster, &[("auto.offset.reset", "earliest")]);
    for consumer in [&strict, &lenient] {
        assign(consumer, "t", Offset::Beginning);
        assert_eq!(take(consumer, 10).len(), 10);
    }
    assert_eq!(cluster.truncate("t", 0, 5).unwrap(), 5);
    // With `auto.offset.reset=error` librdkafka hides the truncation behind this code; only its text names it.
    assert_eq!(next_error(&strict), RDKafkaErrorCode::AutoOffsetReset);
    assert!(cluster.request_count(ApiKey::OffsetForLeaderEpoch) > 0);
    cluster
        .append("t", 0, vec![FakeRecord::new("k", "rewritten")])
        .unwrap();
    assert_eq!(take(&lenient, 1), [(5, "rewritten".to_owned())]);
}

#[test]
fn two_members_share_a_topic() {
    let cluster = FakeCluster::builder().brokers(3).start().unwrap();
    cluster.create_topic("t", 4, &[]).unwrap();
    for partition in 0..4 {
        cluster.append("t", partition, numbers(0..50)).unwrap();
    }
    let extra = [
        ("auto.offset.reset", "earliest"),
        ("session.timeout.ms", "6000"),
        ("heartbeat.interval.ms", "200"),
    ];
    let both = [consumer(&cluster, &extra), consumer(&cluster, &extra)];
    for one in &both {
        one.subscribe(&["t"]).unwrap();
    }
    let mut seen = std::collections::BTreeSet::new();
    let deadline = Instant::now() + PATIENCE;
    loop {
        assert!(
            Instant::now() < deadline,
            "{} records, shares never even",
            seen.len()
        );
        for one in &both {
            if let Some(message) = one.poll(Duration::from_millis(10)) {
                let message = message.unwrap();
                seen.insert((message.partition(), message.offset()));
            }
        }
        let shares: Vec<usize> = both.iter().map(|c| c.assignment().unwrap().count()).collect();
        if seen.len() == 200 && shares == [2, 2] {
            break;
        }
    }
    let described = both[0].fetch_group_list(Some("g"), PATIENCE).unwrap();
    assert_eq!(described.groups()[0].state(), "Stable");
    assert_eq!(described.groups()[0].members().len(), 2);
}
