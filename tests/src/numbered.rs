//! Numbered records in partition 0 of topic `t` of clusters in this process: which of them have arrived, and how often.

use anyhow::{Result, ensure};
use sluice_fakekafka::{FakeCluster, FakeRecord, Isolation};

use crate::copying::eventually;

/// Appends the records `from` to `from + count - 1` in one batch.
///
/// # Errors
/// The cluster refused.
pub fn append_numbered(cluster: &FakeCluster, from: usize, count: usize) -> Result<()> {
    let records = (from..from + count)
        .map(|number| FakeRecord::new(format!("k{number}"), format!("v{number}")).at(1_700_000_000_000))
        .collect();
    cluster.append("t", 0, records)?;
    Ok(())
}

/// The values of the records that are there, in order; none where there is no such topic.
///
/// # Errors
/// The cluster refused.
pub fn numbered(cluster: &FakeCluster) -> Result<Vec<String>> {
    if !cluster.topics().iter().any(|topic| topic == "t") {
        return Ok(Vec::new());
    }
    values(cluster, "t")
}

/// The values of a topic's partition 0 as text, in order.
///
/// # Errors
/// There is no such topic.
pub fn values(cluster: &FakeCluster, topic: &str) -> Result<Vec<String>> {
    let records = cluster.records(topic, 0, Isolation::Committed)?;
    Ok(records
        .into_iter()
        .map(|stored| String::from_utf8_lossy(&stored.record.value.unwrap_or_default()).into_owned())
        .collect())
}

/// Polls until the numbered records before `count` are there, each once and in order, and no other.
///
/// # Errors
/// They are not in time.
pub fn has_exactly_numbered(cluster: &FakeCluster, count: usize) -> Result<()> {
    eventually(&format!("{count} records are copied"), || {
        Ok(numbered(cluster)?.len() >= count)
    })?;
    let expected: Vec<String> = (0..count).map(|number| format!("v{number}")).collect();
    let there = numbered(cluster)?;
    ensure!(
        there == expected,
        "each record once, in order; there are {}: {there:?}",
        there.len()
    );
    Ok(())
}
