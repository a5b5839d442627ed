use serde::{Deserialize, Serialize};
use sluice_engine::{EngineError, StoreError};
use sluice_model::{FieldError, InvalidTask};
use sluice_store::StateError;
use thiserror::Error;
use ts_rs::TS;

/// Shorthand for results of this crate.
pub type Result<T> = std::result::Result<T, AppError>;

/// What a shell can act on. docs/errors.md has a section for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum ErrorCode {
    /// Fields are wrong; `fields` says which.
    InvalidInput,
    /// There is nothing of that name or id.
    NotFound,
    /// Several things have that name.
    Ambiguous,
    /// The task's state does not allow it.
    StateForbids,
    /// As many tasks as the setting allows are not terminated.
    TaskLimit,
    /// Tasks use the data source.
    SourceInUse,
    /// Another thing has that name.
    NameTaken,
    /// A cluster does not answer.
    ClusterUnreachable,
    /// A cluster does not accept the user.
    AuthenticationFailed,
    /// A check or a cluster refuses what was asked for.
    Refused,
    /// The name of what will be overwritten must be typed.
    ConfirmationNeeded,
    /// Another program has this data directory.
    Owned,
    /// Secrets cannot be read or written.
    Secrets,
    /// The database cannot be read or written.
    Storage,
    /// The computer of a place cannot be reached or used.
    PlaceUnreachable,
    /// A person gave it up.
    Cancelled,
    /// A fault of Sluice.
    Internal,
}

impl ErrorCode {
    /// Every code.
    pub const ALL: [Self; 17] = [
        Self::InvalidInput,
        Self::NotFound,
        Self::Ambiguous,
        Self::StateForbids,
        Self::TaskLimit,
        Self::SourceInUse,
        Self::NameTaken,
        Self::ClusterUnreachable,
        Self::AuthenticationFailed,
        Self::Refused,
        Self::ConfirmationNeeded,
        Self::Owned,
        Self::Secrets,
        Self::Storage,
        Self::PlaceUnreachable,
        Self::Cancelled,
        Self::Internal,
    ];
}

/// What went wrong, for the person before the shell.
#[derive(Debug, Clone, PartialEq, Eq, Error, Serialize, Deserialize, TS)]
#[error("{message}")]
pub struct AppError {
    /// What a shell can act on.
    pub code: ErrorCode,
    /// What happened and what to do.
    pub message: String,
    /// Wrong fields of the input.
    #[serde(default)]
    pub fields: Vec<FieldError>,
    /// Whether the same command may succeed later without a change.
    #[serde(default)]
    pub retryable: bool,
}

impl AppError {
    /// An error of `code`.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            fields: Vec::new(),
            retryable: matches!(code, ErrorCode::ClusterUnreachable | ErrorCode::Owned),
        }
    }

    /// Wrong fields.
    pub fn fields(fields: Vec<FieldError>) -> Self {
        let message = fields
            .iter()
            .map(|field| field.message.as_str())
            .collect::<Vec<_>>()
            .join("; ");
        Self {
            fields,
            ..Self::new(ErrorCode::InvalidInput, message)
        }
    }

    /// One wrong field.
    pub fn field(field: &str, message: impl Into<String>) -> Self {
        Self::fields(vec![FieldError::new(field, message)])
    }

    /// There is no such thing.
    pub fn not_found(what: &str, name: &str) -> Self {
        Self::new(
            ErrorCode::NotFound,
            format!("there is no {what} '{name}'; list them to see the names"),
        )
    }
}

impl From<StateError> for AppError {
    fn from(error: StateError) -> Self {
        let code = match &error {
            StateError::SourceInUse { .. } => ErrorCode::SourceInUse,
            StateError::NameTaken { .. } => ErrorCode::NameTaken,
            StateError::TaskLimit { .. } => ErrorCode::TaskLimit,
            StateError::Owned { .. } | StateError::OwnerUnknown { .. } => ErrorCode::Owned,
            StateError::Secrets(_) => ErrorCode::Secrets,
            _ => ErrorCode::Storage,
        };
        let passing = match &error {
            StateError::DiskFull { .. } | StateError::Locked { .. } => true,
            StateError::Secrets(error) => error.is_passing(),
            _ => false,
        };
        let mut error = Self::new(code, error.to_string());
        error.retryable |= passing;
        error
    }
}

impl From<EngineError> for AppError {
    fn from(error: EngineError) -> Self {
        let code = match &error {
            EngineError::Invalid(_) => ErrorCode::InvalidInput,
            EngineError::Internal(_) => ErrorCode::Internal,
            EngineError::Store(_) => ErrorCode::Storage,
            error if error.is_authentication() => ErrorCode::AuthenticationFailed,
            error if error.is_passing() => ErrorCode::ClusterUnreachable,
            _ => ErrorCode::Refused,
        };
        Self::new(code, error.to_string())
    }
}

impl From<StoreError> for AppError {
    fn from(error: StoreError) -> Self {
        Self::new(ErrorCode::Storage, error.to_string())
    }
}

impl From<InvalidTask> for AppError {
    fn from(error: InvalidTask) -> Self {
        Self::new(ErrorCode::InvalidInput, error.to_string())
    }
}
