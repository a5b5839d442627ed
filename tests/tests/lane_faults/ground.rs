//! Numbered records, and the proof that both sides are equal with every source offset mapped.

use anyhow::{Context, Result, ensure};
use sluice_engine::{CheckpointStore, PartitionKey, PartitionProgress, Running, VerificationResult};
use sluice_fakekafka::{FakeCluster, FakeRecord, Isolation};
use sluice_model::{Delivery, LaneChoice};
use sluice_tests::{Bench, eventually};

/// Both lanes.
pub const LANES: [LaneChoice; 2] = [LaneChoice::Wire, LaneChoice::Record];

pub fn bench(
    source: &FakeCluster,
    target: &FakeCluster,
    topics: &[&str],
    (lane, delivery): (LaneChoice, Delivery),
) -> Result<Bench> {
    let mut bench = Bench::new(&source.bootstrap(), &target.bootstrap(), topics)?;
    bench.task.lane = lane;
    bench.task.delivery = delivery;
    Ok(bench)
}

pub fn numbers(from: usize, count: usize) -> Vec<FakeRecord> {
    (from..from + count)
        .map(|n| {
            FakeRecord::new(format!("k{n}"), format!("v{n}"))
                .at(1_700_000_000_000 + n as i64)
                .header("n", Some(n.to_string().as_bytes()))
        })
        .collect()
}

/// As `numbers`, in batches of ten: a copy may stop between any two of them.
pub fn append(cluster: &FakeCluster, topic: &str, partition: i32, from: usize, count: usize) -> Result<()> {
    for begin in (from..from + count).step_by(10) {
        cluster.append(topic, partition, numbers(begin, 10.min(from + count - begin)))?;
    }
    Ok(())
}

pub fn content(cluster: &FakeCluster, topic: &str, partition: i32) -> Result<Vec<FakeRecord>> {
    let records = cluster.records(topic, partition, Isolation::Committed)?;
    Ok(records.into_iter().map(|stored| stored.record).collect())
}

pub fn length(cluster: &FakeCluster, topic: &str, partition: i32) -> Result<usize> {
    Ok(cluster.records(topic, partition, Isolation::Committed)?.len())
}

pub fn numbered(ranges: &[(usize, usize)]) -> Vec<FakeRecord> {
    ranges
        .iter()
        .flat_map(|&(from, to)| numbers(from, to - from))
        .collect()
}

pub fn key(topic: &str, partition: i32) -> PartitionKey {
    PartitionKey {
        topic: topic.into(),
        partition,
    }
}

/// Names what differs instead of printing thousands of records.
pub fn assert_same(original: &[FakeRecord], copy: &[FakeRecord]) {
    if let Some((at, (a, b))) = original.iter().zip(copy).enumerate().find(|(_, (a, b))| a != b) {
        panic!("record {at} is {b:?} instead of {a:?}");
    }
    assert_eq!(original.len(), copy.len(), "records on the target");
}

/// Both sides are equal record by record, the verification agrees, and every source offset is mapped to where its
/// record really is.
pub fn assert_exact(
    bench: &Bench,
    source: &FakeCluster,
    target: &FakeCluster,
    topic: &str,
    partitions: i32,
) -> Result<()> {
    for partition in 0..partitions {
        let from = source.records(topic, partition, Isolation::Committed)?;
        let to = target.records(topic, partition, Isolation::Committed)?;
        assert_same(
            &content(source, topic, partition)?,
            &content(target, topic, partition)?,
        );
        let runs = bench
            .store
            .runs_from(&bench.task.name, &key(topic, partition), 0, usize::MAX)?;
        for (original, copy) in from.iter().zip(&to) {
            let noted = runs.iter().rev().find_map(|run| run.target_of(original.offset));
            assert_eq!(
                noted.with_context(|| format!(
                    "no run for offset {} of {topic}-{partition}",
                    original.offset
                ))?,
                copy.offset,
                "{topic}-{partition} at {}",
                original.offset
            );
        }
        assert_eq!(
            runs.iter().map(|run| run.length).sum::<i64>(),
            from.len() as i64,
            "only records are mapped"
        );
    }
    let report = bench.verify()?;
    assert_eq!(report.result, VerificationResult::Equal, "{report:#?}");
    Ok(())
}

pub fn row(running: &Running, topic: &str, partition: i32) -> PartitionProgress {
    running
        .progress()
        .partitions
        .into_iter()
        .find(|row| row.topic == topic && row.partition == partition)
        .unwrap_or_default()
}

pub fn caught_up(
    running: &Running,
    target: &FakeCluster,
    topic: &str,
    partition: i32,
    records: usize,
) -> Result<()> {
    let outcome = eventually("everything is copied", || {
        ensure!(!running.is_finished(), "the run has ended");
        Ok(length(target, topic, partition)? >= records && running.progress().caught_up)
    });
    outcome.with_context(|| format!("{:#?}", running.progress()))
}
