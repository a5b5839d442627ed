//! One change of a task at a time.

use std::collections::BTreeMap;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use serde::Serialize;
use serde_json::Value;
use sluice_model::{TaskAction, TaskId, TaskSettings, TaskState};
use sluice_store::{SettingsChange, StateChange, TaskRow};

use super::shared::{self, Core};
use crate::clock::now_ms;
use crate::schema::{AppEvent, LogEvent};
use crate::{AppError, ErrorCode, Result};

/// Whose turn it is to change which task.
#[derive(Default)]
pub(crate) struct Turns {
    inner: Mutex<Inner>,
    given_back: Condvar,
}

#[derive(Default)]
struct Inner {
    /// Tasks that somebody is changing now, with the thread for the one mistake there is to make.
    taken: BTreeMap<TaskId, std::thread::ThreadId>,
    /// Tasks that a longer piece of work has for itself, and what it does.
    claimed: BTreeMap<TaskId, &'static str>,
}

impl Turns {
    fn locked(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The right to change one task, until it is dropped. State, settings and what a running task is ordered change only
/// under it, so that what was read stays true until the change is written. It is held for moments: never while a
/// cluster is asked.
pub(crate) struct Turn<'a> {
    core: &'a Core,
    id: TaskId,
}

impl Core {
    /// Waits for the turn to change a task. A thread that has one must not wait for another of the same task.
    pub(crate) fn turn(&self, id: &TaskId) -> Turn<'_> {
        let own = std::thread::current().id();
        let mut inner = self.turns.locked();
        debug_assert!(
            inner.taken.get(id) != Some(&own),
            "a thread would wait for itself"
        );
        while inner.taken.contains_key(id) {
            inner = self
                .turns
                .given_back
                .wait(inner)
                .unwrap_or_else(PoisonError::into_inner);
        }
        inner.taken.insert(id.clone(), own);
        Turn {
            core: self,
            id: id.clone(),
        }
    }

    /// Reserves a task for a longer piece of work that must not meet a start or a removal of it.
    ///
    /// # Errors
    /// Another such work is under way.
    pub(crate) fn claim(&self, id: &TaskId, work: &'static str) -> Result<Claim<'_>> {
        let mut inner = self.turns.locked();
        if let Some(other) = inner.claimed.get(id) {
            return Err(busy(other));
        }
        inner.claimed.insert(id.clone(), work);
        Ok(Claim {
            core: self,
            id: id.clone(),
        })
    }
}

/// What is written together with a state.
#[derive(Clone, Copy, Default)]
struct Beside<'a> {
    pre_check: Option<&'a Value>,
    rest_lag: Option<i64>,
}

impl Turn<'_> {
    /// The task as it is now.
    ///
    /// # Errors
    /// It is gone, or cannot be read.
    pub(crate) fn row(&self) -> Result<TaskRow> {
        self.core.task(self.id.as_str())
    }

    /// The task's state, if it allows `action`.
    ///
    /// # Errors
    /// It does not; the sentence says which actions it allows.
    pub(crate) fn allows(&self, action: TaskAction) -> Result<TaskState> {
        let state = shared::state(&self.row()?)?;
        require(state, action)?;
        Ok(state)
    }

    /// Refuses while a longer piece of work has the task for itself.
    ///
    /// # Errors
    /// It does.
    pub(crate) fn is_free(&self) -> Result<()> {
        match self.core.turns.locked().claimed.get(&self.id) {
            Some(work) => Err(busy(work)),
            None => Ok(()),
        }
    }

    /// Puts the task from one of `from` into `to` and publishes it. Whether it is to run changes with it, in one
    /// transaction. Returns whether it was in one of them.
    ///
    /// # Errors
    /// The state cannot be written.
    pub(crate) fn transit(&self, from: &[TaskState], to: TaskState, reason: Option<&str>) -> Result<bool> {
        self.change_state(from, to, reason, Beside::default())
    }

    /// As [`Turn::transit`], of a task that comes to rest with so many offsets not copied, where that is known.
    ///
    /// # Errors
    /// The state cannot be written.
    pub(crate) fn come_to_rest(
        &self,
        from: &[TaskState],
        rest: TaskState,
        reason: Option<&str>,
        lag: Option<i64>,
    ) -> Result<bool> {
        let beside = Beside {
            rest_lag: lag,
            ..Beside::default()
        };
        self.change_state(from, rest, reason, beside)
    }

    /// As [`Turn::transit`], with the report of the pre-check that leads to the new state.
    ///
    /// # Errors
    /// The state cannot be written.
    pub(crate) fn transit_with(
        &self,
        from: &[TaskState],
        to: TaskState,
        reason: Option<&str>,
        pre_check: Option<&Value>,
    ) -> Result<bool> {
        let beside = Beside {
            pre_check,
            ..Beside::default()
        };
        self.change_state(from, to, reason, beside)
    }

    fn change_state(
        &self,
        from: &[TaskState],
        to: TaskState,
        reason: Option<&str>,
        beside: Beside<'_>,
    ) -> Result<bool> {
        let Some(row) = self.core.store.task(self.id.as_str())? else {
            return Ok(false);
        };
        let before = shared::state(&row)?;
        let words: Vec<&str> = from.iter().map(|state| state.word()).collect();
        let changed = self.core.store.change_task_state(
            self.id.as_str(),
            &StateChange {
                from: &words,
                to: to.word(),
                desired_running: to.is_to_run(),
                reason,
                pre_check: beside.pre_check,
                rest_lag: beside.rest_lag,
                now_ms: now_ms(),
            },
        )?;
        if changed {
            self.log_change(before, to, reason);
            self.core.bus.publish(&AppEvent::TaskState {
                task_id: self.id.clone(),
                state: to,
                reason: reason.map(str::to_owned),
            });
        }
        Ok(changed)
    }

    /// Tells the task's log what became of the task.
    fn log_change(&self, from: TaskState, to: TaskState, reason: Option<&str>) {
        let Some(event) = LogEvent::of_change(from, to) else {
            return;
        };
        let why = reason.unwrap_or("no reason is known");
        let (level, line) = match event {
            LogEvent::Started => ("info", "the task is started".to_owned()),
            LogEvent::Resumed if from == TaskState::Abnormal => {
                ("info", "trying again, as a person asked".to_owned())
            }
            LogEvent::Resumed if from == TaskState::Failed => ("info", "the task is tried again".to_owned()),
            LogEvent::Resumed => ("info", "the task is resumed".to_owned()),
            LogEvent::Recovered => ("info", "the task runs normally again".to_owned()),
            LogEvent::Abnormal => ("warning", format!("abnormal: {why}")),
            LogEvent::Failed => ("error", format!("failed: {why}")),
            _ => ("info", format!("the task is {to}")),
        };
        self.core.log_event(&self.id, event, level, line);
    }

    /// Replaces the settings of `row`, which was read in this turn.
    ///
    /// # Errors
    /// They were changed by another program, or cannot be written.
    pub(crate) fn change_settings(&self, row: &TaskRow, settings: &TaskSettings) -> Result<()> {
        self.write_settings(row, settings, None)
    }

    /// Describes the task of `row` again: it becomes a draft without a pre-check.
    ///
    /// # Errors
    /// Its state does not allow it any more, or it cannot be written.
    pub(crate) fn describe_again(
        &self,
        row: &TaskRow,
        from: TaskState,
        settings: &TaskSettings,
    ) -> Result<()> {
        self.write_settings(row, settings, Some(&[from.word()]))?;
        if from != TaskState::Draft {
            self.core.bus.publish(&AppEvent::TaskState {
                task_id: self.id.clone(),
                state: TaskState::Draft,
                reason: None,
            });
        }
        Ok(())
    }

    fn write_settings(
        &self,
        row: &TaskRow,
        settings: &TaskSettings,
        draft_from: Option<&[&str]>,
    ) -> Result<()> {
        let changed = self.core.store.change_task_settings(
            self.id.as_str(),
            &SettingsChange {
                version: row.settings_version,
                name: settings.name.as_str(),
                settings: &to_value(settings)?,
                source_id: settings.source.as_str(),
                target_id: settings.target.as_str(),
                draft_from,
                now_ms: now_ms(),
            },
        )?;
        if changed { Ok(()) } else { Err(superseded()) }
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.core.turns.locked().taken.remove(&self.id);
        self.core.turns.given_back.notify_all();
    }
}

/// A task that a longer piece of work has for itself, until it is dropped.
pub(crate) struct Claim<'a> {
    core: &'a Core,
    id: TaskId,
}

impl Drop for Claim<'_> {
    fn drop(&mut self) {
        self.core.turns.locked().claimed.remove(&self.id);
    }
}

/// What may be done with a task in this state. One that runs on Connect may be deleted while it comes to rest as well: its
/// Connect cluster may be gone for good.
pub(crate) fn allowed(state: TaskState, settings: &TaskSettings) -> Vec<TaskAction> {
    let comes_to_rest = matches!(state, TaskState::Pausing | TaskState::Terminating);
    let more = (settings.run_on.is_some() && comes_to_rest).then_some(TaskAction::Delete);
    state.allowed().iter().copied().chain(more).collect()
}

/// Refuses what the state does not allow, and says what it would allow.
pub(crate) fn require(state: TaskState, action: TaskAction) -> Result<()> {
    if state.allows(action) {
        return Ok(());
    }
    let allowed: Vec<&str> = state.allowed().iter().map(|action| action.word()).collect();
    Err(AppError::new(
        ErrorCode::StateForbids,
        format!(
            "the task is {state}, and '{action}' is not allowed then; allowed {}: {}",
            if allowed.len() == 1 { "is" } else { "are" },
            allowed.join(", ")
        ),
    ))
}

/// Refuses a change of settings that the caller has not seen as they are now.
///
/// # Errors
/// `seen` is another version than that of `row`.
pub(crate) fn require_version(row: &TaskRow, seen: Option<i64>) -> Result<()> {
    match seen {
        Some(seen) if seen != row.settings_version => Err(superseded()),
        _ => Ok(()),
    }
}

/// Settings as they are stored.
pub(crate) fn to_value(value: &impl Serialize) -> Result<Value> {
    serde_json::to_value(value).map_err(|error| AppError::new(ErrorCode::Internal, error.to_string()))
}

/// Another command was given before this one could be carried out.
pub(crate) fn superseded() -> AppError {
    AppError::new(
        ErrorCode::Cancelled,
        "superseded by a later command; look at the task and repeat this one if it is still wanted",
    )
}

/// What was read of a task is not true any more.
pub(crate) fn just_changed() -> AppError {
    AppError::new(
        ErrorCode::StateForbids,
        "the task's state has just changed; look again and repeat",
    )
}

fn busy(work: &str) -> AppError {
    AppError::new(
        ErrorCode::StateForbids,
        format!("{work} at the moment; wait until that is done and repeat"),
    )
}
