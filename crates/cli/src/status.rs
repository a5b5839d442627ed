//! `sluice status`.

use std::collections::BTreeMap;
use std::path::Path;

use comfy_table::Table;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;
use sluice_engine::{CheckpointStore, Launch, PartitionState};
use sluice_store::{SqliteStore, TaskLock, TaskStatus};

use crate::arguments::StatusArguments;
use crate::exit::Exit;
use crate::output;
use crate::tables;
use crate::words;

/// All tasks of a state directory, for scripts.
#[derive(Serialize)]
struct StatusReport {
    state_dir: String,
    tasks: Vec<TaskRow>,
}

/// One task.
#[derive(Serialize)]
struct TaskRow {
    name: String,
    /// Whether a process runs it now.
    running: bool,
    /// That process, or the last one.
    pid: Option<u32>,
    /// `running`, `caught_up`, `stopped`, `failed`, or `ended` where the process could not say how.
    state: String,
    source_cluster_id: String,
    target_cluster_id: String,
    delivery: String,
    launched_at: Option<String>,
    /// When `progress` was written.
    updated_at: Option<String>,
    records: u64,
    bytes: u64,
    gaps: u64,
    quarantined: u64,
    /// What the process last said; without rows per partition.
    progress: Value,
    partitions: Vec<PartitionRow>,
}

/// One partition, as of the last checkpoint.
#[derive(Serialize)]
struct PartitionRow {
    topic: String,
    partition: i32,
    target_topic: String,
    start: i64,
    position: i64,
    target_next: i64,
    records: u64,
    bytes: u64,
}

/// Lists the tasks.
///
/// # Errors
/// The state cannot be read.
pub fn status(arguments: &StatusArguments) -> anyhow::Result<Exit> {
    let dir = arguments.state.clone().map_or_else(sluice_app::data_dir, Ok)?;
    if arguments.state.is_some() && !dir.is_dir() {
        anyhow::bail!("there is no directory '{}'", dir.display());
    }
    let tasks = match SqliteStore::open_existing(&dir)? {
        Some(store) => rows(&store, &dir)?,
        None => Vec::new(),
    };
    let report = StatusReport {
        state_dir: dir.display().to_string(),
        tasks,
    };
    if arguments.json {
        output::write(&serde_json::to_string_pretty(&report)?)?;
    } else if report.tasks.is_empty() {
        output::write(&format!("no tasks in '{}'", report.state_dir))?;
    } else {
        output::write(&tables::text(&table(&report.tasks, Timestamp::now())))?;
    }
    Ok(Exit::Done)
}

fn rows(store: &SqliteStore, dir: &Path) -> anyhow::Result<Vec<TaskRow>> {
    let mut said: BTreeMap<String, TaskStatus> = store
        .statuses()?
        .into_iter()
        .map(|status| (status.task.clone(), status))
        .collect();
    store
        .launches()?
        .into_iter()
        .map(|launch| row(store, dir, &launch, said.remove(launch.task.as_str())))
        .collect()
}

fn row(
    store: &SqliteStore,
    dir: &Path,
    launch: &Launch,
    status: Option<TaskStatus>,
) -> anyhow::Result<TaskRow> {
    let running = TaskLock::is_running(dir, &launch.task);
    let said: Value = status
        .as_ref()
        .and_then(|status| serde_json::from_str(&status.json).ok())
        .unwrap_or(Value::Null);
    let partitions = store.partitions(&launch.task)?;
    let state = match said.get("ended").and_then(Value::as_str) {
        _ if running => "running",
        Some(ended) => ended,
        // It was killed, or the machine stopped.
        None => "ended",
    };
    Ok(TaskRow {
        name: launch.task.to_string(),
        running,
        pid: status.as_ref().map(|status| status.pid),
        state: state.to_owned(),
        source_cluster_id: launch.source_cluster.clone(),
        target_cluster_id: launch.target_cluster.clone(),
        delivery: launch.delivery.clone(),
        launched_at: time(launch.launched_at_ms),
        updated_at: status.as_ref().and_then(|status| time(status.updated_at_ms)),
        records: partitions.iter().map(|p| p.records).sum(),
        bytes: partitions.iter().map(|p| p.bytes).sum(),
        gaps: store.gaps(&launch.task)?.len() as u64,
        quarantined: store.quarantined_count(&launch.task)?,
        progress: said.get("progress").cloned().unwrap_or(Value::Null),
        partitions: partitions.into_iter().map(partition_row).collect(),
    })
}

fn partition_row(state: PartitionState) -> PartitionRow {
    PartitionRow {
        topic: state.key.topic,
        partition: state.key.partition,
        target_topic: state.target_topic,
        start: state.start,
        position: state.position,
        target_next: state.target_next,
        records: state.records,
        bytes: state.bytes,
    }
}

fn time(ms: i64) -> Option<String> {
    Timestamp::from_millisecond(ms).ok().map(|time| time.to_string())
}

fn table(tasks: &[TaskRow], now: Timestamp) -> Table {
    let header = [
        "task",
        "state",
        "partitions",
        "records",
        "bytes",
        "lag",
        "delay",
        "gaps",
        "quarantine",
        "last heard",
    ];
    let mut table = tables::table(header, 2..9);
    for task in tasks {
        let number = |field: &str| task.progress.get(field).and_then(Value::as_i64);
        let state = match (task.running, task.pid) {
            (true, Some(pid)) => format!("running ({pid})"),
            _ => task.state.replace('_', " "),
        };
        let heard = task
            .updated_at
            .as_ref()
            .and_then(|time| time.parse::<Timestamp>().ok())
            .map_or_else(
                || "never".to_owned(),
                |then| {
                    format!(
                        "{} ago",
                        words::span_ms(now.duration_since(then).as_millis().try_into().unwrap_or(0))
                    )
                },
            );
        table.add_row([
            task.name.clone(),
            state,
            task.partitions.len().to_string(),
            words::count(task.records),
            words::bytes(task.bytes as f64),
            number("lag_records").map_or_else(|| "?".to_owned(), words::count),
            number("delay_ms").map_or_else(|| "?".to_owned(), words::span_ms),
            words::count(task.gaps),
            words::count(task.quarantined),
            heard,
        ]);
    }
    table
}
