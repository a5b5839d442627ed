//! Every offset of logs with everything in them, on in-process clusters: the map is asked, and what it leaves open is read.

use std::sync::Arc;

use anyhow::{Context, Result, bail, ensure};
use sluice_engine::{
    Checkpoint, CheckpointStore, Ending, GroupPosition, GroupState, GroupsReport, OffsetRun, PartitionKey,
    RunOptions, Translated,
};
use sluice_fakekafka::{FakeCluster, FakeRecord, Outcome};
use sluice_model::LaneChoice;
use sluice_tests::{BOTH, Bench, DyingStore, fake_clusters};

use crate::ground::{all, commit_fake, group, only, sync, values_from};

const LANES: [LaneChoice; 2] = [LaneChoice::Record, LaneChoice::Wire];

/// Keys come again within a thousand records only: what was copied before is not compacted away.
fn record(number: usize) -> FakeRecord {
    FakeRecord::new(
        format!("k{}-{}", number / 1_000, number % 7),
        format!("v{number}"),
    )
    .at(1_700_000_000_000 + number as i64)
}

/// A log with single records, transactions of several sizes, aborted ones, and holes of compaction. Returns its end.
fn everything(cluster: &FakeCluster, from: usize) -> Result<i64> {
    let records = |first: usize, count: usize| (first..first + count).map(record).collect::<Vec<_>>();
    let mut next = from;
    for round in 0..4 {
        cluster.append("t", 0, records(next, 5))?;
        cluster.append_transaction("t", 0, records(next + 5, 1 + round), Outcome::Committed)?;
        cluster.append_transaction("t", 0, records(next + 20, 2), Outcome::Aborted)?;
        cluster.append("t", 0, records(next + 30, 1))?;
        cluster.append_transaction("t", 0, records(next + 31, 1), Outcome::Committed)?;
        next += 40;
    }
    cluster.compact("t", 0)?;
    // Of keys that do not come again: the next compaction finds nothing more to do here.
    let last = |number| FakeRecord {
        key: Some(format!("last-{number}").into_bytes().into()),
        ..record(number)
    };
    cluster.append("t", 0, vec![last(next), last(next + 1)])?;
    cluster.append_transaction("t", 0, vec![last(next + 2), last(next + 3)], Outcome::Aborted)?;
    Ok(cluster.end_offset("t", 0)?)
}

/// A group for every offset of the source's log.
fn groups(source: &FakeCluster, from: i64, end: i64) {
    for offset in from..=end {
        commit_fake(
            source,
            &format!("at-{offset:04}"),
            "t",
            offset,
            &format!("note {offset}"),
        );
    }
}

/// The positions that are not exact, not proved, or not on the target.
fn wrong(report: &GroupsReport) -> Vec<&GroupPosition> {
    report
        .groups
        .iter()
        .flat_map(|group| &group.partitions)
        .filter(|position| {
            !position.result.is_exact()
                || position.proved != Some(true)
                || position.target_committed != position.target_offset
        })
        .collect()
}

/// Whether each of these groups reads on the target exactly what it has not read at the source.
fn each_continues(source: &FakeCluster, target: &FakeCluster, from: i64, end: i64) -> Result<()> {
    for offset in from..=end {
        let name = format!("at-{offset:04}");
        let Some(committed) = target.committed(&name, "t", 0) else {
            anyhow::bail!("{name} was not moved");
        };
        let (read, wanted) = (
            values_from(target, "t", committed.offset)?,
            values_from(source, "t", offset)?,
        );
        ensure!(
            read == wanted,
            "{name} at {}: {read:?} for {wanted:?}",
            committed.offset
        );
        ensure!(committed.metadata == format!("note {offset}"), "{committed:?}");
        ensure!(committed.leader_epoch < 0, "{committed:?}");
    }
    Ok(())
}

#[test]
fn a_group_at_any_offset_continues_on_the_target_with_what_it_has_not_read() -> Result<()> {
    for lane in LANES {
        for delivery in BOTH {
            let (source, target) = fake_clusters()?;
            source.create_topic("t", 1, &[("cleanup.policy", "compact")])?;
            target.create_topic("t", 1, &[])?;
            let mut bench = Bench::new(&source.bootstrap(), &target.bootstrap(), &["t"])?;
            (bench.task.lane, bench.task.delivery) = (lane, delivery);
            everything(&source, 0)?;
            bench.copy()?;
            everything(&source, 1_000)?;
            bench.copy()?;
            let end = everything(&source, 2_000)?;
            bench.copy()?;
            groups(&source, 0, end);
            let report = sync(&bench, &all())?;
            ensure!(
                wrong(&report).is_empty(),
                "{lane:?} {delivery:?}: {:#?}",
                wrong(&report)
            );
            ensure!(report.failed == 0 && report.committed == end.unsigned_abs() + 1);
            each_continues(&source, &target, 0, end)?;
        }
    }
    Ok(())
}

/// Runs the task with a store that dies after some writes. Returns whether it died.
fn dies(bench: &Bench, writes: usize) -> Result<bool> {
    let store = Arc::new(DyingStore::after(Arc::clone(&bench.store), writes));
    let options = RunOptions {
        until_caught_up: true,
        ..RunOptions::default()
    };
    let Ok(running) = sluice_engine::start(bench.task.clone(), store, Arc::new(|_| {}), options) else {
        return Ok(true);
    };
    match running.wait().ending {
        Ending::Failed(_) => Ok(true),
        Ending::CaughtUp { .. } => Ok(false),
        other => bail!("{other:?}"),
    }
}

#[test]
fn copies_whose_notes_were_lost_are_found_by_their_content() -> Result<()> {
    for lane in LANES {
        let (source, target) = fake_clusters()?;
        source.create_topic("t", 1, &[])?;
        let mut bench = Bench::new(&source.bootstrap(), &target.bootstrap(), &["t"])?;
        bench.task.lane = lane;
        everything(&source, 0)?;
        bench.copy()?;
        // The target's transaction is committed, and the checkpoint behind it is refused, at each place where that can be.
        for writes in 0.. {
            everything(&source, 1_000 * (1 + writes))?;
            if !dies(&bench, writes)? {
                break;
            }
        }
        let end = everything(&source, 100_000)?;
        bench.copy()?;
        ensure!(values_from(&target, "t", 0)? == values_from(&source, "t", 0)?);
        groups(&source, 0, end);
        let report = sync(&bench, &all())?;
        let searched = report
            .groups
            .iter()
            .filter(|group| group.partitions[0].result == Translated::Searched)
            .count();
        ensure!(searched > 0, "no note was lost");
        ensure!(
            wrong(&report).is_empty() && report.failed == 0,
            "{:#?}",
            wrong(&report)
        );
        each_continues(&source, &target, 0, end)?;
    }
    Ok(())
}

#[test]
fn what_compaction_takes_from_one_side_after_the_copy_does_not_disprove_a_position() -> Result<()> {
    for (at_source, on_target) in [(true, false), (false, true), (true, true)] {
        let (source, target) = fake_clusters()?;
        source.create_topic("t", 1, &[("cleanup.policy", "compact")])?;
        let bench = Bench::new(&source.bootstrap(), &target.bootstrap(), &["t"])?;
        for number in 0..60 {
            source.append("t", 0, vec![record(number)])?;
        }
        bench.copy()?;
        if at_source {
            source.compact("t", 0)?;
        }
        if on_target {
            target.compact("t", 0)?;
        }
        let end = source.end_offset("t", 0)?;
        groups(&source, 0, end);
        let report = sync(&bench, &all())?;
        ensure!(
            wrong(&report).is_empty() && report.failed == 0,
            "{:#?}",
            wrong(&report)
        );
        for offset in 0..=end {
            let committed = target.committed(&format!("at-{offset:04}"), "t", 0);
            let committed = committed.map_or(-1, |committed| committed.offset);
            let (read, wanted) = (
                values_from(&target, "t", committed)?,
                values_from(&source, "t", offset)?,
            );
            // A side that is not compacted yet has superseded records as well.
            let (longer, shorter) = if at_source { (read, wanted) } else { (wanted, read) };
            ensure!(
                shorter.iter().all(|value| longer.contains(value)),
                "{offset}: {shorter:?} in {longer:?}"
            );
            ensure!(
                at_source != on_target || longer == shorter,
                "{offset}: {shorter:?} and {longer:?}"
            );
        }
    }
    Ok(())
}

#[test]
fn a_position_that_is_not_copied_yet_is_pending_and_one_before_the_start_says_what_is_missing() -> Result<()>
{
    let (source, target) = fake_clusters()?;
    source.create_topic("t", 1, &[])?;
    source.append("t", 0, (0..50).map(record).collect())?;
    let mut bench = Bench::new(&source.bootstrap(), &target.bootstrap(), &["t"])?;
    bench.task.start = "offset:20".parse()?;
    bench.copy()?;
    source.append("t", 0, (50..60).map(record).collect())?;
    for (name, offset) in [
        ("before", 5),
        ("start", 20),
        ("inside", 33),
        ("end", 50),
        ("ahead", 55),
    ] {
        commit_fake(&source, name, "t", offset, "");
    }
    let report = sync(&bench, &all())?;
    let position = |name| only(&report, name);
    let before = position("before")?;
    ensure!(
        (before.result, before.missing) == (Translated::BeforeStart, Some(15)),
        "{before:?}"
    );
    ensure!(
        before.committed && before.target_committed == Some(0) && before.proved == Some(true),
        "{before:?}"
    );
    let ahead = position("ahead")?;
    ensure!(
        ahead.result == Translated::Pending && ahead.target_offset.is_none(),
        "{ahead:?}"
    );
    ensure!(
        target.committed("ahead", "t", 0).is_none(),
        "a guess was committed"
    );
    ensure!(group(&report, "ahead")?.state == GroupState::Behind);
    for (name, offset) in [("start", 20), ("inside", 33), ("end", 50)] {
        let position = position(name)?;
        ensure!(
            position.result == Translated::Exact && position.proved == Some(true),
            "{position:?}"
        );
        let place = position.target_committed.unwrap_or(i64::MAX);
        let mut wanted = values_from(&source, "t", offset)?;
        wanted.retain(|value| value.as_str() < "v50");
        ensure!(values_from(&target, "t", place)? == wanted, "{position:?}");
    }
    let lag =
        |name| Ok::<_, anyhow::Error>((group(&report, name)?.lag_source, group(&report, name)?.lag_target));
    // On the target markers of the copy's transactions count as well.
    ensure!(
        lag("end")?.0 == Some(10) && lag("inside")?.0 == Some(27),
        "{report:#?}"
    );
    ensure!(
        lag("end")?.1 >= Some(1) && lag("inside")?.1 >= Some(18) && lag("ahead")?.1.is_none(),
        "{report:#?}"
    );

    bench.copy()?;
    let report = sync(&bench, &all())?;
    let place = only(&report, "ahead")?
        .target_committed
        .context("it is copied now")?;
    let (read, wanted) = (values_from(&target, "t", place)?, values_from(&source, "t", 55)?);
    ensure!(read == wanted, "{read:?} for {wanted:?}");
    Ok(())
}

#[test]
fn records_that_either_side_has_lost_meanwhile_are_said() -> Result<()> {
    let (source, target) = fake_clusters()?;
    source.create_topic("t", 1, &[])?;
    source.append("t", 0, (0..50).map(record).collect())?;
    source.delete_records("t", 0, 10)?;
    let bench = Bench::new(&source.bootstrap(), &target.bootstrap(), &["t"])?;
    bench.copy()?;
    commit_fake(&source, "lost-at-source", "t", 4, "");
    commit_fake(&source, "lost-on-target", "t", 12, "");
    commit_fake(&source, "whole", "t", 30, "");
    target.delete_records("t", 0, 15)?;
    let report = sync(&bench, &all())?;
    let position = only(&report, "lost-on-target")?;
    ensure!(position.result == Translated::Expired, "{position:?}");
    ensure!(
        position.target_committed == Some(15) && position.missing > Some(0),
        "{position:?}"
    );
    ensure!(position.proved == Some(true), "{position:?}");
    let position = only(&report, "lost-at-source")?;
    ensure!(
        position.result == Translated::Expired && position.target_committed == Some(15),
        "{position:?}"
    );
    let position = only(&report, "whole")?;
    ensure!(
        position.result == Translated::Exact && position.proved == Some(true),
        "{position:?}"
    );
    Ok(())
}

#[test]
fn a_position_that_is_not_proved_is_not_committed() -> Result<()> {
    let (source, target) = fake_clusters()?;
    source.create_topic("t", 1, &[])?;
    source.append("t", 0, (0..10).map(record).collect())?;
    let bench = Bench::new(&source.bootstrap(), &target.bootstrap(), &["t"])?;
    bench.copy()?;
    // A map that is wrong by one from offset 5 on.
    let key = PartitionKey {
        topic: "t".into(),
        partition: 0,
    };
    let mut runs = Vec::new();
    for offset in 0..10 {
        let copy = if offset < 5 { offset } else { offset - 1 };
        let run = bench.store.run_at_source(&bench.task.name, &key, copy)?;
        let place = run.and_then(|run| run.target_of(copy)).context("it was noted")?;
        runs.push(OffsetRun::contiguous(key.clone(), offset, place, 1));
    }
    let checkpoint = Checkpoint {
        runs,
        ..Checkpoint::default()
    };
    bench.store.save(&bench.task.name, &checkpoint)?;
    commit_fake(&source, "changed", "t", 7, "");
    commit_fake(&source, "same", "t", 3, "");
    let report = sync(&bench, &all())?;
    let position = only(&report, "changed")?;
    ensure!(
        position.proved == Some(false) && !position.committed,
        "{position:?}"
    );
    ensure!(
        position
            .reason
            .as_deref()
            .is_some_and(|why| why.contains("differ in")),
        "{position:?}"
    );
    ensure!(target.committed("changed", "t", 0).is_none());
    ensure!(report.failed == 1, "{report:#?}");
    ensure!(only(&report, "same")?.committed, "{report:#?}");
    Ok(())
}
