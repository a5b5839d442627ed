//! A topic that is deleted while the wire lane copies it stays deleted, on brokers too that create what a client asks for by
//! name.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use sluice_engine::PartitionCondition;
use sluice_kafka::Admin;
use sluice_model::{Cluster as DataSource, LaneChoice};
use sluice_testground::{Cluster, KafkaVersion};
use sluice_tests::{Bench, Filler, cluster, eventually, read_all, skipped, stop};

/// How long the topic must stay away: several looks of a running task at its source.
const AWAY: Duration = Duration::from_secs(20);

#[test]
fn a_source_topic_that_is_deleted_under_a_running_copy_does_not_come_back() -> Result<()> {
    if skipped() {
        return Ok(());
    }
    let target = cluster(KafkaVersion::V4_3_1)?;
    for version in [KafkaVersion::V0_10_2_2, KafkaVersion::V2_0_1] {
        let source = Cluster::builder(version)
            .property("auto.create.topics.enable", "true")
            .property("delete.topic.enable", "true")
            .start()?;
        let (goes, stays) = (format!("goes-{version}"), format!("stays-{version}"));
        for topic in [&goes, &stays] {
            let filler = Filler::new(&source.bootstrap())?;
            filler.create(topic, 1, &[])?;
            filler.numbered(topic, 1, 0, 20, 50)?;
        }
        let mut bench = Bench::new(&source.bootstrap(), &target.bootstrap(), &[&goes, &stays])?;
        bench.task.lane = LaneChoice::Wire;
        let running = bench.start(false)?;
        for topic in [&goes, &stays] {
            eventually("both are copied", || {
                Ok(read_all(&target.bootstrap(), topic, 0)?.len() == 20)
            })?;
        }

        let admin = Admin::new(&DataSource::new(&source.bootstrap())?)?;
        let is_there = || -> Result<bool> { Ok(admin.metadata()?.topics.contains_key(&goes)) };
        Filler::new(&source.bootstrap())?.delete(&goes)?;
        eventually("it is gone", || Ok(!is_there()?))?;
        eventually("the task says so", || {
            Ok(running.progress().partitions.iter().any(|partition| {
                partition.topic == goes
                    && partition.condition != PartitionCondition::Copying
                    && partition.error.is_some()
            }))
        })?;
        let until = Instant::now() + AWAY;
        while Instant::now() < until {
            ensure!(!is_there()?, "{version}: it came back");
            std::thread::sleep(Duration::from_millis(200));
        }
        Filler::new(&source.bootstrap())?.numbered(&stays, 1, 20, 5, 50)?;
        eventually("the other goes on", || {
            Ok(read_all(&target.bootstrap(), &stays, 0)?.len() == 25)
        })?;
        stop(running)?;
        ensure!(!is_there()?, "{version}: it came back at the end");
    }
    Ok(())
}
