//! Reconciles what runs with what is to run.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sluice_model::{TaskId, TaskState};
use sluice_store::{SqliteStore, TaskFilter};

use super::engine::Engine;
use super::live::Live;
use super::orders::Orders;
use super::runner::{LIVE, left_running, settle};
use super::task_run::TaskRun;
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
    engine: Arc<dyn Engine>,
    runs: Mutex<Runs>,
    /// Whether this program runs tasks, or only changes what is stored.
    runs_tasks: bool,
}

#[derive(Default)]
struct Runs {
    by_task: BTreeMap<TaskId, TaskRun>,
    /// Tasks whose thread panicked, with its words, until the task is stored as failed. None of them is started again
    /// before that: it would panic again.
    panicked: BTreeMap<TaskId, String>,
}

impl Supervisor {
    pub(crate) fn new(core: Arc<Core>, engine: Arc<dyn Engine>, runs_tasks: bool) -> Self {
        Self {
            core,
            engine,
            runs: Mutex::default(),
            runs_tasks,
        }
    }

    fn locked(&self) -> MutexGuard<'_, Runs> {
        self.runs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether this program runs tasks.
    pub(crate) fn runs_tasks(&self) -> bool {
        self.runs_tasks
    }

    /// What is known of a live task.
    pub(crate) fn live(&self, id: &TaskId) -> Option<Live> {
        self.locked()
            .by_task
            .get(id)
            .filter(|run| !run.is_finished())
            .map(TaskRun::live)
    }

    /// Gives a live task an order. Returns whether there is one that takes it.
    pub(crate) fn order(&self, id: &TaskId, give: impl FnOnce(&Orders) -> bool) -> bool {
        self.locked()
            .by_task
            .get(id)
            .filter(|run| !run.is_finished())
            .is_some_and(|run| give(run.orders()))
    }

    /// Starts what is to run and does not, and clears away what has ended. What cannot be done for one task keeps no
    /// other from running: it is tried again the next time.
    ///
    /// # Errors
    /// The tasks cannot be read.
    pub(crate) fn reconcile(&self) -> Result<()> {
        self.clear_away();
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
            // It may have been paused since it was read: its thread looks again before it does anything.
            let started = core::task_id(&row).and_then(|id| self.start(&mut self.locked(), id));
            if let Err(error) = started {
                tracing::error!(task = %row.id, %error, "a task that is to run could not be started");
            }
        }
        Ok(())
    }

    fn start(&self, runs: &mut Runs, id: TaskId) -> Result<()> {
        if runs.by_task.contains_key(&id) || runs.panicked.contains_key(&id) {
            return Ok(());
        }
        let run = TaskRun::spawn(
            Arc::clone(&self.core),
            Arc::clone(&self.engine),
            id.clone(),
            give_up_after(&self.core.store)?,
        )?;
        runs.by_task.insert(id, run);
        Ok(())
    }

    /// Removes the threads that have ended, and stores what became of their tasks. The latter without the lock of the
    /// runs: a command that has the turn to change a task may wait for that.
    fn clear_away(&self) {
        for id in self.take_ended() {
            let turn = self.core.turn(&id);
            // Another thread of the task may have begun since, and have the order to bring it to rest.
            if self.order(&id, |orders| orders.is_open()) {
                continue;
            }
            if let Err(error) = settle(&turn) {
                tracing::error!(task = %id, %error, "the state of a task that has ended cannot be stored");
            }
        }
        let panicked = self.locked().panicked.clone();
        for (id, words) in panicked {
            match self.fail(&id, &words) {
                Ok(()) => drop(self.locked().panicked.remove(&id)),
                Err(error) => {
                    tracing::error!(task = %id, %error, "a task that panicked cannot be stored as failed yet");
                }
            }
        }
    }

    /// Takes out the threads that have ended, and notes those that panicked.
    fn take_ended(&self) -> Vec<TaskId> {
        let mut runs = self.locked();
        let ended: Vec<TaskId> = runs
            .by_task
            .iter()
            .filter(|(_, run)| run.is_finished())
            .map(|(id, _)| id.clone())
            .collect();
        for id in &ended {
            if let Some(words) = runs.by_task.remove(id).and_then(TaskRun::join) {
                tracing::error!(task = %id, %words, "a task's thread panicked");
                runs.panicked.insert(id.clone(), words);
            }
        }
        ended
    }

    /// A task whose thread panicked has failed, unless it was being ended anyway.
    fn fail(&self, id: &TaskId, words: &str) -> Result<()> {
        settle(&self.core.turn(id))?;
        let reason = format!(
            "a fault of Sluice ended the task: {words}. Please report it with the log; Retry goes on from the saved positions"
        );
        self.core
            .turn(id)
            .transit(&LIVE, TaskState::Failed, Some(&reason))?;
        Ok(())
    }

    /// Ends every live task cleanly; they go on at the next start. All at once: each has its own transaction to end.
    /// `report` gets how many have not ended yet, until there is none.
    pub(crate) fn shut_down(&self, report: &dyn Fn(usize)) {
        let runs = std::mem::take(&mut *self.locked());
        for run in runs.by_task.values() {
            run.orders().shut_down();
        }
        let mut remaining = runs.by_task.len();
        for (id, run) in runs.by_task {
            report(remaining);
            if let Some(words) = run.join() {
                tracing::error!(task = %id, %words, "a task's thread panicked");
                if let Err(error) = self.fail(&id, &words) {
                    tracing::error!(task = %id, %error, "a task that panicked cannot be stored as failed");
                }
            }
            remaining -= 1;
        }
        report(0);
    }
}

/// States that a program which was killed left behind become those from which one goes on: what was being stopped is
/// stopped, what was being checked is not checked, what ran runs again unless `resume` says otherwise.
pub(crate) fn after_a_kill(core: &Core, resume: bool) -> Result<()> {
    let (rows, _) = core.store.tasks(&TaskFilter::default())?;
    for row in rows {
        let (state, id) = (core::state(&row)?, core::task_id(&row)?);
        let is_on_connect = core::settings(&row).is_ok_and(|settings| settings.run_on.is_some());
        let to = match state {
            TaskState::PreChecking => Some((TaskState::Draft, "the pre-check was interrupted")),
            TaskState::Pausing | TaskState::Terminating if is_on_connect => {
                Some((TaskState::Paused, left_running(TaskState::Paused)))
            }
            TaskState::Pausing => Some((TaskState::Paused, "paused")),
            TaskState::Terminating => Some((TaskState::Terminated, "terminated")),
            TaskState::Starting | TaskState::Running | TaskState::Abnormal if !resume && is_on_connect => {
                Some((TaskState::Paused, left_running(TaskState::Paused)))
            }
            // An older version wrote what a task does and whether it is to run one after the other.
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
            let may_still_run = reason == left_running(TaskState::Paused);
            let reason = (to == TaskState::Draft || !resume || may_still_run).then_some(reason);
            core.turn(&id).transit(&[state], to, reason)?;
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
