//! Fetch, ListOffsets and OffsetForLeaderEpoch.

use std::time::{Duration, Instant};

use kafka_protocol::messages::fetch_request::{FetchPartition, FetchTopic};
use kafka_protocol::messages::fetch_response::PartitionData;
use kafka_protocol::messages::list_offsets_request::{ListOffsetsPartition, ListOffsetsTopic};
use kafka_protocol::messages::offset_for_leader_epoch_request::{
    OffsetForLeaderPartition, OffsetForLeaderTopic,
};
use kafka_protocol::messages::{BrokerId, FetchRequest, ListOffsetsRequest, OffsetForLeaderEpochRequest};
use sluice_fakekafka::{ApiKey, FakeCluster, FakeRecord, Isolation, Outcome, ResponseError};
use uuid::Uuid;

use crate::client::{Client, topic};

fn request(offset: i64) -> FetchRequest {
    FetchRequest::default()
        .with_replica_id(BrokerId(-1))
        .with_max_wait_ms(0)
        .with_min_bytes(1)
        .with_max_bytes(1 << 20)
        .with_session_epoch(-1)
        .with_topics(vec![
            FetchTopic::default().with_topic(topic("t")).with_partitions(vec![
                FetchPartition::default()
                    .with_partition(0)
                    .with_current_leader_epoch(-1)
                    .with_fetch_offset(offset)
                    .with_partition_max_bytes(1 << 20),
            ]),
        ])
}

fn fetch(client: &mut Client, request: &FetchRequest) -> PartitionData {
    client.call(12, request).responses[0].partitions[0].clone()
}

/// First and last offset of each batch.
fn ranges(data: &PartitionData) -> Vec<(i64, i64)> {
    let mut rest = data.records.clone().unwrap();
    let mut out = Vec::new();
    while !rest.is_empty() {
        let base = i64::from_be_bytes(rest[..8].try_into().unwrap());
        let len = i32::from_be_bytes(rest[8..12].try_into().unwrap()) as usize + 12;
        let delta = i32::from_be_bytes(rest[23..27].try_into().unwrap());
        out.push((base, base + i64::from(delta)));
        rest = rest.slice(len..);
    }
    out
}

fn three_batches() -> (FakeCluster, Client) {
    let cluster = FakeCluster::builder().start().unwrap();
    cluster.create_topic("t", 1, &[]).unwrap();
    for i in 0..3 {
        let records = (0..3)
            .map(|j| FakeRecord::new("k", format!("{i}{j}")).at(1000 * i + j))
            .collect();
        cluster.append("t", 0, records).unwrap();
    }
    let client = Client::to_leader(&cluster, "t");
    (cluster, client)
}

#[test]
fn a_fetch_inside_a_batch_gets_the_whole_batch() {
    let (_cluster, mut client) = three_batches();
    for version in 4..=12 {
        let data = client.call(version, &request(4)).responses[0].partitions[0].clone();
        assert_eq!(ranges(&data), [(3, 5), (6, 8)], "v{version}");
        assert_eq!(
            (data.error_code, data.high_watermark, data.last_stable_offset),
            (0, 9, 9)
        );
    }
    assert_eq!(ranges(&fetch(&mut client, &request(9))), []);
}

#[test]
fn byte_limits_cut_between_batches_but_one_always_comes() {
    let (_cluster, mut client) = three_batches();
    let mut small = request(0);
    small.topics[0].partitions[0].partition_max_bytes = 1;
    assert_eq!(ranges(&fetch(&mut client, &small)), [(0, 2)]);
    let mut small = request(0);
    small.max_bytes = 200;
    assert_eq!(ranges(&fetch(&mut client, &small)), [(0, 2), (3, 5)]);
}

#[test]
fn offsets_outside_the_log_are_told() {
    let (cluster, mut client) = three_batches();
    assert_eq!(
        fetch(&mut client, &request(10)).error_code,
        ResponseError::OffsetOutOfRange.code()
    );
    assert_eq!(cluster.delete_records("t", 0, 4).unwrap(), 4);
    let data = fetch(&mut client, &request(3));
    assert_eq!(data.error_code, ResponseError::OffsetOutOfRange.code());
    assert_eq!(data.log_start_offset, 4);
    assert_eq!(
        ranges(&fetch(&mut client, &request(4)))[0],
        (3, 5),
        "a batch cut by DeleteRecords still comes"
    );
    assert_eq!(
        cluster.records("t", 0, Isolation::Uncommitted).unwrap()[0].offset,
        4
    );
}

#[test]
fn topics_are_fetched_by_id_too() {
    let (cluster, mut client) = three_batches();
    let mut by_id = request(0);
    by_id.topics[0].topic_id = cluster.topic_id("t").unwrap();
    for version in 13..=16 {
        let answer = client.call(version, &by_id);
        assert_eq!(answer.responses[0].topic_id, by_id.topics[0].topic_id);
        assert_eq!(ranges(&answer.responses[0].partitions[0]).len(), 3);
    }
    by_id.topics[0].topic_id = Uuid::from_u128(7);
    let answer = client.call(13, &by_id);
    assert_eq!(
        answer.responses[0].partitions[0].error_code,
        ResponseError::UnknownTopicId.code()
    );
}

#[test]
fn a_fetch_waits_for_records() {
    let (cluster, mut client) = three_batches();
    let began = Instant::now();
    assert_eq!(ranges(&fetch(&mut client, &request(9).with_max_wait_ms(200))), []);
    assert!(began.elapsed() >= Duration::from_millis(200));

    client.send(12, &request(9).with_max_wait_ms(15_000));
    std::thread::sleep(Duration::from_millis(100));
    let began = Instant::now();
    cluster
        .append("t", 0, vec![FakeRecord::new("k", "late")])
        .unwrap();
    let answer = client.receive::<FetchRequest>(12).unwrap();
    assert_eq!(ranges(&answer.responses[0].partitions[0]), [(9, 9)]);
    assert!(began.elapsed() < Duration::from_secs(5));
    assert_eq!(cluster.request_count(ApiKey::Fetch), 2);
}

#[test]
fn read_committed_stops_at_open_transactions_and_lists_aborted_ones() {
    let (cluster, mut client) = three_batches();
    let aborted = vec![FakeRecord::new("k", "x")];
    let first = cluster
        .append_transaction("t", 0, aborted.clone(), Outcome::Aborted)
        .unwrap();
    cluster
        .append_transaction("t", 0, aborted.clone(), Outcome::Committed)
        .unwrap();
    cluster
        .append_transaction("t", 0, aborted, Outcome::Open)
        .unwrap();
    cluster
        .append("t", 0, vec![FakeRecord::new("k", "after")])
        .unwrap();

    let data = fetch(&mut client, &request(0).with_isolation_level(1));
    assert_eq!((data.last_stable_offset, data.high_watermark), (13, 15));
    assert_eq!(ranges(&data).last(), Some(&(12, 12)));
    let listed = data.aborted_transactions.unwrap();
    assert_eq!(listed.len(), 1);
    assert_eq!(listed[0].first_offset, first);
    assert_eq!(ranges(&fetch(&mut client, &request(0))).last(), Some(&(14, 14)));
    let read = cluster.records("t", 0, Isolation::Committed).unwrap();
    assert_eq!(read.len(), 10);

    cluster.delete_records("t", 0, 14).unwrap();
    assert_eq!(
        cluster.last_stable_offset("t", 0).unwrap(),
        14,
        "never before the start of the log"
    );
    cluster.end_open_transactions("t", 0, true).unwrap();
    assert_eq!(cluster.last_stable_offset("t", 0).unwrap(), 16);
}

fn list(client: &mut Client, version: i16, timestamp: i64, isolation: i8) -> (i16, i64, i64) {
    let answer = client.call(
        version,
        &ListOffsetsRequest::default()
            .with_replica_id(BrokerId(-1))
            .with_isolation_level(if version >= 2 { isolation } else { 0 })
            .with_topics(vec![
                ListOffsetsTopic::default()
                    .with_name(topic("t"))
                    .with_partitions(vec![
                        ListOffsetsPartition::default()
                            .with_timestamp(timestamp)
                            .with_current_leader_epoch(-1),
                    ]),
            ]),
    );
    let p = &answer.topics[0].partitions[0];
    (p.error_code, p.offset, p.timestamp)
}

#[test]
fn offsets_are_found_by_time() {
    let (cluster, mut client) = three_batches();
    for version in 1..=7 {
        assert_eq!(list(&mut client, version, -2, 0), (0, 0, -1));
        assert_eq!(list(&mut client, version, -1, 0), (0, 9, -1));
        assert_eq!(list(&mut client, version, 1001, 0), (0, 4, 1001));
        assert_eq!(list(&mut client, version, 1500, 0), (0, 6, 2000));
        assert_eq!(list(&mut client, version, 5000, 0), (0, -1, -1));
    }
    assert_eq!(list(&mut client, 7, -3, 0), (0, 8, 2002));
    cluster
        .append_transaction("t", 0, vec![FakeRecord::new("k", "x").at(9000)], Outcome::Open)
        .unwrap();
    assert_eq!(list(&mut client, 7, -1, 1), (0, 9, -1));
    assert_eq!(list(&mut client, 7, 9000, 1), (0, -1, -1));
    assert_eq!(list(&mut client, 7, 9000, 0), (0, 9, 9000));
}

#[test]
fn compaction_leaves_holes_and_the_newest_of_each_key() {
    let cluster = FakeCluster::builder().start().unwrap();
    cluster.create_topic("t", 1, &[]).unwrap();
    let r = |key: &'static str, value: &'static str| FakeRecord::new(key, value);
    use sluice_fakekafka::Compression::{Gzip, Lz4, None, Snappy, Zstd};
    for codec in [None, Gzip, Snappy, Lz4, Zstd] {
        let records = vec![
            r("a", "1"),
            r("b", "2"),
            r("a", "3").header("h", Option::None).header("h", Some(b"2")),
        ];
        cluster.append_compressed("t", 0, records, codec).unwrap();
    }
    cluster
        .append_compressed("t", 0, vec![r("c", "1"), r("a", "last"), r("c", "2")], Zstd)
        .unwrap();
    cluster.compact("t", 0).unwrap();
    let offsets: Vec<i64> = cluster
        .records("t", 0, Isolation::Uncommitted)
        .unwrap()
        .iter()
        .map(|r| r.offset)
        .collect();
    assert_eq!(offsets, [13, 16, 17]);
    let batches = cluster.batches("t", 0).unwrap();
    assert_eq!(
        (batches[0].base_offset, batches[0].last_offset, batches[0].count),
        (12, 14, 1)
    );
    assert_eq!(cluster.end_offset("t", 0).unwrap(), 18);
    let mut client = Client::to_leader(&cluster, "t");
    assert_eq!(ranges(&fetch(&mut client, &request(2))), [(12, 14), (15, 17)]);
}

fn epoch_end(client: &mut Client, current: i32, asked: i32) -> (i16, i32, i64) {
    let answer = client.call(
        4,
        &OffsetForLeaderEpochRequest::default()
            .with_replica_id(BrokerId(-1))
            .with_topics(vec![
                OffsetForLeaderTopic::default()
                    .with_topic(topic("t"))
                    .with_partitions(vec![
                        OffsetForLeaderPartition::default()
                            .with_current_leader_epoch(current)
                            .with_leader_epoch(asked),
                    ]),
            ]),
    );
    let p = &answer.topics[0].partitions[0];
    (p.error_code, p.leader_epoch, p.end_offset)
}

#[test]
fn leader_epochs_fence_and_show_where_the_log_was_cut() {
    let cluster = FakeCluster::builder().brokers(2).start().unwrap();
    cluster.create_topic("t", 1, &[]).unwrap();
    let old = cluster.leader("t", 0).unwrap();
    let new = 3 - old;
    let mut client = Client::connect(&cluster, old);
    let one = || vec![FakeRecord::new("k", "v")];
    for _ in 0..5 {
        cluster.append("t", 0, one()).unwrap();
    }
    cluster.move_leader("t", 0, new).unwrap();
    assert_eq!(cluster.leader_epoch("t", 0), Some(1));
    assert_eq!(
        fetch(&mut client, &request(0)).error_code,
        ResponseError::NotLeaderOrFollower.code()
    );

    let mut client = Client::connect(&cluster, new);
    cluster.append("t", 0, one()).unwrap();
    let mut with_epoch = request(0);
    with_epoch.topics[0].partitions[0].current_leader_epoch = 0;
    assert_eq!(
        fetch(&mut client, &with_epoch).error_code,
        ResponseError::FencedLeaderEpoch.code()
    );
    with_epoch.topics[0].partitions[0].current_leader_epoch = 9;
    assert_eq!(
        fetch(&mut client, &with_epoch).error_code,
        ResponseError::UnknownLeaderEpoch.code()
    );
    assert_eq!(epoch_end(&mut client, 1, 0), (0, 0, 5));
    assert_eq!(epoch_end(&mut client, 1, 1), (0, 1, 6));
    assert_eq!(epoch_end(&mut client, 1, 2), (0, -1, -1));

    assert_eq!(cluster.truncate("t", 0, 3).unwrap(), 3);
    assert_eq!(cluster.leader_epoch("t", 0), Some(2));
    assert_eq!(
        epoch_end(&mut client, 2, 1),
        (0, 0, 3),
        "nothing of epoch 1 is left"
    );
    let mut diverged = request(6);
    diverged.topics[0].partitions[0].last_fetched_epoch = 1;
    let data = fetch(&mut client, &diverged);
    assert_eq!(
        (data.diverging_epoch.epoch, data.diverging_epoch.end_offset),
        (0, 3)
    );
}
