//! A copy by MirrorMaker 2 in dedicated mode.
//!
//! It runs for ever, so its end is seen on the target; and it takes half a minute of CPU to come up, which a long
//! copy would hide: so it is measured from its first copied record on.

use std::{
    thread,
    time::{Duration, Instant},
};

use anyhow::{Result, bail};
use sluice_testground::{
    Jvm,
    tools::{MirrorMaker, MirrorMakerBuilder},
};

use crate::{
    grounds::Grounds, interrupt, measurement::Measurement, process_figures, tool::Tool, workload::Workload,
};

/// Heap and options that Kafka's own `connect-mirror-maker.sh` sets.
pub const HEAP_MEGABYTES: u32 = 2048;
/// The other options of it, and of `connect-distributed.sh`.
pub const JVM_OPTIONS: [&str; 6] = [
    "-Xms256M",
    "-server",
    "-XX:+UseG1GC",
    "-XX:MaxGCPauseMillis=20",
    "-XX:InitiatingHeapOccupancyPercent=35",
    "-XX:+ExplicitGCInvokesConcurrent",
];

/// What a knowing user changes for throughput.
pub const TUNING: [(&str, &str); 7] = [
    ("source->target.consumer.max.poll.records", "5000"),
    ("source->target.consumer.fetch.max.bytes", "104857600"),
    ("source->target.consumer.max.partition.fetch.bytes", "8388608"),
    ("target.producer.batch.size", "524288"),
    ("target.producer.linger.ms", "50"),
    ("target.producer.buffer.memory", "134217728"),
    ("target.producer.compression.type", "lz4"),
];

const PATIENCE_TO_BEGIN: Duration = Duration::from_secs(180);
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// A moment of a copy.
struct Moment {
    at: Instant,
    records: u64,
    cpu: Option<Duration>,
}

/// Copies the workload. The target topic must be there, empty.
///
/// # Errors
/// It does not begin, or ends by itself.
pub fn copy(grounds: &Grounds, workload: &Workload, tool: Tool, limit: Duration) -> Result<Measurement> {
    let mut mirror_maker = describe(grounds, workload, tool).start()?;
    let first = watch(grounds, workload, &mut mirror_maker, PATIENCE_TO_BEGIN, 1)?;
    if first.records == 0 {
        bail!(
            "MirrorMaker 2 has copied nothing in {} s",
            PATIENCE_TO_BEGIN.as_secs()
        );
    }
    let last = watch(grounds, workload, &mut mirror_maker, limit, workload.records)?;
    let peak_memory = process_figures::peak_memory(mirror_maker.pid());
    // Politely, so that the next one need not wait until the broker has given this one up for dead.
    mirror_maker.stop()?;
    if last.records > workload.records {
        bail!(
            "MirrorMaker 2 copied {} records instead of {}",
            last.records,
            workload.records
        );
    }
    Ok(Measurement {
        records: last.records - first.records,
        wall: last.at - first.at,
        cpu: last
            .cpu
            .zip(first.cpu)
            .map(|(last, first)| last.saturating_sub(first)),
        peak_memory,
        whole: last.records == workload.records,
    })
}

/// Looks until the target holds so many records or the limit is over.
fn watch(
    grounds: &Grounds,
    workload: &Workload,
    mirror_maker: &mut MirrorMaker,
    limit: Duration,
    until: u64,
) -> Result<Moment> {
    let since = Instant::now();
    loop {
        interrupt::check()?;
        if !mirror_maker.is_running() {
            bail!("MirrorMaker 2 has ended by itself");
        }
        let records = grounds.copied(workload)?;
        let moment = Moment {
            at: Instant::now(),
            records,
            cpu: process_figures::cpu(mirror_maker.pid()),
        };
        if records >= until || since.elapsed() >= limit {
            return Ok(moment);
        }
        thread::sleep(LOOK_AGAIN);
    }
}

fn describe(grounds: &Grounds, workload: &Workload, tool: Tool) -> MirrorMakerBuilder {
    let jvm = JVM_OPTIONS
        .iter()
        .fold(Jvm::full(HEAP_MEGABYTES), |jvm, option| jvm.option(*option));
    let builder = MirrorMaker::between(grounds.source(), grounds.target())
        .topics(workload.name())
        .jvm(jvm);
    match tool {
        Tool::MirrorMakerTuned => TUNING
            .iter()
            .fold(builder, |builder, (key, value)| builder.property(*key, *value)),
        _ => builder,
    }
}
