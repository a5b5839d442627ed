//! Mirrors between in-process clusters: where a run goes on after a crash, what a lost state costs, and what ends a mirror.

use anyhow::{Context, Result, ensure};
use sluice_engine::{Ending, Event, VerificationResult};
use sluice_fakekafka::{FakeCluster, FakeRecord, Isolation, Outcome};
use sluice_model::{Delivery, OffsetRange, OutOfRange};
use sluice_tests::{Bench, eventually, fake_clusters, stop};

fn records(from: usize, count: usize) -> Vec<FakeRecord> {
    (from..from + count)
        .map(|n| FakeRecord::new(format!("k{n}"), format!("v{n}")).at(1_700_000_000_000 + n as i64))
        .collect()
}

/// A source with holes of every kind, and a mirror of it.
fn ground() -> Result<(FakeCluster, FakeCluster, Bench)> {
    let (source, target) = fake_clusters()?;
    source.create_topic("t", 2, &[])?;
    for partition in 0..2 {
        write(&source, partition, 0)?;
    }
    let bench = mirror(&source, &target)?;
    Ok((source, target, bench))
}

fn mirror(source: &FakeCluster, target: &FakeCluster) -> Result<Bench> {
    let mut bench = Bench::new(&source.bootstrap(), &target.bootstrap(), &["t"])?;
    bench.task.delivery = Delivery::Mirror;
    Ok(bench)
}

fn write(source: &FakeCluster, partition: i32, from: usize) -> Result<()> {
    source.append("t", partition, records(from, 10))?;
    source.append_transaction("t", partition, records(from + 10, 4), Outcome::Aborted)?;
    source.append_transaction("t", partition, records(from + 20, 4), Outcome::Committed)?;
    Ok(())
}

fn copied(bench: &Bench) -> Result<()> {
    let outcome = bench.copy()?;
    ensure!(
        matches!(&outcome.ending, Ending::CaughtUp { incomplete } if incomplete.is_empty()),
        "{:?}",
        outcome.ending
    );
    Ok(())
}

fn is_equal(source: &FakeCluster, target: &FakeCluster) -> Result<()> {
    for partition in 0..2 {
        let read = |cluster: &FakeCluster| -> Result<Vec<(i64, FakeRecord)>> {
            let records = cluster.records("t", partition, Isolation::Committed)?;
            Ok(records.into_iter().map(|one| (one.offset, one.record)).collect())
        };
        assert_eq!(read(target)?, read(source)?);
        let end = |cluster: &FakeCluster| cluster.end_offset("t", partition);
        assert_eq!(end(target)?, end(source)?);
    }
    Ok(())
}

fn stopped(bench: &Bench) -> Option<String> {
    bench.events().into_iter().find_map(|event| match event {
        Event::PartitionStopped { reason, .. } => Some(reason),
        _ => None,
    })
}

#[test]
fn a_mirror_goes_on_and_is_proved_with_its_offsets() -> Result<()> {
    let (source, target, bench) = ground()?;
    copied(&bench)?;
    is_equal(&source, &target)?;
    write(&source, 1, 50)?;
    copied(&bench)?;
    is_equal(&source, &target)?;
    assert_eq!(bench.verify()?.result, VerificationResult::Equal);
    Ok(())
}

#[test]
fn a_lost_state_costs_nothing() -> Result<()> {
    let (source, target, bench) = ground()?;
    copied(&bench)?;
    write(&source, 0, 50)?;
    copied(&bench)?;
    // A state of its own: it knows nothing, and adopts what the earlier runs noted on the target.
    let other = mirror(&source, &target)?;
    copied(&other)?;
    write(&source, 1, 90)?;
    copied(&other)?;
    is_equal(&source, &target)?;
    assert_eq!(other.verify()?.result, VerificationResult::Equal);
    Ok(())
}

#[test]
fn a_source_topic_that_is_created_again_stops_the_mirror() -> Result<()> {
    let (source, target, mut bench) = ground()?;
    copied(&bench)?;
    bench.task.out_of_range = OutOfRange::Nearest;
    source.delete_topic("t")?;
    source.create_topic("t", 2, &[])?;
    write(&source, 0, 500)?;
    let before = target.end_offset("t", 0)?;
    let running = bench.start(false)?;
    eventually("it is stopped", || Ok(stopped(&bench).is_some()))?;
    stop(running)?;
    let reason = stopped(&bench).context("a reason")?;
    assert!(reason.contains("not the one that was mirrored"), "{reason}");
    assert_eq!(target.end_offset("t", 0)?, before);
    Ok(())
}

#[test]
fn what_the_source_deleted_before_it_was_copied_is_a_gap_and_filled() -> Result<()> {
    let (source, target, mut bench) = ground()?;
    copied(&bench)?;
    bench.task.out_of_range = OutOfRange::Nearest;
    let from = source.end_offset("t", 0)?;
    write(&source, 0, 50)?;
    write(&source, 0, 80)?;
    source.delete_records("t", 0, from + 19)?;
    copied(&bench)?;
    let gap = bench.events().into_iter().find_map(|event| match event {
        Event::Gap(gap) => Some(gap.range),
        _ => None,
    });
    assert_eq!(gap, Some(OffsetRange { from, to: from + 19 }));
    let offsets = |cluster: &FakeCluster| -> Result<Vec<i64>> {
        let records = cluster.records("t", 0, Isolation::Committed)?;
        Ok(records
            .into_iter()
            .map(|one| one.offset)
            .filter(|offset| *offset >= from)
            .collect())
    };
    assert_eq!(offsets(&target)?, offsets(&source)?);
    assert_eq!(target.end_offset("t", 0)?, source.end_offset("t", 0)?);
    Ok(())
}

#[test]
fn another_delivery_neither_becomes_a_mirror_nor_follows_one() -> Result<()> {
    let (_source, _target, mut bench) = ground()?;
    copied(&bench)?;
    bench.task.delivery = Delivery::ExactlyOnce;
    let refused = bench.start(false).map(drop).unwrap_err().to_string();
    assert!(refused.contains("was launched as a mirror"), "{refused}");
    let (_source, _target, mut bench) = ground()?;
    bench.task.delivery = Delivery::ExactlyOnce;
    copied(&bench)?;
    bench.task.delivery = Delivery::Mirror;
    let refused = bench.start(false).map(drop).unwrap_err().to_string();
    assert!(refused.contains("cannot become a mirror"), "{refused}");
    Ok(())
}

#[test]
fn a_target_that_lost_its_newest_records_gets_them_again() -> Result<()> {
    let (source, target, bench) = ground()?;
    copied(&bench)?;
    target.truncate("t", 0, 7)?;
    copied(&bench)?;
    is_equal(&source, &target)?;
    let warned = bench.events().iter().any(
        |event| matches!(event, Event::Warning(sentence) if sentence.contains("the target has lost records")),
    );
    assert!(warned, "{:?}", bench.events());
    Ok(())
}

#[test]
fn new_partitions_and_new_topics_are_mirrored_from_their_first_record() -> Result<()> {
    let (source, target, mut bench) = ground()?;
    bench.task.objects = sluice_model::Objects::all();
    let running = bench.start(false)?;
    eventually("the backlog is there", || {
        Ok(target.topics().contains(&"t".to_owned())
            && target.end_offset("t", 0)? == source.end_offset("t", 0)?)
    })?;
    source.add_partitions("t", 3)?;
    write(&source, 2, 0)?;
    eventually("the new partition is mirrored", || {
        Ok(target.partitions("t") == Some(3) && target.end_offset("t", 2)? == source.end_offset("t", 2)?)
    })?;
    stop(running)
}
