//! A copy by `kcat -C | kcat -P`, with all that kcat can keep.
//!
//! That is keys and values without tabs and line ends in them; headers, timestamps and partitions are lost, and null
//! and empty are the same.

use std::{
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};

use crate::{grounds::Grounds, measurement::Measurement, observed::Observed, workload::Workload};

/// Copies the workload. The target topic must be there, empty.
///
/// # Errors
/// It fails or does not copy everything.
pub fn copy(grounds: &Grounds, workload: &Workload, limit: Duration) -> Result<Measurement> {
    let topic = workload.name();
    let mut consumer = Command::new("kcat");
    consumer
        .args(["-C", "-q", "-e", "-o", "beginning"])
        .args(["-b", &grounds.source(), "-t", &topic])
        .args(["-f", r"%k\t%s\n"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped());
    let mut producer = Command::new("kcat");
    producer
        .args(["-P", "-b", &grounds.target(), "-t", &topic])
        // An empty key becomes a null one, as all keys of the workloads are.
        .args(["-K", r"\t", "-Z", "-z", workload.codec.option()]);

    let since = Instant::now();
    let mut consumer = Observed::spawn("kcat -C", consumer)?;
    let records = consumer.take_stdout().context("no pipe from kcat")?;
    producer.stdin(records);
    // `spawn` takes the command and with it this process's end of the pipe, which would keep it open.
    let producer = Observed::spawn("kcat -P", producer)?;
    let mut both = [consumer, producer];
    let in_time = Observed::wait_for_all(&mut both, since, limit)?;
    let wall = since.elapsed();

    let failed = |process: &Observed| process.status().is_none_or(|status| !status.success());
    if in_time && both.iter().any(failed) {
        bail!("kcat failed");
    }
    let copied = grounds.copied(workload)?;
    if in_time && copied != workload.records {
        bail!("kcat copied {copied} records instead of {}", workload.records);
    }
    let [consumer, producer] = both;
    Ok(Measurement {
        records: copied,
        wall,
        cpu: consumer
            .cpu()
            .zip(producer.cpu())
            .map(|(consumer, producer)| consumer + producer),
        peak_memory: consumer
            .peak_memory()
            .zip(producer.peak_memory())
            .map(|(consumer, producer)| consumer + producer),
        whole: in_time,
    })
}
