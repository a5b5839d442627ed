use serde::{Deserialize, Serialize};
use sluice_store::OperationFilter;
use ts_rs::TS;

use super::COMMAND_NAMES;
use super::command::Command;
use crate::{App, AppError, Result};

/// Rows of a page if the caller says nothing.
const PAGE: usize = 500;

/// The operation log, the newest first.
#[derive(Debug, Clone, Default, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields, default)]
pub struct OperationQuery {
    /// Only this action, as `task_pause`.
    pub action: Option<String>,
    /// Only on things of this kind: `source`, `task`, `rule`, `channel`, `setting`.
    pub object_kind: Option<String>,
    /// Only on the thing of this id.
    pub object_id: Option<String>,
    /// Only those that contain this.
    pub text: Option<String>,
    /// Only those not before this, in ms since 1970.
    #[ts(type = "number | null")]
    pub from_ms: Option<i64>,
    /// Only those before this, in ms since 1970.
    #[ts(type = "number | null")]
    pub to_ms: Option<i64>,
    /// Only those older than this row.
    #[ts(type = "number | null")]
    pub before_id: Option<i64>,
    /// How many at most; 500 if not said.
    #[ts(type = "number | null")]
    pub limit: Option<usize>,
}

/// Who did what, when, and how it came out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct OperationView {
    /// Greater for later ones.
    #[ts(type = "number")]
    pub id: i64,
    /// When, in ms since 1970.
    #[ts(type = "number")]
    pub at_ms: i64,
    /// The user of this computer.
    pub actor: String,
    /// What was done.
    pub action: String,
    /// What kind of thing it was done to.
    pub object_kind: String,
    /// Its id.
    pub object_id: String,
    /// Its name at the time.
    pub object_name: String,
    /// What it was.
    #[ts(type = "unknown")]
    pub before: Option<serde_json::Value>,
    /// What it was to be.
    #[ts(type = "unknown")]
    pub after: Option<serde_json::Value>,
    /// `ok`, `refused` or `failed`.
    pub outcome: String,
    /// Why it was refused or failed.
    pub detail: Option<String>,
}

impl Command for OperationQuery {
    const NAME: &'static str = "operation_list";
    type Answer = Vec<OperationView>;

    fn run(self, app: &App) -> Result<Vec<OperationView>> {
        let is_whole = self.before_id.is_none()
            && self.text.is_none()
            && self.object_kind.is_none()
            && self.object_id.is_none()
            && self.from_ms.is_none()
            && self.to_ms.is_none();
        let unknown = self
            .action
            .clone()
            .filter(|action| !COMMAND_NAMES.contains(&action.as_str()));
        let rows = app.core.store.operations(&OperationFilter {
            action: self.action,
            object_kind: self.object_kind,
            object_id: self.object_id,
            text: self.text,
            from_ms: self.from_ms,
            to_ms: self.to_ms,
            before_id: self.before_id,
            limit: Some(self.limit.unwrap_or(PAGE)),
        })?;
        // What an older version noted stays.
        if let (Some(action), true, true) = (unknown, is_whole, rows.is_empty()) {
            return Err(AppError::field(
                "action",
                format!("there is no action '{action}'; they have names like task_pause"),
            ));
        }
        Ok(rows
            .into_iter()
            .map(|row| OperationView {
                id: row.id,
                at_ms: row.at_ms,
                actor: row.actor,
                action: row.action,
                object_kind: row.object_kind,
                object_id: row.object_id,
                object_name: row.object_name,
                before: row.before,
                after: row.after,
                outcome: row.outcome,
                detail: row.detail,
            })
            .collect())
    }
}
