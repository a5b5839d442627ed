//! The pre-check of a task: run, kept with the task, void when what it looked at changes.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sluice_engine::{CheckpointStore, OtherTask, PreCheckContext, PreCheckItem, PreCheckReport, precheck};
use sluice_model::{TaskAction, TaskId, TaskName, TaskState};
use sluice_store::{TaskFilter, TaskRow};

use super::connect::extend_pre_check;
use crate::core::{self, Core};
use crate::schema::AppEvent;
use crate::{AppError, ErrorCode, Result};

/// What is looked at again at the launch: data may have come since, and a cluster may have gone.
const AT_LAUNCH: &[&str] = &["source_connection", "target_connection", "target_data"];

/// What the engine's own writing decides. On Connect the workers decide it, and items of their own say what it is there.
const OF_THE_ENGINE: &[&str] = &["delivery", "lane", "compression"];

/// Pre-checks under way.
#[derive(Default)]
pub(crate) struct Checks(Mutex<BTreeMap<TaskId, Arc<AtomicBool>>>);

impl Checks {
    fn locked(&self) -> MutexGuard<'_, BTreeMap<TaskId, Arc<AtomicBool>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs every item and keeps the report with the task.
    pub(crate) fn run(&self, core: &Core, id: &TaskId) -> Result<PreCheckReport> {
        let cancelled = Arc::new(AtomicBool::new(false));
        let (row, _under_way) = self.begin(core, id, &cancelled)?;
        let moved = core::state(&row)? != TaskState::Failed;
        let outcome = look(core, &row, None, &cancelled).and_then(|report| {
            if cancelled.load(Ordering::Relaxed) {
                return Err(AppError::new(ErrorCode::Cancelled, "the pre-check was cancelled"));
            }
            let value = serde_json::to_value(&report)
                .map_err(|error| AppError::new(ErrorCode::Internal, error.to_string()))?;
            Ok((report, value))
        });
        if let (false, Ok((_, value))) = (moved, &outcome) {
            core.store.set_task_pre_check(id.as_str(), Some(value))?;
        }
        if moved {
            let (to, value) = match &outcome {
                Ok((report, value)) if report.may_start => (TaskState::PreCheckPassed, Some(value)),
                Ok((_, value)) => (TaskState::PreCheckFailed, Some(value)),
                Err(_) => (TaskState::Draft, None),
            };
            core.turn(id)
                .transit_with(&[TaskState::PreChecking], to, None, value)?;
        }
        outcome.map(|(report, _)| report)
    }

    /// Notes that a task is being checked. A failed task stays one until it is tried again; any other waits for its
    /// result.
    fn begin<'a>(
        &'a self,
        core: &'a Core,
        id: &TaskId,
        cancelled: &Arc<AtomicBool>,
    ) -> Result<(TaskRow, UnderWay<'a>)> {
        let turn = core.turn(id);
        let before = turn.allows(TaskAction::PreCheck)?;
        let row = turn.row()?;
        match self.locked().entry(id.clone()) {
            Entry::Occupied(_) => {
                return Err(AppError::new(
                    ErrorCode::StateForbids,
                    "a pre-check of this task is under way; wait for it or cancel it",
                ));
            }
            Entry::Vacant(place) => drop(place.insert(Arc::clone(cancelled))),
        }
        let under_way = UnderWay {
            checks: self,
            core,
            id: id.clone(),
        };
        if before != TaskState::Failed {
            let moved = turn.transit(&[before], TaskState::PreChecking, None);
            // The note of it needs the turn for itself when it ends.
            drop(turn);
            moved?;
        }
        Ok((row, under_way))
    }

    /// Repeats at the launch what may have changed since the pre-check.
    pub(crate) fn at_launch(core: &Core, row: &TaskRow) -> Result<PreCheckReport> {
        look(core, row, Some(AT_LAUNCH), &AtomicBool::new(false))
    }

    /// Ends a task's pre-check. Returns whether there was one.
    pub(crate) fn cancel(&self, id: &TaskId) -> bool {
        self.locked()
            .get(id)
            .map(|cancelled| cancelled.store(true, Ordering::Relaxed))
            .is_some()
    }
}

/// A pre-check under way. However it ends, a panic included, the task does not stay in it.
struct UnderWay<'a> {
    checks: &'a Checks,
    core: &'a Core,
    id: TaskId,
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.checks.locked().remove(&self.id);
        let left = self
            .core
            .turn(&self.id)
            .transit(&[TaskState::PreChecking], TaskState::Draft, None);
        if let Err(error) = left {
            tracing::error!(task = %self.id, %error, "the end of a pre-check cannot be stored");
        }
    }
}

fn look(core: &Core, row: &TaskRow, only: Option<&[&str]>, cancelled: &AtomicBool) -> Result<PreCheckReport> {
    let (id, task) = (core::task_id(row)?, core.engine_task(row)?);
    let runs_elsewhere = core::settings(row)?.run_on.is_some();
    let context = PreCheckContext {
        other_tasks: other_tasks(core, &row.id)?,
        only,
        without: if runs_elsewhere { OF_THE_ENGINE } else { &[] },
        ..PreCheckContext::default()
    };
    let store: &dyn CheckpointStore = core.store.as_ref();
    let names = names(core)?;
    let mut report = precheck(
        &task,
        store,
        &context,
        cancelled,
        &|item| match serde_json::to_value(named(item.clone(), &names)) {
            Ok(item) => core.bus.publish(&AppEvent::PreCheckItem {
                task_id: id.clone(),
                item,
            }),
            Err(error) => tracing::error!(%error, "an item of the pre-check cannot be shown"),
        },
    );
    extend_pre_check(core, row, &mut report, &|item| match serde_json::to_value(item) {
        Ok(item) => core.bus.publish(&AppEvent::PreCheckItem {
            task_id: id.clone(),
            item,
        }),
        Err(error) => tracing::error!(%error, "an item of the pre-check cannot be shown"),
    })?;
    report.items = report.items.into_iter().map(|item| named(item, &names)).collect();
    Ok(report)
}

/// Names of all tasks by the ids under which the engine knows them.
fn names(core: &Core) -> Result<BTreeMap<String, String>> {
    let (rows, _) = core.store.tasks(&TaskFilter::default())?;
    Ok(rows.into_iter().map(|row| (row.id, row.name)).collect())
}

/// An item in the words of people, who know tasks by their names.
fn named(mut item: PreCheckItem, names: &BTreeMap<String, String>) -> PreCheckItem {
    for text in [&mut item.cause, &mut item.effect, &mut item.remedy] {
        for (id, name) in names {
            if text.contains(id.as_str()) {
                *text = text.replace(id, name);
            }
        }
    }
    item
}

/// The other tasks as far as loops are concerned. Of one that was never launched the clusters are not known.
fn other_tasks(core: &Core, own: &str) -> Result<Vec<OtherTask>> {
    let failed = |error: sluice_engine::StoreError| AppError::new(ErrorCode::Storage, error.to_string());
    let (rows, _) = core.store.tasks(&TaskFilter::default())?;
    let mut others = Vec::new();
    for row in rows.into_iter().filter(|row| row.id != own) {
        let state = core::state(&row)?;
        let name = TaskName::new(&row.id)?;
        let Some(launch) = core.store.launch(&name).map_err(failed)? else {
            continue;
        };
        let mut routes: Vec<(String, String)> = core
            .store
            .partitions(&name)
            .map_err(failed)?
            .into_iter()
            .map(|partition| (partition.key.topic, partition.target_topic))
            .collect();
        routes.sort();
        routes.dedup();
        let known = |id: String| (!id.is_empty()).then_some(id);
        others.push(OtherTask {
            // The engine knows launched tasks by their ids, and what is said here of one goes before that.
            name: row.id,
            source_cluster_id: known(launch.source_cluster),
            target_cluster_id: known(launch.target_cluster),
            routes,
            active: state.is_live() || state == TaskState::Paused || state == TaskState::Failed,
        });
    }
    Ok(others)
}
