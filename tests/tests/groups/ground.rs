//! Groups, how they are moved, and readers that are not ours.

use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::message::Message;
use rdkafka::{ClientConfig, Offset, TopicPartitionList};
use sluice_engine::{GroupPosition, GroupReport, GroupsReport, SyncOptions, group_inventory, sync_groups};
use sluice_fakekafka::{CommittedOffset, FakeCluster, Isolation};
use sluice_tests::Bench;
use sluice_wire::{Client, GroupOffset, TopicPartition};

/// Syncs of all groups, with proofs.
pub fn all() -> SyncOptions {
    SyncOptions {
        prove: true,
        ..SyncOptions::default()
    }
}

pub fn sync(bench: &Bench, options: &SyncOptions) -> Result<GroupsReport> {
    Ok(sync_groups(
        &bench.task,
        bench.store.as_ref(),
        options,
        &AtomicBool::new(false),
    )?)
}

pub fn inventory(bench: &Bench) -> Result<GroupsReport> {
    Ok(group_inventory(
        &bench.task,
        bench.store.as_ref(),
        &sluice_engine::GroupChoice::All,
        &AtomicBool::new(false),
    )?)
}

pub fn group<'r>(report: &'r GroupsReport, name: &str) -> Result<&'r GroupReport> {
    report
        .group(name)
        .with_context(|| format!("no group '{name}' in {report:#?}"))
}

pub fn only<'r>(report: &'r GroupsReport, name: &str) -> Result<&'r GroupPosition> {
    let group = group(report, name)?;
    ensure!(group.partitions.len() == 1, "{group:#?}");
    Ok(&group.partitions[0])
}

/// Commits for a group of an in-process cluster.
pub fn commit_fake(cluster: &FakeCluster, group: &str, topic: &str, offset: i64, metadata: &str) {
    let committed = CommittedOffset {
        offset,
        leader_epoch: -1,
        metadata: metadata.to_owned(),
    };
    cluster.commit(group, topic, 0, committed);
}

/// Values of the committed records of an in-process cluster's partition, from an offset on.
pub fn values_from(cluster: &FakeCluster, topic: &str, from: i64) -> Result<Vec<String>> {
    Ok(cluster
        .records(topic, 0, Isolation::Committed)?
        .iter()
        .filter(|stored| stored.offset >= from)
        .map(|stored| {
            let value = stored.record.value.as_deref().unwrap_or_default();
            String::from_utf8_lossy(value).into_owned()
        })
        .collect())
}

/// Commits offsets for groups without members.
pub fn commit(bootstrap: &str, group: &str, offsets: &[(&str, i32, i64)], metadata: &str) -> Result<()> {
    commit_with(&client(bootstrap)?, group, offsets, metadata)
}

pub fn client(bootstrap: &str) -> Result<Client> {
    Ok(Client::new(&sluice_model::Cluster::new(bootstrap)?)?)
}

pub fn commit_with(client: &Client, group: &str, offsets: &[(&str, i32, i64)], metadata: &str) -> Result<()> {
    let offsets = offsets
        .iter()
        .map(|(topic, partition, offset)| {
            let offset = GroupOffset {
                offset: *offset,
                leader_epoch: None,
                metadata: metadata.to_owned(),
            };
            (TopicPartition::new(*topic, *partition), offset)
        })
        .collect();
    let outcome = client.offset_commit(group, &offsets)?;
    ensure!(outcome.values().all(|one| one.is_ok()), "{outcome:?}");
    Ok(())
}

/// What a consumer of librdkafka reads of each partition that continues where `group` has committed.
pub fn continued(bootstrap: &str, group: &str, topic: &str, partitions: i32) -> Result<Vec<Vec<Vec<u8>>>> {
    let consumer: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", bootstrap)
        .set("group.id", group)
        .set("enable.auto.commit", "false")
        .set("enable.partition.eof", "true")
        .set("isolation.level", "read_committed")
        // A position outside of the log must not be taken for another one.
        .set("auto.offset.reset", "error")
        .create()?;
    let mut list = TopicPartitionList::new();
    for partition in 0..partitions {
        list.add_partition_offset(topic, partition, Offset::Stored)?;
    }
    consumer.assign(&list)?;
    let mut values = vec![Vec::new(); usize::try_from(partitions)?];
    let (mut left, until) = (partitions, Instant::now() + Duration::from_secs(60));
    while left > 0 {
        ensure!(
            Instant::now() < until,
            "{group} has not come to the end of {topic} in 60 s"
        );
        match consumer.poll(Duration::from_millis(200)) {
            None => {}
            Some(Err(KafkaError::PartitionEOF(_))) => left -= 1,
            Some(Err(error)) => return Err(error.into()),
            Some(Ok(message)) => {
                values[usize::try_from(message.partition())?]
                    .push(message.payload().unwrap_or_default().to_vec());
            }
        }
    }
    Ok(values)
}
