use std::fmt;

use kafka_protocol::error::ResponseError;

/// An error code of Kafka's protocol; 0 is success and therefore no `ErrorCode`.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct ErrorCode(i16);

impl ErrorCode {
    /// A broker's own failure, without further detail.
    pub const UNKNOWN_SERVER_ERROR: Self = Self(-1);
    /// The position is outside the log.
    pub const OFFSET_OUT_OF_RANGE: Self = Self(1);
    /// A damaged batch.
    pub const CORRUPT_MESSAGE: Self = Self(2);
    /// The broker has no such partition.
    pub const UNKNOWN_TOPIC_OR_PARTITION: Self = Self(3);
    /// The partition has no leader at present.
    pub const LEADER_NOT_AVAILABLE: Self = Self(5);
    /// Another broker leads the partition.
    pub const NOT_LEADER_OR_FOLLOWER: Self = Self(6);
    /// The broker did not finish in time.
    pub const REQUEST_TIMED_OUT: Self = Self(7);
    /// A batch is larger than the broker takes.
    pub const MESSAGE_TOO_LARGE: Self = Self(10);
    /// The coordinator reads its log.
    pub const COORDINATOR_LOAD_IN_PROGRESS: Self = Self(14);
    /// There is no coordinator at present.
    pub const COORDINATOR_NOT_AVAILABLE: Self = Self(15);
    /// Another broker is the coordinator.
    pub const NOT_COORDINATOR: Self = Self(16);
    /// A position's note is longer than the broker takes.
    pub const OFFSET_METADATA_TOO_LARGE: Self = Self(12);
    /// Fewer replicas are in sync than the topic wants.
    pub const NOT_ENOUGH_REPLICAS: Self = Self(19);
    /// No right on the topic.
    pub const TOPIC_AUTHORIZATION_FAILED: Self = Self(29);
    /// No right on the group.
    pub const GROUP_AUTHORIZATION_FAILED: Self = Self(30);
    /// No right on the cluster.
    pub const CLUSTER_AUTHORIZATION_FAILED: Self = Self(31);
    /// The broker does not know the version of the request.
    pub const UNSUPPORTED_VERSION: Self = Self(35);
    /// A setting has a value that the broker does not take.
    pub const INVALID_CONFIG: Self = Self(40);
    /// Another broker is the controller.
    pub const NOT_CONTROLLER: Self = Self(41);
    /// The request contradicts itself or the broker.
    pub const INVALID_REQUEST: Self = Self(42);
    /// A policy of the cluster forbids it.
    pub const POLICY_VIOLATION: Self = Self(44);
    /// A sequence number is not the next one.
    pub const OUT_OF_ORDER_SEQUENCE_NUMBER: Self = Self(45);
    /// A batch that was written before.
    pub const DUPLICATE_SEQUENCE_NUMBER: Self = Self(46);
    /// A newer producer has the transactional id.
    pub const INVALID_PRODUCER_EPOCH: Self = Self(47);
    /// The transaction is not in a state for this.
    pub const INVALID_TXN_STATE: Self = Self(48);
    /// The transactional id has another producer id.
    pub const INVALID_PRODUCER_ID_MAPPING: Self = Self(49);
    /// The transaction before is being completed.
    pub const CONCURRENT_TRANSACTIONS: Self = Self(51);
    /// A time that the topic does not take, or that no producer may give.
    pub const INVALID_TIMESTAMP: Self = Self(32);
    /// No right on the transactional id.
    pub const TRANSACTIONAL_ID_AUTHORIZATION_FAILED: Self = Self(53);
    /// The cluster has no authorizer: it knows no rules of access.
    pub const SECURITY_DISABLED: Self = Self(54);
    /// A disk of the broker failed.
    pub const KAFKA_STORAGE_ERROR: Self = Self(56);
    /// The broker knows nothing of the producer id.
    pub const UNKNOWN_PRODUCER_ID: Self = Self(59);
    /// There is no such group.
    pub const GROUP_ID_NOT_FOUND: Self = Self(69);
    /// The broker has forgotten the fetch session.
    pub const FETCH_SESSION_ID_NOT_FOUND: Self = Self(70);
    /// The fetch session is at another epoch.
    pub const INVALID_FETCH_SESSION_EPOCH: Self = Self(71);
    /// The leader has no listener of this kind.
    pub const LISTENER_NOT_FOUND: Self = Self(72);
    /// Our leader epoch is older than the broker's.
    pub const FENCED_LEADER_EPOCH: Self = Self(74);
    /// Our leader epoch is newer than the broker's.
    pub const UNKNOWN_LEADER_EPOCH: Self = Self(75);
    /// The broker does not know the codec.
    pub const UNSUPPORTED_COMPRESSION_TYPE: Self = Self(76);
    /// A record is not one that the topic takes.
    pub const INVALID_RECORD: Self = Self(87);
    /// Positions of a transaction are not final yet.
    pub const UNSTABLE_OFFSET_COMMIT: Self = Self(88);
    /// A newer producer has taken over.
    pub const PRODUCER_FENCED: Self = Self(90);
    /// There is no such transactional id.
    pub const TRANSACTIONAL_ID_NOT_FOUND: Self = Self(105);
    /// The transaction must be aborted (KIP-890).
    pub const TRANSACTION_ABORTABLE: Self = Self(120);
    /// There is no topic with this id.
    pub const UNKNOWN_TOPIC_ID: Self = Self(100);
    /// The fetch session has another topic under this name.
    pub const INCONSISTENT_TOPIC_ID: Self = Self(103);
    /// The fetch session goes by names, and the request by ids, or the other way round.
    pub const FETCH_SESSION_TOPIC_ID_ERROR: Self = Self(106);

    /// The error of a code field; none for 0.
    pub fn from_wire(code: i16) -> Option<Self> {
        (code != 0).then_some(Self(code))
    }

    /// The number on the wire.
    pub fn number(self) -> i16 {
        self.0
    }

    /// Kafka's name, for example `NOT_LEADER_OR_FOLLOWER`; the number for codes newer than this client.
    pub fn name(self) -> String {
        match ResponseError::try_from_code(self.0) {
            Some(ResponseError::Unknown(_)) | None => format!("error code {}", self.0),
            Some(known) => capitals(&format!("{known:?}")),
        }
    }

    /// Whether the same request may succeed later or on another broker, by Kafka's own list.
    pub fn is_retriable(self) -> bool {
        self == Self::CONCURRENT_TRANSACTIONS
            || ResponseError::try_from_code(self.0).is_some_and(|known| known.is_retriable())
    }

    /// Whether the partition has another leader, or none, so that metadata must be asked for again.
    pub fn is_stale_leader(self) -> bool {
        matches!(
            self,
            Self::UNKNOWN_TOPIC_OR_PARTITION
                | Self::LEADER_NOT_AVAILABLE
                | Self::NOT_LEADER_OR_FOLLOWER
                | Self::KAFKA_STORAGE_ERROR
                | Self::LISTENER_NOT_FOUND
                | Self::FENCED_LEADER_EPOCH
                | Self::UNKNOWN_LEADER_EPOCH
                | Self::UNKNOWN_TOPIC_ID
        )
    }

    /// Whether the coordinator must be asked for again.
    pub fn is_stale_coordinator(self) -> bool {
        matches!(self, Self::COORDINATOR_NOT_AVAILABLE | Self::NOT_COORDINATOR)
    }

    /// Whether a right is missing.
    pub fn is_authorization(self) -> bool {
        matches!(
            self,
            Self::TOPIC_AUTHORIZATION_FAILED
                | Self::GROUP_AUTHORIZATION_FAILED
                | Self::CLUSTER_AUTHORIZATION_FAILED
                | Self::TRANSACTIONAL_ID_AUTHORIZATION_FAILED
        )
    }
}

/// `NotLeader` as `NOT_LEADER`.
fn capitals(name: &str) -> String {
    let mut out = String::with_capacity(name.len() + 8);
    for (index, letter) in name.chars().enumerate() {
        if letter.is_ascii_uppercase() && index > 0 {
            out.push('_');
        }
        out.push(letter.to_ascii_uppercase());
    }
    out
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name())
    }
}

impl fmt::Debug for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.name(), self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_have_kafkas_names_and_unknown_ones_their_number() {
        assert_eq!(
            ErrorCode::NOT_LEADER_OR_FOLLOWER.to_string(),
            "NOT_LEADER_OR_FOLLOWER"
        );
        assert_eq!(ErrorCode(-1).to_string(), "UNKNOWN_SERVER_ERROR");
        assert_eq!(ErrorCode(9_999).to_string(), "error code 9999");
        assert_eq!(ErrorCode::from_wire(0), None);
    }

    #[test]
    fn the_named_codes_are_kafkas() {
        for (code, name) in [
            (ErrorCode::UNSTABLE_OFFSET_COMMIT, "UNSTABLE_OFFSET_COMMIT"),
            (ErrorCode::PRODUCER_FENCED, "PRODUCER_FENCED"),
            (
                ErrorCode::TRANSACTIONAL_ID_NOT_FOUND,
                "TRANSACTIONAL_ID_NOT_FOUND",
            ),
            (ErrorCode::UNKNOWN_TOPIC_ID, "UNKNOWN_TOPIC_ID"),
            (ErrorCode::INCONSISTENT_TOPIC_ID, "INCONSISTENT_TOPIC_ID"),
            (
                ErrorCode::FETCH_SESSION_ID_NOT_FOUND,
                "FETCH_SESSION_ID_NOT_FOUND",
            ),
            (
                ErrorCode::FETCH_SESSION_TOPIC_ID_ERROR,
                "FETCH_SESSION_TOPIC_ID_ERROR",
            ),
            (ErrorCode::OFFSET_METADATA_TOO_LARGE, "OFFSET_METADATA_TOO_LARGE"),
            (
                ErrorCode::UNSUPPORTED_COMPRESSION_TYPE,
                "UNSUPPORTED_COMPRESSION_TYPE",
            ),
            (ErrorCode::NOT_ENOUGH_REPLICAS, "NOT_ENOUGH_REPLICAS"),
            (ErrorCode::INVALID_RECORD, "INVALID_RECORD"),
            (ErrorCode::INVALID_TIMESTAMP, "INVALID_TIMESTAMP"),
            (ErrorCode::TRANSACTION_ABORTABLE, "TRANSACTION_ABORTABLE"),
            (ErrorCode::LISTENER_NOT_FOUND, "LISTENER_NOT_FOUND"),
            (ErrorCode::CONCURRENT_TRANSACTIONS, "CONCURRENT_TRANSACTIONS"),
        ] {
            assert_eq!(code.name(), name);
        }
    }
}
