//! A target topic that is deleted, or deleted and made again, under a running task, also where it has nothing to copy.

use anyhow::{Context, Result, ensure};
use sluice_engine::{Ending, PartitionCondition, Running};
use sluice_fakekafka::{FakeCluster, FakeRecord};
use sluice_model::{Delivery, LaneChoice};
use sluice_tests::{BOTH, Bench, eventually, fake_clusters, stop, values};

const LANES: [LaneChoice; 2] = [LaneChoice::Wire, LaneChoice::Record];

fn numbers(from: usize, count: usize) -> Vec<FakeRecord> {
    (from..from + count)
        .map(|n| FakeRecord::new(format!("k{n}"), format!("v{n}")).at(1_700_000_000_000))
        .collect()
}

/// Two topics, both copied; the task runs and has nothing to do.
fn idle(lane: LaneChoice, delivery: Delivery) -> Result<(FakeCluster, FakeCluster, Bench, Running)> {
    let (source, target) = fake_clusters()?;
    for topic in ["goes", "stays"] {
        source.create_topic(topic, 1, &[])?;
        source.append(topic, 0, numbers(0, 20))?;
    }
    let mut bench = Bench::new(&source.bootstrap(), &target.bootstrap(), &["goes", "stays"])?;
    bench.task.lane = lane;
    bench.task.delivery = delivery;
    let running = bench.start(false)?;
    for topic in ["goes", "stays"] {
        eventually("it is copied", || Ok(values(&target, topic)?.len() == 20))?;
    }
    eventually("it is at rest", || {
        Ok(running
            .progress()
            .partitions
            .iter()
            .all(|partition| partition.condition == PartitionCondition::CaughtUp))
    })?;
    Ok((source, target, bench, running))
}

fn condition(running: &Running, topic: &str) -> Result<(PartitionCondition, String)> {
    let progress = running.progress();
    let found = progress
        .partitions
        .iter()
        .find(|partition| partition.topic == topic);
    let found = found.context("a partition")?;
    Ok((found.condition, found.error.clone().unwrap_or_default()))
}

#[test]
fn a_target_topic_that_is_made_again_stops_its_partition_whether_anything_is_copied_or_not() -> Result<()> {
    for lane in LANES {
        for (delivery, is_written) in BOTH
            .into_iter()
            .flat_map(|delivery| [(delivery, false), (delivery, true)])
        {
            let (source, target, bench, running) = idle(lane, delivery)?;
            let mut next = 20;
            target.delete_topic("goes")?;
            target.create_topic("goes", 1, &[])?;
            eventually("it has stopped", || {
                if is_written {
                    source.append("goes", 0, numbers(next, 1))?;
                    next += 1;
                }
                let (condition, why) = condition(&running, "goes")?;
                Ok(condition == PartitionCondition::Stopped && why.contains("was deleted and created again"))
            })
            .with_context(|| {
                format!(
                    "{lane:?} {delivery:?} {is_written}: {:?}",
                    condition(&running, "goes")
                )
            })?;
            let there = values(&target, "goes")?.len();
            ensure!(
                is_written || there == 0,
                "{lane:?} {delivery:?}: nothing goes into a topic that lacks what was before"
            );
            source.append("goes", 0, numbers(next, 5))?;
            source.append("stays", 0, numbers(20, 5))?;
            eventually("the other goes on", || Ok(values(&target, "stays")?.len() == 25))?;
            ensure!(
                values(&target, "goes")?.len() == there,
                "{lane:?} {delivery:?} {is_written}: it is not copied any further"
            );
            stop(running)?;
            drop(bench);
        }
    }
    Ok(())
}

#[test]
fn a_target_topic_that_is_gone_is_said_to_be_although_nothing_is_copied() -> Result<()> {
    for lane in LANES {
        let (source, target, bench, running) = idle(lane, Delivery::ExactlyOnce)?;
        target.delete_topic("goes")?;
        eventually("it is said", || {
            let (condition, why) = condition(&running, "goes")?;
            Ok(condition == PartitionCondition::Retrying && why.contains("is not there any more"))
        })
        .with_context(|| format!("{lane:?}: {:?}", condition(&running, "goes")))?;
        source.append("stays", 0, numbers(20, 5))?;
        eventually("the other goes on", || Ok(values(&target, "stays")?.len() == 25))?;
        stop(running)?;
        drop(bench);
    }
    Ok(())
}

#[test]
fn a_run_to_the_end_is_not_complete_with_a_target_topic_that_was_made_again() -> Result<()> {
    for lane in LANES {
        let (source, target) = fake_clusters()?;
        source.create_topic("t", 1, &[])?;
        source.append("t", 0, numbers(0, 20))?;
        let mut bench = Bench::new(&source.bootstrap(), &target.bootstrap(), &["t"])?;
        bench.task.lane = lane;
        let running = bench.start(false)?;
        eventually("it is copied", || Ok(values(&target, "t")?.len() == 20))?;
        stop(running)?;
        // Made again right after the launch has looked: as soon as the run has begun.
        let again = bench.start(true)?;
        target.delete_topic("t")?;
        target.create_topic("t", 1, &[])?;
        match again.wait().ending {
            Ending::CaughtUp { incomplete } => {
                ensure!(!incomplete.is_empty(), "{lane:?}: it is not what was copied to");
            }
            other => ensure!(matches!(other, Ending::Failed(_)), "{lane:?}: {other:?}"),
        }
    }
    Ok(())
}
