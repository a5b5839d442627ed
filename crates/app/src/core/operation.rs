//! The operation log: every command that changes something leaves a row with its outcome, whatever it is.

use serde_json::Value;
use sluice_store::{OperationRow, SqliteStore};

use crate::clock::now_ms;
use crate::{ErrorCode, Result};

/// What a command is about to do.
pub(crate) struct Operation {
    action: &'static str,
    kind: &'static str,
    id: String,
    name: String,
    before: Option<Value>,
    after: Option<Value>,
}

impl Operation {
    /// `action` on a thing of `kind`.
    pub(crate) fn new(
        action: &'static str,
        kind: &'static str,
        id: impl Into<String>,
        name: impl Into<String>,
    ) -> Self {
        Self {
            action,
            kind,
            id: id.into(),
            name: name.into(),
            before: None,
            after: None,
        }
    }

    /// What the thing was; without secrets.
    pub(crate) fn before(mut self, value: Value) -> Self {
        self.before = Some(value);
        self
    }

    /// What it is to be; without secrets.
    pub(crate) fn after(mut self, value: Value) -> Self {
        self.after = Some(value);
        self
    }

    /// Does it and notes how it came out.
    pub(crate) fn run<T>(self, store: &SqliteStore, work: impl FnOnce() -> Result<T>) -> Result<T> {
        let result = work();
        // What was refused as wrong is not what a form keeps: a password may stand where none belongs.
        let is_checked = !matches!(&result, Err(error) if error.code == ErrorCode::InvalidInput);
        let (outcome, detail) = match &result {
            Ok(_) => ("ok", None),
            Err(error) => {
                let failed = matches!(
                    error.code,
                    ErrorCode::Storage
                        | ErrorCode::Secrets
                        | ErrorCode::Internal
                        | ErrorCode::ClusterUnreachable
                );
                (
                    if failed { "failed" } else { "refused" },
                    Some(error.message.clone()),
                )
            }
        };
        let noted = store.append_operation(&OperationRow {
            id: 0,
            at_ms: now_ms(),
            actor: actor(),
            action: self.action.to_owned(),
            object_kind: self.kind.to_owned(),
            object_id: self.id,
            object_name: self.name,
            before: self.before,
            after: self.after.filter(|_| is_checked),
            outcome: outcome.to_owned(),
            detail,
        });
        match (result, noted) {
            // What was done is done; that it is not in the log must be known all the same.
            (Ok(_), Err(error)) => Err(error.into()),
            (result, _) => result,
        }
    }
}

/// Whose account this program runs under. The system is asked, not the environment: services and schedulers set no USER.
pub(crate) fn actor() -> String {
    let named = |name: whoami::Result<String>| name.ok().filter(|name| !name.is_empty());
    named(whoami::username())
        .or_else(|| named(whoami::account()))
        .unwrap_or_else(|| "unknown".to_owned())
}
