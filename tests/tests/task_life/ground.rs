//! An application with two clusters, and a task between them.

use anyhow::Result;
use sluice_app::ErrorCode;
use sluice_fakekafka::{FakeCluster, FakeRecord};
use sluice_tests::{Desk, fake_clusters};

pub fn append(cluster: &FakeCluster, topic: &str, from: usize, count: usize) -> Result<()> {
    let records = (from..from + count)
        .map(|number| {
            FakeRecord::new(format!("k{number}"), format!("v{number}")).at(1_700_000_000_000 + number as i64)
        })
        .collect();
    cluster.append(topic, 0, records)?;
    Ok(())
}

pub fn expected(ranges: &[(usize, usize)]) -> Vec<String> {
    ranges
        .iter()
        .flat_map(|&(from, to)| from..to)
        .map(|number| format!("v{number}"))
        .collect()
}

pub struct Scene {
    pub source: FakeCluster,
    pub target: FakeCluster,
    pub dir: tempfile::TempDir,
}

impl Scene {
    pub fn new(topics: &[&str]) -> Result<Self> {
        let (source, target) = fake_clusters()?;
        for topic in topics {
            source.create_topic(topic, 1, &[])?;
            append(&source, topic, 0, 100)?;
        }
        Ok(Self {
            source,
            target,
            dir: tempfile::tempdir()?,
        })
    }

    /// The application with both clusters as data sources.
    pub fn desk(&self) -> Result<(Desk, sluice_model::SourceId, sluice_model::SourceId)> {
        let desk = Desk::open(self.dir.path())?;
        let source = desk.source("from", &self.source.bootstrap())?;
        let target = desk.source("to", &self.target.bootstrap())?;
        Ok((desk, source, target))
    }
}

pub fn code<T>(result: sluice_app::Result<T>) -> Option<ErrorCode> {
    result.err().map(|error| error.code)
}
