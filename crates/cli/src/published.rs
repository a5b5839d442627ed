//! What the process that copies says of its task, for other processes.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use sluice_engine::{PartitionCondition, PartitionKey, Progress};
use sluice_model::TaskName;
use sluice_store::SqliteStore;

/// A task's status as it stands in the state directory.
#[derive(Debug, Serialize)]
struct Status<'a> {
    /// How the process ended; null while it runs.
    ended: Option<&'a str>,
    /// Without rows per partition.
    progress: Progress,
    /// Partitions that are stopped or retried: nothing of them is on its way.
    waiting: Vec<PartitionKey>,
}

/// The part of [`Status`] that a verification reads.
#[derive(Debug, Default, Deserialize)]
struct Waiting {
    #[serde(default)]
    waiting: BTreeSet<PartitionKey>,
}

/// Writes a task's status. The copy does not depend on it: its own checkpoints fail when the state cannot be written.
pub fn publish(store: &SqliteStore, task: &TaskName, ended: Option<&str>, progress: &Progress) {
    let status = Status {
        ended,
        waiting: progress
            .partitions
            .iter()
            .filter(|row| {
                matches!(
                    row.condition,
                    PartitionCondition::Stopped | PartitionCondition::Retrying
                )
            })
            .map(|row| PartitionKey {
                topic: row.topic.clone(),
                partition: row.partition,
            })
            .collect(),
        progress: Progress {
            partitions: Vec::new(),
            ..progress.clone()
        },
    };
    let written = serde_json::to_string(&status)
        .map_err(|error| error.to_string())
        .and_then(|json| {
            let now = jiff::Timestamp::now().as_millisecond();
            store
                .publish_status(task, std::process::id(), now, &json)
                .map_err(|error| error.to_string())
        });
    if let Err(error) = written {
        tracing::warn!("The status could not be written: {error}.");
    }
}

/// Partitions of a running task that are not being copied, as its process wrote last.
///
/// # Errors
/// The state cannot be read, or holds another program's status.
pub fn waiting(store: &SqliteStore, task: &TaskName) -> anyhow::Result<BTreeSet<PartitionKey>> {
    let status = store
        .statuses()?
        .into_iter()
        .find(|status| status.task == task.as_str());
    Ok(match status {
        Some(status) => serde_json::from_str::<Waiting>(&status.json)?.waiting,
        None => BTreeSet::new(),
    })
}
