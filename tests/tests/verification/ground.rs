//! Pairs of clusters with equal and with changed records, and the verification of a copy that knows its state or not.

use anyhow::Result;
use sluice_engine::VerificationReport;
use sluice_fakekafka::{FakeCluster, FakeRecord};
use sluice_tests::Bench;

pub const COUNT: usize = 20;

/// Records that differ from each other in every field, some with a null where an empty might stand.
pub fn records(count: usize) -> Vec<FakeRecord> {
    (0..count)
        .map(|n| {
            let mut record = FakeRecord::new(format!("k{n}"), format!("v{n}"))
                .at(1_700_000_000_000 + n as i64)
                .header("h", Some(format!("h{n}").as_bytes()));
            match n % COUNT {
                3 => record.key = None,
                4 => record.value = None,
                5 => record.headers[0].value = None,
                _ => {}
            }
            record
        })
        .collect()
}

pub fn append(cluster: &FakeCluster, topic: &str, partition: i32, records: &[FakeRecord]) -> Result<()> {
    for batch in records.chunks(250) {
        cluster.append(topic, partition, batch.to_vec())?;
    }
    Ok(())
}

pub fn pair() -> Result<(FakeCluster, FakeCluster)> {
    Ok((FakeCluster::builder().start()?, FakeCluster::builder().start()?))
}

pub fn bench(source: &FakeCluster, target: &FakeCluster, topic: &str) -> Result<Bench> {
    Bench::new(&source.bootstrap(), &target.bootstrap(), &[topic])
}

/// Whether the verification has the state of the copy, or only the description of the task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Knows {
    State,
    Description,
}

pub const BOTH: [Knows; 2] = [Knows::State, Knows::Description];

pub fn verify(
    bench: &Bench,
    knows: Knows,
    source: &FakeCluster,
    target: &FakeCluster,
    topic: &str,
) -> Result<VerificationReport> {
    match knows {
        Knows::State => bench.verify(),
        Knows::Description => self::bench(source, target, topic)?.verify(),
    }
}

pub type Tamper = fn(&mut Vec<FakeRecord>);

/// `keys` keys, each written `times` times.
pub fn upserts(keys: usize, times: usize) -> Vec<FakeRecord> {
    (0..keys * times)
        .map(|n| FakeRecord::new(format!("k{}", n % keys), format!("v{n}")).at(1_700_000_000_000 + n as i64))
        .collect()
}
