//! Groups, how they are moved, and readers that are not ours.

use std::sync::atomic::AtomicBool;

use anyhow::{Context, Result, ensure};
use sluice_engine::{GroupPosition, GroupReport, GroupsReport, SyncOptions, group_inventory, sync_groups};
use sluice_fakekafka::{CommittedOffset, FakeCluster, Isolation};
use sluice_tests::Bench;

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
