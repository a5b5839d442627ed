//! The producer against an in-process cluster: each batch once and in order, whatever moves, fails or gets lost, and
//! transactions with their positions or neither.
#![expect(clippy::unwrap_used, reason = "a test may fail by it")]

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use sluice_fakekafka::{FakeCluster, Isolation, ResponseError};
use sluice_model::Cluster;
use sluice_wire::format::{
    Codec, Level, ProducerStamp, RecordReader, RecordSet, RewriteError, Splice, SpliceOptions, Spliced,
    Wanted,
};
use sluice_wire::{
    ApiKey, Cancel, Client, ErrorCode, GroupOffset, ProduceEvent, ProduceSettings, Producer, Reach,
    SendError, Ticket, TopicPartition, TransactionFault, TransactionSettings, Unresolved, Wake, WireError,
    WrongState,
};

const PATIENCE: Duration = Duration::from_secs(60);
const ID: &str = "writer";

fn client(cluster: &FakeCluster) -> Client {
    Client::new(&Cluster::new(&cluster.bootstrap()).unwrap(), Reach::default()).unwrap()
}

fn place(partition: i32) -> TopicPartition {
    TopicPartition::new("t", partition)
}

fn ground(brokers: usize, partitions: i32) -> FakeCluster {
    let cluster = FakeCluster::builder().brokers(brokers).start().unwrap();
    cluster.create_topic("t", partitions, &[]).unwrap();
    cluster
}

/// A batch of the second format with one record for each value, as a lane frames it.
fn batch(values: &[String]) -> Bytes {
    use kafka_protocol::records::{
        Compression, Record, RecordBatchEncoder, RecordEncodeOptions, TimestampType,
    };
    let records: Vec<Record> = values
        .iter()
        .enumerate()
        .map(|(index, value)| Record {
            transactional: false,
            control: false,
            delete_horizon: false,
            partition_leader_epoch: -1,
            producer_id: -1,
            producer_epoch: -1,
            timestamp_type: TimestampType::Creation,
            offset: index as i64,
            sequence: index as i32,
            timestamp: 1_000,
            key: None,
            value: Some(Bytes::copy_from_slice(value.as_bytes())),
            headers: Default::default(),
        })
        .collect();
    let options = RecordEncodeOptions {
        version: 2,
        compression: Compression::None,
    };
    let mut out = BytesMut::new();
    RecordBatchEncoder::encode(&mut out, &records, &options).unwrap();
    out.freeze()
}

fn one(value: &str) -> Bytes {
    batch(&[value.to_owned()])
}

fn zstd(value: &str) -> Bytes {
    let mut splice = Splice::new(SpliceOptions {
        codec: Codec::Zstd,
        level: Level::default(),
        max_batch_bytes: 1 << 20,
        missing_timestamp: None,
    });
    let plain = one(value);
    let mut reader = RecordReader::new(1 << 20);
    let Some(Ok(sluice_wire::format::Entry::Batch(view))) = RecordSet::new(&plain).next() else {
        panic!("a batch")
    };
    splice.add(&reader.batch(&view).unwrap(), &Wanted::ALL);
    let stamp = ProducerStamp::NONE;
    let Spliced::Batch(batch) = splice.finish(&stamp).unwrap().remove(0) else {
        panic!("a batch")
    };
    batch.bytes.into()
}

struct Run {
    producer: Producer,
    acknowledged: BTreeMap<TopicPartition, Vec<(Ticket, Option<i64>)>>,
    others: Vec<ProduceEvent>,
}

impl Run {
    fn open(client: &Client, settings: ProduceSettings) -> Self {
        Self {
            producer: Producer::open(client, settings, &Wake::new()).unwrap(),
            acknowledged: BTreeMap::new(),
            others: Vec::new(),
        }
    }

    fn idempotent(cluster: &FakeCluster) -> Self {
        Self::open(&client(cluster), ProduceSettings::default())
    }

    fn transactional(cluster: &FakeCluster) -> Self {
        Self::open(&client(cluster), transactional())
    }

    fn send(&mut self, partition: i32, value: &str) -> Ticket {
        self.producer.send(&place(partition), one(value)).unwrap()
    }

    fn poll(&mut self) {
        for event in self
            .producer
            .poll(Instant::now() + Duration::from_millis(50))
            .unwrap()
        {
            if let ProduceEvent::Acknowledged {
                ticket,
                place,
                base_offset,
                ..
            } = event
            {
                self.acknowledged
                    .entry(place)
                    .or_default()
                    .push((ticket, base_offset));
            } else {
                self.others.push(event);
            }
        }
    }

    fn until(&mut self, what: &str, mut done: impl FnMut(&Self) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        while !done(self) {
            assert!(
                Instant::now() < deadline,
                "{what}: {:?} {:?}",
                self.producer.unsettled(),
                self.others
            );
            self.poll();
        }
    }

    fn drain(&mut self) {
        self.until("everything is settled", |run| run.producer.unsettled() == 0);
    }

    fn until_event(&mut self, event: &ProduceEvent) {
        self.until(&format!("{event:?}"), |run| run.others.contains(event));
        self.others.retain(|one| one != event);
    }

    fn commit(&mut self) {
        self.producer.commit().unwrap();
        self.until_event(&ProduceEvent::Committed);
    }

    fn unresolved(&mut self) -> Unresolved {
        let find = |run: &Self| {
            run.others.iter().find_map(|event| match event {
                ProduceEvent::Unresolved(unresolved) => Some(unresolved.clone()),
                _ => None,
            })
        };
        self.until("a partition is unresolved", |run| find(run).is_some());
        find(self).unwrap()
    }
}

fn transactional() -> ProduceSettings {
    ProduceSettings {
        transactions: Some(TransactionSettings {
            id: ID.to_owned(),
            timeout: Duration::from_secs(60),
        }),
        ..ProduceSettings::default()
    }
}

fn values(cluster: &FakeCluster, partition: i32) -> Vec<String> {
    let records = cluster.records("t", partition, Isolation::Committed).unwrap();
    let text = |value: &Bytes| String::from_utf8(value.to_vec()).unwrap();
    records
        .iter()
        .map(|record| text(record.record.value.as_ref().unwrap()))
        .collect()
}

#[test]
fn batches_of_many_partitions_arrive_with_their_bytes_and_go_together_in_requests() {
    let cluster = ground(3, 12);
    let mut run = Run::idempotent(&cluster);
    let mut sent: BTreeMap<i32, Vec<(Ticket, Bytes)>> = BTreeMap::new();
    for round in 0..20 {
        for partition in 0..12 {
            let values: Vec<String> = (0..=round % 4)
                .map(|index| format!("{partition} {round} {index}"))
                .collect();
            let batch = batch(&values);
            let ticket = run.producer.send(&place(partition), batch.clone()).unwrap();
            sent.entry(partition).or_default().push((ticket, batch));
        }
    }
    run.drain();
    for (partition, sent) in sent {
        let stored = cluster.batches("t", partition).unwrap();
        assert_eq!(stored.len(), sent.len());
        let mut sequence = 0;
        let acknowledged = &run.acknowledged[&place(partition)];
        for ((stored, (ticket, batch)), acknowledged) in stored.iter().zip(&sent).zip(acknowledged) {
            assert_eq!(stored.bytes[61..], batch[61..], "the records' bytes");
            assert_eq!((stored.base_sequence, stored.producer_epoch), (sequence, 0));
            assert_eq!(stored.producer_id, run.producer.identity().id);
            assert_eq!(*acknowledged, (*ticket, Some(stored.base_offset)));
            sequence += stored.count;
        }
    }
    let requests = cluster.request_count(ApiKey::Produce);
    assert!(
        requests <= 80,
        "{requests} requests for 240 batches of 12 partitions"
    );
    assert_eq!(run.producer.queued_bytes(), 0);
    assert_eq!(run.others, []);
}

#[test]
fn each_batch_is_written_once_and_in_order_while_leaders_move_and_answers_get_lost() {
    let cluster = ground(3, 4);
    let mut run = Run::idempotent(&cluster);
    let brokers = cluster.broker_ids();
    let mut expected: BTreeMap<i32, Vec<String>> = BTreeMap::new();
    for round in 0..24usize {
        for partition in 0..4 {
            for index in 0..4 {
                let value = format!("{round} {index}");
                run.send(partition, &value);
                expected.entry(partition).or_default().push(value);
            }
        }
        run.poll();
        let one = brokers[round % brokers.len()];
        match round % 6 {
            0 => cluster.drop_before_response(ApiKey::Produce, 2),
            1 => {
                for partition in 0..4 {
                    let to = brokers[(partition as usize + round) % brokers.len()];
                    cluster.move_leader("t", partition, to).unwrap();
                }
            }
            2 => cluster.drop_connections(one).unwrap(),
            3 => cluster.fail_next(ApiKey::Produce, ResponseError::NotEnoughReplicasAfterAppend, 2),
            4 => cluster.fail_next_at(
                ApiKey::Produce,
                "t",
                Some(1),
                ResponseError::NotLeaderOrFollower,
                3,
            ),
            _ => {
                cluster.stop_broker(one).unwrap();
                run.drain();
                cluster.start_broker(one).unwrap();
            }
        }
        if round % 3 == 0 {
            run.drain();
        }
    }
    run.drain();
    for (partition, expected) in expected {
        assert_eq!(values(&cluster, partition), expected, "partition {partition}");
        let offsets: Vec<Option<i64>> = run.acknowledged[&place(partition)]
            .iter()
            .map(|(_, offset)| *offset)
            .collect();
        let all: Vec<Option<i64>> = (0..expected.len() as i64).map(Some).collect();
        assert_eq!(offsets, all, "acknowledged in order, with their offsets");
    }
}

#[test]
fn a_broker_that_never_answers_holds_up_no_other() {
    let cluster = ground(3, 3);
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let away = cluster.leader("t", 0).unwrap();
    cluster
        .advertise(away, silent.local_addr().unwrap().port())
        .unwrap();
    let mut run = Run::idempotent(&cluster);
    for partition in 0..3 {
        run.send(partition, "x");
    }
    run.until("the others are written", |run| {
        [1, 2]
            .iter()
            .all(|partition| run.acknowledged.contains_key(&place(*partition)))
    });
    assert_eq!(run.producer.unsettled(), 1);
}

#[test]
fn a_refused_batch_names_its_records_and_those_behind_it_wait_for_a_decision() {
    let cluster = FakeCluster::builder().start().unwrap();
    cluster
        .create_topic("t", 1, &[("cleanup.policy", "compact")])
        .unwrap();
    let mut run = Run::idempotent(&cluster);
    let first = run.send(0, "without a key");
    run.drain();
    let [
        ProduceEvent::Refused {
            ticket,
            code,
            records,
            message,
            ..
        },
    ] = &run.others[..]
    else {
        panic!("{:?}", run.others)
    };
    assert_eq!((*ticket, *code), (first, ErrorCode::INVALID_RECORD));
    assert!(message.as_ref().unwrap().contains("without key"), "{message:?}");
    assert_eq!(records[0].index, 0);
    run.producer.go_on(&place(0));
    cluster
        .set_topic_config("t", "cleanup.policy", Some("delete"))
        .unwrap();
    cluster
        .set_topic_config("t", "max.message.bytes", Some("500"))
        .unwrap();
    let refused = |run: &mut Run| {
        run.others.clear();
        run.send(0, "a");
        let large = run.send(0, &"x".repeat(1_000));
        let behind = [run.send(0, "b"), run.send(0, "c")];
        run.until("the large one is refused", |run| {
            matches!(&run.others[..], [ProduceEvent::Refused { ticket, code, .. }]
                if *ticket == large && *code == ErrorCode::MESSAGE_TOO_LARGE)
        });
        assert_eq!(run.producer.poll(Instant::now()).unwrap(), []);
        assert_eq!(run.producer.unsettled(), 2);
        behind
    };
    refused(&mut run);
    assert_eq!(values(&cluster, 0), ["a"]);
    run.producer.go_on(&place(0));
    run.drain();
    assert_eq!(values(&cluster, 0), ["a", "b", "c"]);
    let behind = refused(&mut run);
    assert_eq!(run.producer.withdraw(&place(0)), behind);
    assert_eq!((run.producer.unsettled(), run.producer.queued_bytes()), (0, 0));
    run.send(0, "d");
    run.drain();
    assert_eq!(values(&cluster, 0), ["a", "b", "c", "a", "d"]);
}

#[test]
fn zstd_is_refused_for_brokers_that_do_not_know_it_and_other_codecs_are_written() {
    let cluster = FakeCluster::builder()
        .max_version(ApiKey::Produce, 6)
        .start()
        .unwrap();
    cluster.create_topic("t", 2, &[]).unwrap();
    let mut run = Run::idempotent(&cluster);
    let refused = run.producer.send(&place(0), zstd("a")).unwrap();
    run.send(1, "b");
    run.drain();
    assert!(
        matches!(&run.others[..], [ProduceEvent::Refused { ticket, code, .. }]
        if *ticket == refused && *code == ErrorCode::UNSUPPORTED_COMPRESSION_TYPE)
    );
    assert_eq!(
        (values(&cluster, 0).len(), values(&cluster, 1)),
        (0, vec!["b".to_owned()])
    );
    let newer = ground(1, 1);
    let mut run = Run::idempotent(&newer);
    run.producer.send(&place(0), zstd("a")).unwrap();
    run.drain();
    assert_eq!(values(&newer, 0), ["a"]);
}

#[test]
fn after_out_of_order_what_is_on_the_broker_is_counted_and_the_rest_goes_under_a_new_epoch() {
    let cluster = ground(1, 2);
    let client = client(&cluster);
    let mut run = Run::idempotent(&cluster);
    run.send(0, "a");
    run.drain();
    // The second batch is written and its answer is lost; from then on the broker does not know the producer.
    cluster.drop_before_response(ApiKey::Produce, 1);
    run.send(0, "b");
    run.producer.poll(Instant::now()).unwrap();
    run.until("it is written", |_| cluster.end_offset("t", 0).unwrap() == 2);
    cluster.fail_next_at(
        ApiKey::Produce,
        "t",
        Some(0),
        ResponseError::OutOfOrderSequenceNumber,
        1,
    );
    run.send(0, "c");
    run.send(1, "x");
    let unresolved = run.unresolved();
    assert_eq!(unresolved.code, ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER);
    assert_eq!(unresolved.batches.len(), 2);
    let written = unresolved.count_written(&client, 1).unwrap();
    assert_eq!(written, 1);
    run.producer.resolve(&unresolved.place, written).unwrap();
    run.send(0, "d");
    run.drain();
    assert_eq!(values(&cluster, 0), ["a", "b", "c", "d"]);
    let stored = cluster.batches("t", 0).unwrap();
    let stamps: Vec<(i16, i32)> = stored
        .iter()
        .map(|one| (one.producer_epoch, one.base_sequence))
        .collect();
    assert_eq!(stamps, [(0, 0), (0, 1), (1, 0), (1, 1)]);
    // Another partition keeps its epoch.
    assert_eq!(cluster.batches("t", 1).unwrap()[0].producer_epoch, 0);
    assert_eq!(values(&cluster, 1), ["x"]);
}

#[test]
fn a_log_that_has_lost_its_end_is_unresolved_and_goes_on_with_what_is_not_in_it() {
    let cluster = ground(1, 1);
    let client = client(&cluster);
    let mut run = Run::idempotent(&cluster);
    for value in ["a", "b", "c"] {
        run.send(0, value);
    }
    run.drain();
    cluster.truncate("t", 0, 1).unwrap();
    for value in ["d", "e"] {
        run.send(0, value);
    }
    let unresolved = run.unresolved();
    let written = unresolved.count_written(&client, 1).unwrap();
    assert_eq!(written, 0);
    run.producer.resolve(&unresolved.place, written).unwrap();
    run.drain();
    assert_eq!(values(&cluster, 0), ["a", "d", "e"]);
}

#[test]
fn a_full_queue_and_batches_that_brokers_refuse_are_not_taken() {
    let cluster = ground(1, 1);
    let settings = ProduceSettings {
        queue_bytes: 1_000,
        ..ProduceSettings::default()
    };
    let mut run = Run::open(&client(&cluster), settings);
    // One that is larger than the queue still goes alone.
    run.send(0, &"x".repeat(2_000));
    assert_eq!(run.producer.send(&place(0), one("y")), Err(SendError::Full));
    run.drain();
    run.send(0, "y");
    let mut marker = one("z").to_vec();
    marker[22] |= 0x20;
    let mut holes = one("z").to_vec();
    holes[26] = 7;
    let mut append_time = one("z").to_vec();
    append_time[22] |= 0x08;
    let mut send = |bytes: Vec<u8>| run.producer.send(&place(0), bytes.into()).unwrap_err();
    assert_eq!(send(marker), SendError::Batch(RewriteError::Control));
    assert_eq!(
        send(holes),
        SendError::Holes {
            records: 1,
            offsets: 8
        }
    );
    assert_eq!(send(append_time), SendError::Batch(RewriteError::LogAppendTime));
    assert!(matches!(
        send(vec![1, 2, 3]),
        SendError::Batch(RewriteError::Fault(_))
    ));
    run.drain();
    assert_eq!(values(&cluster, 0).len(), 2);
}

#[test]
fn throttle_times_and_denied_topics_are_reported() {
    let cluster = ground(1, 1);
    let time = Duration::from_millis(70);
    cluster.throttle(ApiKey::Produce, time, 1);
    let mut run = Run::idempotent(&cluster);
    run.send(0, "a");
    run.drain();
    let broker = cluster.leader("t", 0).unwrap();
    assert_eq!(run.others, [ProduceEvent::Throttled { broker, time }]);
    assert_eq!(run.producer.throttled(), time);
    run.others.clear();
    cluster.fail_next(ApiKey::Produce, ResponseError::NotEnoughReplicas, 4);
    run.send(0, "b");
    run.drain();
    assert!(
        matches!(&run.others[..], [ProduceEvent::Delayed { error, .. }, ProduceEvent::Resumed { .. }]
            if error.code() == Some(ErrorCode::NOT_ENOUGH_REPLICAS)),
        "{:?}",
        run.others
    );
    assert_eq!(values(&cluster, 0), ["a", "b"]);
}

fn position(offset: i64) -> BTreeMap<TopicPartition, GroupOffset> {
    let position = GroupOffset {
        offset,
        leader_epoch: None,
        metadata: format!("note {offset}"),
    };
    BTreeMap::from([(place(0), position)])
}

#[test]
fn transactions_carry_batches_and_positions_or_neither_and_ride_over_moving_coordinators() {
    let cluster = ground(3, 3);
    let mut run = Run::transactional(&cluster);
    let committed = |cluster: &FakeCluster| {
        cluster
            .committed("g", "t", 0)
            .map(|one| (one.offset, one.metadata))
    };
    for round in 0..6i64 {
        match round {
            1 => cluster.fail_next(
                ApiKey::AddPartitionsToTxn,
                ResponseError::ConcurrentTransactions,
                3,
            ),
            2 => cluster.fail_next(ApiKey::EndTxn, ResponseError::NotCoordinator, 1),
            3 => cluster.drop_before_response(ApiKey::EndTxn, 1),
            4 => cluster.drop_before_response(ApiKey::Produce, 1),
            _ => cluster.fail_next(
                ApiKey::TxnOffsetCommit,
                ResponseError::CoordinatorLoadInProgress,
                1,
            ),
        }
        run.producer.begin().unwrap();
        assert_eq!(run.producer.begin(), Err(WrongState::Busy));
        for partition in 0..3 {
            run.send(partition, &format!("{round} a"));
            run.send(partition, &format!("{round} b"));
        }
        run.producer.send_offsets("g", position(round)).unwrap();
        run.commit();
        assert_eq!(committed(&cluster), Some((round, format!("note {round}"))));
    }
    let expected: Vec<String> = (0..6)
        .flat_map(|round| [format!("{round} a"), format!("{round} b")])
        .collect();
    for partition in 0..3 {
        assert_eq!(values(&cluster, partition), expected);
    }
    run.producer.begin().unwrap();
    run.send(0, "gone");
    run.producer.send_offsets("g", position(99)).unwrap();
    run.drain();
    run.producer.abort().unwrap();
    run.until_event(&ProduceEvent::Aborted);
    run.producer.begin().unwrap();
    run.send(0, "last");
    run.commit();
    assert_eq!(committed(&cluster), Some((5, "note 5".to_owned())));
    assert_eq!(values(&cluster, 0).last().unwrap(), "last");
    assert!(!values(&cluster, 0).contains(&"gone".to_owned()));
    // Nothing in it: the coordinator is not asked.
    let asked = cluster.request_count(ApiKey::EndTxn);
    run.producer.begin().unwrap();
    run.commit();
    assert_eq!(cluster.request_count(ApiKey::EndTxn), asked);
    assert_eq!(
        run.producer.send(&place(0), one("x")),
        Err(SendError::NoTransaction)
    );
    assert_eq!(run.producer.commit(), Err(WrongState::NotOpen));
}

#[test]
fn an_abort_with_batches_of_unknown_fate_raises_the_epoch_and_leaves_nothing_behind() {
    let cluster = ground(1, 2);
    let mut run = Run::transactional(&cluster);
    run.producer.begin().unwrap();
    run.send(0, "kept");
    run.commit();
    let before = run.producer.identity();
    run.producer.begin().unwrap();
    cluster.drop_before_response(ApiKey::Produce, 1);
    for _ in 0..4 {
        run.send(0, "gone");
        run.send(1, "gone");
    }
    run.until("one is written", |_| cluster.end_offset("t", 0).unwrap() > 2);
    run.producer.abort().unwrap();
    run.until_event(&ProduceEvent::Aborted);
    assert_eq!((run.producer.unsettled(), run.producer.queued_bytes()), (0, 0));
    assert!(run.producer.identity().epoch > before.epoch);
    run.producer.begin().unwrap();
    run.send(0, "next");
    run.send(1, "next");
    run.commit();
    assert_eq!(values(&cluster, 0), ["kept", "next"]);
    assert_eq!(values(&cluster, 1), ["next"]);
}

#[test]
fn a_refused_batch_fails_the_transaction_and_the_next_one_succeeds() {
    let cluster = ground(1, 2);
    cluster
        .set_topic_config("t", "max.message.bytes", Some("500"))
        .unwrap();
    let mut run = Run::transactional(&cluster);
    run.producer.begin().unwrap();
    run.send(0, "gone");
    run.send(1, &"x".repeat(1_000));
    run.producer.commit().unwrap();
    let failed = |run: &Run| {
        run.others.iter().any(|event| {
            matches!(event, ProduceEvent::TransactionFailed(TransactionFault::Abortable(error))
                if error.code() == Some(ErrorCode::MESSAGE_TOO_LARGE))
        })
    };
    run.until("the transaction fails", failed);
    run.producer.abort().unwrap();
    run.until_event(&ProduceEvent::Aborted);
    run.producer.begin().unwrap();
    run.send(0, "kept");
    run.commit();
    assert_eq!(
        (values(&cluster, 0), values(&cluster, 1).len()),
        (vec!["kept".to_owned()], 0)
    );
}

#[test]
fn a_transaction_before_2_5_is_aborted_without_a_new_epoch_if_all_is_known_and_fails_otherwise() {
    let cluster = FakeCluster::builder()
        .max_version(ApiKey::InitProducerId, 2)
        .start()
        .unwrap();
    cluster.create_topic("t", 1, &[]).unwrap();
    let mut run = Run::transactional(&cluster);
    let identity = run.producer.identity();
    for (value, commits) in [("a", true), ("gone", false), ("b", true)] {
        run.producer.begin().unwrap();
        run.send(0, value);
        run.drain();
        if commits {
            run.commit();
        } else {
            run.producer.abort().unwrap();
            run.until_event(&ProduceEvent::Aborted);
        }
    }
    assert_eq!(run.producer.identity(), identity);
    assert_eq!(values(&cluster, 0), ["a", "b"]);
    run.producer.begin().unwrap();
    run.send(0, "gone");
    run.producer.abort().unwrap();
    run.until("it is of no more use", |run| {
        run.others
            .iter()
            .any(|event| matches!(event, ProduceEvent::TransactionFailed(TransactionFault::Fatal(_))))
    });
    assert_eq!(run.producer.begin(), Err(WrongState::Dead));
}

#[test]
fn a_successor_fences_and_nothing_of_the_older_one_is_seen() {
    let cluster = ground(1, 1);
    let mut older = Run::transactional(&cluster);
    older.producer.begin().unwrap();
    older.send(0, "old");
    older.drain();
    let mut newer = Run::transactional(&cluster);
    older.send(0, "late");
    older.until_event(&ProduceEvent::Fenced);
    assert_eq!(older.producer.send(&place(0), one("x")), Err(SendError::Fenced));
    assert_eq!(older.producer.commit(), Err(WrongState::Dead));
    newer.producer.begin().unwrap();
    newer.send(0, "new");
    newer.commit();
    assert_eq!(values(&cluster, 0), ["new"]);
    let mut third = Run::transactional(&cluster);
    newer.producer.begin().unwrap();
    newer.send(0, "x");
    newer.producer.commit().unwrap();
    newer.until_event(&ProduceEvent::Fenced);
    third.producer.begin().unwrap();
    third.commit();
}

#[test]
fn a_poll_ends_when_it_is_cancelled() {
    let cluster = ground(1, 1);
    let cancel = Cancel::new();
    let client = client(&cluster).with_cancel(cancel.clone());
    let mut producer = Producer::open(&client, transactional(), &Wake::new()).unwrap();
    let polling = std::thread::spawn(move || {
        loop {
            if let Err(error) = producer.poll(Instant::now() + Duration::from_secs(3600)) {
                return error;
            }
        }
    });
    cancel.cancel();
    assert_eq!(polling.join().unwrap(), WireError::Cancelled);
}
