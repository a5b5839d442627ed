//! A partition without a leader is a fault of that partition alone, from the first moment, and is picked up when its
//! leader is back.

use std::sync::atomic::AtomicBool;

use anyhow::{Context, Result};
use sluice_engine::{
    Checkpoint, CheckpointStore, PartitionCondition, PreCheckContext, VerificationResult, precheck,
};
use sluice_model::{Delivery, Start};
use sluice_testground::{Cluster, KafkaVersion};
use sluice_tests::{BOTH, Bench, Filler, cluster, eventually, read_all, skipped, stop};

/// A source of two brokers and a topic of two partitions, each of which lives on one of them alone. Returns the broker
/// that holds partition 0.
fn split_source(topic: &str) -> Result<(Cluster, i32)> {
    let (source, broker) = split(KafkaVersion::V2_0_1, topic)?;
    Filler::new(&source.bootstrap())?.numbered(topic, 2, 0, 20, 50)?;
    Ok((source, broker))
}

fn split(version: KafkaVersion, topic: &str) -> Result<(Cluster, i32)> {
    let source = Cluster::builder(version).brokers(2).start()?;
    let filler = Filler::new(&source.bootstrap())?;
    filler.create(topic, 2, &[])?;
    let mut leaders: Vec<i32> = Vec::new();
    // The brokers hear of a new topic one after the other.
    eventually("the topic is known", || {
        let metadata = filler
            .admin()
            .inner()
            .fetch_metadata(Some(topic), std::time::Duration::from_secs(30))?;
        leaders = metadata
            .topics()
            .iter()
            .flat_map(|found| found.partitions().iter().map(|partition| partition.leader()))
            .collect();
        Ok(leaders.len() == 2 && leaders.iter().all(|leader| *leader >= 0))
    })?;
    anyhow::ensure!(leaders[0] != leaders[1], "{leaders:?}");
    Ok((source, leaders[0]))
}

/// Waits until the source's metadata says that partition 0 has no leader.
fn leaderless(source: &Cluster, alive: i32, topic: &str) -> Result<()> {
    let address = source.broker(alive).address().to_string();
    let filler = Filler::new(&address)?;
    eventually("the partition has no leader", || {
        let metadata = filler
            .admin()
            .inner()
            .fetch_metadata(Some(topic), std::time::Duration::from_secs(10))?;
        Ok(metadata
            .topics()
            .iter()
            .flat_map(|found| found.partitions())
            .any(|partition| partition.id() == 0 && partition.leader() < 0))
    })
}

#[test]
fn a_first_launch_copies_the_others_and_takes_the_partition_in_when_its_leader_is_back() -> Result<()> {
    if skipped() {
        return Ok(());
    }
    let target = cluster(KafkaVersion::V4_3_1)?;
    for (number, delivery) in BOTH.into_iter().enumerate() {
        let topic = format!("first-{number}");
        let (source, broker) = split_source(&topic)?;
        source.broker(broker).kill()?;
        leaderless(&source, 3 - broker, &topic)?;
        let mut bench = Bench::new(&source.bootstrap(), &target.bootstrap(), &[&topic])?;
        bench.task.delivery = delivery;
        let report = precheck(
            &bench.task,
            bench.store.as_ref(),
            &PreCheckContext::default(),
            &AtomicBool::new(false),
            &|_| {},
        );
        assert!(report.may_start, "{report:#?}");

        let running = bench.start(false)?;
        eventually("the other partition is copied", || {
            Ok(read_all(&target.bootstrap(), &topic, 1)?.len() == 20)
        })?;
        let progress = running.progress();
        let fault = progress
            .partitions
            .iter()
            .find(|partition| partition.partition == 0)
            .context("the partition is shown")?;
        assert_eq!(fault.condition, PartitionCondition::Retrying, "{fault:#?}");
        assert!(
            fault
                .error
                .as_deref()
                .is_some_and(|error| error.contains("no leader")),
            "{fault:#?}"
        );
        let unpinned = bench
            .store
            .partitions(&bench.task.name)?
            .into_iter()
            .filter(|state| !state.is_pinned())
            .count();
        assert_eq!(unpinned, 1, "that it was there at the launch is kept");

        source.broker(broker).start()?;
        eventually("it is picked up", || {
            Ok(read_all(&target.bootstrap(), &topic, 0)?.len() == 20)
        })?;
        stop(running)?;
        assert!(
            bench
                .store
                .partitions(&bench.task.name)?
                .iter()
                .all(|state| state.is_pinned() && state.position == 20)
        );
        assert_eq!(bench.verify()?.result, VerificationResult::Equal);
    }
    Ok(())
}

#[test]
fn a_resumed_task_and_its_verification_go_on_with_the_others() -> Result<()> {
    if skipped() {
        return Ok(());
    }
    let target = cluster(KafkaVersion::V4_3_1)?;
    let topic = "resumed";
    let (source, broker) = split_source(topic)?;
    let bench = Bench::new(&source.bootstrap(), &target.bootstrap(), &[topic])?;
    bench.copy()?;
    Filler::new(&source.bootstrap())?.numbered(topic, 2, 20, 10, 50)?;
    source.broker(broker).kill()?;
    leaderless(&source, 3 - broker, topic)?;

    let running = bench.start(false)?;
    eventually("the other partition goes on", || {
        Ok(read_all(&target.bootstrap(), topic, 1)?.len() == 30)
    })?;
    eventually("the fault is shown", || {
        Ok(running.progress().partitions.iter().any(|partition| {
            partition.partition == 0
                && partition.condition == PartitionCondition::Retrying
                && partition
                    .error
                    .as_deref()
                    .is_some_and(|error| error.contains("no leader"))
        }))
    })?;
    let report = bench.verify()?;
    let checked: Vec<(i32, bool)> = report
        .partitions
        .iter()
        .map(|partition| (partition.partition, partition.problem.is_none()))
        .collect();
    assert!(
        checked.contains(&(1, true)) && checked.contains(&(0, false)),
        "{report:#?}"
    );

    source.broker(broker).start()?;
    eventually("it goes on", || {
        Ok(read_all(&target.bootstrap(), topic, 0)?.len() == 30)
    })?;
    stop(running)?;
    assert_eq!(bench.verify()?.result, VerificationResult::Equal);
    Ok(())
}

#[test]
fn a_target_without_transactions_is_matched_partition_by_partition_as_its_leaders_come_back() -> Result<()> {
    if skipped() {
        return Ok(());
    }
    let source = cluster(KafkaVersion::V4_3_1)?;
    let topic = "matched";
    let filler = Filler::new(&source.bootstrap())?;
    filler.create(topic, 2, &[])?;
    filler.numbered(topic, 2, 0, 20, 50)?;
    let (target, broker) = split(KafkaVersion::V0_10_2_2, topic)?;
    let mut bench = Bench::new(&source.bootstrap(), &target.bootstrap(), &[topic])?;
    bench.task.delivery = Delivery::ExactlyOnce;
    bench.copy()?;
    // A run whose last acknowledgements were not saved: the target holds more than the checkpoint says.
    let mut states = bench.store.partitions(&bench.task.name)?;
    for state in &mut states {
        state.position -= 5;
        state.target_next -= 5;
    }
    let earlier = Checkpoint {
        partitions: states,
        ..Checkpoint::default()
    };
    bench.store.save(&bench.task.name, &earlier)?;
    filler.numbered(topic, 2, 20, 10, 50)?;
    target.broker(broker).kill()?;
    leaderless(&target, 3 - broker, topic)?;

    let running = bench.start(false)?;
    eventually("the other partition goes on", || {
        Ok(read_all(&target.bootstrap(), topic, 1)?.len() == 30)
    })?;
    let fault = running
        .progress()
        .partitions
        .into_iter()
        .find(|partition| partition.partition == 0)
        .context("the partition is shown")?;
    assert_eq!(fault.condition, PartitionCondition::Retrying, "{fault:#?}");
    assert!(
        fault
            .error
            .as_deref()
            .is_some_and(|error| error.contains("no leader")),
        "{fault:#?}"
    );
    target.broker(broker).start()?;
    eventually("it goes on", || {
        Ok(read_all(&target.bootstrap(), topic, 0)?.len() >= 30)
    })?;
    stop(running)?;
    for partition in [0, 1] {
        let copied: Vec<_> = read_all(&target.bootstrap(), topic, partition)?
            .into_iter()
            .map(|record| record.value)
            .collect();
        let wanted: Vec<_> = read_all(&source.bootstrap(), topic, partition)?
            .into_iter()
            .map(|record| record.value)
            .collect();
        assert_eq!(
            copied, wanted,
            "partition {partition}: nothing twice, nothing missing"
        );
    }
    Ok(())
}

#[test]
fn a_start_at_the_latest_offset_takes_what_comes_after_the_launch_from_a_partition_that_was_away()
-> Result<()> {
    if skipped() {
        return Ok(());
    }
    let target = cluster(KafkaVersion::V4_3_1)?;
    let topic = "latest";
    let (source, broker) = split_source(topic)?;
    source.broker(broker).kill()?;
    leaderless(&source, 3 - broker, topic)?;
    let mut bench = Bench::new(&source.bootstrap(), &target.bootstrap(), &[topic])?;
    bench.task.start = Start::Latest;
    bench.task.delivery = Delivery::AtLeastOnce;
    // What the launch noted holds for a later run.
    stop(bench.start(false)?)?;
    source.broker(broker).start()?;
    let filler = Filler::new(&source.bootstrap())?;
    eventually("the partition can be written again", || {
        let record = sluice_tests::OddRecord {
            key: None,
            value: Some(b"after the launch".to_vec()),
            headers: Vec::new(),
            timestamp: sluice_tests::now_ms(),
        };
        Ok(filler.produce(topic, 0, &[record]).is_ok())
    })?;
    let running = bench.start(false)?;
    eventually("what came after the launch is there", || {
        Ok(!read_all(&target.bootstrap(), topic, 0)?.is_empty())
    })?;
    stop(running)?;
    let copied = read_all(&target.bootstrap(), topic, 0)?;
    assert!(
        copied
            .iter()
            .all(|record| record.value.as_deref() == Some(b"after the launch")),
        "nothing that was there before the launch: {copied:#?}"
    );
    Ok(())
}
