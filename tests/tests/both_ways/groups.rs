//! Between in-process clusters: groups of a pair are moved to the other side, and back, and no task moves what the other one moved.

use std::collections::BTreeSet;
use std::sync::atomic::AtomicBool;

use anyhow::{Context, Result, ensure};
use sluice_engine::{
    GroupPosition, GroupReport, GroupState, GroupsReport, SyncOptions, Translated, sync_groups,
};
use sluice_fakekafka::{CommittedOffset, FakeCluster, Isolation};
use sluice_model::{Delivery, Start, Task};
use sluice_tests::{BOTH, Chance};

use crate::crashes::{Ground, TOPIC, WAYS, Way, copy};

/// The cluster that a way leads from, and the one that it leads to.
fn sides(ground: &Ground, way: Way) -> (&FakeCluster, &FakeCluster) {
    match way {
        Way::There => (&ground.a, &ground.b),
        Way::Back => (&ground.b, &ground.a),
    }
}

/// Of a pair that leaves what both sides held where it is.
fn from_the_end(ground: &Ground, way: Way) -> Result<Task> {
    let mut task = ground.task(way, Delivery::ExactlyOnce)?;
    task.start = Start::Latest;
    Ok(task)
}

fn sync(ground: &Ground, way: Way, continuous: bool) -> Result<GroupsReport> {
    let options = SyncOptions {
        prove: true,
        continuous,
        ..SyncOptions::default()
    };
    Ok(sync_groups(
        &ground.task(way, Delivery::ExactlyOnce)?,
        ground.store.as_ref(),
        &options,
        &AtomicBool::new(false),
    )?)
}

fn commit(cluster: &FakeCluster, group: &str, offset: i64) {
    let committed = CommittedOffset {
        offset,
        leader_epoch: -1,
        metadata: String::new(),
    };
    cluster.commit(group, TOPIC, 0, committed);
}

fn committed(cluster: &FakeCluster, group: &str) -> Option<i64> {
    cluster.committed(group, TOPIC, 0).map(|found| found.offset)
}

/// Committed records with their offsets.
fn records(cluster: &FakeCluster) -> Result<Vec<(i64, String)>> {
    Ok(cluster
        .records(TOPIC, 0, Isolation::Committed)?
        .iter()
        .map(|stored| {
            let value = stored.record.value.as_deref().unwrap_or_default();
            (stored.offset, String::from_utf8_lossy(value).into_owned())
        })
        .collect())
}

fn group<'r>(report: &'r GroupsReport, name: &str) -> Result<&'r GroupReport> {
    report
        .group(name)
        .with_context(|| format!("no group '{name}' in {report:#?}"))
}

fn position<'r>(report: &'r GroupsReport, name: &str) -> Result<&'r GroupPosition> {
    let group = group(report, name)?;
    ensure!(group.partitions.len() == 1, "{group:#?}");
    Ok(&group.partitions[0])
}

/// Whether a group that has read the source up to its position reads on the target all that it has not read, and no more again
/// than is said.
fn loses_nothing(ground: &Ground, way: Way, position: &GroupPosition) -> Result<()> {
    let (source, target) = sides(ground, way);
    let read: BTreeSet<String> = records(source)?
        .into_iter()
        .filter(|(offset, _)| *offset < position.source_offset)
        .map(|(_, value)| value)
        .collect();
    let place = position
        .target_committed
        .with_context(|| format!("{position:?} is not committed"))?;
    let mut again = 0;
    for (offset, value) in records(target)? {
        if read.contains(&value) {
            again += i64::from(offset >= place);
        } else {
            ensure!(offset >= place, "{position:?} skips '{value}' at {offset}");
        }
    }
    ensure!(
        again <= position.read_again.unwrap_or(0),
        "{position:?} reads {again} again"
    );
    ensure!(
        (position.result == Translated::Earlier) == position.read_again.is_some(),
        "{position:?}"
    );
    Ok(())
}

/// Both sides written in turn, and copied in turn by parts.
fn written(delivery: Delivery) -> Result<Ground> {
    let mut ground = Ground::new()?;
    let mut chance = Chance(0x6b);
    for _ in 0..6 {
        for way in WAYS {
            ground.write(way, 1 + chance.below(6))?;
        }
        let way = WAYS[usize::from(chance.below(2) == 0)];
        ground.copy(way, delivery)?;
    }
    for way in [Way::There, Way::Back, Way::There] {
        ground.copy(way, delivery)?;
    }
    Ok(ground)
}

#[test]
fn groups_at_every_offset_of_either_side_read_on_at_the_other_and_lose_nothing() -> Result<()> {
    for delivery in BOTH {
        for way in WAYS {
            let mut ground = written(delivery)?;
            let (source, _) = sides(&ground, way);
            let end = source.end_offset(TOPIC, 0)?;
            for offset in 0..=end {
                commit(source, &format!("g{offset:03}"), offset);
            }
            // What comes later was not read by any group.
            for way in WAYS {
                ground.write(way, 3)?;
            }
            let report = sync(&ground, way, false)?;
            ensure!(report.failed == 0, "{report:#?}");
            let (mut exact, mut earlier) = (0, 0);
            for offset in 0..=end {
                let name = format!("g{offset:03}");
                let position = position(&report, &name)?;
                if position.result == Translated::Pending {
                    ensure!(!position.committed, "{position:?}");
                    continue;
                }
                ensure!(
                    position.committed && position.proved == Some(true),
                    "{position:?}"
                );
                loses_nothing(&ground, way, position).with_context(|| format!("{delivery:?} {way:?}"))?;
                match position.result {
                    Translated::Exact => exact += 1,
                    Translated::Earlier => earlier += 1,
                    _ => ensure!(false, "{position:?}"),
                }
            }
            ensure!(exact > 0 && earlier > 3, "{exact} exact, {earlier} earlier");
        }
    }
    Ok(())
}

#[test]
fn a_group_that_goes_to_the_other_side_and_comes_back_is_followed_and_nothing_moved_is_moved_back()
-> Result<()> {
    let mut ground = written(Delivery::ExactlyOnce)?;
    let (there, back) = (Way::There, Way::Back);
    // It reads on A, and both tasks keep groups in step: the one to B commits, the other one leaves that alone.
    for offset in [4, 9, 14] {
        commit(&ground.a, "g", offset);
        for _ in 0..2 {
            let report = sync(&ground, there, true)?;
            loses_nothing(&ground, there, position(&report, "g")?)?;
            let report = sync(&ground, back, true)?;
            ensure!(group(&report, "g")?.state == GroupState::Synced, "{report:#?}");
            ensure!(report.committed == 0, "{report:#?}");
            ensure!(
                committed(&ground.a, "g") == Some(offset),
                "it stands where it read"
            );
        }
    }
    // It goes to B and reads on there: only the task to A follows.
    let end = ground.b.end_offset(TOPIC, 0)?;
    commit(&ground.b, "g", end - 2);
    let report = sync(&ground, there, true)?;
    ensure!(group(&report, "g")?.state == GroupState::TakenOver, "{report:#?}");
    ensure!(committed(&ground.b, "g") == Some(end - 2));
    let report = sync(&ground, back, true)?;
    loses_nothing(&ground, back, position(&report, "g")?)?;
    let on_a = committed(&ground.a, "g").context("it is on A")?;
    ensure!(on_a > 14, "it has gone on: {on_a}");
    let report = sync(&ground, there, true)?;
    ensure!(
        group(&report, "g")?.state == GroupState::Synced && report.committed == 0,
        "{report:#?}"
    );
    ensure!(committed(&ground.b, "g") == Some(end - 2), "it is not moved back");
    // It comes back to A and reads on there: the task to B follows again, the other one leaves it.
    for way in WAYS {
        ground.write(way, 4)?;
        ground.copy(way, Delivery::ExactlyOnce)?;
    }
    ground.copy(there, Delivery::ExactlyOnce)?;
    let end = ground.a.end_offset(TOPIC, 0)?;
    for offset in [end - 3, end] {
        commit(&ground.a, "g", offset);
        let report = sync(&ground, back, true)?;
        ensure!(committed(&ground.a, "g") == Some(offset), "{report:#?}");
        let report = sync(&ground, there, true)?;
        let moved = position(&report, "g")?;
        ensure!(moved.committed, "{report:#?}");
        loses_nothing(&ground, there, moved)?;
    }
    let report = sync(&ground, back, true)?;
    ensure!(committed(&ground.a, "g") == Some(end), "{report:#?}");
    Ok(())
}

#[test]
fn a_group_that_is_moved_back_at_once_stays_where_it_was() -> Result<()> {
    let ground = written(Delivery::ExactlyOnce)?;
    commit(&ground.a, "g", 7);
    sync(&ground, Way::There, false)?;
    let place = committed(&ground.b, "g");
    let report = sync(&ground, Way::Back, false)?;
    ensure!(
        group(&report, "g")?.state == GroupState::Synced && report.committed == 0,
        "{report:#?}"
    );
    ensure!((committed(&ground.a, "g"), committed(&ground.b, "g")) == (Some(7), place));
    // It reads less on B than it reads again there: what it has read on A stands.
    let moved = sync(&ground, Way::There, false)?;
    if position(&moved, "g")?.result == Translated::Earlier {
        commit(&ground.b, "g", place.context("it is on B")? + 1);
        let report = sync(&ground, Way::Back, false)?;
        ensure!(committed(&ground.a, "g") == Some(7), "{report:#?}");
    }
    Ok(())
}

#[test]
fn exact_positions_alone_are_moved_where_that_is_asked_for() -> Result<()> {
    let ground = written(Delivery::ExactlyOnce)?;
    let end = ground.a.end_offset(TOPIC, 0)?;
    for offset in 0..=end {
        commit(&ground.a, &format!("g{offset:03}"), offset);
    }
    let options = SyncOptions {
        exact_only: true,
        ..SyncOptions::default()
    };
    let report = sync_groups(
        &ground.task(Way::There, Delivery::ExactlyOnce)?,
        ground.store.as_ref(),
        &options,
        &AtomicBool::new(false),
    )?;
    for group in &report.groups {
        for position in &group.partitions {
            ensure!(
                position.committed == (position.result == Translated::Exact),
                "{position:?}"
            );
        }
    }
    Ok(())
}

#[test]
fn positions_whose_records_are_not_copied_yet_wait_and_a_partner_that_did_not_start_is_named() -> Result<()> {
    let mut ground = Ground::new()?;
    ground.write(Way::There, 6)?;
    ground.copy(Way::There, Delivery::ExactlyOnce)?;
    commit(&ground.a, "g", 3);
    let refused = sync(&ground, Way::There, false).unwrap_err().to_string();
    ensure!(refused.contains("the other one was not started"), "{refused}");
    ground.write(Way::Back, 2)?;
    ground.copy(Way::Back, Delivery::ExactlyOnce)?;
    // A's copies of B are not passed yet by the task to B.
    let end = ground.a.end_offset(TOPIC, 0)?;
    commit(&ground.a, "late", end);
    let report = sync(&ground, Way::There, false)?;
    ensure!(
        position(&report, "late")?.result == Translated::Pending,
        "{report:#?}"
    );
    loses_nothing(&ground, Way::There, position(&report, "g")?)?;
    ground.copy(Way::There, Delivery::ExactlyOnce)?;
    let report = sync(&ground, Way::There, false)?;
    loses_nothing(&ground, Way::There, position(&report, "late")?)?;
    // Nothing is guessed once what the other task copied is forgotten.
    ground.store.delete_task("back")?;
    let refused = sync(&ground, Way::There, false).unwrap_err().to_string();
    ensure!(refused.contains("or was deleted"), "{refused}");
    Ok(())
}

#[test]
fn what_the_target_has_deleted_since_is_said_to_be_gone() -> Result<()> {
    let ground = written(Delivery::ExactlyOnce)?;
    commit(&ground.a, "g", 1);
    let before = sync(&ground, Way::There, false)?;
    let place = position(&before, "g")?.target_offset.context("it has a place")?;
    let low = place + 5;
    ground.b.delete_records(TOPIC, 0, low)?;
    commit(&ground.a, "h", 1);
    let report = sync(&ground, Way::There, false)?;
    let moved = position(&report, "h")?;
    ensure!(
        moved.result == Translated::Expired && moved.target_committed >= Some(low),
        "{moved:?}"
    );
    ensure!(moved.missing.is_some_and(|missing| missing > 0), "{moved:?}");
    Ok(())
}

#[test]
fn what_both_sides_held_before_the_pair_stays_there_and_is_said_to_be_missing() -> Result<()> {
    let mut ground = Ground::new()?;
    ground.write(Way::There, 5)?;
    ground.write(Way::Back, 4)?;
    let both = |ground: &Ground| -> Result<()> {
        for way in [Way::There, Way::Back, Way::There] {
            copy(from_the_end(ground, way)?, ground.store.clone())?;
        }
        Ok(())
    };
    both(&ground)?;
    ground.write(Way::There, 3)?;
    ground.write(Way::Back, 3)?;
    both(&ground)?;
    let start = 5;
    for offset in [2, start] {
        commit(&ground.a, &format!("g{offset}"), offset);
    }
    let report = sync(&ground, Way::There, false)?;
    let early = position(&report, "g2")?;
    ensure!(
        (early.result, early.missing) == (Translated::BeforeStart, Some(start - 2)),
        "{early:?}"
    );
    let at_start = position(&report, "g5")?;
    ensure!(at_start.result == Translated::Exact, "{at_start:?}");
    ensure!(
        early.target_offset == at_start.target_offset,
        "{early:?} {at_start:?}"
    );
    // B's own from before the pair are not for groups of A.
    let place = at_start.target_committed.context("it is committed")?;
    let on_b = records(&ground.b)?;
    let read: Vec<&String> = on_b
        .iter()
        .filter(|(offset, _)| *offset >= place)
        .map(|(_, value)| value)
        .collect();
    ensure!(place == 4 && read.len() == 6, "{place}: {read:?}");
    Ok(())
}
