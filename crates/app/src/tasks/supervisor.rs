//! Reconciles what runs with what is to run.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sluice_model::{TaskId, TaskState};
use sluice_store::{SqliteStore, TaskFilter};

use super::task_run::{Live, Order, TaskRun};
use crate::Result;
use crate::core::{self, Core};

/// How long a task is tried again before it needs a person, if the settings say nothing: an hour, in which brokers are
/// replaced and networks mended.
const GIVE_UP_AFTER_MINUTES: u64 = 60;
/// Setting with another number of minutes.
pub(crate) const GIVE_UP_SETTING: &str = "give_up_after_minutes";

/// Holds every live task.
pub(crate) struct Supervisor {
    core: Arc<Core>,
    runs: Mutex<BTreeMap<TaskId, TaskRun>>,
    /// Whether this program runs tasks, or only changes what is stored.
    runs_tasks: bool,
}

impl Supervisor {
    pub(crate) fn new(core: Arc<Core>, runs_tasks: bool) -> Self {
        Self {
            core,
            runs: Mutex::default(),
            runs_tasks,
        }
    }

    fn locked(&self) -> MutexGuard<'_, BTreeMap<TaskId, TaskRun>> {
        self.runs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether this program runs tasks.
    pub(crate) fn runs_tasks(&self) -> bool {
        self.runs_tasks
    }

    /// What is known of a live task.
    pub(crate) fn live(&self, id: &TaskId) -> Option<Live> {
        self.locked()
            .get(id)
            .filter(|run| !run.is_finished())
            .map(TaskRun::live)
    }

    /// Tells a live task something. Returns whether there is one.
    pub(crate) fn order(&self, id: &TaskId, order: Order) -> Result<bool> {
        match self.locked().get(id).filter(|run| !run.is_finished()) {
            Some(run) => run.order(order).map(|()| true),
            None => Ok(false),
        }
    }

    /// Starts what is to run and does not, and clears away what has ended.
    pub(crate) fn reconcile(&self) -> Result<()> {
        let mut runs = self.locked();
        let ended: Vec<TaskId> = runs
            .iter()
            .filter(|(_, run)| run.is_finished())
            .map(|(id, _)| id.clone())
            .collect();
        for id in ended {
            self.carry_out(&id)?;
            if let Some(run) = runs.remove(&id) {
                run.join();
            }
        }
        if !self.runs_tasks {
            return Ok(());
        }
        let (rows, _) = self.core.store.tasks(&TaskFilter {
            states: [TaskState::Starting, TaskState::Running, TaskState::Abnormal]
                .iter()
                .map(|state| state.word().to_owned())
                .collect(),
            ..TaskFilter::default()
        })?;
        for row in rows.into_iter().filter(|row| row.desired_running) {
            let id = core::task_id(&row)?;
            if let Entry::Vacant(place) = runs.entry(id) {
                let id = place.key().clone();
                place.insert(TaskRun::spawn(
                    Arc::clone(&self.core),
                    id,
                    give_up_after(&self.core.store)?,
                )?);
            }
        }
        Ok(())
    }

    /// An order that went to a run which was at its end already was taken by nobody.
    fn carry_out(&self, id: &TaskId) -> Result<()> {
        for (passing, rest) in [
            (TaskState::Pausing, TaskState::Paused),
            (TaskState::Terminating, TaskState::Terminated),
        ] {
            self.core.transit(id, &[passing], rest, None)?;
        }
        Ok(())
    }

    /// Ends every live task cleanly; they go on at the next start. All at once: each has its own transaction to end.
    /// `told` hears how many have not ended yet, until there is none.
    pub(crate) fn leave(&self, told: &dyn Fn(usize)) {
        let runs = std::mem::take(&mut *self.locked());
        for (id, run) in &runs {
            if let Err(error) = run.order(Order::Leave) {
                tracing::debug!(task = %id, %error, "it is ending already");
            }
        }
        let mut remaining = runs.len();
        for run in runs.into_values() {
            told(remaining);
            run.join();
            remaining -= 1;
        }
        told(0);
    }
}

/// States that a program which was killed left behind become those from which one goes on: what was being stopped is
/// stopped, what was being checked is not checked, what ran runs again unless `resume` says otherwise.
pub(crate) fn after_a_kill(core: &Core, resume: bool) -> Result<()> {
    let (rows, _) = core.store.tasks(&TaskFilter::default())?;
    for row in rows {
        let (state, id) = (core::state(&row)?, core::task_id(&row)?);
        let to = match state {
            TaskState::PreChecking => Some((TaskState::Draft, "the pre-check was interrupted")),
            TaskState::Pausing => Some((TaskState::Paused, "paused")),
            TaskState::Terminating => Some((TaskState::Terminated, "terminated")),
            TaskState::Starting | TaskState::Running | TaskState::Abnormal if !row.desired_running => {
                Some((TaskState::Paused, "the program ended while the task came to rest"))
            }
            TaskState::Starting | TaskState::Running | TaskState::Abnormal if !resume => Some((
                TaskState::Paused,
                "interrupted: the program ended, and the settings say not to resume by itself",
            )),
            _ => None,
        };
        if let Some((to, reason)) = to {
            if !to.is_live() {
                core.store.set_task_desired(id.as_str(), false)?;
            }
            let reason = (to == TaskState::Draft || !resume).then_some(reason);
            core.transit(&id, &[state], to, reason)?;
            core.log(
                &id,
                "warning",
                format!("the program ended while the task was {state}; it is {to} now"),
            );
        }
    }
    Ok(())
}

fn give_up_after(store: &SqliteStore) -> Result<Duration> {
    let minutes = store
        .setting(GIVE_UP_SETTING)?
        .and_then(|value| value.as_u64())
        .unwrap_or(GIVE_UP_AFTER_MINUTES);
    Ok(Duration::from_secs(minutes * 60))
}
