//! Transactions of the target that fail, and instances that compete.

use std::time::Duration;

use anyhow::{Context, Result};
use sluice_engine::{Ending, EngineError, Running};
use sluice_fakekafka::{ApiKey, FakeCluster, ResponseError};
use sluice_model::{Delivery, LaneChoice};
use sluice_tests::{Bench, eventually, fake_clusters as clusters, stop};

use crate::ground::{LANES, append, assert_exact, assert_same, bench, caught_up, content, numbered};

/// A running copy in exactly once that has copied the first hundred records of `t`.
fn caught_up_copy(lane: LaneChoice) -> Result<(FakeCluster, FakeCluster, Bench, Running)> {
    let (source, target) = clusters()?;
    source.create_topic("t", 1, &[])?;
    let bench = bench(&source, &target, &["t"], (lane, Delivery::ExactlyOnce))?;
    let running = bench.start(false)?;
    append(&source, "t", 0, 0, 100)?;
    caught_up(&running, &target, "t", 0, 100)?;
    Ok((source, target, bench, running))
}

/// A running copy in exactly once meets each error `times` times while records keep coming; both sides end equal.
fn assert_survived(lane: LaneChoice, times: u32, errors: &[(ApiKey, ResponseError)]) -> Result<()> {
    let (source, target) = clusters()?;
    source.create_topic("t", 2, &[])?;
    let bench = bench(&source, &target, &["t"], (lane, Delivery::ExactlyOnce))?;
    let running = bench.start(false)?;
    let mut written = 0;
    for &(api, error) in errors {
        target.fail_next(api, error, times);
        for partition in 0..2 {
            append(&source, "t", partition, written, 100)?;
        }
        written += 100;
        for partition in 0..2 {
            caught_up(&running, &target, "t", partition, written)
                .with_context(|| format!("after {error:?} to {api:?}"))?;
        }
    }
    stop(running)?;
    assert_exact(&bench, &source, &target, "t", 2)
}

#[test]
fn errors_of_a_commit_of_which_nobody_knows_whether_it_went_through_are_settled_by_the_target() -> Result<()>
{
    let errors = [
        (ApiKey::EndTxn, ResponseError::InvalidTxnState),
        (ApiKey::EndTxn, ResponseError::ConcurrentTransactions),
        (ApiKey::EndTxn, ResponseError::UnknownServerError),
        (ApiKey::TxnOffsetCommit, ResponseError::CoordinatorLoadInProgress),
        (ApiKey::TxnOffsetCommit, ResponseError::UnknownServerError),
        (ApiKey::AddPartitionsToTxn, ResponseError::ConcurrentTransactions),
        (
            ApiKey::AddPartitionsToTxn,
            ResponseError::InvalidProducerIdMapping,
        ),
        (ApiKey::Produce, ResponseError::NotLeaderOrFollower),
        (ApiKey::Produce, ResponseError::OutOfOrderSequenceNumber),
        (ApiKey::Produce, ResponseError::UnknownProducerId),
        (ApiKey::Produce, ResponseError::KafkaStorageError),
    ];
    LANES
        .into_iter()
        .try_for_each(|lane| assert_survived(lane, 2, &errors))
}

#[test]
fn a_transaction_that_the_target_gave_up_is_written_again_by_the_same_instance() -> Result<()> {
    // What a producer hears whose transaction timed out is what a fenced one hears.
    let errors = [
        (ApiKey::EndTxn, ResponseError::ProducerFenced),
        (ApiKey::EndTxn, ResponseError::InvalidProducerEpoch),
        (ApiKey::Produce, ResponseError::InvalidProducerEpoch),
        (ApiKey::AddPartitionsToTxn, ResponseError::ProducerFenced),
        (ApiKey::TxnOffsetCommit, ResponseError::InvalidProducerEpoch),
    ];
    LANES
        .into_iter()
        .try_for_each(|lane| assert_survived(lane, 1, &errors))
}

#[test]
fn a_transaction_whose_records_nobody_acknowledges_is_written_again_with_a_new_client() -> Result<()> {
    for lane in LANES {
        let (source, target, bench, running) = caught_up_copy(lane)?;
        let sent = target.request_count(ApiKey::Produce);
        target.delay(ApiKey::Produce, Duration::from_secs(3600));
        append(&source, "t", 0, 100, 100)?;
        eventually("the records are on their way", || {
            Ok(target.request_count(ApiKey::Produce) > sent)
        })?;
        // Only what is on its way is held; another client would be answered.
        target.delay(ApiKey::Produce, Duration::ZERO);
        eventually("it is told", || {
            let progress = running.progress();
            let told = progress
                .error
                .is_some_and(|error| error.contains("acknowledged nothing"));
            Ok(told && progress.write_rate == 0.0 && progress.eta_seconds.is_none())
        })?;
        eventually("the client is given up", || {
            let error = running.progress().error;
            Ok(error.is_some_and(|error| error.contains("writing with a new client")))
        })?;
        caught_up(&running, &target, "t", 0, 200)?;
        assert_eq!(running.progress().error, None);
        stop(running)?;
        assert_exact(&bench, &source, &target, "t", 1)?;
    }
    Ok(())
}

#[test]
fn a_target_that_takes_long_to_hand_out_an_id_is_waited_for() -> Result<()> {
    for lane in LANES {
        let (source, target, bench, running) = caught_up_copy(lane)?;
        target.delay(ApiKey::InitProducerId, Duration::from_secs(8));
        target.fail_next(ApiKey::Produce, ResponseError::InvalidProducerEpoch, 1);
        append(&source, "t", 0, 100, 100)?;
        caught_up(&running, &target, "t", 0, 200)?;
        stop(running)?;
        assert_exact(&bench, &source, &target, "t", 1)?;
    }
    Ok(())
}

#[test]
fn of_two_instances_under_load_one_ends_and_every_record_arrives_once() -> Result<()> {
    for lane in LANES {
        let (source, target) = clusters()?;
        source.create_topic("t", 2, &[])?;
        let first = bench(&source, &target, &["t"], (lane, Delivery::ExactlyOnce))?;
        let mut running = first.start(false)?;
        let mut written = 0;
        for round in 0..4 {
            append(&source, "t", 0, written, 500)?;
            append(&source, "t", 1, written, 500)?;
            written += 500;
            // While the first has a transaction open, another machine with a state of its own starts the same task.
            let second = bench(&source, &target, &["t"], (lane, Delivery::ExactlyOnce))?;
            let taken = second.start(false)?;
            append(&source, "t", 0, written, 500)?;
            append(&source, "t", 1, written, 500)?;
            written += 500;
            eventually("the first ends", || {
                // One that has nothing to write does not notice.
                append(&source, "t", 0, written, 10)?;
                append(&source, "t", 1, written, 10)?;
                written += 10;
                Ok(running.is_finished())
            })?;
            match running.wait().ending {
                Ending::Failed(EngineError::Fenced { task }) => assert_eq!(task, "test"),
                other => anyhow::bail!("round {round}: the first ended with {other:?}"),
            }
            for partition in 0..2 {
                caught_up(&taken, &target, "t", partition, written)?;
                assert_same(&numbered(&[(0, written)]), &content(&target, "t", partition)?);
            }
            // Its state lives on while it is the first of the next round; its directory need not.
            running = taken;
            drop(second);
        }
        stop(running)?;
    }
    Ok(())
}
