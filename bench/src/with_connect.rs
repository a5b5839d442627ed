//! A copy by MirrorMaker's connectors on a worker of Kafka Connect, with the settings that a task of Sluice gives them.
//!
//! As MirrorMaker in dedicated mode it runs for ever and takes long to come up: it is measured from its first copied records on.

use std::{
    sync::atomic::{AtomicU32, Ordering},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail, ensure};
use sluice_connect::{ConnectClient, ConnectorKind, Mirror, Naming, Upkeep};
use sluice_model::{Cluster, Codec, ConnectAccess, ConnectLogin};
use sluice_testground::{Jvm, tools::ConnectWorker};

use crate::{
    grounds::Grounds,
    interrupt,
    measurement::Measurement,
    process_figures,
    tool::Tool,
    with_mirror_maker::{HEAP_MEGABYTES, JVM_OPTIONS},
    workload::Workload,
};

const PATIENCE_TO_BEGIN: Duration = Duration::from_secs(180);
const LOOK_AGAIN: Duration = Duration::from_millis(100);

/// Each copy has a Connect cluster and positions of its own.
static COPIES: AtomicU32 = AtomicU32::new(1);

/// A copy that is being watched.
struct Watched<'a> {
    grounds: &'a Grounds,
    workload: &'a Workload,
    worker: ConnectWorker,
    client: ConnectClient,
    connector: String,
    alias: String,
    exactly_once: bool,
}

/// A moment of it.
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
    let mut watched = begin(grounds, workload, tool)?;
    let first = watched.until(PATIENCE_TO_BEGIN, 1)?;
    ensure!(
        first.records > 0,
        "Connect has copied nothing in {} s",
        PATIENCE_TO_BEGIN.as_secs()
    );
    let last = watched.until(limit, workload.records)?;
    let peak_memory = process_figures::peak_memory(watched.worker.pid());
    // Politely, so that the next one need not wait until the broker has given this one up for dead.
    watched.worker.stop()?;
    ensure!(
        last.records <= workload.records,
        "Connect copied {} records instead of {}",
        last.records,
        workload.records
    );
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

/// Starts a worker and makes the connectors.
fn begin<'a>(grounds: &'a Grounds, workload: &'a Workload, tool: Tool) -> Result<Watched<'a>> {
    let id = format!("bench-{}", COPIES.fetch_add(1, Ordering::Relaxed));
    let exactly_once = tool.is_exactly_once();
    let jvm = JVM_OPTIONS
        .iter()
        .fold(Jvm::full(HEAP_MEGABYTES), |jvm, option| jvm.option(*option));
    let worker = ConnectWorker::on(grounds.target(), &id).jvm(jvm);
    let worker = if exactly_once {
        worker.exactly_once()
    } else {
        worker
    };
    let worker = worker.start()?;
    let client = ConnectClient::new(&ConnectAccess {
        urls: vec![worker.url()],
        login: ConnectLogin::None,
        user: String::new(),
        password: None,
        ca_file: None,
    })?;
    let (source, target) = (Cluster::new(&grounds.source())?, Cluster::new(&grounds.target())?);
    let mirror = Mirror {
        task: &id,
        topics: &[workload.name()],
        partitions: workload.partitions,
        naming: Naming::Identity,
        source: &source,
        target: &target,
        upkeep: Upkeep::Sluice { target_brokers: 1 },
        exactly_once,
        overrides: true,
        compression: Codec::Auto,
    };
    let connectors = mirror
        .connectors()
        .map_err(|why| anyhow::anyhow!(why.0))
        .context("the connectors")?;
    for connector in connectors {
        client.create(&connector.name, &connector.config, false)?;
    }
    Ok(Watched {
        grounds,
        workload,
        worker,
        client,
        connector: ConnectorKind::Source.name_of(&id),
        alias: mirror.alias(),
        exactly_once,
    })
}

impl Watched<'_> {
    /// Looks until so many records are copied or the limit is over.
    fn until(&mut self, limit: Duration, records: u64) -> Result<Moment> {
        let since = Instant::now();
        loop {
            interrupt::check()?;
            if !self.worker.is_running() {
                bail!("the worker has ended by itself");
            }
            let moment = Moment {
                records: self.copied()?,
                at: Instant::now(),
                cpu: process_figures::cpu(self.worker.pid()),
            };
            if moment.records >= records || since.elapsed() >= limit {
                return Ok(moment);
            }
            thread::sleep(LOOK_AGAIN);
        }
    }

    /// Records that are copied. The markers of transactions take offsets of the target, so that the connector's positions
    /// are asked there; without transactions it writes them once a minute.
    fn copied(&self) -> Result<u64> {
        if !self.exactly_once {
            return self.grounds.copied(self.workload);
        }
        let positions = match self.client.offsets(&self.connector, &self.alias) {
            Ok(positions) => positions,
            Err(error) if error.is_not_found() || error.is_passing() => Vec::new(),
            Err(error) => return Err(error.into()),
        };
        let copied: i64 = positions.iter().map(|at| at.position).sum();
        Ok(u64::try_from(copied)?)
    }
}
