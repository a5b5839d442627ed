use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use sluice_model::{
    Delivery, ExistingData, ForbiddenTopics, OutOfRange, TaskAction, TaskId, TaskName, TaskSettings,
    check_tags,
};
use ts_rs::TS;

use super::command::Command;
use super::tasks::{MayChange, change_part, change_settings, checked};
use crate::core::{self, require_version};
use crate::schema::{AppEvent, TaskView};
use crate::{App, AppError, Result};

/// Gives a task other tags, whatever it does.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct TaskTag {
    /// Name or id.
    pub task: String,
    /// All it is to have.
    pub tags: BTreeSet<String>,
}

impl Command for TaskTag {
    const NAME: &'static str = "task_tag";
    type Answer = TaskView;

    fn run(self, app: &App) -> Result<TaskView> {
        let check = || check_tags(&self.tags).map_err(|error| AppError::field("tags", error.to_string()));
        let view = change_part(
            app,
            Self::NAME,
            &self.task,
            MayChange::Always,
            check,
            |settings| TaskSettings {
                tags: self.tags.clone(),
                ..settings
            },
        )?;
        app.core.bus.publish(&AppEvent::TasksChanged);
        Ok(view)
    }
}

/// Changes what may be changed of a task after its launch beside its topics and its speed. What is not given stays. A task
/// that runs is stopped and started for it; nothing is lost or repeated.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct TaskPolicies {
    /// Name or id.
    pub task: String,
    /// Another name.
    #[serde(default)]
    #[ts(type = "string", optional)]
    pub name: Option<TaskName>,
    /// What to do when a position is not in the source.
    #[serde(default)]
    #[ts(optional)]
    pub out_of_range: Option<OutOfRange>,
    /// What to do with records in target topics that are added from now on: `stop` or `append`.
    #[serde(default)]
    #[ts(optional)]
    pub existing: Option<ExistingData>,
    /// What a crash may do to the target. No task becomes a mirror, and a mirror nothing else.
    #[serde(default)]
    #[ts(optional)]
    pub delivery: Option<Delivery>,
    /// What to do with topics that this user may not read.
    #[serde(default)]
    #[ts(optional)]
    pub forbidden_topics: Option<ForbiddenTopics>,
    /// The version of the settings that were looked at before: refused if another command has changed them since.
    #[serde(default)]
    #[ts(type = "number", optional)]
    pub version: Option<i64>,
}

impl Command for TaskPolicies {
    const NAME: &'static str = "task_policies";
    type Answer = TaskView;

    fn run(self, app: &App) -> Result<TaskView> {
        let core = &app.core;
        let row = core.task(&self.task)?;
        let after = self.applied_to(core::settings(&row)?);
        change_settings(app, Self::NAME, &row, &after, |id| {
            let is_other_copy = self.change(app, id)?;
            core.bus.publish(&AppEvent::TasksChanged);
            if is_other_copy {
                app.supervisor.restart(id);
            }
            Ok(())
        })
    }
}

impl TaskPolicies {
    /// Changes the settings as they are in its turn. Returns whether a run must read them again.
    fn change(&self, app: &App, id: &TaskId) -> Result<bool> {
        let core = &app.core;
        let turn = core.turn(id);
        turn.allows(TaskAction::Tune)?;
        let row = turn.row()?;
        require_version(&row, self.version)?;
        let before = core::settings(&row)?;
        let after = self.applied_to(before.clone());
        allowed(&before, &after)?;
        checked(core, &after)?;
        turn.change_settings(&row, &after)?;
        let only_named = TaskSettings {
            name: before.name.clone(),
            ..after
        };
        Ok(only_named != before)
    }

    fn applied_to(&self, settings: TaskSettings) -> TaskSettings {
        TaskSettings {
            name: self.name.clone().unwrap_or(settings.name),
            out_of_range: self.out_of_range.unwrap_or(settings.out_of_range),
            existing: self.existing.unwrap_or(settings.existing),
            delivery: self.delivery.unwrap_or(settings.delivery),
            forbidden_topics: self.forbidden_topics.unwrap_or(settings.forbidden_topics),
            ..settings
        }
    }
}

/// Refuses what the engine would refuse at the next start, or what would delete records without a pre-check.
fn allowed(before: &TaskSettings, after: &TaskSettings) -> Result<()> {
    let mirror = Delivery::Mirror;
    if before.delivery != after.delivery && (before.delivery == mirror || after.delivery == mirror) {
        return Err(AppError::field(
            "delivery",
            "a task that was launched with another delivery cannot become a mirror, and a mirror nothing else; start a new task for it",
        ));
    }
    if before.existing != after.existing && after.existing == ExistingData::Rewrite {
        return Err(AppError::field(
            "existing",
            "records are deleted at the launch of a task alone; choose to stop or to append, or start a new task",
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use sluice_model::{Objects, SourceId};

    use super::*;

    fn settings() -> TaskSettings {
        TaskSettings::new(
            TaskName::new("n").unwrap(),
            SourceId::generate(),
            SourceId::generate(),
            Objects::Topics(vec!["a".into()]),
        )
    }

    #[test]
    fn no_task_becomes_a_mirror_and_none_begins_to_delete_after_its_launch() {
        let before = settings();
        let with = |change: &dyn Fn(&mut TaskSettings)| {
            let mut after = before.clone();
            change(&mut after);
            allowed(&before, &after).map_err(|error| error.fields[0].field.clone())
        };
        assert_eq!(with(&|after| after.delivery = Delivery::AtLeastOnce), Ok(()));
        assert_eq!(with(&|after| after.out_of_range = OutOfRange::Nearest), Ok(()));
        assert_eq!(
            with(&|after| after.delivery = Delivery::Mirror),
            Err("delivery".into())
        );
        assert_eq!(
            with(&|after| after.existing = ExistingData::Rewrite),
            Err("existing".into())
        );
    }
}
