use sluice_wire::{ApiKey, Unsupported, WireError};

use crate::error::Side;
use crate::readiness::answer::Answer;

/// Why a question has no answer, and what would bring one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unknown {
    pub(crate) cause: String,
    pub(crate) remedy: String,
}

impl Unknown {
    pub(crate) fn new(cause: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self {
            cause: cause.into(),
            remedy: remedy.into(),
        }
    }

    /// What stands between a cluster and its answer. A missing right and a missing version are named.
    pub(crate) fn of(side: Side, error: &WireError) -> Self {
        match error {
            WireError::Unsupported(Unsupported::Api {
                since: Some(since),
                api,
                ..
            }) => Self::new(
                format!(
                    "the {side} cluster is too old to say: it does not know {api:?}, Kafka {since} and newer do"
                ),
                "look at it by hand; the other questions do not depend on it",
            ),
            _ if error.code().is_some_and(sluice_wire::ErrorCode::is_authorization) => {
                let right = match error {
                    WireError::Kafka { api, .. } | WireError::Partitions { api, .. } => right_for(*api),
                    _ => "DESCRIBE",
                };
                Self::new(
                    format!(
                        "this user may not ask the {side} cluster ({error}): the right {right} is missing"
                    ),
                    format!("give the user of the {side} data source the right {right}, and ask again"),
                )
            }
            _ => Self::new(
                format!("the {side} cluster does not answer: {error}"),
                format!(
                    "see that all brokers of the {side} cluster can be reached from this computer, and ask again"
                ),
            ),
        }
    }

    pub(crate) fn answer(self) -> Answer {
        Answer::unknown(self.cause, self.remedy)
    }
}

/// The right that a request needs, in Kafka's words (its documentation, "Authorization and ACLs").
pub(crate) fn right_for(api: ApiKey) -> &'static str {
    match api {
        ApiKey::DescribeProducers | ApiKey::Fetch => "READ on the topic",
        ApiKey::ListOffsets | ApiKey::Metadata => "DESCRIBE on the topic",
        ApiKey::DescribeConfigs => "DESCRIBE_CONFIGS on the topic",
        ApiKey::ListTransactions | ApiKey::DescribeTransactions => "DESCRIBE on the transactional id",
        ApiKey::ListGroups
        | ApiKey::DescribeGroups
        | ApiKey::ConsumerGroupDescribe
        | ApiKey::ShareGroupDescribe
        | ApiKey::DescribeShareGroupOffsets
        | ApiKey::OffsetFetch
        | ApiKey::FindCoordinator => "DESCRIBE on the group",
        _ => "DESCRIBE on the cluster",
    }
}
