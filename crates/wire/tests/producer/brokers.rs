//! Brokers that move, fall silent, throttle, or have lost what they knew of the producer.

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::time::{Duration, Instant};

use sluice_fakekafka::ResponseError;
use sluice_wire::{ApiKey, Cancel, ErrorCode, ProduceEvent, Producer, Wake, WireError};

use crate::ground::{Run, client, ground, place, transactional, values};

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
