//! What the source loses, changes or gains while a task stands or runs (hermetic: an in-process cluster).

use anyhow::{Context, Result};
use sluice_engine::{
    AcceptedGap, CheckpointStore, Ending, Event, GapReason, OpenGap, PartitionCondition, PartitionKey,
    VerificationResult,
};
use sluice_fakekafka::{FakeCluster, FakeRecord};
use sluice_model::{Delivery, ExistingData, Objects, OffsetRange, OutOfRange, Start};
use sluice_tests::{BOTH, Bench, eventually, fake_clusters as clusters, stop};

fn numbers(from: usize, count: usize) -> Vec<FakeRecord> {
    (from..from + count)
        .map(|n| FakeRecord::new(format!("k{n}"), format!("v{n}")).at(1_700_000_000_000 + n as i64))
        .collect()
}

fn values(cluster: &FakeCluster, topic: &str, partition: i32) -> Result<Vec<String>> {
    let records = cluster.records(topic, partition, sluice_fakekafka::Isolation::Committed)?;
    Ok(records
        .iter()
        .map(|stored| {
            String::from_utf8_lossy(stored.record.value.as_deref().unwrap_or_default()).into_owned()
        })
        .collect())
}

fn expected(ranges: &[(usize, usize)]) -> Vec<String> {
    ranges
        .iter()
        .flat_map(|&(from, to)| (from..to).map(|n| format!("v{n}")))
        .collect()
}

#[test]
fn records_deleted_under_a_stopped_task_are_reported_with_their_exact_range() -> Result<()> {
    for delivery in BOTH {
        let (source, target) = clusters()?;
        source.create_topic("t", 2, &[])?;
        source.append("t", 0, numbers(0, 100))?;
        source.append("t", 1, numbers(0, 100))?;
        let mut bench = Bench::new(&source.bootstrap(), &target.bootstrap(), &["t"])?;
        bench.task.delivery = delivery;
        bench.copy()?;
        source.append("t", 0, numbers(100, 100))?;
        source.append("t", 1, numbers(100, 100))?;
        source.delete_records("t", 0, 150)?;

        let outcome = bench.copy()?;
        assert_eq!(outcome.progress.stopped_partitions, 1);
        let stopped = bench.events().into_iter().find_map(|event| match event {
            Event::PartitionStopped { key, range, .. } => Some((key.partition, range)),
            _ => None,
        });
        assert_eq!(stopped, Some((0, Some(OffsetRange { from: 100, to: 150 }))));
        assert_eq!(
            values(&target, "t", 0)?,
            expected(&[(0, 100)]),
            "nothing was skipped silently"
        );
        assert_eq!(
            values(&target, "t", 1)?,
            expected(&[(0, 200)]),
            "the other partition went on"
        );

        bench.task.out_of_range = OutOfRange::Nearest;
        let outcome = bench.copy()?;
        assert_eq!(
            (outcome.progress.stopped_partitions, outcome.progress.gaps),
            (0, 1)
        );
        let gaps = bench.store.gaps(&bench.task.name)?;
        assert_eq!(gaps.len(), 1);
        assert_eq!(
            (gaps[0].range, gaps[0].reason),
            (OffsetRange { from: 100, to: 150 }, GapReason::Deleted)
        );
        assert_eq!(values(&target, "t", 0)?, expected(&[(0, 100), (150, 200)]));
        let again = bench.copy()?;
        assert_eq!(
            again.progress.written_records, 0,
            "the accepted gap is not met again"
        );
    }
    Ok(())
}

/// The gap that a stopped partition waits at.
fn open_gap(running: &sluice_engine::Running) -> Option<OpenGap> {
    running.progress().partitions.first().and_then(|row| row.gap)
}

fn accepted(gap: OpenGap) -> AcceptedGap {
    AcceptedGap {
        key: PartitionKey {
            topic: "t".into(),
            partition: 0,
        },
        range: gap.range,
        reason: gap.reason,
    }
}

#[test]
fn a_gap_that_a_person_accepts_is_passed_by_the_same_run_and_one_that_grew_is_asked_about_again() -> Result<()>
{
    for delivery in BOTH {
        let (source, target) = clusters()?;
        source.create_topic("t", 1, &[])?;
        source.append("t", 0, numbers(0, 100))?;
        let mut bench = Bench::new(&source.bootstrap(), &target.bootstrap(), &["t"])?;
        bench.task.delivery = delivery;
        bench.copy()?;
        source.append("t", 0, numbers(100, 200))?;
        source.delete_records("t", 0, 150)?;

        let running = bench.start(false)?;
        eventually("it has stopped at the gap", || Ok(open_gap(&running).is_some()))?;
        let shown = open_gap(&running).context("a gap")?;
        assert_eq!(
            (shown.range, shown.reason, shown.resume_at),
            (OffsetRange { from: 100, to: 150 }, GapReason::Deleted, 150)
        );
        // More is missing than what was shown: nobody has agreed to that.
        source.delete_records("t", 0, 180)?;
        running.accept_gaps(vec![accepted(shown)]);
        eventually("it asks again with what is missing now", || {
            Ok(open_gap(&running).is_some_and(|gap| gap.range == OffsetRange { from: 100, to: 180 }))
        })?;
        assert_eq!(values(&target, "t", 0)?, expected(&[(0, 100)]));

        running.accept_gaps(vec![accepted(open_gap(&running).context("a gap")?)]);
        eventually("it goes on behind the gap", || {
            Ok(values(&target, "t", 0)? == expected(&[(0, 100), (180, 300)]))
        })?;
        stop(running)?;
        let gaps = bench.store.gaps(&bench.task.name)?;
        assert_eq!(gaps.len(), 1);
        assert_eq!(gaps[0].range, OffsetRange { from: 100, to: 180 });
        assert_eq!(bench.copy()?.progress.written_records, 0, "it is not met again");
    }
    Ok(())
}

#[test]
fn a_topic_that_was_created_again_is_copied_from_its_beginning_once_that_is_accepted() -> Result<()> {
    let (source, target) = clusters()?;
    source.create_topic("t", 1, &[])?;
    source.append("t", 0, numbers(0, 100))?;
    let bench = Bench::new(&source.bootstrap(), &target.bootstrap(), &["t"])?;
    bench.copy()?;
    source.delete_topic("t")?;
    source.create_topic("t", 1, &[])?;
    source.append("t", 0, numbers(1_000, 300))?;

    let running = bench.start(false)?;
    eventually("it has stopped", || Ok(open_gap(&running).is_some()))?;
    let shown = open_gap(&running).context("a decision")?;
    assert_eq!(shown.reason, GapReason::Recreated);
    running.accept_gaps(vec![accepted(shown)]);
    eventually("the new topic is copied", || {
        Ok(values(&target, "t", 0)? == expected(&[(0, 100), (1_000, 1_300)]))
    })?;
    stop(running)?;
    assert_eq!(bench.copy()?.progress.written_records, 0);
    Ok(())
}

#[test]
fn a_topic_created_again_is_never_taken_for_the_old_one() -> Result<()> {
    for (delivery, again) in [
        (Delivery::ExactlyOnce, 10),
        (Delivery::ExactlyOnce, 300),
        (Delivery::AtLeastOnce, 300),
    ] {
        let (source, target) = clusters()?;
        source.create_topic("t", 1, &[])?;
        source.append("t", 0, numbers(0, 100))?;
        let mut bench = Bench::new(&source.bootstrap(), &target.bootstrap(), &["t"])?;
        bench.task.delivery = delivery;
        bench.copy()?;
        source.delete_topic("t")?;
        source.create_topic("t", 1, &[])?;
        source.append("t", 0, numbers(1_000, again))?;

        let outcome = bench.copy()?;
        assert_eq!(
            outcome.progress.partitions[0].condition,
            PartitionCondition::Stopped
        );
        assert!(
            outcome.progress.partitions[0]
                .error
                .as_deref()
                .is_some_and(|error| error.contains("created again"))
        );
        assert_eq!(values(&target, "t", 0)?, expected(&[(0, 100)]));

        bench.task.out_of_range = OutOfRange::Nearest;
        bench.copy()?;
        assert_eq!(
            values(&target, "t", 0)?,
            expected(&[(0, 100), (1_000, 1_000 + again)]),
            "the new topic from its beginning"
        );
        assert_eq!(
            bench.store.gaps(&bench.task.name)?[0].reason,
            GapReason::Recreated
        );
        assert_eq!(bench.copy()?.progress.written_records, 0);
    }
    Ok(())
}

#[test]
fn new_partitions_and_new_topics_are_followed_from_their_first_record() -> Result<()> {
    let (source, target) = clusters()?;
    source.create_topic("orders.a", 1, &[])?;
    source.append("orders.a", 0, numbers(0, 10))?;
    let mut bench = Bench::new(&source.bootstrap(), &target.bootstrap(), &["unused"])?;
    bench.task.objects = Objects::Matching {
        include: "orders\\..*".into(),
        exclude: None,
    };
    bench.task.rename.prefix = "copy.".into();
    let running = bench.start(false)?;
    source.add_partitions("orders.a", 3)?;
    source.append("orders.a", 2, numbers(10, 5))?;
    source.create_topic("orders.b", 2, &[])?;
    source.append("orders.b", 1, numbers(20, 5))?;
    eventually("the new records are copied", || {
        let there = target.topics().iter().any(|topic| topic == "copy.orders.b")
            && target.partitions("copy.orders.a").is_some_and(|n| n == 3);
        Ok(there
            && values(&target, "copy.orders.a", 2)?.len() == 5
            && values(&target, "copy.orders.b", 1)?.len() == 5)
    })?;
    stop(running)?;
    assert_eq!(bench.verify()?.result, VerificationResult::Equal);
    Ok(())
}

#[test]
fn partitions_and_topics_that_came_while_the_task_stood_still_are_copied_before_it_has_caught_up()
-> Result<()> {
    for delivery in BOTH {
        let (source, target) = clusters()?;
        source.create_topic("orders.a", 1, &[])?;
        source.append("orders.a", 0, numbers(0, 10))?;
        let mut bench = Bench::new(&source.bootstrap(), &target.bootstrap(), &["unused"])?;
        bench.task.delivery = delivery;
        bench.task.start = Start::Latest;
        bench.task.objects = Objects::Matching {
            include: "orders\\..*".into(),
            exclude: None,
        };
        bench.copy()?;
        source.add_partitions("orders.a", 3)?;
        source.append("orders.a", 2, numbers(10, 5))?;
        source.create_topic("orders.b", 2, &[])?;
        source.append("orders.b", 1, numbers(20, 5))?;
        assert_eq!(bench.copy()?.progress.written_records, 10, "{delivery:?}");
        assert_eq!(target.partitions("orders.a"), Some(3));
        assert_eq!(values(&target, "orders.a", 2)?, expected(&[(10, 15)]));
        assert_eq!(values(&target, "orders.b", 1)?, expected(&[(20, 25)]));
        assert_eq!(bench.copy()?.progress.written_records, 0);
        assert_eq!(bench.verify()?.result, VerificationResult::Equal);
    }
    Ok(())
}

#[test]
fn what_the_target_refuses_is_in_quarantine_and_the_rest_arrives_in_order() -> Result<()> {
    for delivery in BOTH {
        let (source, target) = clusters()?;
        source.create_topic("t", 2, &[])?;
        target.create_topic(
            "t",
            2,
            &[
                ("max.message.bytes", "20000"),
                ("message.timestamp.before.max.ms", "1000000000000"),
            ],
        )?;
        let mut records = numbers(0, 300);
        // Random bytes: compression must not save it.
        let mut state = 7u64;
        let noise: Vec<u8> = (0..60_000)
            .map(|_| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                (state >> 33) as u8
            })
            .collect();
        records[100].value = Some(noise.clone().into());
        records[150] = FakeRecord::new("old", "refused").at(1);
        records[151] = FakeRecord::new("old too", "refused").at(2);
        source.append("t", 0, records)?;
        source.append("t", 1, numbers(0, 300))?;
        let mut bench = Bench::new(&source.bootstrap(), &target.bootstrap(), &["t"])?;
        bench.task.delivery = delivery;
        bench.task.existing = ExistingData::Append;
        let outcome = bench.copy()?;
        assert_eq!(outcome.progress.quarantined, 3, "{:?}", bench.events());
        let kept = bench.store.quarantined(&bench.task.name, 10)?;
        assert_eq!(
            kept.iter().map(|record| record.offset).collect::<Vec<_>>(),
            [100, 150, 151]
        );
        assert_eq!(kept[0].value.as_deref(), Some(&noise[..]), "with its content");
        assert_eq!(
            values(&target, "t", 0)?,
            expected(&[(0, 100), (101, 150), (152, 300)])
        );
        assert_eq!(values(&target, "t", 1)?, expected(&[(0, 300)]));
        let report = bench.verify()?;
        assert_eq!(report.result, VerificationResult::Different);
        assert_eq!(report.differences.values().sum::<u64>(), 3, "{report:#?}");
    }
    Ok(())
}

#[test]
fn every_source_offset_has_its_exact_target_offset() -> Result<()> {
    let (source, target) = clusters()?;
    source.create_topic("t", 1, &[])?;
    target.create_topic("t", 1, &[])?;
    target.append("t", 0, numbers(9_000, 7))?;
    source.append("t", 0, numbers(0, 50))?;
    source.append_transaction("t", 0, numbers(50, 50), sluice_fakekafka::Outcome::Committed)?;
    source.append_transaction("t", 0, numbers(5_000, 20), sluice_fakekafka::Outcome::Aborted)?;
    source.append("t", 0, numbers(100, 50))?;
    let mut bench = Bench::new(&source.bootstrap(), &target.bootstrap(), &["t"])?;
    bench.task.existing = ExistingData::Append;
    bench.copy()?;
    source.append("t", 0, numbers(150, 10))?;
    bench.copy()?;
    let runs = bench.store.runs_from(
        &bench.task.name,
        &sluice_engine::PartitionKey {
            topic: "t".into(),
            partition: 0,
        },
        0,
        usize::MAX,
    )?;
    let from = source.records("t", 0, sluice_fakekafka::Isolation::Committed)?;
    let to = target.records("t", 0, sluice_fakekafka::Isolation::Committed)?;
    assert_eq!(from.len() + 7, to.len());
    for (original, copy) in from.iter().zip(&to[7..]) {
        let noted = runs.iter().find_map(|run| run.target_of(original.offset));
        assert_eq!(noted.context("an offset without a run")?, copy.offset);
        assert_eq!(original.record.value, copy.record.value);
    }
    assert_eq!(
        runs.iter().map(|run| run.length).sum::<i64>(),
        from.len() as i64,
        "no offset is mapped that has no record"
    );
    Ok(())
}

#[test]
fn offsets_that_neither_log_has_any_more_leave_the_map_while_the_task_runs() -> Result<()> {
    let (source, target) = clusters()?;
    source.create_topic("t", 1, &[])?;
    for n in 0..20 {
        source.append("t", 0, numbers(10 * n, 10))?;
        // Holes of many lengths, so that each begins another run.
        let aborted = numbers(5_000, 1 + n);
        source.append_transaction("t", 0, aborted, sluice_fakekafka::Outcome::Aborted)?;
    }
    let mut bench = Bench::new(&source.bootstrap(), &target.bootstrap(), &["t"])?;
    bench.task.delivery = Delivery::AtLeastOnce;
    bench.copy()?;
    let key = sluice_engine::PartitionKey {
        topic: "t".into(),
        partition: 0,
    };
    let runs = || bench.store.runs_from(&bench.task.name, &key, 0, usize::MAX);
    let before = runs()?;
    assert!(before.len() > 5, "{before:?}");
    let kept = &before[before.len() / 2];
    source.delete_records("t", 0, kept.source)?;
    target.delete_records("t", 0, kept.target)?;
    let running = bench.start_with(sluice_engine::RunOptions {
        prune_every: Some(std::time::Duration::ZERO),
        ..sluice_engine::RunOptions::default()
    })?;
    eventually(
        "the first half is forgotten",
        || Ok(runs()?.first() == Some(kept)),
    )?;
    stop(running)?;
    assert_eq!(runs()?, before[before.len() / 2..], "and nothing else");
    assert_eq!(bench.verify()?.result, VerificationResult::Equal);
    Ok(())
}

#[test]
fn a_second_instance_takes_over_and_the_first_writes_nothing_more() -> Result<()> {
    let (source, target) = clusters()?;
    source.create_topic("t", 1, &[])?;
    source.append("t", 0, numbers(0, 100))?;
    let first = Bench::new(&source.bootstrap(), &target.bootstrap(), &["t"])?;
    let running = first.start(false)?;
    eventually("the first has copied", || {
        Ok(running.progress().caught_up && running.progress().written_records == 100)
    })?;
    let second = Bench::new(&source.bootstrap(), &target.bootstrap(), &["t"])?;
    let taken = second.start(false)?;
    source.append("t", 0, numbers(100, 100))?;
    eventually("the first notices", || Ok(running.is_finished()))?;
    let outcome = running.wait();
    assert!(
        matches!(
            outcome.ending,
            Ending::Failed(sluice_engine::EngineError::Fenced { .. })
        ),
        "{:?}",
        outcome.ending
    );
    eventually("the second goes on", || {
        Ok(taken.progress().caught_up && values(&target, "t", 0)?.len() >= 200)
    })?;
    drop(taken);
    assert_eq!(values(&target, "t", 0)?, expected(&[(0, 200)]));
    Ok(())
}
