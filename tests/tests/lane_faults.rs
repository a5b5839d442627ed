//! What clusters do to a running copy: refused records, lost answers, denied topics, leaders that move, brokers that go,
//! logs that lose records, instances that compete (hermetic: in-process clusters that fail on demand).

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use sluice_engine::{
    CheckpointStore, Ending, EngineError, Event, GapReason, PartitionCondition, PartitionKey,
    PartitionProgress, Running, VerificationResult,
};
use sluice_fakekafka::{Access, ApiKey, FakeCluster, FakeRecord, Isolation, Outcome, ResponseError};
use sluice_model::{Delivery, ExistingData, OffsetRange, OutOfRange, RateLimits};
use sluice_tests::{BOTH, Bench, eventually, fake_clusters as clusters, stop};

fn bench(source: &FakeCluster, target: &FakeCluster, topics: &[&str], delivery: Delivery) -> Result<Bench> {
    let mut bench = Bench::new(&source.bootstrap(), &target.bootstrap(), topics)?;
    bench.task.delivery = delivery;
    Ok(bench)
}

fn numbers(from: usize, count: usize) -> Vec<FakeRecord> {
    (from..from + count)
        .map(|n| {
            FakeRecord::new(format!("k{n}"), format!("v{n}"))
                .at(1_700_000_000_000 + n as i64)
                .header("n", Some(n.to_string().as_bytes()))
        })
        .collect()
}

/// As `numbers`, in batches of ten: a copy may stop between any two of them.
fn append(cluster: &FakeCluster, topic: &str, partition: i32, from: usize, count: usize) -> Result<()> {
    for begin in (from..from + count).step_by(10) {
        cluster.append(topic, partition, numbers(begin, 10.min(from + count - begin)))?;
    }
    Ok(())
}

fn content(cluster: &FakeCluster, topic: &str, partition: i32) -> Result<Vec<FakeRecord>> {
    let records = cluster.records(topic, partition, Isolation::Committed)?;
    Ok(records.into_iter().map(|stored| stored.record).collect())
}

fn length(cluster: &FakeCluster, topic: &str, partition: i32) -> Result<usize> {
    Ok(cluster.records(topic, partition, Isolation::Committed)?.len())
}

fn numbered(ranges: &[(usize, usize)]) -> Vec<FakeRecord> {
    ranges
        .iter()
        .flat_map(|&(from, to)| numbers(from, to - from))
        .collect()
}

fn key(topic: &str, partition: i32) -> PartitionKey {
    PartitionKey {
        topic: topic.into(),
        partition,
    }
}

/// Names what differs instead of printing thousands of records.
fn assert_same(original: &[FakeRecord], copy: &[FakeRecord]) {
    if let Some((at, (a, b))) = original.iter().zip(copy).enumerate().find(|(_, (a, b))| a != b) {
        panic!("record {at} is {b:?} instead of {a:?}");
    }
    assert_eq!(original.len(), copy.len(), "records on the target");
}

/// Both sides are equal record by record, the verification agrees, and every source offset is mapped to where its
/// record really is.
fn assert_exact(
    bench: &Bench,
    source: &FakeCluster,
    target: &FakeCluster,
    topic: &str,
    partitions: i32,
) -> Result<()> {
    for partition in 0..partitions {
        let from = source.records(topic, partition, Isolation::Committed)?;
        let to = target.records(topic, partition, Isolation::Committed)?;
        assert_same(
            &content(source, topic, partition)?,
            &content(target, topic, partition)?,
        );
        let runs = bench
            .store
            .runs_from(&bench.task.name, &key(topic, partition), 0, usize::MAX)?;
        for (original, copy) in from.iter().zip(&to) {
            let noted = runs.iter().rev().find_map(|run| run.target_of(original.offset));
            assert_eq!(
                noted.with_context(|| format!(
                    "no run for offset {} of {topic}-{partition}",
                    original.offset
                ))?,
                copy.offset,
                "{topic}-{partition} at {}",
                original.offset
            );
        }
        assert_eq!(
            runs.iter().map(|run| run.length).sum::<i64>(),
            from.len() as i64,
            "only records are mapped"
        );
    }
    let report = bench.verify()?;
    assert_eq!(report.result, VerificationResult::Equal, "{report:#?}");
    Ok(())
}

fn row(running: &Running, topic: &str, partition: i32) -> PartitionProgress {
    running
        .progress()
        .partitions
        .into_iter()
        .find(|row| row.topic == topic && row.partition == partition)
        .unwrap_or_default()
}

fn caught_up(
    running: &Running,
    target: &FakeCluster,
    topic: &str,
    partition: i32,
    records: usize,
) -> Result<()> {
    let outcome = eventually("everything is copied", || {
        ensure!(!running.is_finished(), "the run has ended");
        Ok(length(target, topic, partition)? >= records && running.progress().caught_up)
    });
    outcome.with_context(|| format!("{:#?}", running.progress()))
}

#[test]
fn refused_records_are_found_among_innocent_ones_where_the_target_does_not_name_them() -> Result<()> {
    for delivery in BOTH {
        let source = FakeCluster::builder().brokers(2).cluster_id("source").start()?;
        // Before 2.4 a broker refuses a batch without saying for which of its records.
        let target = FakeCluster::builder()
            .brokers(2)
            .cluster_id("target")
            .max_version(ApiKey::Produce, 7)
            .start()?;
        source.create_topic("t", 2, &[])?;
        target.create_topic(
            "t",
            2,
            &[
                ("cleanup.policy", "compact"),
                ("message.timestamp.before.max.ms", "1000000000000"),
            ],
        )?;
        let mut records = numbers(0, 400);
        records[17] = FakeRecord::new("old", "refused").at(1);
        records[200] = FakeRecord::unkeyed("no key").at(1_700_000_000_000);
        records[201] = FakeRecord::new("old too", "refused").at(2);
        records[399] = FakeRecord::unkeyed("no key at the end").at(1_700_000_000_000);
        source.append("t", 0, records.clone())?;
        append(&source, "t", 1, 0, 400)?;
        let mut bench = bench(&source, &target, &["t"], delivery)?;
        bench.task.existing = ExistingData::Append;
        let outcome = bench.copy()?;
        assert_eq!(outcome.progress.quarantined, 4, "{:#?}", bench.events());
        let kept = bench.store.quarantined(&bench.task.name, 10)?;
        for (kept, offset) in kept.iter().zip([17, 200, 201, 399]) {
            let refused = &records[offset];
            assert_eq!(kept.offset, offset as i64);
            assert_eq!(kept.record_key.as_deref(), refused.key.as_deref());
            assert_eq!(kept.value.as_deref(), refused.value.as_deref());
            assert_eq!(kept.timestamp_ms, refused.timestamp);
        }
        assert_same(
            &numbered(&[(0, 17), (18, 200), (202, 399)]),
            &content(&target, "t", 0)?,
        );
        assert_same(&numbered(&[(0, 400)]), &content(&target, "t", 1)?);
        let report = bench.verify()?;
        assert_eq!(report.result, VerificationResult::Different);
        assert_eq!(report.differences.values().sum::<u64>(), 4, "{report:#?}");
        let again = bench.copy()?;
        assert_eq!(
            (again.progress.written_records, again.progress.quarantined),
            (0, 4),
            "nothing is tried twice"
        );
    }
    Ok(())
}

#[test]
fn a_denied_topic_waits_with_its_error_while_the_others_go_on() -> Result<()> {
    for delivery in BOTH {
        for side in [Access::Write, Access::Read] {
            let (source, target) = clusters()?;
            for topic in ["denied", "free"] {
                source.create_topic(topic, 2, &[])?;
                append(&source, topic, 0, 0, 50)?;
            }
            let bench = bench(&source, &target, &["denied", "free"], delivery)?;
            let running = bench.start(false)?;
            caught_up(&running, &target, "denied", 0, 50)?;
            let guarded = if side == Access::Write { &target } else { &source };
            guarded.deny("denied", side);
            for topic in ["denied", "free"] {
                append(&source, topic, 0, 50, 50)?;
                append(&source, topic, 1, 0, 50)?;
            }
            eventually("the free topic is copied, the denied one says why not", || {
                let denied = row(&running, "denied", 0);
                Ok(length(&target, "free", 0)? == 100
                    && length(&target, "free", 1)? == 50
                    && denied.condition == PartitionCondition::Retrying
                    && denied.error.is_some_and(|error| error.contains("give")))
            })
            .with_context(|| format!("{delivery:?} {side:?} {:#?}", running.progress()))?;
            assert_eq!(length(&target, "denied", 0)?, 50);
            assert!(!running.progress().caught_up);
            guarded.allow("denied", side);
            caught_up(&running, &target, "denied", 0, 100)?;
            caught_up(&running, &target, "denied", 1, 50)?;
            assert_eq!(row(&running, "denied", 0).error, None);
            assert_eq!(running.progress().error, None);
            stop(running)?;
            assert_exact(&bench, &source, &target, "denied", 2)?;
            assert_eq!(content(&target, "free", 0)?.len(), 100);
        }
    }
    Ok(())
}

#[test]
fn lost_answers_neither_double_nor_lose_a_record() -> Result<()> {
    let exactly_once = [
        ApiKey::Produce,
        ApiKey::AddPartitionsToTxn,
        ApiKey::AddOffsetsToTxn,
        ApiKey::TxnOffsetCommit,
        ApiKey::EndTxn,
        ApiKey::InitProducerId,
    ];
    for (delivery, apis) in [
        (Delivery::ExactlyOnce, &exactly_once[..]),
        // Idempotence recognises a batch that is sent again.
        (Delivery::AtLeastOnce, &exactly_once[..1]),
    ] {
        let (source, target) = clusters()?;
        source.create_topic("t", 3, &[])?;
        let bench = bench(&source, &target, &["t"], delivery)?;
        let running = bench.start(false)?;
        let mut written = 0;
        for &api in apis {
            for times in [1, 3] {
                target.drop_before_response(api, times);
                for partition in 0..3 {
                    append(&source, "t", partition, written, 200)?;
                }
                written += 200;
                for partition in 0..3 {
                    caught_up(&running, &target, "t", partition, written)
                        .with_context(|| format!("{delivery:?}, {times} lost answers to {api:?}"))?;
                }
            }
        }
        stop(running)?;
        assert_exact(&bench, &source, &target, "t", 3)?;
    }
    Ok(())
}

/// A running copy in exactly once that has copied the first hundred records of `t`.
fn caught_up_copy() -> Result<(FakeCluster, FakeCluster, Bench, Running)> {
    let (source, target) = clusters()?;
    source.create_topic("t", 1, &[])?;
    let bench = bench(&source, &target, &["t"], Delivery::ExactlyOnce)?;
    let running = bench.start(false)?;
    append(&source, "t", 0, 0, 100)?;
    caught_up(&running, &target, "t", 0, 100)?;
    Ok((source, target, bench, running))
}

/// A running copy in exactly once meets each error `times` times while records keep coming; both sides end equal.
fn assert_survived(times: u32, errors: &[(ApiKey, ResponseError)]) -> Result<()> {
    let (source, target) = clusters()?;
    source.create_topic("t", 2, &[])?;
    let bench = bench(&source, &target, &["t"], Delivery::ExactlyOnce)?;
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
    assert_survived(2, &errors)
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
    assert_survived(1, &errors)
}

#[test]
fn a_transaction_whose_records_nobody_acknowledges_is_written_again_with_a_new_client() -> Result<()> {
    let (source, target, bench, running) = caught_up_copy()?;
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
    assert_exact(&bench, &source, &target, "t", 1)
}

#[test]
fn a_target_that_takes_long_to_hand_out_an_id_is_waited_for() -> Result<()> {
    let (source, target, bench, running) = caught_up_copy()?;
    target.delay(ApiKey::InitProducerId, Duration::from_secs(8));
    target.fail_next(ApiKey::Produce, ResponseError::InvalidProducerEpoch, 1);
    append(&source, "t", 0, 100, 100)?;
    caught_up(&running, &target, "t", 0, 200)?;
    stop(running)?;
    assert_exact(&bench, &source, &target, "t", 1)
}

#[test]
fn of_two_instances_under_load_one_ends_and_every_record_arrives_once() -> Result<()> {
    let (source, target) = clusters()?;
    source.create_topic("t", 2, &[])?;
    let first = bench(&source, &target, &["t"], Delivery::ExactlyOnce)?;
    let mut running = first.start(false)?;
    let mut written = 0;
    for round in 0..4 {
        append(&source, "t", 0, written, 500)?;
        append(&source, "t", 1, written, 500)?;
        written += 500;
        // While the first has a transaction open, another machine with a state of its own starts the same task.
        let second = bench(&source, &target, &["t"], Delivery::ExactlyOnce)?;
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
    stop(running)
}

#[test]
fn leaders_that_move_and_brokers_that_stop_interrupt_nothing() -> Result<()> {
    for delivery in BOTH {
        let (source, target) = clusters()?;
        source.create_topic("t", 2, &[])?;
        let bench = bench(&source, &target, &["t"], delivery)?;
        let running = bench.start(false)?;
        let mut written = 0;
        for broker in [1, 2] {
            for cluster in [&source, &target] {
                append(&source, "t", 0, written, 100)?;
                cluster.move_leader("t", 0, broker)?;
                append(&source, "t", 1, written, 100)?;
                cluster.drop_connections(broker)?;
                append(&source, "t", 0, written + 100, 100)?;
                append(&source, "t", 1, written + 100, 100)?;
                written += 200;
                for partition in 0..2 {
                    caught_up(&running, &target, "t", partition, written).with_context(|| {
                        format!("{delivery:?}, broker {broker} of the {}", cluster.cluster_id())
                    })?;
                }
            }
        }
        for cluster in [&target, &source] {
            for broker in [1, 2] {
                cluster.stop_broker(broker)?;
            }
            if cluster.cluster_id() == "target" {
                append(&source, "t", 0, written, 100)?;
            }
            eventually("the outage is told", || Ok(running.progress().error.is_some())).with_context(
                || format!("{delivery:?} {} {:#?}", cluster.cluster_id(), running.progress()),
            )?;
            for broker in [1, 2] {
                cluster.start_broker(broker)?;
            }
            caught_up(&running, &target, "t", 0, written + 100)?;
            eventually("the error is over", || Ok(running.progress().error.is_none()))?;
        }
        stop(running)?;
        assert_exact(&bench, &source, &target, "t", 2)?;
    }
    Ok(())
}

#[test]
fn records_deleted_before_a_running_copy_has_them_are_reported_with_their_exact_range() -> Result<()> {
    for delivery in BOTH {
        for policy in [OutOfRange::Stop, OutOfRange::Nearest] {
            let (source, target) = clusters()?;
            source.create_topic("t", 2, &[])?;
            append(&source, "t", 0, 0, 100)?;
            let mut bench = bench(&source, &target, &["t"], delivery)?;
            bench.task.out_of_range = policy;
            let running = bench.start(false)?;
            caught_up(&running, &target, "t", 0, 100)?;
            // Behind for a while, and retention does not wait.
            source.deny("t", Access::Read);
            append(&source, "t", 0, 100, 100)?;
            eventually("it cannot read", || {
                Ok(row(&running, "t", 0).condition == PartitionCondition::Retrying)
            })?;
            source.delete_records("t", 0, 150)?;
            source.allow("t", Access::Read);
            append(&source, "t", 1, 0, 100)?;
            let missing = OffsetRange { from: 100, to: 150 };
            eventually("the other partition goes on", || {
                Ok(length(&target, "t", 1)? == 100)
            })?;
            if policy == OutOfRange::Stop {
                eventually("the partition stops", || {
                    Ok(row(&running, "t", 0).condition == PartitionCondition::Stopped)
                })?;
                assert_same(&numbered(&[(0, 100)]), &content(&target, "t", 0)?);
                let told = bench.events().into_iter().find_map(|event| match event {
                    Event::PartitionStopped { key, range, .. } => Some((key.partition, range)),
                    _ => None,
                });
                assert_eq!(told, Some((0, Some(missing))));
                assert!(bench.store.gaps(&bench.task.name)?.is_empty());
            } else {
                caught_up(&running, &target, "t", 0, 150)?;
                assert_same(&numbered(&[(0, 100), (150, 200)]), &content(&target, "t", 0)?);
                let gaps = bench.store.gaps(&bench.task.name)?;
                assert_eq!(gaps.len(), 1, "{gaps:?}");
                assert_eq!((gaps[0].range, gaps[0].reason), (missing, GapReason::Deleted));
                assert_eq!(running.progress().gaps, 1);
            }
            stop(running)?;
        }
    }
    Ok(())
}

#[test]
fn records_that_the_source_lost_again_are_reported_with_their_exact_range() -> Result<()> {
    for delivery in BOTH {
        // What the source holds after it lost what lay behind 60: less than we copied, and more.
        for (later, running_on) in [(20, false), (200, false), (20, true), (200, true)] {
            let (source, target) = clusters()?;
            source.create_topic("t", 1, &[])?;
            append(&source, "t", 0, 0, 100)?;
            let mut bench = bench(&source, &target, &["t"], delivery)?;
            let running = bench.start(false)?;
            caught_up(&running, &target, "t", 0, 100)?;
            let running = if running_on {
                Some(running)
            } else {
                stop(running)?;
                None
            };
            let what = format!("{delivery:?}, {later} new ones, {running_on}");
            assert_eq!(source.truncate("t", 0, 60)?, 60);
            append(&source, "t", 0, 1_000, later)?;
            let running = match running {
                Some(running) => running,
                None => bench.start(false)?,
            };
            eventually("the partition stops", || {
                Ok(row(&running, "t", 0).condition == PartitionCondition::Stopped)
            })
            .with_context(|| format!("{what} {:#?}", running.progress()))?;
            stop(running)?;
            let told = bench.events().into_iter().find_map(|event| match event {
                Event::PartitionStopped { range, .. } => Some(range),
                _ => None,
            });
            let lost = OffsetRange { from: 60, to: 100 };
            assert_eq!(told, Some(Some(lost)), "{what}");
            assert_same(&numbered(&[(0, 100)]), &content(&target, "t", 0)?);

            bench.task.out_of_range = OutOfRange::Nearest;
            bench.copy()?;
            assert_same(
                &numbered(&[(0, 100), (1_000, 1_000 + later)]),
                &content(&target, "t", 0)?,
            );
            let gaps = bench.store.gaps(&bench.task.name)?;
            assert_eq!(gaps.len(), 1, "{gaps:?}");
            assert_eq!(
                (gaps[0].range, gaps[0].reason),
                (lost, GapReason::Truncated),
                "{what}"
            );
        }
    }
    Ok(())
}

#[test]
fn a_topic_created_again_under_a_running_copy_is_never_mixed_with_the_old_one() -> Result<()> {
    for delivery in BOTH {
        for (policy, again) in [
            (OutOfRange::Stop, 10),
            (OutOfRange::Stop, 300),
            (OutOfRange::Nearest, 10),
            (OutOfRange::Nearest, 300),
        ] {
            if delivery == Delivery::AtLeastOnce && again > 100 {
                // What the client reads at its old offset is written before anybody can know that the topic is new.
                continue;
            }
            let (source, target) = clusters()?;
            source.create_topic("t", 1, &[])?;
            source.create_topic("other", 1, &[])?;
            append(&source, "t", 0, 0, 100)?;
            let mut bench = bench(&source, &target, &["t", "other"], delivery)?;
            bench.task.out_of_range = policy;
            let running = bench.start(false)?;
            caught_up(&running, &target, "t", 0, 100)?;
            source.delete_topic("t")?;
            source.create_topic("t", 1, &[])?;
            append(&source, "t", 0, 1_000, again)?;
            append(&source, "other", 0, 0, 10)?;
            let what = format!("{delivery:?} {policy:?} {again}");
            if policy == OutOfRange::Stop {
                eventually("the partition stops", || {
                    let row = row(&running, "t", 0);
                    Ok(row.condition == PartitionCondition::Stopped
                        && row.error.is_some_and(|error| error.contains("created again")))
                })
                .with_context(|| format!("{what} {:#?}", running.progress()))?;
                assert_same(&numbered(&[(0, 100)]), &content(&target, "t", 0)?);
            } else {
                caught_up(&running, &target, "t", 0, 100 + again).context(what)?;
                assert_same(
                    &numbered(&[(0, 100), (1_000, 1_000 + again)]),
                    &content(&target, "t", 0)?,
                );
                let gaps = bench.store.gaps(&bench.task.name)?;
                assert_eq!(gaps.len(), 1, "{gaps:?}");
                assert_eq!(gaps[0].reason, GapReason::Recreated);
            }
            eventually("the other topic goes on", || {
                Ok(length(&target, "other", 0)? == 10)
            })?;
            stop(running)?;
        }
    }
    Ok(())
}

#[test]
fn stopping_and_resuming_under_load_neither_repeats_nor_loses() -> Result<()> {
    for delivery in BOTH {
        let (source, target) = clusters()?;
        source.create_topic("t", 2, &[])?;
        let bench = bench(&source, &target, &["t"], delivery)?;
        let mut written = 0;
        for round in 0..8 {
            let running = bench.start(false)?;
            for partition in 0..2 {
                append(&source, "t", partition, written, 2_000)?;
            }
            written += 2_000;
            eventually("it copies", || {
                Ok(length(&target, "t", 0)? > written - 2_000 + 100 * round)
            })?;
            stop(running)?;
        }
        bench.copy()?;
        assert_exact(&bench, &source, &target, "t", 2)?;
    }
    Ok(())
}

#[test]
fn limits_hold_from_the_moment_they_are_changed() -> Result<()> {
    for delivery in BOTH {
        let (source, target) = clusters()?;
        source.create_topic("t", 1, &[])?;
        append(&source, "t", 0, 0, 3_000)?;
        let mut bench = bench(&source, &target, &["t"], delivery)?;
        bench.task.rate.records_per_second = Some(20);
        let running = bench.start(false)?;
        eventually("some are copied", || Ok(length(&target, "t", 0)? >= 20))?;
        let slow = length(&target, "t", 0)?;
        assert!(slow < 3_000, "{slow} records at 20 a second");
        running.set_rate(RateLimits::default());
        caught_up(&running, &target, "t", 0, 3_000)?;
        running.set_rate(RateLimits {
            records_per_second: None,
            bytes_per_second: Some(200),
        });
        append(&source, "t", 0, 3_000, 3_000)?;
        eventually("some more are copied", || Ok(length(&target, "t", 0)? > 3_000))?;
        let slow = length(&target, "t", 0)?;
        assert!(slow < 6_000, "{slow} records at 200 bytes a second");
        running.set_rate(RateLimits::default());
        caught_up(&running, &target, "t", 0, 6_000)?;
        stop(running)?;
        assert_exact(&bench, &source, &target, "t", 1)?;
    }
    Ok(())
}

#[test]
fn source_offsets_are_mapped_exactly_across_markers_gaps_and_given_up_transactions() -> Result<()> {
    for delivery in BOTH {
        let (source, target) = clusters()?;
        source.create_topic("t", 1, &[("cleanup.policy", "compact")])?;
        let bench = bench(&source, &target, &["t"], delivery)?;
        let running = bench.start(false)?;
        let mut written = 0;
        for (round, outcome) in [Outcome::Committed, Outcome::Aborted, Outcome::Committed]
            .into_iter()
            .cycle()
            .take(9)
            .enumerate()
        {
            append(&source, "t", 0, written, 30)?;
            source.append_transaction("t", 0, numbers(written + 30, 20), outcome)?;
            written += 50;
            if round % 2 == 0 && delivery == Delivery::ExactlyOnce {
                // The first attempt leaves its records and a marker behind on the target.
                target.fail_next(ApiKey::TxnOffsetCommit, ResponseError::UnknownServerError, 1);
            }
            let records = length(&source, "t", 0)?;
            caught_up(&running, &target, "t", 0, records)?;
        }
        stop(running)?;
        assert_exact(&bench, &source, &target, "t", 1)?;
    }
    Ok(())
}

#[test]
fn an_open_transaction_at_the_source_holds_the_copy_and_says_so() -> Result<()> {
    for delivery in BOTH {
        let (source, target) = clusters()?;
        source.create_topic("t", 1, &[])?;
        append(&source, "t", 0, 0, 50)?;
        source.append_transaction("t", 0, numbers(50, 20), Outcome::Open)?;
        append(&source, "t", 0, 70, 30)?;
        let mut bench = bench(&source, &target, &["t"], delivery)?;
        bench.wait_for_transactions = Some(Duration::from_millis(500));
        bench.copy()?;
        assert_same(&numbered(&[(0, 50)]), &content(&target, "t", 0)?);
        let running = bench.start(false)?;
        eventually("it says what holds it", || {
            let row = row(&running, "t", 0);
            Ok((row.held_by_transaction, row.lag, row.condition)
                == (50, Some(50), PartitionCondition::CaughtUp))
        })
        .with_context(|| format!("{:#?}", running.progress()))?;
        source.end_open_transactions("t", 0, true)?;
        caught_up(&running, &target, "t", 0, 100)?;
        eventually("nothing is behind", || {
            let (progress, row) = (running.progress(), row(&running, "t", 0));
            Ok(row.held_by_transaction == 0
                && row.lag == Some(0)
                && row.delay_ms == Some(0)
                && (progress.lag_records, progress.delay_ms) == (Some(0), Some(0)))
        })
        .with_context(|| format!("{:#?}", running.progress()))?;
        stop(running)?;
        assert_exact(&bench, &source, &target, "t", 1)?;
    }
    Ok(())
}

#[test]
fn a_slow_target_ends_late_and_not_wrong() -> Result<()> {
    for delivery in BOTH {
        let (source, target) = clusters()?;
        source.create_topic("t", 2, &[])?;
        append(&source, "t", 0, 0, 500)?;
        append(&source, "t", 1, 0, 500)?;
        target.delay(ApiKey::Produce, Duration::from_millis(150));
        target.delay(ApiKey::EndTxn, Duration::from_millis(150));
        let bench = bench(&source, &target, &["t"], delivery)?;
        bench.copy()?;
        assert_exact(&bench, &source, &target, "t", 2)?;
    }
    Ok(())
}
