use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sluice_engine::{
    AcceptedGap, CheckpointStore, Gap, PartitionCondition, PartitionKey, PartitionProgress, Progress,
};
use sluice_model::{TaskId, TaskName};
use sluice_store::SqliteStore;

use super::turn::to_value;
use crate::clock::now_ms;
use crate::{AppError, ErrorCode, Result};

/// What tasks wait for a person's decision about: which partitions have stopped, and which gaps a person has accepted
/// since. Both are kept over a restart of the program. An acceptance outlives the run that it was given to: it holds
/// until the gap is in the ledger, so that no question is asked twice because a cluster was away, or the program, meanwhile.
pub(crate) struct StoppedPartitions {
    store: Arc<SqliteStore>,
    decisions: Mutex<BTreeMap<TaskId, Decisions>>,
}

#[derive(Default)]
struct Decisions {
    stopped: Vec<PartitionProgress>,
    accepted: Vec<Acceptance>,
    /// Changes with each decision, so that a run sees that there are new ones.
    revision: u64,
    /// How many gaps the ledger had when it was last read for accepted ones.
    gaps_seen: Option<u64>,
}

/// A gap that was accepted, and when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Acceptance {
    gap: AcceptedGap,
    at_ms: i64,
}

impl Acceptance {
    /// Whether this row of the ledger is the accepted gap. An older row tells of another log with the same offsets.
    fn is_passed_by(&self, row: &Gap) -> bool {
        row.found_at_ms >= self.at_ms && self.gap.covers(&row.key, row.range, row.reason)
    }
}

impl Decisions {
    /// Those of a task that nothing was asked about since the program started.
    fn kept(store: &SqliteStore, id: &TaskId) -> Self {
        Self {
            stopped: list(id, || store.stopped_partitions(id.as_str())),
            accepted: list(id, || store.accepted_gaps(id.as_str())),
            ..Self::default()
        }
    }
}

/// A list that is kept of a task. One that cannot be read is empty: the next run finds again what has stopped.
fn list<T: DeserializeOwned>(id: &TaskId, rows: impl FnOnce() -> sluice_store::Result<Vec<Value>>) -> Vec<T> {
    let read = || -> Result<Vec<T>> {
        serde_json::from_value(Value::Array(rows()?))
            .map_err(|error| AppError::new(ErrorCode::Storage, error.to_string()))
    };
    read().unwrap_or_else(|error| {
        tracing::error!(task = %id, %error, "what had stopped before the program started cannot be read");
        Vec::new()
    })
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
        if let Err(error) = self.forget_passed(id, progress) {
            tracing::error!(task = %id, %error, "accepted gaps that the copy has passed are still kept");
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

    /// Keeps accepted gaps until the copy has passed them. One that was accepted of the same partition before is
    /// superseded: a partition stands at one gap.
    ///
    /// # Errors
    /// They cannot be stored; nothing is accepted then.
    pub(crate) fn accept(&self, id: &TaskId, gaps: Vec<AcceptedGap>) -> Result<()> {
        let at_ms = now_ms();
        self.with(id, |decisions| {
            let mut accepted = decisions.accepted.clone();
            accepted.retain(|known| gaps.iter().all(|gap| gap.key != known.gap.key));
            accepted.extend(gaps.into_iter().map(|gap| Acceptance { gap, at_ms }));
            self.keep_accepted(id, &accepted)?;
            decisions.accepted = accepted;
            decisions.revision += 1;
            Ok(())
        })
    }

    /// The accepted gaps that a run which knows of those at `seen` does not know of; a run begins with 0.
    pub(crate) fn accepted_since(&self, id: &TaskId, seen: &mut u64) -> Vec<AcceptedGap> {
        self.with(id, |decisions| {
            // What was read from the store has no revision: it is new to every run that has seen nothing.
            let revision = decisions.revision + 1;
            if *seen == revision {
                return Vec::new();
            }
            *seen = revision;
            decisions.accepted.iter().map(|known| known.gap.clone()).collect()
        })
    }

    /// Takes those gaps out of what is shown that a person has accepted: nothing is asked about them.
    pub(crate) fn leave_out_accepted(&self, id: &TaskId, partitions: &mut [PartitionProgress]) {
        let accepted = self.with(id, |decisions| decisions.accepted.clone());
        if accepted.is_empty() {
            return;
        }
        for row in partitions {
            let Some(gap) = row.gap else { continue };
            let key = PartitionKey {
                topic: row.topic.clone(),
                partition: row.partition,
            };
            if accepted
                .iter()
                .any(|known| known.gap.covers(&key, gap.range, gap.reason))
            {
                row.gap = None;
            }
        }
    }

    /// Forgets accepted gaps that are in the ledger by now. It is read when its count has changed.
    fn forget_passed(&self, id: &TaskId, progress: &Progress) -> Result<()> {
        let is_due = self.with(id, |decisions| {
            !decisions.accepted.is_empty() && decisions.gaps_seen != Some(progress.gaps)
        });
        if !is_due {
            return Ok(());
        }
        let ledger = self.store.gaps(&TaskName::new(id.as_str())?)?;
        self.with(id, |decisions| {
            let mut left = decisions.accepted.clone();
            left.retain(|known| !ledger.iter().any(|row| known.is_passed_by(row)));
            if left != decisions.accepted {
                self.keep_accepted(id, &left)?;
                decisions.accepted = left;
            }
            decisions.gaps_seen = Some(progress.gaps);
            Ok(())
        })
    }

    fn keep_accepted(&self, id: &TaskId, accepted: &[Acceptance]) -> Result<()> {
        let rows: Vec<Value> = accepted.iter().map(to_value).collect::<Result<_>>()?;
        Ok(self.store.keep_accepted_gaps(id.as_str(), &rows)?)
    }

    /// Forgets a task that is removed.
    pub(crate) fn forget(&self, id: &TaskId) {
        self.locked().remove(id);
    }
}

#[cfg(test)]
mod tests {
    use sluice_engine::{Checkpoint, GapReason, OpenGap};
    use sluice_model::OffsetRange;

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

    fn accepted(from: i64, to: i64) -> AcceptedGap {
        AcceptedGap {
            key: PartitionKey {
                topic: "orders".to_owned(),
                partition: 2,
            },
            range: OffsetRange { from, to },
            reason: GapReason::Deleted,
        }
    }

    /// A run that stands at the gap of these offsets, with so many gaps in the ledger.
    fn at_gap(from: i64, to: i64, gaps: u64) -> Progress {
        let mut progress = run("orders", PartitionCondition::Stopped);
        progress.gaps = gaps;
        progress.partitions[0].gap = Some(OpenGap {
            range: OffsetRange { from, to },
            reason: GapReason::Deleted,
            resume_at: to,
        });
        progress
    }

    #[test]
    fn an_accepted_gap_is_known_to_every_run_until_the_ledger_has_it_also_after_a_restart() {
        let dir = tempfile::tempdir().unwrap();
        let store = || Arc::new(SqliteStore::open(dir.path()).unwrap());
        let id = TaskId::generate();
        StoppedPartitions::new(store())
            .accept(&id, vec![accepted(3, 10)])
            .unwrap();

        let store = store();
        let after = StoppedPartitions::new(Arc::clone(&store));
        let mut first_run = 0;
        assert_eq!(after.accepted_since(&id, &mut first_run), [accepted(3, 10)]);
        assert!(
            after.accepted_since(&id, &mut first_run).is_empty(),
            "it knows them"
        );
        after.remember(&id, &at_gap(3, 10, 0));
        assert_eq!(
            after.accepted_since(&id, &mut 0),
            [accepted(3, 10)],
            "so does the next run"
        );

        let key = accepted(3, 10).key;
        let passed = Gap {
            key,
            range: OffsetRange { from: 3, to: 10 },
            reason: GapReason::Deleted,
            found_at_ms: now_ms(),
            incarnation: 0,
        };
        let checkpoint = Checkpoint {
            gaps: vec![passed],
            ..Checkpoint::default()
        };
        store
            .save(&TaskName::new(id.as_str()).unwrap(), &checkpoint)
            .unwrap();
        let mut progress = run("orders", PartitionCondition::Copying);
        progress.gaps = 1;
        after.remember(&id, &progress);
        assert!(after.accepted_since(&id, &mut 0).is_empty());
        assert!(
            StoppedPartitions::new(store)
                .accepted_since(&id, &mut 0)
                .is_empty()
        );
    }

    #[test]
    fn nothing_is_asked_about_an_accepted_gap_unless_it_has_grown() {
        let dir = tempfile::tempdir().unwrap();
        let kept = StoppedPartitions::new(Arc::new(SqliteStore::open(dir.path()).unwrap()));
        let id = TaskId::generate();
        kept.accept(&id, vec![accepted(3, 10)]).unwrap();
        let asked = |from, to| {
            let mut partitions = at_gap(from, to, 0).partitions;
            kept.leave_out_accepted(&id, &mut partitions);
            partitions[0].gap.is_some()
        };
        assert!(!asked(3, 10));
        assert!(asked(3, 12), "more is missing than was accepted");
        kept.accept(&id, vec![accepted(3, 12)]).unwrap();
        assert!(!asked(3, 12));
        assert_eq!(
            kept.accepted_since(&id, &mut 0),
            [accepted(3, 12)],
            "one for each partition"
        );
    }
}
