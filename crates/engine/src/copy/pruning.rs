//! Forgets what the offset map holds of records that neither log has any more.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use sluice_kafka::{Admin, ErrorCode, Isolation, OffsetQuery};
use sluice_model::TaskName;

use crate::error::{EngineError, Result, Side};
use crate::position::{CheckpointStore, PartitionKey};

/// How often the target's log starts are asked for and runs deleted, unless a run's options say otherwise; logs lose
/// whole segments, so nothing is urgent.
const PRUNE_EVERY: Duration = Duration::from_secs(10 * 60);

pub(crate) struct Pruning {
    store: Arc<dyn CheckpointStore>,
    task: TaskName,
    every: Duration,
    due: Instant,
}

impl Pruning {
    pub(crate) fn new(store: Arc<dyn CheckpointStore>, task: TaskName, every: Option<Duration>) -> Self {
        let every = every.unwrap_or(PRUNE_EVERY);
        Self {
            store,
            task,
            every,
            due: Instant::now() + every,
        }
    }

    /// Deletes runs before the log starts of both sides, when it is time. `partitions`: each with its target topic and
    /// the start of its source's log.
    ///
    /// # Errors
    /// The target does not answer, or the state cannot be written. It is tried again when it is next due.
    pub(crate) fn run_when_due(
        &mut self,
        target: &Admin,
        partitions: impl FnOnce() -> Vec<(PartitionKey, String, i64)>,
    ) -> Result<()> {
        if Instant::now() < self.due {
            return Ok(());
        }
        self.due = Instant::now() + self.every;
        let partitions = partitions();
        let wanted: Vec<(String, i32)> = partitions
            .iter()
            .map(|(key, topic, _)| (topic.clone(), key.partition))
            .collect();
        let target_starts: BTreeMap<(String, i32), i64> = target
            .offsets(&wanted, OffsetQuery::Earliest, Isolation::Uncommitted)
            .map_err(|error| EngineError::Cluster {
                side: Side::Target,
                what: "reading where its logs begin".into(),
                error,
            })?
            .into_iter()
            .filter(|entry| entry.error == ErrorCode::NONE)
            .filter_map(|entry| Some(((entry.topic, entry.partition), entry.offset?)))
            .collect();
        for (key, topic, source_start) in partitions {
            if let Some(target_start) = target_starts.get(&(topic, key.partition)) {
                self.store
                    .prune_runs(&self.task, &key, source_start, *target_start)?;
            }
        }
        Ok(())
    }
}
