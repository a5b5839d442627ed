use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use sluice_engine::{GroupChoice, GroupsReport, SyncOptions};
use sluice_model::{GroupSync, TaskSettings};
use ts_rs::TS;

use super::command::Command;
use super::tasks::{MayChange, change_part};
use crate::core::{self, Operation};
use crate::schema::TaskView;
use crate::tasks::LastSync;
use crate::{App, AppError, Result};

/// Lists the consumer groups of the source that read the task's topics: where each stands on both sides, and where its
/// positions lie on the target. Changes nothing.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct TaskGroups {
    /// Name or id.
    pub task: String,
    /// Only these groups; empty for all.
    #[serde(default)]
    pub groups: Vec<String>,
}

/// The consumer groups of a task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct TaskGroupsView {
    /// The groups.
    #[serde(flatten)]
    pub report: GroupsReport,
    /// Which are kept in step while the task runs.
    pub continuous: Option<GroupSync>,
    /// What the last sync of the running task came to.
    pub last_sync: Option<LastSync>,
}

/// Commits on the target where groups of the source stand, translated exactly. Groups with members on the target are left
/// alone, and no position goes back unless that is asked for.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct TaskGroupsSync {
    /// Name or id.
    pub task: String,
    /// These groups.
    #[serde(default)]
    pub groups: Vec<String>,
    /// All groups that read the task's topics.
    #[serde(default)]
    pub all: bool,
    /// Positions that are further on the target are set back.
    #[serde(default)]
    pub rewind: bool,
    /// Positions before the copy's start are left out.
    #[serde(default)]
    pub exact_only: bool,
    /// Nothing is committed: shows what would be.
    #[serde(default)]
    pub dry_run: bool,
}

/// Chooses which groups are kept in step on the target while the task runs; at once where it runs.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct TaskGroupsKeep {
    /// Name or id.
    pub task: String,
    /// Which, and how often; none for no group.
    pub sync: Option<GroupSync>,
    /// The version of the settings that were looked at before: refused if another command has changed them since.
    #[serde(default)]
    #[ts(type = "number", optional)]
    pub version: Option<i64>,
}

impl Command for TaskGroups {
    const NAME: &'static str = "task_groups";
    type Answer = TaskGroupsView;

    fn run(self, app: &App) -> Result<TaskGroupsView> {
        let row = app.core.task(&self.task)?;
        let id = core::task_id(&row)?;
        let choice = if self.groups.is_empty() {
            GroupChoice::All
        } else {
            GroupChoice::Named(self.groups.into_iter().collect())
        };
        Ok(TaskGroupsView {
            report: app.groups.inventory(&app.core, &id, &choice)?,
            continuous: core::settings(&row)?.sync_groups,
            last_sync: app.groups.last(&id),
        })
    }
}

impl Command for TaskGroupsSync {
    const NAME: &'static str = "task_groups_sync";
    type Answer = GroupsReport;

    fn run(self, app: &App) -> Result<GroupsReport> {
        let core = &app.core;
        let row = core.task(&self.task)?;
        let id = core::task_id(&row)?;
        let names: BTreeSet<String> = self.groups.iter().cloned().collect();
        let choice = match (self.all, names.is_empty()) {
            (true, true) => GroupChoice::All,
            (false, false) => GroupChoice::Named(names),
            (true, false) => {
                return Err(AppError::field(
                    "groups",
                    "name groups, or choose all of them, not both",
                ));
            }
            (false, true) => {
                return Err(AppError::field(
                    "groups",
                    "choose the groups to sync, or all of them",
                ));
            }
        };
        let options = SyncOptions {
            choice,
            rewind: self.rewind,
            exact_only: self.exact_only,
            dry_run: self.dry_run,
            prove: true,
            continuous: false,
        };
        if self.dry_run {
            return app.groups.run(core, &id, &options);
        }
        Operation::new(Self::NAME, "task", &row.id, &row.name)
            .after(serde_json::json!({
                "groups": self.groups,
                "all": self.all,
                "rewind": self.rewind,
                "exact_only": self.exact_only,
            }))
            .run(&core.store, || {
                let report = app.groups.run(core, &id, &options)?;
                let line = format!(
                    "consumer groups synced: {} positions of {} groups committed on the target, {} not",
                    report.committed,
                    report.groups.len(),
                    report.failed
                );
                core.log(&id, if report.failed == 0 { "info" } else { "warning" }, line);
                Ok(report)
            })
    }
}

impl Command for TaskGroupsKeep {
    const NAME: &'static str = "task_groups_keep";
    type Answer = TaskView;

    fn run(self, app: &App) -> Result<TaskView> {
        let check = || {
            let errors = self.sync.iter().flat_map(GroupSync::check).collect::<Vec<_>>();
            if errors.is_empty() {
                Ok(())
            } else {
                Err(AppError::fields(errors))
            }
        };
        let may_change = MayChange::Tuning(self.version);
        change_part(app, Self::NAME, &self.task, may_change, check, |settings| {
            TaskSettings {
                sync_groups: self.sync.clone(),
                ..settings
            }
        })
    }
}
