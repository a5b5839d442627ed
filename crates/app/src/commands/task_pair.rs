//! Two tasks that copy the same topics in both directions (docs/adr/0016).

use serde::{Deserialize, Serialize};
use sluice_model::{ExistingData, TaskAction, TaskId, TaskName, TaskSettings};
use sluice_store::TaskRow;
use ts_rs::TS;

use super::command::Command;
use super::tasks::{checked_to_write, new_row, show, task_limit};
use crate::core::{self, Core, Operation, to_value};
use crate::schema::{AppEvent, TaskView};
use crate::{App, AppError, ErrorCode, Result};

/// Makes two tasks as one pair: one as described, one that copies the same topics back. They do nothing yet.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct TaskCreatePair {
    /// What was decided of the first; the other has all of it but its sides and its name.
    pub settings: TaskSettings,
    /// The name of the other; made of the first one's if not said.
    #[serde(default)]
    #[ts(type = "string | null")]
    pub other_name: Option<TaskName>,
}

/// Both tasks of a pair.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct TaskPairView {
    /// The one that was described.
    pub task: TaskView,
    /// The one that copies back.
    pub other: TaskView,
}

impl Command for TaskCreatePair {
    const NAME: &'static str = "task_create_pair";
    type Answer = TaskPairView;

    fn run(self, app: &App) -> Result<TaskPairView> {
        let core = &app.core;
        let ids = (TaskId::generate(), TaskId::generate());
        let (first, second) = both(self.settings, self.other_name, &ids)?;
        Operation::new(Self::NAME, "task", ids.0.as_str(), first.name.as_str())
            .after(to_value(&first)?)
            .run(&core.store, || {
                checked_to_write(core, &first)?;
                core.may_write(second.target.as_str())
                    .map_err(|error| AppError::field("source", error.message))?;
                let rows = [new_row(&ids.0, &first)?, new_row(&ids.1, &second)?];
                core.store.insert_tasks(&rows, task_limit(core)?)?;
                core.bus.publish(&AppEvent::TasksChanged);
                Ok(TaskPairView {
                    task: show(app, &core.task(ids.0.as_str())?)?,
                    other: show(app, &core.task(ids.1.as_str())?)?,
                })
            })
    }
}

/// The settings of both tasks, each with the other as its partner.
fn both(
    mut first: TaskSettings,
    other_name: Option<TaskName>,
    ids: &(TaskId, TaskId),
) -> Result<(TaskSettings, TaskSettings)> {
    if first.both_ways.is_some() {
        return Err(AppError::field(
            "both_ways",
            "a pair is made of two new tasks; leave the partner out",
        ));
    }
    // What both sides hold stays; nothing else makes sense, and it is what a task leaves out to say by default.
    if first.existing == ExistingData::Stop {
        first.existing = ExistingData::Append;
    }
    let mut second = first.other_way();
    if let Some(name) = other_name {
        second.name = name;
    }
    first.both_ways = Some(ids.1.clone());
    second.both_ways = Some(ids.0.clone());
    Ok((first, second))
}

/// Describes the partner of the task of `row` again as it is with `new`, where both are drafts: what one of them copies, the
/// other copies back.
///
/// # Errors
/// The partner was launched and would have to change, or `new` names another one.
pub(super) fn edit_partner(core: &Core, row: &TaskRow, new: &TaskSettings) -> Result<()> {
    let before = core::settings(row)?;
    if before.both_ways != new.both_ways {
        return Err(AppError::field(
            "both_ways",
            "a task gets or loses no partner; make a pair, or a task without one",
        ));
    }
    let Some(partner) = &before.both_ways else {
        return Ok(());
    };
    let Some(other) = core.store.task(partner.as_str())? else {
        return Ok(());
    };
    let known = core::settings(&other)?;
    if !core::state(&other)?.allows(TaskAction::Edit) {
        return if before.keeps_pair(new) {
            Ok(())
        } else {
            Err(AppError::field(
                "objects",
                "the other task of the pair was started, and both copy the same topics between the same data sources; to have others, delete both and make another pair",
            ))
        };
    }
    let settings = TaskSettings {
        name: known.name,
        both_ways: known.both_ways,
        replication_factor: known.replication_factor,
        ..new.other_way()
    };
    checked_to_write(core, &settings)?;
    let turn = core.turn(partner);
    let state = turn.allows(TaskAction::Edit)?;
    turn.describe_again(&turn.row()?, state, &settings)
}

/// Refuses a task of a pair whose two tasks do not copy the same, as after an edit that was interrupted.
pub(super) fn in_step(core: &Core, row: &TaskRow) -> Result<()> {
    let own = core::settings(row)?;
    let Some(partner) = &own.both_ways else {
        return Ok(());
    };
    let Some(other) = core.store.task(partner.as_str())? else {
        return Ok(());
    };
    let other = core::settings(&other)?;
    let agree = (&own.source, &own.target, &own.objects) == (&other.target, &other.source, &other.objects);
    if agree {
        return Ok(());
    }
    Err(AppError::new(
        ErrorCode::Refused,
        "the two tasks of the pair do not copy the same topics: save one of them again, or delete both and make another pair",
    ))
}

/// Refuses settings that name a partner, of a task that is made alone.
pub(super) fn made_alone(settings: &TaskSettings) -> Result<()> {
    if settings.both_ways.is_none() {
        return Ok(());
    }
    Err(AppError::field(
        "both_ways",
        "a task of a pair that copies both ways is not made alone, nor taken over from another data folder: what its partner wrote is known where the partner runs; make both as one pair",
    ))
}

#[cfg(test)]
mod tests {
    use sluice_model::{Objects, SourceId};

    use super::*;

    fn settings() -> TaskSettings {
        TaskSettings::new(
            TaskName::new("orders").unwrap(),
            SourceId::generate(),
            SourceId::generate(),
            Objects::Topics(vec!["t".to_owned()]),
        )
    }

    #[test]
    fn both_tasks_of_a_pair_name_each_other_and_write_behind_what_is_there() {
        let ids = (TaskId::generate(), TaskId::generate());
        let (first, second) = both(settings(), None, &ids).unwrap();
        assert_eq!(
            (&first.both_ways, &second.both_ways),
            (&Some(ids.1.clone()), &Some(ids.0.clone()))
        );
        assert_eq!((&first.source, &first.target), (&second.target, &second.source));
        assert_eq!(first.existing, ExistingData::Append);
        assert_eq!((first.check(), second.check()), (Vec::new(), Vec::new()));
        assert!(made_alone(&first).is_err() && made_alone(&settings()).is_ok());
        assert!(both(first, None, &ids).is_err(), "a task has one partner");
    }
}
