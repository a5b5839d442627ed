//! Transactional producers.

use std::time::Duration;

use kafka_protocol::messages::add_partitions_to_txn_request::AddPartitionsToTxnTopic;
use kafka_protocol::messages::txn_offset_commit_request::{
    TxnOffsetCommitRequestPartition, TxnOffsetCommitRequestTopic,
};
use kafka_protocol::messages::{
    AddOffsetsToTxnRequest, AddPartitionsToTxnRequest, EndTxnRequest, GroupId, InitProducerIdRequest,
    OffsetFetchRequest, ProducerId, TransactionalId, TxnOffsetCommitRequest,
    offset_fetch_request::{OffsetFetchRequestGroup, OffsetFetchRequestTopics},
};
use sluice_fakekafka::{FakeCluster, Isolation, ResponseError};

use crate::client::{Batch, Client, text, topic};

const ID: &str = "tx";
const PRODUCER_FENCED: i16 = 90;
const INVALID_PRODUCER_EPOCH: i16 = 47;

fn cluster() -> (FakeCluster, Client) {
    let cluster = FakeCluster::builder().start().unwrap();
    cluster.create_topic("t", 2, &[]).unwrap();
    let client = Client::connect(&cluster, 1);
    (cluster, client)
}

fn init(client: &mut Client, timeout_ms: i32) -> (i64, i16) {
    let answer = client.call(
        4,
        &InitProducerIdRequest::default()
            .with_transactional_id(Some(TransactionalId(text(ID))))
            .with_transaction_timeout_ms(timeout_ms)
            .with_producer_id(ProducerId(-1))
            .with_producer_epoch(-1),
    );
    assert_eq!(answer.error_code, 0);
    (answer.producer_id.0, answer.producer_epoch)
}

fn add(client: &mut Client, version: i16, producer: (i64, i16), name: &str, partitions: &[i32]) -> Vec<i16> {
    let answer = client.call(
        version,
        &AddPartitionsToTxnRequest::default()
            .with_v3_and_below_transactional_id(TransactionalId(text(ID)))
            .with_v3_and_below_producer_id(ProducerId(producer.0))
            .with_v3_and_below_producer_epoch(producer.1)
            .with_v3_and_below_topics(vec![
                AddPartitionsToTxnTopic::default()
                    .with_name(topic(name))
                    .with_partitions(partitions.to_vec()),
            ]),
    );
    answer.results_by_topic_v3_and_below[0]
        .results_by_partition
        .iter()
        .map(|p| p.partition_error_code)
        .collect()
}

fn end(client: &mut Client, producer: (i64, i16), commit: bool) -> i16 {
    let request = EndTxnRequest::default()
        .with_transactional_id(TransactionalId(text(ID)))
        .with_producer_id(ProducerId(producer.0))
        .with_producer_epoch(producer.1)
        .with_committed(commit);
    client.call(3, &request).error_code
}

fn write(client: &mut Client, producer: (i64, i16), sequence: i32) -> i16 {
    let batch = Batch::of(&["a", "b"])
        .producer(producer.0, producer.1, sequence)
        .transactional();
    client.produce_transactional(ID, "t", batch.encode()).error_code
}

#[test]
fn committed_and_aborted_records_are_told_apart() {
    let (cluster, mut client) = cluster();
    let producer = init(&mut client, 60_000);
    assert_eq!(
        write(&mut client, producer, 0),
        ResponseError::InvalidTxnState.code(),
        "partition not added"
    );
    assert_eq!(add(&mut client, 3, producer, "t", &[0, 1]), [0, 0]);
    assert_eq!(write(&mut client, producer, 0), 0);
    assert_eq!(cluster.last_stable_offset("t", 0).unwrap(), 0);
    assert_eq!(end(&mut client, producer, true), 0);
    assert_eq!(
        end(&mut client, producer, true),
        0,
        "the same end may be asked for again"
    );
    assert_eq!(
        end(&mut client, producer, false),
        ResponseError::InvalidTxnState.code()
    );

    assert_eq!(add(&mut client, 3, producer, "t", &[0]), [0]);
    assert_eq!(write(&mut client, producer, 2), 0);
    assert_eq!(end(&mut client, producer, false), 0);
    assert_eq!(cluster.end_offset("t", 0).unwrap(), 6);
    assert_eq!(cluster.last_stable_offset("t", 0).unwrap(), 6);
    assert_eq!(
        cluster.end_offset("t", 1).unwrap(),
        1,
        "a marker for each partition that was added"
    );
    let committed = cluster.records("t", 0, Isolation::Committed).unwrap();
    assert_eq!(committed.iter().map(|r| r.offset).collect::<Vec<_>>(), [0, 1]);
    assert_eq!(cluster.records("t", 0, Isolation::Uncommitted).unwrap().len(), 4);
}

#[test]
fn a_successor_fences_and_aborts() {
    let (cluster, mut client) = cluster();
    let old = init(&mut client, 60_000);
    add(&mut client, 3, old, "t", &[0]);
    assert_eq!(write(&mut client, old, 0), 0);
    let new = init(&mut client, 60_000);
    assert_eq!(new.0, old.0);
    assert!(new.1 > old.1);
    assert_eq!(cluster.last_stable_offset("t", 0).unwrap(), 3);
    assert!(cluster.records("t", 0, Isolation::Committed).unwrap().is_empty());

    assert_eq!(write(&mut client, old, 2), INVALID_PRODUCER_EPOCH);
    assert_eq!(add(&mut client, 3, old, "t", &[0]), [PRODUCER_FENCED]);
    assert_eq!(add(&mut client, 0, old, "t", &[0]), [INVALID_PRODUCER_EPOCH]);
    assert_eq!(end(&mut client, old, true), PRODUCER_FENCED);
    add(&mut client, 3, new, "t", &[0]);
    assert_eq!(write(&mut client, new, 0), 0);
    assert_eq!(end(&mut client, new, true), 0);
}

#[test]
fn a_producer_may_bump_its_epoch_and_ask_again() {
    let (_cluster, mut client) = cluster();
    let first = init(&mut client, 60_000);
    let bump = InitProducerIdRequest::default()
        .with_transactional_id(Some(TransactionalId(text(ID))))
        .with_transaction_timeout_ms(60_000)
        .with_producer_id(ProducerId(first.0))
        .with_producer_epoch(first.1);
    for _ in 0..2 {
        let answer = client.call(4, &bump);
        assert_eq!((answer.error_code, answer.producer_epoch), (0, first.1 + 1));
    }
    let stale = bump.with_producer_epoch(first.1 - 1);
    assert_eq!(client.call(4, &stale).error_code, PRODUCER_FENCED);
    assert_eq!(client.call(3, &stale).error_code, INVALID_PRODUCER_EPOCH);
}

#[test]
fn a_transaction_left_open_is_aborted_in_time() {
    let (cluster, mut client) = cluster();
    let producer = init(&mut client, 150);
    add(&mut client, 3, producer, "t", &[0]);
    assert_eq!(write(&mut client, producer, 0), 0);
    for _ in 0..100 {
        if cluster.last_stable_offset("t", 0).unwrap() == 3 {
            break;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(cluster.last_stable_offset("t", 0).unwrap(), 3);
    assert!(cluster.records("t", 0, Isolation::Committed).unwrap().is_empty());
    assert_eq!(end(&mut client, producer, true), PRODUCER_FENCED);
}

#[test]
fn unknown_partitions_and_strangers_are_refused() {
    let (_cluster, mut client) = cluster();
    let producer = init(&mut client, 60_000);
    assert_eq!(add(&mut client, 3, producer, "t", &[0, 7]), [55, 3]);
    assert_eq!(add(&mut client, 3, (999, 0), "t", &[0]), [49]);
    assert_eq!(write(&mut client, (999, 0), 0), 49);
    let long = InitProducerIdRequest::default()
        .with_transactional_id(Some(TransactionalId(text("other"))))
        .with_transaction_timeout_ms(900_001);
    assert_eq!(
        client.call(4, &long).error_code,
        ResponseError::InvalidTransactionTimeout.code()
    );
}

fn commit_offset(client: &mut Client, producer: (i64, i16), offset: i64) -> i16 {
    let answer = client.call(
        3,
        &TxnOffsetCommitRequest::default()
            .with_transactional_id(TransactionalId(text(ID)))
            .with_group_id(GroupId(text("g")))
            .with_producer_id(ProducerId(producer.0))
            .with_producer_epoch(producer.1)
            .with_generation_id(-1)
            .with_topics(vec![
                TxnOffsetCommitRequestTopic::default()
                    .with_name(topic("t"))
                    .with_partitions(vec![
                        TxnOffsetCommitRequestPartition::default()
                            .with_partition_index(0)
                            .with_committed_offset(offset)
                            .with_committed_metadata(Some(text("note"))),
                    ]),
            ]),
    );
    answer.topics[0].partitions[0].error_code
}

fn committed(client: &mut Client, require_stable: bool) -> (i16, i64) {
    let answer = client.call(
        8,
        &OffsetFetchRequest::default()
            .with_require_stable(require_stable)
            .with_groups(vec![
                OffsetFetchRequestGroup::default()
                    .with_group_id(GroupId(text("g")))
                    .with_topics(Some(vec![
                        OffsetFetchRequestTopics::default()
                            .with_name(topic("t"))
                            .with_partition_indexes(vec![0]),
                    ])),
            ]),
    );
    let p = &answer.groups[0].topics[0].partitions[0];
    (p.error_code, p.committed_offset)
}

#[test]
fn offsets_belong_to_the_transaction() {
    let (cluster, mut client) = cluster();
    let producer = init(&mut client, 60_000);
    let add_group = |client: &mut Client| {
        let request = AddOffsetsToTxnRequest::default()
            .with_transactional_id(TransactionalId(text(ID)))
            .with_producer_id(ProducerId(producer.0))
            .with_producer_epoch(producer.1)
            .with_group_id(GroupId(text("g")));
        assert_eq!(client.call(3, &request).error_code, 0);
    };
    assert_eq!(
        commit_offset(&mut client, producer, 5),
        ResponseError::InvalidTxnState.code()
    );
    add_group(&mut client);
    assert_eq!(commit_offset(&mut client, producer, 5), 0);
    assert_eq!(
        committed(&mut client, true),
        (ResponseError::UnstableOffsetCommit.code(), -1)
    );
    assert_eq!(committed(&mut client, false), (0, -1));
    assert_eq!(end(&mut client, producer, true), 0);
    assert_eq!(committed(&mut client, true), (0, 5));
    assert_eq!(cluster.committed("g", "t", 0).unwrap().metadata, "note");

    add_group(&mut client);
    assert_eq!(commit_offset(&mut client, producer, 9), 0);
    assert_eq!(end(&mut client, producer, false), 0);
    assert_eq!(committed(&mut client, true), (0, 5));
    let new = init(&mut client, 60_000);
    assert_eq!(commit_offset(&mut client, producer, 9), INVALID_PRODUCER_EPOCH);
    assert!(new.1 > producer.1);
}
