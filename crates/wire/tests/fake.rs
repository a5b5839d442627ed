//! The client against an in-process cluster: reading, writing, transactions, and brokers that move or fail.
#![expect(clippy::unwrap_used, reason = "a test may fail by it")]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use kafka_protocol::error::ResponseError;
use kafka_protocol::records::{Compression, Record, RecordBatchEncoder, RecordEncodeOptions, TimestampType};
use sluice_fakekafka::{Access, FakeCluster, FakeRecord};
use sluice_model::Cluster;
use sluice_wire::{
    ApiKey, Cancel, Client, ConfigChange, ConfigResource, ConfigSource, Connection, ErrorCode, GroupOffset,
    Isolation, OffsetSpec, ProduceBatch, ProduceRequest, ProducedPartition, ProducerIdentity, TopicPartition,
    WireError,
};

const ID: &str = "writer";
const ALL: i32 = 1_000_000;

fn ground() -> (FakeCluster, Client) {
    let cluster = FakeCluster::builder().brokers(3).start().unwrap();
    cluster.create_topic("t", 4, &[]).unwrap();
    let source = Cluster::new(&cluster.bootstrap()).unwrap();
    (cluster, Client::new(&source).unwrap())
}

fn place(partition: i32) -> TopicPartition {
    TopicPartition::new("t", partition)
}

/// A batch of the second format with one record for each value.
fn batch(producer: Option<ProducerIdentity>, transactional: bool, sequence: i32, values: &[&str]) -> Bytes {
    let records: Vec<Record> = values
        .iter()
        .enumerate()
        .map(|(index, value)| Record {
            transactional,
            control: false,
            delete_horizon: false,
            partition_leader_epoch: -1,
            producer_id: producer.map_or(-1, |producer| producer.id),
            producer_epoch: producer.map_or(-1, |producer| producer.epoch),
            timestamp_type: TimestampType::Creation,
            offset: index as i64,
            sequence: if producer.is_some() {
                sequence + index as i32
            } else {
                -1
            },
            timestamp: 1_000,
            key: None,
            value: Some(Bytes::copy_from_slice(value.as_bytes())),
            headers: Default::default(),
        })
        .collect();
    let mut out = BytesMut::new();
    let options = RecordEncodeOptions {
        version: 2,
        compression: Compression::None,
    };
    RecordBatchEncoder::encode(&mut out, &records, &options).unwrap();
    out.freeze()
}

fn leader(client: &Client, partition: i32) -> Arc<Connection> {
    let (leader, _) = client.leader(&place(partition)).unwrap();
    client.connect(leader).unwrap()
}

fn produce(
    connection: &Arc<Connection>,
    id: Option<&str>,
    partition: i32,
    batch: Bytes,
) -> ProducedPartition {
    let head = batch.slice(..61);
    let request = ProduceRequest {
        transactional_id: id.map(str::to_owned),
        timeout: Duration::from_secs(5),
        batches: vec![ProduceBatch {
            place: place(partition),
            pieces: vec![head, batch.slice(61..)],
        }],
        has_zstd: false,
    };
    let pending = connection.begin_produce(&request, &Cancel::new()).unwrap();
    pending.wait(&Cancel::new()).unwrap().partitions.remove(0)
}

fn values(cluster: &FakeCluster, partition: i32) -> Vec<String> {
    let records = cluster
        .records("t", partition, sluice_fakekafka::Isolation::Committed)
        .unwrap();
    records
        .iter()
        .map(|record| String::from_utf8(record.record.value.clone().unwrap().to_vec()).unwrap())
        .collect()
}

#[test]
fn batches_are_written_and_handed_over_as_the_bytes_they_are() {
    let (cluster, client) = ground();
    let connection = leader(&client, 0);
    let producer = client.init_producer_id(None, Duration::ZERO, None).unwrap();
    let written = batch(Some(producer), false, 0, &["a", "b"]);
    let answer = produce(&connection, None, 0, written.clone());
    assert_eq!((answer.error, answer.base_offset), (None, Some(0)));
    // The same batch once more is the same batch.
    let again = produce(&connection, None, 0, written.clone());
    assert_eq!((again.error, again.base_offset), (None, Some(0)));
    let gap = produce(&connection, None, 0, batch(Some(producer), false, 7, &["c"]));
    assert_eq!(gap.error, Some(ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER));
    assert_eq!(values(&cluster, 0), ["a", "b"]);

    let fetched = client.fetch_raw("t", 0, 0, ALL, Isolation::Committed).unwrap();
    assert_eq!(
        (fetched.high_watermark, fetched.last_stable_offset),
        (Some(2), Some(2))
    );
    // Only the base offset, the length and the leader epoch stand before the checksum.
    assert_eq!(fetched.records[17..], written[17..]);
    let error = client
        .fetch_raw("t", 0, 99, ALL, Isolation::Committed)
        .unwrap_err();
    assert_eq!(error.code(), Some(ErrorCode::OFFSET_OUT_OF_RANGE));
}

#[test]
fn a_transaction_carries_records_and_positions_or_neither() {
    let (cluster, client) = ground();
    let connection = leader(&client, 1);
    let minute = Duration::from_secs(60);
    let producer = client.init_producer_id(Some(ID), minute, None).unwrap();
    let offsets = |offset| {
        let position = GroupOffset {
            offset,
            leader_epoch: None,
            metadata: "note".to_owned(),
        };
        BTreeMap::from([(place(1), position)])
    };
    let mut sequence = 0;
    for (commit, offset) in [(true, 10), (false, 20)] {
        client.add_partitions_to_txn(ID, producer, &[place(1)]).unwrap();
        let answer = produce(
            &connection,
            Some(ID),
            1,
            batch(Some(producer), true, sequence, &["x", "y"]),
        );
        assert_eq!(answer.error, None);
        sequence += 2;
        client.add_offsets_to_txn(ID, producer, "g").unwrap();
        client
            .txn_offset_commit(ID, producer, "g", &offsets(offset))
            .unwrap();
        client.end_txn(ID, producer, commit).unwrap();
    }
    let found = client.offset_fetch("g", None, true).unwrap();
    let position = found[&place(1)].clone().unwrap();
    assert_eq!((position.offset, position.metadata.as_str()), (10, "note"));
    assert_eq!(values(&cluster, 1), ["x", "y"]);
    let fetched = client.fetch_raw("t", 1, 0, ALL, Isolation::Committed).unwrap();
    let aborted: Vec<(i64, i64)> = fetched
        .aborted
        .iter()
        .map(|one| (one.producer_id, one.first_offset))
        .collect();
    assert_eq!(aborted, [(producer.id, 3)]);

    let successor = client.init_producer_id(Some(ID), minute, None).unwrap();
    assert!(successor.epoch > producer.epoch || successor.id != producer.id);
    let error = client
        .add_partitions_to_txn(ID, producer, &[place(1)])
        .unwrap_err();
    assert!(error.is_fenced(), "{error}");
}

#[test]
fn positions_that_are_refused_are_named() {
    let (cluster, client) = ground();
    cluster.create_topic("denied", 2, &[]).unwrap();
    cluster.deny("denied", Access::Read);
    let minute = Duration::from_secs(60);
    let producer = client.init_producer_id(Some(ID), minute, None).unwrap();
    client.add_offsets_to_txn(ID, producer, "g").unwrap();
    let denied = TopicPartition::new("denied", 1);
    let position = GroupOffset {
        offset: 1,
        leader_epoch: None,
        metadata: String::new(),
    };
    let offsets = [place(1), denied.clone()].map(|place| (place, position.clone()));
    let error = client
        .txn_offset_commit(ID, producer, "g", &BTreeMap::from(offsets))
        .unwrap_err();
    let WireError::Partitions { code, places, .. } = &error else {
        panic!("{error}");
    };
    assert_eq!(*code, ErrorCode::TOPIC_AUTHORIZATION_FAILED);
    assert_eq!(*places, [denied]);
}

#[test]
fn requests_follow_a_leader_that_moves_and_a_broker_that_stops() {
    let (cluster, client) = ground();
    cluster.append("t", 2, vec![FakeRecord::new("k", "v")]).unwrap();
    let end = |client: &Client| {
        let places: Vec<TopicPartition> = (0..4).map(place).collect();
        let found = client
            .list_offsets(&places, OffsetSpec::Latest, Isolation::Committed)
            .unwrap();
        places
            .iter()
            .map(|place| found[place].clone().unwrap().offset)
            .collect::<Vec<_>>()
    };
    let expected = [Some(0), Some(0), Some(1), Some(0)];
    assert_eq!(end(&client), expected);
    for broker in cluster.broker_ids() {
        cluster.move_leader("t", 2, broker).unwrap();
        assert_eq!(end(&client), expected);
    }
    cluster.stop_broker(cluster.leader("t", 2).unwrap()).unwrap();
    assert_eq!(end(&client), expected);
}

#[test]
fn a_partition_without_a_leader_has_its_own_outcome_and_holds_up_no_other() {
    let cluster = FakeCluster::builder().brokers(2).start().unwrap();
    cluster.create_topic("t", 2, &[]).unwrap();
    let client = Client::new(&Cluster::new(&cluster.bootstrap()).unwrap()).unwrap();
    cluster.fail_next_at(
        ApiKey::ListOffsets,
        "t",
        Some(1),
        ResponseError::LeaderNotAvailable,
        u32::MAX,
    );
    let found = client
        .list_offsets(&[place(0), place(1)], OffsetSpec::Earliest, Isolation::Committed)
        .unwrap();
    assert_eq!(found[&place(0)].clone().unwrap().offset, Some(0));
    let error = found[&place(1)].clone().unwrap_err();
    assert!(
        error.code() == Some(ErrorCode::LEADER_NOT_AVAILABLE)
            || matches!(error, WireError::Unavailable { .. }),
        "{error}"
    );
}

#[test]
fn answers_that_get_lost_and_coordinators_that_move_are_asked_again() {
    let (cluster, client) = ground();
    let position = GroupOffset {
        offset: 7,
        leader_epoch: None,
        metadata: String::new(),
    };
    cluster.fail_next(ApiKey::OffsetCommit, ResponseError::NotCoordinator, 2);
    cluster.drop_before_response(ApiKey::OffsetFetch, 2);
    let outcome = client
        .offset_commit("g", &BTreeMap::from([(place(0), position.clone())]))
        .unwrap();
    assert_eq!(outcome[&place(0)], Ok(()));
    let found = client
        .offset_fetch("g", Some(&[place(0), place(1)]), false)
        .unwrap();
    assert_eq!(found, BTreeMap::from([(place(0), Ok(position))]));
    assert!(cluster.request_count(ApiKey::FindCoordinator) >= 2);
    let groups = client.list_groups().unwrap();
    assert_eq!(groups.found.len(), 1);
    assert_eq!((groups.found[0].group.as_str(), groups.failed.len()), ("g", 0));
    let described = client.describe_groups(&["g"]).unwrap();
    assert!(described["g"].as_ref().unwrap().members.is_empty());
    cluster.fail_next(ApiKey::OffsetFetch, ResponseError::GroupAuthorizationFailed, 1);
    let error = client.offset_fetch("g", None, false).unwrap_err();
    assert_eq!(error.code(), Some(ErrorCode::GROUP_AUTHORIZATION_FAILED));
}

#[test]
fn single_values_are_changed_and_records_deleted() {
    let (cluster, client) = ground();
    let topic = ConfigResource::Topic("t".to_owned());
    let change = |change| {
        BTreeMap::from([(
            topic.clone(),
            BTreeMap::from([("retention.ms".to_owned(), change)]),
        )])
    };
    let source = |client: &Client| {
        let found = client
            .describe_configs(std::slice::from_ref(&topic), Some(&["retention.ms"]))
            .unwrap();
        found[&topic].as_ref().unwrap()["retention.ms"].source
    };
    let set = client
        .incremental_alter_configs(&change(ConfigChange::Set("12345".to_owned())), false)
        .unwrap();
    assert_eq!(set[&topic], Ok(()));
    assert_eq!(source(&client), ConfigSource::Topic);
    client
        .incremental_alter_configs(&change(ConfigChange::Delete), false)
        .unwrap();
    assert_ne!(source(&client), ConfigSource::Topic);

    for number in 0..5 {
        cluster
            .append("t", 0, vec![FakeRecord::new("k", format!("v{number}"))])
            .unwrap();
    }
    let outcome = client
        .delete_records(&BTreeMap::from([(place(0), 3), (place(9), 0)]))
        .unwrap();
    assert_eq!(outcome[&place(0)], Ok(3));
    assert_eq!(
        outcome[&place(9)].clone().unwrap_err().code(),
        Some(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION)
    );
    assert_eq!(cluster.start_offset("t", 0).unwrap(), 3);
}

#[test]
fn a_missing_request_is_unsupported_for_each_partition() {
    let (_cluster, client) = ground();
    let found = client.describe_producers(&[place(0)]).unwrap();
    let error = found[&place(0)].clone().unwrap_err();
    assert!(error.to_string().contains("Kafka 2.8"), "{error}");
    let listed = client.list_transactions(&Default::default()).unwrap();
    assert_eq!((listed.found.len(), listed.failed.len()), (0, 3));
}

#[test]
fn a_call_ends_when_it_is_cancelled_and_when_its_time_is_over() {
    let (cluster, client) = ground();
    client.cluster().unwrap();
    cluster.delay(ApiKey::Metadata, Duration::from_secs(600));
    let short = client.with_timeout(Duration::from_millis(300));
    let error = short.topics(None).unwrap_err();
    assert!(
        matches!(error, WireError::Timeout { .. } | WireError::Disconnected { .. }),
        "{error}"
    );
    let cancel = Cancel::new();
    let patient = client
        .with_timeout(Duration::from_secs(3600))
        .with_cancel(cancel.clone());
    let waiting = std::thread::spawn(move || patient.topics(None));
    cancel.cancel();
    assert_eq!(waiting.join().unwrap(), Err(WireError::Cancelled));
}
