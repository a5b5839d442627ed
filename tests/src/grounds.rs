use anyhow::Result;
use sluice_fakekafka::FakeCluster;
use sluice_testground::{Cluster, KafkaVersion, skip_reason};

/// Whether real brokers cannot be had here. Says why on standard error; in CI that is a failure.
pub fn skipped() -> bool {
    match skip_reason() {
        None => false,
        Some(reason) => {
            assert!(std::env::var_os("CI").is_none(), "CI must not skip: {reason}");
            eprintln!("SKIPPED: {reason}");
            true
        }
    }
}

/// Two in-process clusters of two brokers, named `source` and `target`.
///
/// # Errors
/// One did not start.
pub fn fake_clusters() -> Result<(FakeCluster, FakeCluster)> {
    Ok((
        FakeCluster::builder().brokers(2).cluster_id("source").start()?,
        FakeCluster::builder().brokers(2).cluster_id("target").start()?,
    ))
}

/// A one-broker plaintext cluster of `version`.
///
/// # Errors
/// It did not start.
pub fn cluster(version: KafkaVersion) -> Result<Cluster> {
    Ok(Cluster::builder(version).start()?)
}
