//! Transactional producers.

use rdkafka::consumer::{Consumer, ConsumerGroupMetadata};
use rdkafka::producer::{BaseProducer, Producer};
use rdkafka::{Offset, TopicPartitionList};
use sluice_fakekafka::{ApiKey, FakeCluster, Isolation};

use crate::setup::{PATIENCE, assign, consumer, flush, producer, send, take};

fn cluster() -> FakeCluster {
    let cluster = FakeCluster::builder().brokers(3).start().unwrap();
    cluster.create_topic("t", 2, &[]).unwrap();
    cluster
}

fn transactional(cluster: &FakeCluster) -> BaseProducer {
    let producer = producer(
        cluster,
        &[("transactional.id", "tx"), ("transaction.timeout.ms", "20000")],
    );
    producer.init_transactions(PATIENCE).unwrap();
    producer
}

fn group(cluster: &FakeCluster) -> ConsumerGroupMetadata {
    consumer(cluster, &[]).group_metadata().unwrap()
}

fn offset(value: i64) -> TopicPartitionList {
    let mut list = TopicPartitionList::new();
    list.add_partition_offset("t", 0, Offset::Offset(value)).unwrap();
    list
}

#[test]
fn commit_and_abort_decide_records_and_offsets() {
    let cluster = cluster();
    let producer = transactional(&cluster);
    let group = group(&cluster);
    for (round, commit) in [(0, true), (1, false), (2, true)] {
        producer.begin_transaction().unwrap();
        for i in 0..20 {
            send(&producer, "t", 0, &format!("{round}-{i}"));
            send(&producer, "t", 1, &format!("{round}-{i}"));
        }
        producer
            .send_offsets_to_transaction(&offset(round), &group, PATIENCE)
            .unwrap();
        flush(&producer);
        if commit {
            producer.commit_transaction(PATIENCE).unwrap();
        } else {
            producer.abort_transaction(PATIENCE).unwrap();
            assert_eq!(cluster.committed("g", "t", 0).unwrap().offset, 0);
        }
    }
    assert_eq!(cluster.committed("g", "t", 0).unwrap().offset, 2);
    for partition in 0..2 {
        assert_eq!(
            cluster
                .records("t", partition, Isolation::Committed)
                .unwrap()
                .len(),
            40
        );
        assert_eq!(
            cluster
                .records("t", partition, Isolation::Uncommitted)
                .unwrap()
                .len(),
            60
        );
    }
    let reader = consumer(&cluster, &[]);
    assign(&reader, "t", Offset::Beginning);
    let read = take(&reader, 40);
    assert_eq!(read[20].1, "2-0");
}

#[test]
fn a_second_instance_fences_the_first() {
    let cluster = cluster();
    let first = transactional(&cluster);
    first.begin_transaction().unwrap();
    send(&first, "t", 0, "from the first");
    flush(&first);
    let second = transactional(&cluster);
    assert_eq!(
        cluster.last_stable_offset("t", 0).unwrap(),
        cluster.end_offset("t", 0).unwrap()
    );
    let error = first.commit_transaction(PATIENCE).unwrap_err();
    assert!(
        format!("{error:?}").contains("is_fatal=true") || format!("{error}").contains("fenced"),
        "{error:?}"
    );
    second.begin_transaction().unwrap();
    send(&second, "t", 0, "from the second");
    second.commit_transaction(PATIENCE).unwrap();
    let records = cluster.records("t", 0, Isolation::Committed).unwrap();
    assert_eq!(records.len(), 1);
    assert_eq!(&records[0].record.value.as_ref().unwrap()[..], b"from the second");
}

#[test]
fn lost_answers_keep_transactions_whole() {
    let cluster = cluster();
    let producer = transactional(&cluster);
    let group = group(&cluster);
    for api in [
        ApiKey::AddPartitionsToTxn,
        ApiKey::Produce,
        ApiKey::AddOffsetsToTxn,
        ApiKey::TxnOffsetCommit,
        ApiKey::EndTxn,
    ] {
        let before = cluster.records("t", 0, Isolation::Committed).unwrap().len();
        cluster.drop_before_response(api, 1);
        producer.begin_transaction().unwrap();
        for i in 0..10 {
            send(&producer, "t", 0, &i.to_string());
        }
        producer
            .send_offsets_to_transaction(&offset(before as i64), &group, PATIENCE)
            .unwrap();
        producer.commit_transaction(PATIENCE).unwrap();
        let after = cluster.records("t", 0, Isolation::Committed).unwrap().len();
        assert_eq!(after, before + 10, "{api:?}");
        assert_eq!(
            cluster.committed("g", "t", 0).unwrap().offset,
            before as i64,
            "{api:?}"
        );
    }
}

#[test]
fn a_stopped_coordinator_is_replaced() {
    let cluster = cluster();
    let producer = transactional(&cluster);
    let stopped = cluster.coordinator("tx").unwrap();
    producer.begin_transaction().unwrap();
    send(&producer, "t", 0, "a");
    flush(&producer);
    cluster.stop_broker(stopped).unwrap();
    send(&producer, "t", 0, "b");
    producer.commit_transaction(PATIENCE).unwrap();
    assert_eq!(cluster.records("t", 0, Isolation::Committed).unwrap().len(), 2);
}
