use crate::lane::{TargetIncident, TargetIncidentKind};
use crate::partition::{Became, other_target_sentence};

/// Why uncommitted records are given up.
#[derive(Debug, Clone, thiserror::Error)]
pub(super) enum RecoveryCause {
    /// The lane says so.
    #[error("{0}")]
    Target(#[from] TargetIncident),
    /// Records wait for their acknowledgement for longer than a client may need.
    #[error("the target has acknowledged nothing for {seconds} s; writing with a new client")]
    Silent {
        /// For how long.
        seconds: u64,
    },
    /// A call, or what is in flight at a clean end, was not answered in time.
    #[error("the target does not answer; trying again")]
    NoAnswer,
    /// What was written may be in another topic than it was copied to before.
    #[error("{}", other_target_sentence(topic, Became::Another))]
    OtherTarget {
        /// Its name on the target.
        topic: String,
    },
    /// What was read may be of a topic that is no longer the one that was copied.
    #[error("the source topic '{topic}' was deleted and created again")]
    Recreated {
        /// Its name.
        topic: String,
    },
}

impl RecoveryCause {
    /// Whether another writer may have taken over.
    pub(super) fn is_fenced(&self) -> bool {
        matches!(self, Self::Target(incident) if incident.kind == TargetIncidentKind::Fenced)
    }

    /// The topics that the target does not take, where that is the cause; none named if it does not say which.
    pub(super) fn topics(&self) -> Option<&[String]> {
        match self {
            Self::Target(TargetIncident {
                kind: TargetIncidentKind::Topics(topics) | TargetIncidentKind::Undeletable(topics),
                ..
            }) => Some(topics),
            _ => None,
        }
    }

    /// Whether it is about filler that the target does not delete.
    pub(super) fn is_undeletable(&self) -> bool {
        matches!(
            self,
            Self::Target(TargetIncident {
                kind: TargetIncidentKind::Undeletable(_),
                ..
            })
        )
    }
}
