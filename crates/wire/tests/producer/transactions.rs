//! Transactions: committed with their positions, aborted, and fenced.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use sluice_fakekafka::{FakeCluster, ResponseError};
use sluice_wire::{
    ApiKey, ErrorCode, GroupOffset, ProduceEvent, ProduceSettings, Producer, SendError, TopicPartition,
    TransactionFault, Wake, WireError, WrongState,
};

use crate::ground::{Run, client, ground, one, place, transactional, values};

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
fn a_witness_is_told_each_id_before_it_is_used_and_one_that_it_refuses_is_not() {
    let cluster = ground(1, 2);
    for settings in [ProduceSettings::default(), transactional()] {
        let told = Arc::new(Mutex::new(Vec::new()));
        let noting = client(&cluster).with_id_witness({
            let told = Arc::clone(&told);
            Arc::new(move |id| {
                told.lock().unwrap().push(id);
                Ok(())
            })
        });
        let first = Run::open(&noting, settings.clone());
        assert_eq!(*told.lock().unwrap(), [first.producer.identity().id]);

        let refusing = client(&cluster).with_id_witness(Arc::new(|_| Err("the disk is full".to_owned())));
        let error = Producer::open(&refusing, settings, &Wake::new()).unwrap_err();
        assert!(matches!(error, WireError::Unwitnessed { .. }), "{error}");
        assert!(!error.is_retriable(), "each try would use up an epoch: {error}");
    }
    assert_eq!(cluster.request_count(ApiKey::Produce), 0);
}

#[test]
fn a_witness_is_told_again_when_the_epoch_is_raised() {
    let cluster = ground(1, 2);
    let told = Arc::new(Mutex::new(Vec::new()));
    let noting = client(&cluster).with_id_witness({
        let told = Arc::clone(&told);
        Arc::new(move |id| {
            told.lock().unwrap().push(id);
            Ok(())
        })
    });
    let mut run = Run::open(&noting, transactional());
    run.producer.begin().unwrap();
    cluster.drop_before_response(ApiKey::Produce, 1);
    run.send(0, "gone");
    run.until("it is written", |_| cluster.end_offset("t", 0).unwrap() > 0);
    run.producer.abort().unwrap();
    run.until_event(&ProduceEvent::Aborted);
    let id = run.producer.identity().id;
    assert_eq!(*told.lock().unwrap(), [id, id]);
}
