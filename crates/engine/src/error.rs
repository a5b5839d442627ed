use sluice_kafka::{ErrorCode, KafkaError};
use sluice_model::InvalidTask;
use sluice_wire::WireError;
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
        /// The same for programs.
        code: ErrorCode,
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
    /// As [`EngineError::Cluster`], asked with the wire client.
    #[error("{what} on the {side} cluster failed: {error}")]
    Wire {
        /// `source` or `target`.
        side: Side,
        /// The action, as "listing the consumer groups".
        what: String,
        /// What the cluster answered, or why it did not.
        error: WireError,
    },
    /// A rule of the task or of correctness forbids the start; the text has cause and remedy.
    #[error("{0}")]
    Refused(String),
    /// The state cannot be read or written.
    #[error("the task's state cannot be saved or read: {0}")]
    Store(#[from] StoreError),
    /// Another instance has taken over the task.
    #[error(
        "another instance of task '{task}' has taken over and writes to the target now; this one has stopped and wrote nothing after it. Where no other one runs, a task of this name in another data folder copies between the same clusters: give one of them another name"
    )]
    Fenced {
        /// The task's name.
        task: String,
    },
    /// A thread of the engine ended in a way it never should.
    #[error("internal error: {0}; please report it with the log")]
    Internal(String),
}

impl EngineError {
    /// Whether the same may succeed later without a person: a cluster that is away, or does not answer.
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Connect { .. } => !self.is_authentication(),
            Self::Cluster { error, .. } => !is_refusal(error.code),
            Self::Wire { error, .. } => error.is_retriable(),
            // A full disk or a locked database may be over in a moment.
            Self::Store(_) => true,
            Self::Invalid(_) | Self::Refused(_) | Self::Fenced { .. } | Self::Internal(_) => false,
        }
    }

    /// Whether a cluster does not accept the user or the password.
    pub fn is_authentication(&self) -> bool {
        match self {
            Self::Connect { code, .. } => is_refusal(*code),
            Self::Cluster { error, .. } => matches!(
                error.code,
                ErrorCode::LOCAL_AUTHENTICATION | ErrorCode::SASL_AUTHENTICATION_FAILED
            ),
            Self::Wire { error, .. } => error.is_authentication(),
            _ => false,
        }
    }
}

/// Whether a cluster means what it says: asking again would bring the same answer.
fn is_refusal(code: ErrorCode) -> bool {
    matches!(
        code,
        ErrorCode::LOCAL_AUTHENTICATION
            | ErrorCode::SASL_AUTHENTICATION_FAILED
            | ErrorCode::LOCAL_INVALID_ARG
            | ErrorCode::TOPIC_AUTHORIZATION_FAILED
            | ErrorCode::GROUP_AUTHORIZATION_FAILED
            | ErrorCode::CLUSTER_AUTHORIZATION_FAILED
            | ErrorCode::TRANSACTIONAL_ID_AUTHORIZATION_FAILED
            | ErrorCode::UNSUPPORTED_VERSION
    )
}

/// Which cluster of a task.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize, ts_rs::TS,
)]
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
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{0}")]
pub struct StoreError(pub String);
