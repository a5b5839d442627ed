use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::AppError;

/// The longest request in bytes; the longest command holds the names of some ten thousand topics.
pub(super) const MAX_REQUEST_BYTES: u64 = 16 * 1024 * 1024;

/// A command by its name.
#[derive(Serialize, Deserialize)]
pub(super) struct Request {
    pub(super) command: String,
    pub(super) request: Value,
}

/// A response as it is written.
#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Reply {
    Ok(Box<RawValue>),
    Error(AppError),
}

/// A [`Reply`] as it is read.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Response<T> {
    Ok(T),
    Error(AppError),
}

/// The refusal of a request of more than [`MAX_REQUEST_BYTES`].
pub(super) fn too_long() -> String {
    format!(
        "a request may have {} MB at most; choose topics by a pattern instead of naming each",
        MAX_REQUEST_BYTES / 1024 / 1024
    )
}
