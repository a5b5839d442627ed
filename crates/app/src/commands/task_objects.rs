use std::sync::Arc;
use std::time::Duration;

use crossbeam_channel::bounded;
use serde::{Deserialize, Serialize};
use sluice_engine::{CheckpointStore, Modification, modify};
use sluice_model::{RateLimits, Spec, TaskAction, TaskSettings, TaskState};
use ts_rs::TS;

use super::command::Command;
use super::tasks::{checked, require, show, to_value};
use crate::clock::now_ms;
use crate::core;
use crate::core::Operation;
use crate::schema::TaskView;
use crate::tasks::Order;
use crate::{App, AppError, ErrorCode, Result};

/// How long the copy may take to come to a clean stop and the change to be carried out.
const PATIENCE: Duration = Duration::from_secs(180);

/// Adds, removes or renames topics. A task that runs is stopped cleanly, changed, and goes on: topics that are not
/// touched neither lose nor repeat a record.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct TaskModify {
    /// Name or id.
    pub task: String,
    /// What is to be from now on. Only objects, renames and start positions may differ.
    pub settings: TaskSettings,
}

/// Changes Spec and ceilings; at once where the task runs.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct TaskTune {
    /// Name or id.
    pub task: String,
    /// Another Spec.
    #[serde(default)]
    pub spec: Option<Spec>,
    /// Other ceilings of its own; they replace both.
    #[serde(default)]
    pub rate: Option<RateLimits>,
}

/// Mutes a task's alerts, or no longer.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct TaskMute {
    /// Name or id.
    pub task: String,
    /// Until when, in ms since 1970; none to be told again.
    #[ts(type = "number | null")]
    pub until_ms: Option<i64>,
}

impl Command for TaskModify {
    const NAME: &'static str = "task_modify";
    type Answer = TaskView;

    fn run(self, app: &App) -> Result<TaskView> {
        let core = &app.core;
        let row = core.task(&self.task)?;
        let (before, after) = (row.settings.clone(), to_value(&self.settings)?);
        Operation::new(Self::NAME, "task", &row.id, &row.name)
            .before(before.clone())
            .after(after.clone())
            .run(&core.store, || {
                let (id, state) = (core::task_id(&row)?, core::state(&row)?);
                require(state, TaskAction::ModifyObjects)?;
                checked(core, &self.settings)?;
                let old = core::settings(&row)?;
                let mut only_objects = self.settings.clone();
                only_objects.objects = old.objects.clone();
                only_objects.rename = old.rename.clone();
                only_objects.start = old.start.clone();
                only_objects.start_overrides = old.start_overrides.clone();
                only_objects.existing = old.existing;
                if only_objects != old {
                    return Err(AppError::field(
                        "settings",
                        "a launched task can have other topics, names and start positions, nothing else; copy the task to change more",
                    ));
                }
                let modification = core
                    .store
                    .begin_modification(&row.id, &before, &after, now_ms())?;
                let done = self.carry_out(app, &id, state);
                let (status, detail) = match &done {
                    Ok(change) => ("done", describe(change)),
                    Err(error) => ("failed", error.message.clone()),
                };
                core.store
                    .end_modification(modification, status, Some(&detail), now_ms())?;
                done?;
                core.log(&id, "info", format!("topics modified: {detail}"));
                show(app, &core.task(&row.id)?)
            })
    }
}

impl TaskModify {
    fn carry_out(&self, app: &App, id: &sluice_model::TaskId, state: TaskState) -> Result<Modification> {
        let core = Arc::clone(&app.core);
        let (tell, told) = bounded(1);
        let (settings, task_id) = (self.settings.clone(), id.clone());
        let work: Box<dyn FnOnce() -> Result<()> + Send> = Box::new(move || {
            let task = core.described(&task_id, &settings)?;
            let store: &dyn CheckpointStore = core.store.as_ref();
            let change = modify(&task, store, &core.observer(&task_id))?;
            core.store.set_task_settings(
                task_id.as_str(),
                settings.name.as_str(),
                &to_value(&settings)?,
                settings.source.as_str(),
                settings.target.as_str(),
                now_ms(),
            )?;
            if tell.send(change).is_err() {
                tracing::debug!("nobody waits for the change any more");
            }
            Ok(())
        });
        // Where it is to run but runs in no program at present, nothing has to be stopped.
        if state == TaskState::Running && app.supervisor.live(id).is_some() {
            let (answer, answered) = bounded(1);
            if app.supervisor.order(id, Order::Between(work, answer))? {
                answered.recv_timeout(PATIENCE).map_err(|_| {
                    AppError::new(
                        ErrorCode::Internal,
                        format!(
                            "the change was not done within {} s; look at the task's log",
                            PATIENCE.as_secs()
                        ),
                    )
                })??;
            } else {
                return Err(super::tasks::just_changed());
            }
        } else {
            work()?;
        }
        told.try_recv().map_err(|_| {
            AppError::new(
                ErrorCode::Internal,
                "the change is done, but what it came to is not known",
            )
        })
    }
}

fn describe(change: &Modification) -> String {
    let names = |topics: &[String]| topics.join(", ");
    let renamed: Vec<String> = change
        .renamed
        .iter()
        .map(|(source, target)| format!("{source} to {target}"))
        .collect();
    let parts: Vec<String> = [
        ("added", names(&change.added)),
        ("removed", names(&change.removed)),
        ("renamed", names(&renamed)),
    ]
    .into_iter()
    .filter(|(_, topics)| !topics.is_empty())
    .map(|(what, topics)| format!("{what} {topics}"))
    .collect();
    if parts.is_empty() {
        "nothing changed".to_owned()
    } else {
        parts.join("; ")
    }
}

impl Command for TaskTune {
    const NAME: &'static str = "task_tune";
    type Answer = TaskView;

    fn run(self, app: &App) -> Result<TaskView> {
        let core = &app.core;
        let row = core.task(&self.task)?;
        let mut settings = core::settings(&row)?;
        settings.spec = self.spec.unwrap_or(settings.spec);
        settings.rate = self.rate.unwrap_or(settings.rate);
        let after = to_value(&settings)?;
        Operation::new(Self::NAME, "task", &row.id, &row.name)
            .before(row.settings.clone())
            .after(after.clone())
            .run(&core.store, || {
                require(core::state(&row)?, TaskAction::Tune)?;
                let limits = settings
                    .spec
                    .limits(settings.rate)
                    .map_err(|error| AppError::field("rate", error.to_string()))?;
                core.store.set_task_settings(
                    &row.id,
                    &row.name,
                    &after,
                    &row.source_id,
                    &row.target_id,
                    now_ms(),
                )?;
                app.supervisor.order(&core::task_id(&row)?, Order::Rate(limits))?;
                show(app, &core.task(&row.id)?)
            })
    }
}

impl Command for TaskMute {
    const NAME: &'static str = "task_mute";
    type Answer = ();

    fn run(self, app: &App) -> Result<()> {
        let row = app.core.task(&self.task)?;
        Operation::new(Self::NAME, "task", &row.id, &row.name).run(&app.core.store, || {
            Ok(app.core.store.set_task_muted(&row.id, self.until_ms)?)
        })
    }
}
