use serde::{Deserialize, Serialize};
use sluice_connect::{connect_json, strimzi};
use sluice_model::{TaskAction, TaskName, TaskSettings};
use ts_rs::TS;

use super::command::Command;
use super::tasks::create;
use crate::core::{self, require};
use crate::schema::TaskView;
use crate::tasks::planned_connectors;
use crate::{App, AppError, ErrorCode, Result};

/// Makes a draft with the settings of another task.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct TaskCopy {
    /// Name or id of the other.
    pub task: String,
    /// Its name.
    pub name: String,
}

/// Writes a task's settings down, without secrets: data sources by name.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct TaskExport {
    /// Name or id.
    pub task: String,
    /// In which form; TOML for Sluice if not said.
    #[serde(default)]
    #[ts(optional, as = "Option<ExportFormat>")]
    pub format: ExportFormat,
}

/// How a task is written down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum ExportFormat {
    /// TOML, which [`TaskImport`] reads.
    #[default]
    Toml,
    /// MirrorMaker's connectors in JSON, as Connect's REST interface takes each.
    Connect,
    /// A resource `KafkaMirrorMaker2` of Strimzi.
    Strimzi,
}

/// Makes a draft out of what [`TaskExport`] wrote. Data sources of the same names must be there.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct TaskImport {
    /// TOML.
    pub text: String,
    /// Another name.
    #[serde(default)]
    pub name: Option<String>,
}

impl Command for TaskCopy {
    const NAME: &'static str = "task_copy";
    type Answer = TaskView;

    fn run(self, app: &App) -> Result<TaskView> {
        let row = app.core.task(&self.task)?;
        require(core::state(&row)?, TaskAction::Copy)?;
        let mut settings = core::settings(&row)?;
        settings.name = named(&self.name)?;
        // A copy is a task of its own, with no partner.
        settings.both_ways = None;
        create(app, Self::NAME, settings)
    }
}

impl Command for TaskExport {
    const NAME: &'static str = "task_export";
    type Answer = String;

    fn run(self, app: &App) -> Result<String> {
        let core = &app.core;
        let row = core.task(&self.task)?;
        match self.format {
            ExportFormat::Toml => {}
            ExportFormat::Connect => return Ok(connect_json(&planned_connectors(core, &row)?)),
            ExportFormat::Strimzi => {
                return strimzi(&row.id, &planned_connectors(core, &row)?)
                    .map_err(|why| AppError::new(ErrorCode::Refused, why.0));
            }
        }
        let failed = |error: &dyn std::fmt::Display| {
            AppError::new(
                ErrorCode::Internal,
                format!("the task cannot be written as TOML: {error}"),
            )
        };
        let mut table = toml::Table::try_from(core::settings(&row)?).map_err(|error| failed(&error))?;
        for (side, id) in [("source", &row.source_id), ("target", &row.target_id)] {
            table.insert(side.to_owned(), core.source(id)?.name.into());
        }
        if let Some(on) = &core::settings(&row)?.run_on {
            table.insert("run_on".to_owned(), core.source(on.as_str())?.name.into());
        }
        toml::to_string_pretty(&table).map_err(|error| failed(&error))
    }
}

impl Command for TaskImport {
    const NAME: &'static str = "task_import";
    type Answer = TaskView;

    fn run(self, app: &App) -> Result<TaskView> {
        let unreadable = |error: &toml::de::Error| {
            AppError::new(
                ErrorCode::InvalidInput,
                format!("not an exported task: {}", error.message()),
            )
        };
        let mut table: toml::Table = self.text.parse().map_err(|error| unreadable(&error))?;
        let is_on_connect = table.contains_key("run_on");
        let sides = ["source", "target"]
            .into_iter()
            .chain(is_on_connect.then_some("run_on"));
        for side in sides {
            let name = table
                .get(side)
                .and_then(toml::Value::as_str)
                .ok_or_else(|| AppError::field(side, format!("the {side}'s data source is missing")))?;
            let row = app.core.store.source(name)?.ok_or_else(|| {
                AppError::field(
                    side,
                    format!("there is no data source '{name}'; add it first, then import the task"),
                )
            })?;
            table.insert(side.to_owned(), row.id.into());
        }
        let mut settings: TaskSettings = table.try_into().map_err(|error| unreadable(&error))?;
        if let Some(name) = &self.name {
            settings.name = named(name)?;
        }
        create(app, Self::NAME, settings)
    }
}

fn named(name: &str) -> Result<TaskName> {
    TaskName::new(name).map_err(|error| AppError::field("name", error.to_string()))
}
