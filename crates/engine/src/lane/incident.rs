//! What goes wrong on either side, in types: no one above a lane reads a client's codes or sentences.

use sluice_kafka::{ErrorCode, KafkaError};

use crate::error::Side;

/// What goes wrong with a source partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SourceIncident {
    /// The position is not in the log.
    OutOfRange,
    /// The log has other records than those that were read, from this offset on where the brokers return it.
    Diverged {
        /// First offset that differs.
        end: Option<i64>,
    },
    /// The batch with this first offset cannot be read by any client: its checksum or its lengths are wrong.
    Damaged {
        /// First offset of the batch; it may lie before the position.
        offset: i64,
        /// What is wrong, as the client describes it.
        detail: String,
    },
    /// The record is stored in a message format that this lane cannot read.
    UnsupportedFormat {
        /// Its offset.
        offset: i64,
    },
    /// This user may not read the topic.
    Forbidden {
        /// The refusal in words.
        detail: String,
    },
    /// It cannot be read now; trying again may help.
    Unreadable {
        /// The reason in words.
        detail: String,
    },
}

/// What a lane's target does not do, beside refusing single records.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{detail}")]
pub struct TargetIncident {
    /// For decisions.
    pub kind: TargetIncidentKind,
    /// The reason in words, as the client describes it.
    pub detail: String,
    /// The client's number for it, for logs and for programs that learn of a failed run.
    pub code: ErrorCode,
}

/// See [`TargetIncident`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TargetIncidentKind {
    /// Another writer has taken the transactional id, or the target gave up a transaction that was idle for too long.
    Fenced,
    /// It does not take records of these topics: they are not there, or this user has no right to them. None are named
    /// where the target does not say which.
    Topics(Vec<String>),
    /// It does not delete records of these topics for this user: the filler before the first offset of a mirror stands.
    Undeletable(Vec<String>),
    /// User, password, certificate or right is wrong: nothing helps until a person acts.
    AccessDenied,
    /// It is too old for what is asked of it.
    Unsupported,
    /// It did not answer in time.
    TimedOut,
    /// It refused records.
    Records,
    /// Anything else.
    Other,
}

impl TargetIncident {
    /// Whether some topics cannot be written and all others can.
    pub fn concerns_topics(&self) -> bool {
        matches!(
            self.kind,
            TargetIncidentKind::Topics(_) | TargetIncidentKind::Undeletable(_)
        )
    }
}

impl From<TargetIncident> for KafkaError {
    fn from(incident: TargetIncident) -> Self {
        Self::new(incident.code, incident.detail)
    }
}

/// Trouble of a client that concerns no single partition. The client goes on trying.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// Whose client.
    pub side: Side,
    /// For decisions.
    pub kind: NoticeKind,
    /// What happened in words, as the client describes it.
    pub detail: String,
}

/// See [`Notice`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoticeKind {
    /// No broker of the cluster can be reached.
    NoBroker,
    /// A connection failed.
    Disconnected,
    /// The cluster does not accept the user, the password or the certificate.
    AccessDenied,
    /// Anything else: good to know, and not an error.
    Other,
}
