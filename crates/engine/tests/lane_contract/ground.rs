//! Two clusters, what is in them, and what a case wants of its lane.

use std::collections::BTreeSet;

use anyhow::{Context, Result};
use sluice_engine::{Lane, LanePartition, Slot};
use sluice_fakekafka::{FakeCluster, FakeRecord, Isolation};

/// Timestamp of record 0.
pub const BEGIN: i64 = 1_700_000_000_000;

/// Opens a lane between the clusters.
pub type Open = fn(&Ground, &Wanted) -> Result<Box<dyn Lane>>;

/// How a lane delivers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivery {
    Transactions,
    Idempotent,
}

/// Both ways to deliver.
pub const BOTH: [Delivery; 2] = [Delivery::Transactions, Delivery::Idempotent];

/// What a case wants of its lane.
#[derive(Debug, Clone)]
pub struct Wanted {
    pub delivery: Delivery,
    /// Transactional id, and the group that keeps the positions.
    pub id: &'static str,
    pub in_flight_bytes: usize,
    pub hashes: bool,
}

impl Wanted {
    pub fn new(delivery: Delivery) -> Self {
        Self {
            delivery,
            id: "contract",
            in_flight_bytes: 8 * 1024 * 1024,
            hashes: false,
        }
    }
}

impl From<Delivery> for Wanted {
    fn from(delivery: Delivery) -> Self {
        Self::new(delivery)
    }
}

/// A source and a target of two brokers each, with the topic `t` on both.
pub struct Ground {
    pub source: FakeCluster,
    pub target: FakeCluster,
    partitions: i32,
}

impl Ground {
    /// With so many partitions on both sides, which are empty.
    pub fn with_topic(partitions: i32) -> Result<Self> {
        Self::start(partitions, &[], &[])
    }

    /// With so many partitions on both sides, and numbered records in each of the source, in batches of ten.
    pub fn filled(partitions: i32, records: usize) -> Result<Self> {
        let ground = Self::with_topic(partitions)?;
        for number in 0..partitions {
            ground.append(number, 0, records, 10)?;
        }
        Ok(ground)
    }

    /// With one partition on both sides, which is empty, and these settings of the topic.
    pub fn configured(source: &[(&str, &str)], target: &[(&str, &str)]) -> Result<Self> {
        Self::start(1, source, target)
    }

    fn start(partitions: i32, at_source: &[(&str, &str)], on_target: &[(&str, &str)]) -> Result<Self> {
        let ground = Self {
            source: FakeCluster::builder().brokers(2).cluster_id("source").start()?,
            target: FakeCluster::builder().brokers(2).cluster_id("target").start()?,
            partitions,
        };
        ground.source.create_topic("t", partitions, at_source)?;
        ground.target.create_topic("t", partitions, on_target)?;
        Ok(ground)
    }

    /// All partitions, from their first records on.
    pub fn partitions(&self) -> Vec<LanePartition> {
        (0..self.partitions).map(|number| partition(number, 0)).collect()
    }

    /// Appends numbered records to a source partition in batches of `batch`.
    pub fn append(&self, partition: i32, from: usize, count: usize, batch: usize) -> Result<()> {
        for begin in (from..from + count).step_by(batch) {
            self.source
                .append("t", partition, numbers(begin, batch.min(from + count - begin)))?;
        }
        Ok(())
    }

    /// The records of a target partition that a reader of committed records sees.
    pub fn committed(&self, partition: i32) -> Result<Vec<FakeRecord>> {
        content(&self.target, partition, Isolation::Committed)
    }

    /// All records of a target partition.
    pub fn written(&self, partition: i32) -> Result<Vec<FakeRecord>> {
        content(&self.target, partition, Isolation::Uncommitted)
    }
}

fn content(cluster: &FakeCluster, partition: i32, isolation: Isolation) -> Result<Vec<FakeRecord>> {
    let stored = cluster.records("t", partition, isolation)?;
    Ok(stored.into_iter().map(|stored| stored.record).collect())
}

/// Moves the leader of a partition of `t` to the other broker.
pub fn move_leader(cluster: &FakeCluster, partition: i32) -> Result<()> {
    let leader = cluster.leader("t", partition);
    let mut brokers = cluster.broker_ids().into_iter();
    let other = brokers.find(|id| Some(*id) != leader);
    cluster.move_leader("t", partition, other.context("a cluster of two brokers")?)?;
    Ok(())
}

/// Records that differ in everything.
pub fn numbers(from: usize, count: usize) -> Vec<FakeRecord> {
    (from..from + count)
        .map(|n| {
            FakeRecord::new(format!("k{n}"), format!("v{n}"))
                .at(BEGIN + n as i64)
                .header("n", Some(n.to_string().as_bytes()))
        })
        .collect()
}

/// A partition of `t`, from `position` on; its slot is its number.
pub fn partition(number: i32, position: i64) -> LanePartition {
    LanePartition {
        slot: slot(number),
        source_topic: "t".to_owned(),
        source_topic_id: None,
        target_topic: "t".to_owned(),
        partition: number,
        position,
        leader_epoch: None,
        until: None,
        rejected: BTreeSet::new(),
        keyless_refused: false,
        mirror: None,
    }
}

/// The slot of a partition of `t`.
pub fn slot(partition: i32) -> Slot {
    Slot::try_from(partition).unwrap_or_default()
}
