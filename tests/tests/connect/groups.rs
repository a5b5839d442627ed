//! Groups of tasks that run on Connect: each continues on the target exactly where it stood, as a reader that is not ours
//! sees it.

use std::collections::BTreeMap;

use anyhow::{Context, Result, ensure};
use sluice_app::{TaskGroups, TaskGroupsKeep, TaskGroupsSync, TaskTerminate};
use sluice_engine::{GroupsReport, Translated};
use sluice_model::{GroupSync, Start, TaskState};
use sluice_testground::KafkaVersion;
use sluice_testground::tools::ConnectWorker;
use sluice_tests::{
    Chance, Filler, commit_group_with, continued, eventually, group_client, odd_records, read_all, skipped,
};

use crate::scene::{Scene, ground};

const PARTITIONS: i32 = 3;
/// Where the copy begins.
const START: i64 = 7;
const GROUPS: u64 = 25;

/// Records, transactions that were committed and aborted, and a marker at the end of each log.
fn fill(bootstrap: &str, topic: &str) -> Result<()> {
    let filler = Filler::new(bootstrap)?;
    filler.create(topic, PARTITIONS, &[])?;
    for round in 0..3 {
        filler.numbered(topic, PARTITIONS, round * 40, 40, 60)?;
        for partition in 0..PARTITIONS {
            let writer = filler.transactional(&format!("{topic}-{partition}"))?;
            writer.write(topic, partition, &odd_records()[..2], true)?;
            writer.write(topic, partition, &odd_records()[..1], false)?;
        }
    }
    Ok(())
}

/// Groups at positions like chance, and at those where something is: the beginning, before and behind the start, a marker,
/// the end. Returns the position of each in every partition.
fn groups(bootstrap: &str, topic: &str) -> Result<BTreeMap<String, i64>> {
    // 3 * (40 numbered, 2 in a transaction and its marker, 1 aborted and its marker)
    let end = 3 * 45;
    let mut chance = Chance(20_251_128);
    let mut offsets: Vec<i64> = (0..GROUPS).map(|_| chance.below(end as u64 + 1) as i64).collect();
    offsets.extend([0, 1, START - 1, START, 42, 43, 44, 45, 132, 133, 134, end]);
    let client = group_client(bootstrap)?;
    let mut groups = BTreeMap::new();
    for offset in offsets {
        let name = format!("{topic}-at-{offset:03}");
        let positions: Vec<(&str, i32, i64)> = (0..PARTITIONS)
            .map(|partition| (topic, partition, offset))
            .collect();
        commit_group_with(&client, &name, &positions, &format!("note {offset}"))?;
        groups.insert(name, offset);
    }
    Ok(groups)
}

fn sync(scene: &Scene, task: &str) -> Result<GroupsReport> {
    Ok(scene.desk.app.call(TaskGroupsSync {
        task: task.to_owned(),
        groups: Vec::new(),
        all: true,
        rewind: false,
        exact_only: false,
        dry_run: false,
    })?)
}

/// Whether every group reads on the target what it has not read at the source, of what was copied.
fn each_continues(
    (source, target): (&str, &str),
    (topic, on_target): (&str, &str),
    groups: &BTreeMap<String, i64>,
) -> Result<()> {
    let mut here = Vec::new();
    for partition in 0..PARTITIONS {
        here.push(read_all(source, topic, partition)?);
    }
    for (name, offset) in groups {
        let there = continued(target, name, on_target, PARTITIONS)?;
        for (records, read) in here.iter().zip(there) {
            let wanted: Vec<Vec<u8>> = records
                .iter()
                .filter(|record| record.offset >= (*offset).max(START))
                .map(|record| record.value.clone().unwrap_or_default())
                .collect();
            ensure!(
                wanted == read,
                "{name}: {} records wanted, {} read",
                wanted.len(),
                read.len()
            );
        }
    }
    Ok(())
}

/// Groups that come later, near the end and at it, are kept in step.
fn later_ones_are_kept_in_step(scene: &Scene, task: &str, (source, target): (&str, &str)) -> Result<()> {
    scene.desk.app.call(TaskGroupsKeep {
        task: task.to_owned(),
        sync: Some(GroupSync {
            interval_seconds: 1,
            ..GroupSync::of("late-.*")
        }),
        version: None,
    })?;
    let end = 3 * 45 + 20 * 40;
    let client = group_client(source)?;
    for (offset, name) in [(end - 5, "late-one"), (end, "late-two")] {
        commit_group_with(
            &client,
            name,
            &[("moved", 0, offset), ("moved", 1, offset), ("moved", 2, offset)],
            "",
        )?;
    }
    eventually("both stand on the target", || {
        let view = scene.desk.app.call(TaskGroups {
            task: task.to_owned(),
            groups: vec!["late-one".to_owned(), "late-two".to_owned()],
        })?;
        let all = view.report.groups.iter().flat_map(|group| &group.partitions);
        Ok(view.last_sync.is_some()
            && all.clone().count() == 6
            && all
                .clone()
                .all(|one| one.target_committed.is_some() && one.target_committed == one.target_offset))
    })?;
    let late = BTreeMap::from([("late-one".to_owned(), end - 5), ("late-two".to_owned(), end)]);
    each_continues((source, target), ("moved", "moved"), &late)
}

#[test]
fn a_group_at_any_position_continues_exactly_where_it_stood_while_connect_copies() -> Result<()> {
    if skipped() {
        return Ok(());
    }
    let ground = ground()?;
    let scene = Scene::new(&ground.source, &ground.target, &[ground.worker.url()])?;
    let (source, target) = (ground.source.bootstrap(), ground.target.bootstrap());
    fill(&source, "moved")?;
    let groups = groups(&source, "moved")?;
    let mut settings = scene.settings("moved", &["moved"])?;
    settings.start = Start::Offset(START);
    let task = scene.desk.launch(settings)?;
    scene.desk.reaches(&task, TaskState::Running)?;
    // Records come all the time.
    let filler = Filler::new(&source)?;
    let mut report = None;
    std::thread::scope(|scope| -> Result<()> {
        let load = scope
            .spawn(|| (3..23).try_for_each(|round| filler.numbered("moved", PARTITIONS, round * 40, 40, 60)));
        eventually("every group is moved", || {
            let now = sync(&scene, &task)?;
            let all = now
                .groups
                .iter()
                .flat_map(|group| &group.partitions)
                .all(|position| position.committed);
            report = Some(now);
            Ok(all)
        })?;
        load.join().map_err(|_| anyhow::anyhow!("the load panicked"))?
    })?;
    let report = report.context("a report")?;
    ensure!(report.failed == 0, "{report:#?}");
    for position in report.groups.iter().flat_map(|group| &group.partitions) {
        let expected = if position.source_offset < START {
            Translated::BeforeStart
        } else {
            Translated::Exact
        };
        ensure!(
            position.result == expected && position.proved == Some(true),
            "{position:?}"
        );
    }
    eventually("everything is copied", || {
        Ok(scene.desk.show(&task)?.snapshot.lag_records == Some(0))
    })?;
    each_continues((&source, &target), ("moved", "moved"), &groups)?;

    later_ones_are_kept_in_step(&scene, &task, (&source, &target))?;
    scene.remove(task)
}

#[test]
fn on_workers_of_3_9_that_copy_at_least_once_a_group_continues_exactly_as_well() -> Result<()> {
    if skipped() {
        return Ok(());
    }
    let ground = ground()?;
    let worker = ConnectWorker::on(ground.target.bootstrap(), "at-least-once")
        .version(KafkaVersion::V3_9_1)
        // Positions are written at intervals there.
        .property("offset.flush.interval.ms", "1000")
        .start()?;
    let scene = Scene::new(&ground.source, &ground.target, &[worker.url()])?;
    let (source, target) = (ground.source.bootstrap(), ground.target.bootstrap());
    fill(&source, "loosely")?;
    let groups = groups(&source, "loosely")?;
    let mut settings = scene.settings("loosely", &["loosely"])?;
    settings.start = Start::Offset(START);
    settings.rename.prefix = "eu.".to_owned();
    let task = scene.desk.launch(settings)?;
    eventually("everything is copied, also markers", || {
        Ok(scene.desk.show(&task)?.snapshot.lag_records == Some(0))
    })?;
    eventually("every group is moved", || {
        let now = sync(&scene, &task)?;
        let mut all = now.groups.iter().flat_map(|group| &group.partitions);
        Ok(all.all(|position| position.committed && position.proved == Some(true)))
    })?;
    each_continues((&source, &target), ("loosely", "eu.loosely"), &groups)?;
    scene.desk.app.call(TaskTerminate { task: task.clone() })?;
    scene.desk.reaches(&task, TaskState::Terminated)?;
    Ok(())
}
