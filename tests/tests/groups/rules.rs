//! Which groups are touched, and which are not.

use anyhow::{Result, ensure};
use rdkafka::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use sluice_engine::{EngineError, GroupChoice, GroupState, SyncOptions};
use sluice_fakekafka::{FakeCluster, FakeRecord};
use sluice_model::GroupPattern;
use sluice_tests::{Bench, eventually, fake_clusters};

use crate::ground::{all, commit_fake, group, inventory, only, sync};

fn copied(topics: &[&str]) -> Result<(FakeCluster, FakeCluster, Bench)> {
    let (source, target) = fake_clusters()?;
    for topic in ["t", "outside"] {
        source.create_topic(topic, 1, &[])?;
        let records =
            (0..20).map(|n| FakeRecord::new(format!("k{n}"), format!("v{n}")).at(1_700_000_000_000 + n));
        source.append(topic, 0, records.collect())?;
    }
    let bench = Bench::new(&source.bootstrap(), &target.bootstrap(), topics)?;
    bench.copy()?;
    Ok((source, target, bench))
}

fn member(bootstrap: &str, group: &str, topic: &str) -> Result<BaseConsumer> {
    let consumer: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", bootstrap)
        .set("group.id", group)
        .set("enable.auto.commit", "false")
        .set("auto.offset.reset", "earliest")
        .set("session.timeout.ms", "6000")
        .create()?;
    consumer.subscribe(&[topic])?;
    eventually(&format!("{group} has its partitions"), || {
        drop(consumer.poll(std::time::Duration::from_millis(100)));
        Ok(consumer.assignment()?.count() > 0)
    })?;
    Ok(consumer)
}

#[test]
fn a_group_that_is_live_on_the_target_is_left_alone_then_and_for_good() -> Result<()> {
    let (source, target, bench) = copied(&["t"])?;
    commit_fake(&source, "g", "t", 7, "");
    let consumer = member(&target.bootstrap(), "g", "t")?;
    let report = sync(&bench, &all())?;
    let live = group(&report, "g")?;
    ensure!(
        live.state == GroupState::Live && live.members_target == Some(1),
        "{live:#?}"
    );
    ensure!(
        report.committed == 0 && target.committed("g", "t", 0).is_none(),
        "{report:#?}"
    );

    consumer.unsubscribe();
    drop(consumer);
    eventually("the group is empty", || {
        Ok(inventory(&bench)?
            .group("g")
            .and_then(|group| group.members_target)
            == Some(0))
    })?;
    for rewind in [false, true] {
        let report = sync(&bench, &SyncOptions { rewind, ..all() })?;
        let left = group(&report, "g")?;
        ensure!(
            left.state == GroupState::TakenOver && left.taken_over_ms.is_some(),
            "{left:#?}"
        );
        ensure!(target.committed("g", "t", 0).is_none(), "{left:#?}");
    }
    Ok(())
}

#[test]
fn a_group_for_which_another_program_has_committed_since_is_taken_over() -> Result<()> {
    let (source, target, bench) = copied(&["t"])?;
    commit_fake(&source, "g", "t", 7, "");
    sync(&bench, &all())?;
    commit_fake(&source, "g", "t", 9, "");
    ensure!(only(&sync(&bench, &all())?, "g")?.committed);
    commit_fake(&target, "g", "t", 100, "");
    commit_fake(&source, "g", "t", 15, "");
    for _ in 0..2 {
        let report = sync(&bench, &all())?;
        ensure!(group(&report, "g")?.state == GroupState::TakenOver, "{report:#?}");
        ensure!(
            target.committed("g", "t", 0).map(|one| one.offset) == Some(100),
            "{report:#?}"
        );
    }
    Ok(())
}

#[test]
fn a_group_that_is_further_on_the_target_is_set_back_only_when_told() -> Result<()> {
    let (source, target, bench) = copied(&["t"])?;
    commit_fake(&source, "g", "t", 7, "note");
    commit_fake(&target, "g", "t", 100, "");
    let report = sync(&bench, &all())?;
    ensure!(
        group(&report, "g")?.state == GroupState::Ahead && report.committed == 0,
        "{report:#?}"
    );
    ensure!(
        only(&report, "g")?
            .reason
            .as_deref()
            .is_some_and(|why| why.contains("--rewind")),
        "{report:#?}"
    );
    let rewind = SyncOptions {
        rewind: true,
        ..all()
    };
    let dry = SyncOptions {
        dry_run: true,
        ..rewind.clone()
    };
    let report = sync(&bench, &dry)?;
    ensure!(
        report.committed == 1 && !report.synced && only(&report, "g")?.committed,
        "{report:#?}"
    );
    ensure!(
        target.committed("g", "t", 0).map(|one| one.offset) == Some(100),
        "a dry run changes nothing"
    );
    let report = sync(&bench, &rewind)?;
    ensure!(group(&report, "g")?.state == GroupState::Synced, "{report:#?}");
    let committed = target.committed("g", "t", 0);
    ensure!(
        committed
            .as_ref()
            .is_some_and(|one| one.offset < 100 && one.metadata == "note"),
        "{committed:?}"
    );
    Ok(())
}

#[test]
fn groups_are_chosen_by_name_and_by_pattern_and_topics_outside_are_named() -> Result<()> {
    let (source, target, bench) = copied(&["t"])?;
    for name in ["a-1", "a-2", "b"] {
        commit_fake(&source, name, "t", 3, "");
    }
    commit_fake(&source, "b", "outside", 4, "");
    commit_fake(&source, "c", "outside", 4, "");
    commit_fake(&source, "sluice.orders.00ff00ff00ff00ff", "t", 4, "");
    let names = |report: &sluice_engine::GroupsReport| {
        report
            .groups
            .iter()
            .map(|group| group.group.clone())
            .collect::<Vec<_>>()
    };
    let report = inventory(&bench)?;
    ensure!(names(&report) == ["a-1", "a-2", "b"], "{report:#?}");
    ensure!(group(&report, "b")?.topics_outside == ["outside"], "{report:#?}");
    ensure!(
        report.groups.iter().all(|group| !group.partitions[0].committed),
        "{report:#?}"
    );

    let matching = GroupChoice::Matching(GroupPattern::new("a-.*")?);
    let report = sync(
        &bench,
        &SyncOptions {
            choice: matching,
            ..all()
        },
    )?;
    ensure!(
        names(&report) == ["a-1", "a-2"] && report.committed == 2,
        "{report:#?}"
    );
    let named = |name: &str| SyncOptions {
        choice: GroupChoice::Named([name.to_owned()].into()),
        ..all()
    };
    let report = sync(&bench, &named("b"))?;
    ensure!(names(&report) == ["b"] && report.committed == 1, "{report:#?}");
    ensure!(
        target
            .groups()
            .iter()
            .filter(|name| !name.starts_with("sluice."))
            .count()
            == 3
    );
    match sync_error(&bench, &named("misspelt")) {
        Some(EngineError::Refused(why)) => ensure!(why.contains("no consumer group 'misspelt'"), "{why}"),
        other => anyhow::bail!("{other:?}"),
    }
    Ok(())
}

fn sync_error(bench: &Bench, options: &SyncOptions) -> Option<EngineError> {
    sluice_engine::sync_groups(
        &bench.task,
        bench.store.as_ref(),
        options,
        &std::sync::atomic::AtomicBool::new(false),
    )
    .err()
}

#[test]
fn groups_of_renamed_topics_are_moved_to_the_new_names() -> Result<()> {
    let (source, target) = fake_clusters()?;
    source.create_topic("t", 1, &[])?;
    source.append(
        "t",
        0,
        (0..9)
            .map(|n| FakeRecord::new(format!("k{n}"), format!("v{n}")).at(n))
            .collect(),
    )?;
    let mut bench = Bench::new(&source.bootstrap(), &target.bootstrap(), &["t"])?;
    bench.task.rename.prefix = "west.".into();
    bench.copy()?;
    commit_fake(&source, "g", "t", 5, "");
    let report = sync(&bench, &all())?;
    let position = only(&report, "g")?;
    ensure!(
        position.target_topic.as_deref() == Some("west.t") && position.proved == Some(true),
        "{position:?}"
    );
    ensure!(target.committed("g", "west.t", 0).map(|one| one.offset) == position.target_offset);
    ensure!(target.committed("g", "t", 0).is_none());
    Ok(())
}

#[test]
fn nothing_is_committed_for_a_task_that_has_not_been_launched() -> Result<()> {
    let (source, target) = fake_clusters()?;
    source.create_topic("t", 1, &[])?;
    source.append("t", 0, vec![FakeRecord::new("k", "v")])?;
    commit_fake(&source, "g", "t", 1, "");
    let bench = Bench::new(&source.bootstrap(), &target.bootstrap(), &["t"])?;
    let report = sync(&bench, &all())?;
    let position = only(&report, "g")?;
    ensure!(
        position.result == sluice_engine::Translated::Pending,
        "{position:?}"
    );
    ensure!(
        position
            .reason
            .as_deref()
            .is_some_and(|why| why.contains("start the task first")),
        "{position:?}"
    );
    ensure!(target.groups().is_empty(), "{:?}", target.groups());
    Ok(())
}

#[test]
fn a_data_source_that_leads_to_another_cluster_than_at_the_launch_is_refused() -> Result<()> {
    let (source, target, mut bench) = copied(&["t"])?;
    commit_fake(&source, "g", "t", 7, "");
    let other = FakeCluster::builder().cluster_id("another").start()?;
    other.create_topic("t", 1, &[])?;
    bench.task.target = sluice_model::Cluster::new(&other.bootstrap())?;
    match sync_error(&bench, &all()) {
        Some(EngineError::Refused(why)) => {
            ensure!(why.contains("the target is another cluster now"), "{why}")
        }
        error => anyhow::bail!("{error:?}"),
    }
    ensure!(other.groups().is_empty() && target.committed("g", "t", 0).is_none());
    Ok(())
}

#[test]
fn a_group_that_reads_nothing_of_the_task_is_named_so_when_it_is_asked_for() -> Result<()> {
    let (source, _target, bench) = copied(&["t"])?;
    commit_fake(&source, "elsewhere", "outside", 4, "");
    let named = SyncOptions {
        choice: GroupChoice::Named(["elsewhere".to_owned()].into()),
        ..all()
    };
    let report = sync(&bench, &named)?;
    let group = group(&report, "elsewhere")?;
    ensure!(
        group.state == GroupState::NotMoved && report.committed == 0,
        "{group:#?}"
    );
    Ok(())
}

#[test]
fn a_target_topic_that_was_created_again_has_no_place_for_a_position() -> Result<()> {
    let (source, target, bench) = copied(&["t"])?;
    commit_fake(&source, "g", "t", 7, "");
    target.delete_topic("t")?;
    target.create_topic("t", 1, &[])?;
    let report = sync(&bench, &all())?;
    let position = only(&report, "g")?;
    ensure!(
        position.result == sluice_engine::Translated::Unknown,
        "{position:?}"
    );
    ensure!(
        report.committed == 0 && target.committed("g", "t", 0).is_none(),
        "{report:#?}"
    );
    Ok(())
}
