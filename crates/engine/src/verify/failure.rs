use crate::error::StoreError;
use crate::verify::feed::ReadError;

/// Why a partition cannot be compared any further.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// The source's log.
    #[error("the source could not be read: {0}")]
    Source(#[source] ReadError),
    /// The target's log.
    #[error("the target could not be read: {0}")]
    Target(#[source] ReadError),
    /// The offset map.
    #[error("the task's state could not be read: {0}")]
    State(#[from] StoreError),
    #[error("the verification was cancelled")]
    Cancelled,
}

pub(crate) type Result<T> = std::result::Result<T, Failure>;
