use std::sync::Arc;

use sluice_fakekafka::{CommittedOffset, Compression, FakeCluster, FakeError};
use thiserror::Error;

use crate::writer::{Writer, record};

/// Topics of the source cluster and their partitions.
pub const TOPICS: &[(&str, i32)] = &[("orders", 6), ("payments", 4), ("clicks", 8)];

/// Records in each partition before anybody copies.
pub(crate) const BACKLOG: i64 = 20_000;
/// Consumer groups of the source: which topics each reads, and how many records of each partition it has read. They have
/// no members.
const GROUPS: &[(&str, &[&str], i64)] = &[
    ("billing", &["orders", "payments"], BACKLOG - 700),
    ("recommendations", &["clicks"], BACKLOG),
];
/// Records per batch while the backlog is written.
const BATCH: i64 = 500;
/// What a partition holds at most: a demonstration that is left alone must not fill the memory. An hour of the writer
/// fits.
const RETENTION_BYTES: &str = "25000000";

/// Why the demonstration does not run.
#[derive(Debug, Error)]
pub enum DemoError {
    /// A cluster does not start, or does not take what it is given.
    #[error("the demo's {0} cluster failed: {1}")]
    Cluster(&'static str, #[source] FakeError),
    /// The system gives no thread.
    #[error("no thread for the demo's writer: {0}")]
    Thread(#[source] std::io::Error),
}

/// A source cluster with topics and records, an empty target cluster, and a writer. Dropping it ends all three.
pub struct DemoClusters {
    // Before the cluster it writes to.
    writer: Option<Writer>,
    source: Arc<FakeCluster>,
    target: FakeCluster,
}

impl DemoClusters {
    /// Starts both clusters and fills the source.
    ///
    /// # Errors
    /// A cluster does not start.
    pub fn start() -> Result<Self, DemoError> {
        let start = |id: &str| FakeCluster::builder().brokers(3).cluster_id(id).start();
        let source = Arc::new(start("demo-source").map_err(|error| DemoError::Cluster("source", error))?);
        let target = start("demo-target").map_err(|error| DemoError::Cluster("target", error))?;
        fill(&source).map_err(|error| DemoError::Cluster("source", error))?;
        Ok(Self {
            writer: None,
            source,
            target,
        })
    }

    /// `bootstrap.servers` of the cluster to copy from.
    pub fn source_bootstrap(&self) -> String {
        self.source.bootstrap()
    }

    /// `bootstrap.servers` of the cluster to copy to.
    pub fn target_bootstrap(&self) -> String {
        self.target.bootstrap()
    }

    /// The cluster to copy from.
    pub fn source(&self) -> &FakeCluster {
        &self.source
    }

    /// The cluster to copy to.
    pub fn target(&self) -> &FakeCluster {
        &self.target
    }

    /// Begins to write records to the source, a few of each topic all the time.
    ///
    /// # Errors
    /// The system gives no thread.
    pub fn start_writer(&mut self) -> Result<(), DemoError> {
        if self.writer.is_none() {
            self.writer = Some(Writer::start(Arc::clone(&self.source)).map_err(DemoError::Thread)?);
        }
        Ok(())
    }

    /// Ends the writer.
    ///
    /// # Errors
    /// What it ended with before.
    pub fn stop_writer(&mut self) -> Result<(), DemoError> {
        match self.writer.take() {
            Some(writer) => writer.stop().map_err(|error| DemoError::Cluster("source", error)),
            None => Ok(()),
        }
    }
}

fn fill(source: &FakeCluster) -> Result<(), FakeError> {
    for (topic, partitions) in TOPICS {
        source.create_topic(topic, *partitions, &[("retention.bytes", RETENTION_BYTES)])?;
        for partition in 0..*partitions {
            for first in (0..BACKLOG).step_by(BATCH as usize) {
                let batch = (first..first + BATCH)
                    .map(|number| record(topic, partition, number))
                    .collect();
                source.append_compressed(topic, partition, batch, Compression::Lz4)?;
            }
        }
    }
    commit(source);
    Ok(())
}

/// Lets each group stand where a shop's programs could have stopped: not at the same place in every partition.
fn commit(source: &FakeCluster) {
    for (group, topics, read) in GROUPS {
        let read_by = TOPICS.iter().filter(|(topic, _)| topics.contains(topic));
        for (topic, partition) in
            read_by.flat_map(|(topic, count)| (0..*count).map(move |number| (topic, number)))
        {
            let committed = CommittedOffset {
                offset: read - 13 * i64::from(partition),
                leader_epoch: -1,
                metadata: String::new(),
            };
            source.commit(group, topic, partition, committed);
        }
    }
}
