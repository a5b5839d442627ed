use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::Value;
use sluice_engine::{AcceptedGap, PartitionCondition, PartitionProgress, Progress};
use sluice_model::TaskId;
use sluice_store::SqliteStore;

use super::turn::to_value;
use crate::{AppError, ErrorCode, Result};

/// What tasks wait for a person's decision about: which partitions have stopped, which is kept for the time in which
/// nothing runs, also over a restart of the program, and which gaps a person has accepted since. What was accepted is
/// kept in memory alone: it is for the run that begins with it.
pub(crate) struct StoppedPartitions {
    store: Arc<SqliteStore>,
    decisions: Mutex<BTreeMap<TaskId, Decisions>>,
}

#[derive(Default)]
struct Decisions {
    stopped: Vec<PartitionProgress>,
    accepted: Vec<AcceptedGap>,
}

impl Decisions {
    /// Those of a task that nothing was asked about since the program started.
    fn kept(store: &SqliteStore, id: &TaskId) -> Self {
        let read = || -> Result<Vec<PartitionProgress>> {
            let rows = store.stopped_partitions(id.as_str())?;
            serde_json::from_value(Value::Array(rows))
                .map_err(|error| AppError::new(ErrorCode::Storage, error.to_string()))
        };
        let stopped = read().unwrap_or_else(|error| {
            // The next run finds them again.
            tracing::error!(task = %id, %error, "what had stopped before the program started cannot be read");
            Vec::new()
        });
        Self {
            stopped,
            accepted: Vec::new(),
        }
    }
}

impl StoppedPartitions {
    pub(crate) fn new(store: Arc<SqliteStore>) -> Self {
        Self {
            store,
            decisions: Mutex::default(),
        }
    }

    fn locked(&self) -> MutexGuard<'_, BTreeMap<TaskId, Decisions>> {
        self.decisions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn with<T>(&self, id: &TaskId, look: impl FnOnce(&mut Decisions) -> T) -> T {
        let mut all = self.locked();
        look(
            all.entry(id.clone())
                .or_insert_with(|| Decisions::kept(&self.store, id)),
        )
    }

    /// Notes which partitions of a task's run have stopped.
    pub(crate) fn remember(&self, id: &TaskId, progress: &Progress) {
        let rows = progress.partitions.iter();
        let stopped: Vec<&PartitionProgress> = rows
            .filter(|row| row.condition == PartitionCondition::Stopped)
            .collect();
        let place = |row: &PartitionProgress| (row.topic.clone(), row.partition, row.gap);
        let changed = self.with(id, |decisions| {
            let same = decisions.stopped.len() == stopped.len()
                && decisions
                    .stopped
                    .iter()
                    .zip(&stopped)
                    .all(|(known, row)| place(known) == place(row));
            if !same {
                decisions.stopped = stopped.iter().map(|row| (*row).clone()).collect();
            }
            !same
        });
        if changed && let Err(error) = self.keep(id, &stopped) {
            tracing::error!(task = %id, %error, "what has stopped is not kept for the time after a restart");
        }
    }

    fn keep(&self, id: &TaskId, stopped: &[&PartitionProgress]) -> Result<()> {
        let rows: Vec<Value> = stopped.iter().map(to_value).collect::<Result<_>>()?;
        Ok(self.store.keep_stopped_partitions(id.as_str(), &rows)?)
    }

    /// The partitions that have stopped in the task's run, or had when the last one ended.
    pub(crate) fn of(&self, id: &TaskId) -> Vec<PartitionProgress> {
        self.with(id, |decisions| decisions.stopped.clone())
    }

    /// Keeps accepted gaps for the task's run, or for its next one.
    pub(crate) fn accept(&self, id: &TaskId, gaps: Vec<AcceptedGap>) {
        self.with(id, |decisions| decisions.accepted.extend(gaps));
    }

    /// Takes the gaps that were accepted and that no run knows of yet.
    pub(crate) fn take_accepted(&self, id: &TaskId) -> Vec<AcceptedGap> {
        self.with(id, |decisions| std::mem::take(&mut decisions.accepted))
    }

    /// Forgets a task that is removed.
    pub(crate) fn forget(&self, id: &TaskId) {
        self.locked().remove(id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(topic: &str, condition: PartitionCondition) -> Progress {
        Progress {
            partitions: vec![
                PartitionProgress {
                    topic: topic.to_owned(),
                    partition: 2,
                    condition,
                    error: Some("offsets 3 to 9 are gone".to_owned()),
                    ..PartitionProgress::default()
                },
                PartitionProgress::default(),
            ],
            ..Progress::default()
        }
    }

    #[test]
    fn what_had_stopped_is_known_after_a_restart_until_a_run_goes_past_it() {
        let dir = tempfile::tempdir().unwrap();
        let open = || StoppedPartitions::new(Arc::new(SqliteStore::open(dir.path()).unwrap()));
        let id = TaskId::generate();
        open().remember(&id, &run("orders", PartitionCondition::Stopped));

        let kept = open().of(&id);
        assert_eq!(kept.len(), 1, "{kept:?}");
        assert_eq!(
            (
                kept[0].topic.as_str(),
                kept[0].partition,
                kept[0].error.as_deref()
            ),
            ("orders", 2, Some("offsets 3 to 9 are gone"))
        );
        open().remember(&id, &run("orders", PartitionCondition::Copying));
        assert!(open().of(&id).is_empty());
    }
}
