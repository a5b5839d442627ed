//! Pairs of clusters, a topic with a deleted beginning, and what is on the target.

use anyhow::{Context, Result, bail};
use sluice_fakekafka::{FakeCluster, FakeRecord, Isolation};
use sluice_tests::Bench;

pub const BEGIN: i64 = 1_700_000_000_000;

pub fn records(from: usize, to: usize) -> Vec<FakeRecord> {
    (from..to)
        .map(|n| FakeRecord::new(format!("k{n}"), format!("{n}")).at(BEGIN + n as i64 * 1_000))
        .collect()
}

pub fn pair() -> Result<(FakeCluster, FakeCluster)> {
    Ok((FakeCluster::builder().start()?, FakeCluster::builder().start()?))
}

pub fn bench(source: &FakeCluster, target: &FakeCluster, topic: &str) -> Result<Bench> {
    Bench::new(&source.bootstrap(), &target.bootstrap(), &[topic])
}

/// The values of a partition as numbers, which is what the records of this file hold.
pub fn numbers(cluster: &FakeCluster, topic: &str, partition: i32) -> Result<Vec<usize>> {
    cluster
        .records(topic, partition, Isolation::Committed)?
        .iter()
        .map(|stored| {
            Ok(std::str::from_utf8(stored.record.value.as_deref().context("a tombstone")?)?.parse()?)
        })
        .collect()
}

pub fn refusal(bench: &Bench) -> Result<String> {
    match bench.start(true) {
        Ok(_) => bail!("it started"),
        Err(error) => Ok(error.to_string()),
    }
}

pub fn jiff_from(milliseconds: i64) -> Result<jiff::Timestamp> {
    Ok(jiff::Timestamp::from_millisecond(milliseconds)?)
}
