use serde::{Deserialize, Serialize};
use sluice_wire::{ErrorCode, WireError};
use ts_rs::TS;

use crate::error::Side;

/// What a cluster was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum ParityPart {
    /// Topics with their partitions.
    Topics,
    /// The configuration of topics.
    Configuration,
    /// Rules of access.
    Acls,
    /// Limits of clients.
    Quotas,
    /// Consumer groups.
    Groups,
}

/// Why something is not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum UnknownReason {
    /// This user lacks a right.
    NoRight,
    /// The brokers do not know the request.
    TooOld,
    /// They did not answer, or answered with something else.
    NoAnswer,
}

/// A part of a cluster that could not be read: nothing is said about it, least of all that it is equal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, thiserror::Error)]
#[error("{sentence}")]
pub struct Unknown {
    /// Which cluster.
    pub side: Side,
    /// What was asked for.
    pub part: ParityPart,
    /// Why it is not known.
    pub reason: UnknownReason,
    /// The same for people, with what to do.
    pub sentence: String,
}

/// What could be read, or why not.
pub type Known<T> = std::result::Result<T, Unknown>;

impl Unknown {
    /// What `error` means for `part` of `side`.
    pub(crate) fn of(side: Side, part: ParityPart, error: &WireError) -> Self {
        let reason = match error {
            WireError::Unsupported(_) => UnknownReason::TooOld,
            error if error.code().is_some_and(ErrorCode::is_authorization) => UnknownReason::NoRight,
            _ => UnknownReason::NoAnswer,
        };
        let what = match part {
            ParityPart::Topics => format!("the topics of the {side} cannot be read"),
            ParityPart::Configuration => {
                format!("the configuration of topics of the {side} cannot be read")
            }
            ParityPart::Acls => format!("the ACLs of the {side} cannot be read"),
            ParityPart::Quotas => format!("the quotas of the {side} cannot be read"),
            ParityPart::Groups => format!("the consumer groups of the {side} cannot be read"),
        };
        let sentence = match reason {
            UnknownReason::NoRight => format!("{what}: {error}; give this user {}", right_for(part)),
            UnknownReason::TooOld | UnknownReason::NoAnswer => format!("{what}: {error}"),
        };
        Self {
            side,
            part,
            reason,
            sentence,
        }
    }
}

/// The right that lets a user read `part`. From Kafka's table of operations and resources.
fn right_for(part: ParityPart) -> &'static str {
    match part {
        ParityPart::Topics => "DESCRIBE on the topics",
        ParityPart::Configuration => "DESCRIBE_CONFIGS on the topics",
        ParityPart::Acls => "DESCRIBE on the cluster",
        ParityPart::Quotas => "DESCRIBE_CONFIGS on the cluster",
        ParityPart::Groups => "DESCRIBE on the groups",
    }
}

#[cfg(test)]
mod tests {
    use sluice_wire::{ApiKey, Unsupported};

    use super::*;

    #[test]
    fn a_missing_right_is_named_and_an_old_broker_is_distinguished() {
        let denied = WireError::Kafka {
            api: ApiKey::DescribeAcls,
            code: ErrorCode::CLUSTER_AUTHORIZATION_FAILED,
            message: None,
        };
        let unknown = Unknown::of(Side::Target, ParityPart::Acls, &denied);
        assert_eq!(unknown.reason, UnknownReason::NoRight);
        assert_eq!(
            unknown.sentence,
            "the ACLs of the target cannot be read: DescribeAcls was answered with CLUSTER_AUTHORIZATION_FAILED; give this user DESCRIBE on the cluster"
        );
        let old = WireError::Unsupported(Unsupported::Api {
            api: ApiKey::DescribeConfigs,
            broker: "a:1".to_owned(),
            offered: None,
            needed: (1, 4),
            since: Some("0.11"),
        });
        let unknown = Unknown::of(Side::Source, ParityPart::Configuration, &old);
        assert_eq!(unknown.reason, UnknownReason::TooOld);
        assert!(unknown.sentence.contains("Kafka 0.11 and newer do"), "{unknown}");
    }
}
