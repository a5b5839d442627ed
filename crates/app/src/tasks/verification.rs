//! Verifications that were asked for: one at a time for a task, cancellable, the last report kept.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sluice_engine::{
    CheckpointStore, PartitionCondition, PartitionKey, Proof, VerificationReport, VerifyOptions,
    VerifyProgress, VerifyScope, verify,
};
use sluice_model::{TaskId, TaskState};
use sluice_store::{TaskRow, VerificationRow};

use super::live::Live;
use crate::clock::now_ms;
use crate::core::{self, Core};
use crate::schema::{AppEvent, LogEvent};
use crate::{AppError, ErrorCode, Result};

/// A verification under way.
struct Running {
    cancelled: Arc<AtomicBool>,
    percent: f64,
}

/// What is newer at the source is on its way while a run copies it, but not what the run only retries, or left to a
/// person.
fn options(state: TaskState, live: Option<&Live>) -> VerifyOptions {
    let Some(progress) = live.and_then(|live| live.progress.as_deref()) else {
        return VerifyOptions::default();
    };
    let running = matches!(
        state,
        TaskState::Starting | TaskState::Running | TaskState::Abnormal | TaskState::Pausing
    );
    VerifyOptions {
        running,
        waiting: progress
            .partitions
            .iter()
            .filter(|row| {
                state != TaskState::Running
                    || matches!(
                        row.condition,
                        PartitionCondition::Stopped | PartitionCondition::Retrying
                    )
            })
            .map(|row| PartitionKey {
                topic: row.topic.clone(),
                partition: row.partition,
            })
            .collect(),
        ..VerifyOptions::default()
    }
}

/// What a verification is asked for.
pub(crate) struct Wanted {
    /// What of the task.
    pub(crate) scope: VerifyScope,
    /// Only what is newer than earlier verifications proved.
    pub(crate) continues: bool,
    /// Because of the task's schedule, not of a person.
    pub(crate) scheduled: bool,
}

/// Whether where a task stands is known exactly while it does not run alone.
///
/// # Errors
/// Its settings cannot be read.
pub(crate) fn needs_rest(row: &TaskRow, live: Option<&Live>) -> Result<bool> {
    Ok(core::settings(row)?.run_on.is_some() && !has_exact_notes(live))
}

/// Whether a copy on Connect writes records and positions in one transaction, so that notes of it are exact while it runs.
fn has_exact_notes(live: Option<&Live>) -> bool {
    live.and_then(|live| live.progress.as_deref())
        .is_some_and(|progress| progress.notes_are_exact)
}

/// Whether a run has said something of the copy yet.
fn was_looked_at(live: Option<&Live>) -> bool {
    live.and_then(|live| live.progress.as_deref())
        .is_some_and(|progress| !progress.delivery.is_empty())
}

/// Refuses a task that runs on Connect and of which it is not known exactly where it stands.
fn stands_somewhere_known(row: &TaskRow, live: Option<&Live>) -> Result<()> {
    if !needs_rest(row, live)? {
        return Ok(());
    }
    Err(AppError::new(
        ErrorCode::StateForbids,
        if was_looked_at(live) {
            "on this Connect cluster records come at least once, and where it stands is known exactly while it is stopped alone; pause the task, then verify it"
        } else {
            "the task's connectors were not looked at yet since it was started; verify again in a few seconds"
        },
    ))
}

/// What earlier verifications of a task proved.
fn proofs(core: &Core, id: &TaskId) -> Result<BTreeMap<PartitionKey, Proof>> {
    let Some((_, report)) = core.store.last_verification(id.as_str())? else {
        return Ok(BTreeMap::new());
    };
    // A report that cannot be read is replaced by the one that is made now.
    Ok(serde_json::from_value::<VerificationReport>(report)
        .inspect_err(|error| tracing::warn!(%error, "the kept report of a verification proves nothing"))
        .map(|report| report.proofs())
        .unwrap_or_default())
}

/// Keeps a report, and what it came to in the task's history.
fn keep(core: &Core, id: &TaskId, report: &VerificationReport, scheduled: bool) -> Result<()> {
    let kept = serde_json::to_value(report)
        .map_err(|error| AppError::new(ErrorCode::Internal, format!("the report cannot be kept: {error}")))?;
    let row = VerificationRow {
        at_ms: now_ms(),
        result: report.result.word().to_owned(),
        sentence: report.sentence.clone(),
        source_records: report.source_records,
        whole: report.scope.is_none(),
        scheduled,
    };
    let satisfied = report.result.is_satisfied();
    core.store
        .keep_verification(id.as_str(), &row, satisfied, &kept)?;
    let level = if satisfied { "info" } else { "warning" };
    let line = if scheduled {
        format!("verified on schedule: {}", report.sentence)
    } else {
        format!("verified: {}", report.sentence)
    };
    core.log_event(id, LogEvent::Verification, level, line);
    Ok(())
}

/// Verifications under way.
#[derive(Default)]
pub(crate) struct Verifications {
    running: Mutex<BTreeMap<TaskId, Running>>,
    /// The program ends: none begins any more.
    closed: AtomicBool,
}

impl Verifications {
    fn locked(&self) -> MutexGuard<'_, BTreeMap<TaskId, Running>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Compares both sides of a task up to its checkpoint, and waits for the report, which is kept. `live`: its run, if
    /// there is one.
    pub(crate) fn run(
        &self,
        core: &Core,
        id: &TaskId,
        live: Option<&Live>,
        wanted: Wanted,
    ) -> Result<VerificationReport> {
        let row = core.task(id.as_str())?;
        let earlier = proofs(core, id)?;
        if wanted.continues && earlier.is_empty() {
            return Err(AppError::new(
                ErrorCode::StateForbids,
                "no earlier verification of this task can be continued, because none was equal; verify all of it first",
            ));
        }
        let options = VerifyOptions {
            scope: wanted.scope,
            continues: wanted.continues,
            earlier,
            ..options(core::state(&row)?, live)
        };
        if options.running {
            stands_somewhere_known(&row, live)?;
        }
        let task = core.engine_task(&row)?;
        let cancelled = Arc::new(AtomicBool::new(false));
        {
            let mut running = self.locked();
            if self.closed.load(Ordering::Relaxed) {
                return Err(AppError::new(ErrorCode::Cancelled, "the program is ending"));
            }
            if running.contains_key(id) {
                return Err(AppError::new(
                    ErrorCode::StateForbids,
                    "a verification of this task is under way; wait for it or cancel it",
                ));
            }
            let cancelled = Arc::clone(&cancelled);
            running.insert(
                id.clone(),
                Running {
                    cancelled,
                    percent: 0.0,
                },
            );
        }
        core.bus.publish(&AppEvent::VerificationProgress {
            task_id: id.clone(),
            percent: 0.0,
        });
        let store: &dyn CheckpointStore = core.store.as_ref();
        let report = verify(
            &task,
            store,
            options,
            &|progress| self.report(core, id, progress),
            &cancelled,
        );
        let answer = if cancelled.load(Ordering::Relaxed) {
            Err(AppError::new(
                ErrorCode::Cancelled,
                "the verification was cancelled",
            ))
        } else {
            report
                .map_err(AppError::from)
                .and_then(|report| keep(core, id, &report, wanted.scheduled).map(|()| report))
        };
        self.locked().remove(id);
        core.bus
            .publish(&AppEvent::VerificationEnded { task_id: id.clone() });
        answer
    }

    fn report(&self, core: &Core, id: &TaskId, progress: VerifyProgress) {
        let percent = if progress.total == 0 {
            100.0
        } else {
            (100.0 * progress.records as f64 / progress.total as f64).min(100.0)
        };
        if let Some(running) = self.locked().get_mut(id) {
            running.percent = percent;
        }
        core.bus.publish(&AppEvent::VerificationProgress {
            task_id: id.clone(),
            percent,
        });
    }

    /// Whether earlier verifications of a task proved something that another one can begin behind.
    ///
    /// # Errors
    /// The state cannot be read.
    pub(crate) fn can_continue(&self, core: &Core, id: &TaskId) -> Result<bool> {
        Ok(!proofs(core, id)?.is_empty())
    }

    /// How far a task's verification is, 0 to 100; `None` while there is none.
    pub(crate) fn percent(&self, id: &TaskId) -> Option<f64> {
        self.locked().get(id).map(|running| running.percent)
    }

    /// Ends a task's verification. Returns whether there was one.
    pub(crate) fn cancel(&self, id: &TaskId) -> bool {
        self.locked()
            .get(id)
            .map(|running| running.cancelled.store(true, Ordering::Relaxed))
            .is_some()
    }

    /// Gives up those under way and lets none begin, because the program ends.
    pub(crate) fn close(&self) {
        let running = self.locked();
        // Within the lock: one that begins now either sees this or is seen here.
        self.closed.store(true, Ordering::Relaxed);
        running
            .values()
            .for_each(|running| running.cancelled.store(true, Ordering::Relaxed));
    }
}
