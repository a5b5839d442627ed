//! What tests of mirrors share: sources whose logs have holes, and whether both sides have the same offsets.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use sluice_wire::format::Codec;
use sluice_wire::{
    Client, FillEvent, FillSettings, Hole, HoleFiller, Isolation, OffsetSpec, TopicPartition, Wake,
};

use crate::reading::read_all;

/// How long one hole may take.
const DEADLINE: Duration = Duration::from_secs(180);

/// Makes holes in a log: offsets without a record that a copy would take.
pub struct HoleMaker {
    client: Client,
    filler: HoleFiller,
}

impl HoleMaker {
    /// # Errors
    /// The cluster does not answer.
    pub fn new(bootstrap: &str, id: &str) -> Result<Self> {
        let client = Client::new(&sluice_model::Cluster::new(bootstrap)?)?;
        let settings = FillSettings {
            transactional_id: id.to_owned(),
            timeout: Duration::from_secs(60),
            codec: Codec::Gzip,
            batch_limits: BTreeMap::new(),
            batch_limit: 900_000,
        };
        // Its topic may still be in the making.
        let until = Instant::now() + DEADLINE;
        let filler = loop {
            match HoleFiller::open(&client, settings.clone(), &Wake::new()) {
                Err(error) if error.is_retriable() && Instant::now() < until => {}
                opened => break opened?,
            }
        };
        Ok(Self { client, filler })
    }

    /// Where a partition's log begins and ends, everything counted.
    ///
    /// # Errors
    /// The cluster does not answer.
    pub fn bounds(&self, topic: &str, partition: i32) -> Result<(i64, i64)> {
        bounds_by(&self.client, topic, partition)
    }

    /// Leaves `count` offsets without a record behind the end of a partition.
    ///
    /// # Errors
    /// The cluster does not answer.
    pub fn hole(&self, topic: &str, partition: i32, count: i64) -> Result<()> {
        self.fill(topic, partition, count, false)
    }

    /// Makes an empty partition begin at `offset`.
    ///
    /// # Errors
    /// The cluster does not answer.
    pub fn begin_at(&self, topic: &str, partition: i32, offset: i64) -> Result<()> {
        self.fill(topic, partition, offset, true)
    }

    /// Where a log ends once the markers of ended transactions are written, which may take a moment.
    fn settled_end(&self, topic: &str, partition: i32) -> Result<i64> {
        let place = TopicPartition::new(topic, partition);
        let until = Instant::now() + DEADLINE;
        loop {
            let listed = self.client.list_offsets(
                std::slice::from_ref(&place),
                OffsetSpec::Latest,
                Isolation::Committed,
            )?;
            let stable = listed.into_values().next().context("an answer")??.offset;
            let (_, end) = self.bounds(topic, partition)?;
            if stable == Some(end) {
                return Ok(end);
            }
            ensure!(
                Instant::now() < until,
                "a transaction in {topic}-{partition} stays open"
            );
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    fn fill(&self, topic: &str, partition: i32, count: i64, delete: bool) -> Result<()> {
        let from = self.settled_end(topic, partition)?;
        self.filler.fill(Hole {
            place: TopicPartition::new(topic, partition),
            from,
            to: from + count,
            timestamp: 1_700_000_000_000,
            delete_before: delete.then_some(from + count),
        });
        let until = Instant::now() + DEADLINE;
        loop {
            if let Some(event) = self.filler.poll().into_iter().next() {
                ensure!(matches!(event, FillEvent::Filled { .. }), "{event:?}");
                return Ok(());
            }
            ensure!(Instant::now() < until, "no hole in {topic}-{partition} in time");
            std::thread::sleep(Duration::from_millis(2));
        }
    }
}

/// Where a partition's log begins and ends, everything counted.
///
/// # Errors
/// The cluster does not answer.
pub fn log_bounds(bootstrap: &str, topic: &str, partition: i32) -> Result<(i64, i64)> {
    bounds_by(
        &Client::new(&sluice_model::Cluster::new(bootstrap)?)?,
        topic,
        partition,
    )
}

fn bounds_by(client: &Client, topic: &str, partition: i32) -> Result<(i64, i64)> {
    let place = TopicPartition::new(topic, partition);
    let ask = |spec| -> Result<i64> {
        let mut listed = client.list_offsets(std::slice::from_ref(&place), spec, Isolation::Uncommitted)?;
        let listed = listed.remove(&place).context("an answer for the partition")??;
        listed.offset.context("an offset")
    };
    Ok((ask(OffsetSpec::Earliest)?, ask(OffsetSpec::Latest)?))
}

/// Checks with librdkafka that both sides have the same records at the same offsets, and that their logs begin and end at the same
/// ones. Returns how many records these are.
///
/// # Errors
/// They differ, or a cluster does not answer.
pub fn equal_offsets(source: &str, target: &str, topics: (&str, &str), partitions: i32) -> Result<usize> {
    let mut count = 0;
    for partition in 0..partitions {
        let (there, here) = (
            read_all(source, topics.0, partition)?,
            read_all(target, topics.1, partition)?,
        );
        let first = there.iter().zip(&here).position(|(a, b)| a != b);
        if let Some(at) = first {
            anyhow::bail!("partition {partition}: {:?} is not {:?}", there[at], here[at]);
        }
        ensure!(
            there.len() == here.len(),
            "partition {partition}: {} records are not {}",
            there.len(),
            here.len()
        );
        let (at_source, on_target) = (
            log_bounds(source, topics.0, partition)?,
            log_bounds(target, topics.1, partition)?,
        );
        ensure!(
            at_source == on_target,
            "partition {partition}: the source's log is {at_source:?}, the target's {on_target:?}"
        );
        count += there.len();
    }
    Ok(count)
}
