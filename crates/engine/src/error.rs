use sluice_kafka::KafkaError;
use sluice_model::InvalidTask;
use thiserror::Error;

/// Shorthand for results of this crate.
pub type Result<T> = std::result::Result<T, EngineError>;

/// Why a task could not start, go on or be verified. Each sentence says what happened and what to do.
#[derive(Debug, Clone, Error)]
pub enum EngineError {
    /// The description is wrong.
    #[error("{0}")]
    Invalid(#[from] InvalidTask),
    /// A cluster does not let us in or does not answer.
    #[error("cannot connect to the {side} cluster at {address}: {cause}. {remedy}")]
    Connect {
        /// `source` or `target`.
        side: Side,
        /// Its bootstrap servers.
        address: String,
        /// What the cluster or the network said.
        cause: String,
        /// What to look at first.
        remedy: &'static str,
    },
    /// A cluster refused a call.
    #[error("{what} on the {side} cluster failed: {error}")]
    Cluster {
        /// `source` or `target`.
        side: Side,
        /// The action, as "reading the topic list".
        what: String,
        /// The cluster's answer.
        error: KafkaError,
    },
    /// A rule of the task or of correctness forbids the start; the text has cause and remedy.
    #[error("{0}")]
    Refused(String),
    /// The state cannot be read or written.
    #[error("the task's state cannot be saved or read: {0}")]
    Store(#[from] StoreError),
    /// Another instance has taken over the task.
    #[error(
        "another instance of task '{task}' has taken over and writes to the target now; this one has stopped and wrote nothing after it"
    )]
    Fenced {
        /// The task's name.
        task: String,
    },
    /// A thread of the engine ended in a way it never should.
    #[error("internal error: {0}; please report it with the log")]
    Internal(String),
}

/// Which cluster of a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// Where records come from.
    Source,
    /// Where they go.
    Target,
}

impl std::fmt::Display for Side {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Source => "source",
            Self::Target => "target",
        })
    }
}

/// The words of whatever keeps the state.
#[derive(Debug, Clone, Error)]
#[error("{0}")]
pub struct StoreError(pub String);
