use std::ffi::{CStr, c_int};
use std::fmt;

use thiserror::Error;

/// Shorthand for results of this crate.
pub type Result<T> = std::result::Result<T, KafkaError>;

/// An error code of the Kafka protocol (positive), of librdkafka itself (negative), or of this crate (below -10 000).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ErrorCode(pub i32);

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $value:expr;)*) => {
        impl ErrorCode {
            $($(#[$doc])* pub const $name: ErrorCode = ErrorCode($value);)*
        }
    };
}

codes! {
    /// The broker failed in a way that it has no code for.
    UNKNOWN_SERVER_ERROR = -1;
    /// No error.
    NONE = 0;
    /// The offset is outside the log.
    OFFSET_OUT_OF_RANGE = 1;
    /// A record batch is corrupt, or its key is missing on a compacted topic of an old broker.
    CORRUPT_MESSAGE = 2;
    /// No such topic or partition (or no right to know of it).
    UNKNOWN_TOPIC_OR_PARTITION = 3;
    /// The partition has no leader for the moment.
    LEADER_NOT_AVAILABLE = 5;
    /// Another broker leads the partition, or this one does not know yet that it does.
    NOT_LEADER = 6;
    /// Bigger than the topic's `max.message.bytes`.
    MESSAGE_TOO_LARGE = 10;
    /// The group coordinator is loading.
    COORDINATOR_LOAD_IN_PROGRESS = 14;
    /// No coordinator yet.
    COORDINATOR_NOT_AVAILABLE = 15;
    /// Another broker coordinates.
    NOT_COORDINATOR = 16;
    /// Bigger than a log segment.
    RECORD_LIST_TOO_LARGE = 18;
    /// No right to the topic.
    TOPIC_AUTHORIZATION_FAILED = 29;
    /// No right to the group.
    GROUP_AUTHORIZATION_FAILED = 30;
    /// No right to the cluster operation.
    CLUSTER_AUTHORIZATION_FAILED = 31;
    /// The timestamp is outside the topic's bounds.
    INVALID_TIMESTAMP = 32;
    /// The broker does not know this request or version.
    UNSUPPORTED_VERSION = 35;
    /// The topic exists.
    TOPIC_ALREADY_EXISTS = 36;
    /// More replicas than brokers.
    INVALID_REPLICATION_FACTOR = 38;
    /// A topic configuration that this broker does not take.
    INVALID_CONFIG = 40;
    /// The request is malformed, or asks for what the broker does not know.
    INVALID_REQUEST = 42;
    /// The record needs a newer message format than the topic has.
    UNSUPPORTED_FOR_MESSAGE_FORMAT = 43;
    /// The broker's policy refuses it.
    POLICY_VIOLATION = 44;
    /// A newer producer has taken the transactional id.
    INVALID_PRODUCER_EPOCH = 47;
    /// No right to the transactional id.
    TRANSACTIONAL_ID_AUTHORIZATION_FAILED = 53;
    /// Wrong user or password.
    SASL_AUTHENTICATION_FAILED = 58;
    /// The broker's view of the leadership is newer than the client's.
    FENCED_LEADER_EPOCH = 74;
    /// The client's view of the leadership is newer than the broker's.
    UNKNOWN_LEADER_EPOCH = 75;
    /// The partition is being moved.
    OFFSET_NOT_AVAILABLE = 78;
    /// The broker refuses the record.
    INVALID_RECORD = 87;
    /// A newer producer has taken the transactional id.
    PRODUCER_FENCED = 90;

    /// A batch or record fails its checksum, or contradicts its own lengths.
    LOCAL_BAD_MESSAGE = -199;
    /// A batch cannot be decompressed.
    LOCAL_BAD_COMPRESSION = -198;
    /// The client is being closed.
    LOCAL_DESTROY = -197;
    /// Memory or another resource of the system is exhausted.
    LOCAL_SYSTEM_RESOURCE = -194;
    /// The connection failed.
    LOCAL_TRANSPORT = -195;
    /// A host name could not be resolved.
    LOCAL_RESOLVE = -193;
    /// The record waited too long.
    LOCAL_MSG_TIMED_OUT = -192;
    /// The end of the partition was reached: no error.
    LOCAL_PARTITION_EOF = -191;
    /// No such partition.
    LOCAL_UNKNOWN_PARTITION = -190;
    /// No such topic.
    LOCAL_UNKNOWN_TOPIC = -188;
    /// No broker answers.
    LOCAL_ALL_BROKERS_DOWN = -187;
    /// A setting was refused.
    LOCAL_INVALID_ARG = -186;
    /// The deadline passed.
    LOCAL_TIMED_OUT = -185;
    /// The local queue is full: back-pressure.
    LOCAL_QUEUE_FULL = -184;
    /// TLS failed.
    LOCAL_SSL = -181;
    /// The call is not possible in this state.
    LOCAL_STATE = -172;
    /// A message format or codec that the client library does not know.
    LOCAL_NOT_IMPLEMENTED = -170;
    /// The broker lacks this function.
    LOCAL_UNSUPPORTED_FEATURE = -165;
    /// Wrong user or password.
    LOCAL_AUTHENTICATION = -169;
    /// The record shared a batch with one that the broker refused, and was not written for that reason alone.
    LOCAL_INVALID_DIFFERENT_RECORD = -138;
    /// The position is no longer in the log, and no reset is allowed.
    LOCAL_AUTO_OFFSET_RESET = -140;
    /// The log was truncated below the position.
    LOCAL_LOG_TRUNCATION = -139;
    /// The record was purged from the queue.
    LOCAL_PURGE_QUEUE = -152;
    /// The record was purged while in flight.
    LOCAL_PURGE_INFLIGHT = -151;
    /// The client is unusable after an earlier error.
    LOCAL_FATAL = -150;
    /// A record could not be written, so the producer stopped rather than leave a hole.
    LOCAL_GAPLESS_GUARANTEE = -148;
    /// Another producer has taken the transactional id.
    LOCAL_FENCED = -144;

    /// Sluice's own: the client library cannot read the record's headers.
    UNREADABLE_HEADERS = -10_001;
    /// Sluice's own: the record is stored in message format v0 or v1, which the client library misreads.
    OLD_MESSAGE_FORMAT = -10_002;
}

impl ErrorCode {
    /// A one-line description: librdkafka's, or ours for our own codes.
    pub fn describe(self) -> String {
        match self {
            Self::UNREADABLE_HEADERS => {
                "the record's headers cannot be read: the client library reads at most 100 000 headers of a record"
                    .to_owned()
            }
            Self::OLD_MESSAGE_FORMAT => {
                "the record is stored in message format v0 or v1, which cannot be read from brokers 2.7 and later"
                    .to_owned()
            }
            code => crate::native::describe_code(code),
        }
    }

    /// The broker refused this very record (or the batch it travelled in); sending it again changes nothing.
    pub fn refuses_record(self) -> bool {
        matches!(
            self,
            Self::MESSAGE_TOO_LARGE
                | Self::RECORD_LIST_TOO_LARGE
                | Self::INVALID_TIMESTAMP
                | Self::POLICY_VIOLATION
                | Self::INVALID_RECORD
                | Self::CORRUPT_MESSAGE
                | Self::LOCAL_INVALID_ARG
        )
    }

    /// The record, or the batch it travelled in, was larger than the broker takes: compressed more strongly it may fit.
    pub fn concerns_size(self) -> bool {
        matches!(self, Self::MESSAGE_TOO_LARGE | Self::RECORD_LIST_TOO_LARGE)
    }

    /// The fault lies with one topic or partition; other topics can go on.
    pub fn concerns_topic(self) -> bool {
        matches!(
            self,
            Self::TOPIC_AUTHORIZATION_FAILED
                | Self::UNKNOWN_TOPIC_OR_PARTITION
                | Self::UNSUPPORTED_FOR_MESSAGE_FORMAT
                | Self::LOCAL_UNKNOWN_PARTITION
                | Self::LOCAL_UNKNOWN_TOPIC
        )
    }

    /// Leadership is being settled, as after a topic was made: a second or two.
    pub fn is_election(self) -> bool {
        matches!(
            self,
            Self::LEADER_NOT_AVAILABLE
                | Self::NOT_LEADER
                | Self::FENCED_LEADER_EPOCH
                | Self::UNKNOWN_LEADER_EPOCH
                | Self::OFFSET_NOT_AVAILABLE
        )
    }

    /// A second instance has taken over.
    pub fn is_fenced(self) -> bool {
        matches!(
            self,
            Self::LOCAL_FENCED | Self::INVALID_PRODUCER_EPOCH | Self::PRODUCER_FENCED
        )
    }

    /// The broker is too old for the request.
    pub fn is_unsupported(self) -> bool {
        matches!(self, Self::LOCAL_UNSUPPORTED_FEATURE | Self::UNSUPPORTED_VERSION)
    }

    /// User, password, certificate or right is wrong: trying again does not help until a person acts.
    pub fn is_access(self) -> bool {
        matches!(
            self,
            Self::LOCAL_AUTHENTICATION
                | Self::SASL_AUTHENTICATION_FAILED
                | Self::TOPIC_AUTHORIZATION_FAILED
                | Self::GROUP_AUTHORIZATION_FAILED
                | Self::CLUSTER_AUTHORIZATION_FAILED
                | Self::TRANSACTIONAL_ID_AUTHORIZATION_FAILED
        )
    }

    /// Passes by itself: a coordinator moves or loads, a connection drops, a deadline passes.
    pub fn is_transient(self) -> bool {
        matches!(
            self,
            Self::COORDINATOR_LOAD_IN_PROGRESS
                | Self::COORDINATOR_NOT_AVAILABLE
                | Self::NOT_COORDINATOR
                | Self::LOCAL_TRANSPORT
                | Self::LOCAL_TIMED_OUT
                | Self::LOCAL_ALL_BROKERS_DOWN
                | Self::LOCAL_RESOLVE
        )
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.describe())
    }
}

/// What a cluster or the client library answered.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{message}")]
pub struct KafkaError {
    /// The code, for decisions.
    pub code: ErrorCode,
    /// The sentence, for people.
    pub message: String,
}

impl KafkaError {
    /// Whether the message names `topic`: a transaction's failure names its topic nowhere else.
    pub fn names(&self, topic: &str) -> bool {
        self.message
            .split(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-')))
            .any(|word| word.trim_matches('.') == topic)
    }

    /// Address of the broker that librdkafka's sentence is about, if the cluster itself gave that address: such a
    /// sentence begins with address and number, as `host:9092/1: `, one of an address that was only entered has
    /// `/bootstrap`.
    pub fn known_broker(&self) -> Option<&str> {
        let (broker, _) = self.message.split_once(": ")?;
        let (address, id) = broker.rsplit_once('/')?;
        let is_known = !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_digit());
        is_known.then(|| address.rsplit_once("://").map_or(address, |(_, address)| address))
    }

    /// The first line of the sentence without its end: librdkafka puts timings there.
    pub fn summary(&self) -> &str {
        let line = self.message.lines().next().unwrap_or_default().trim();
        line.split(" (after ")
            .next()
            .unwrap_or(line)
            .trim_end_matches('.')
    }

    /// An error with its own sentence.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
        }
    }

    /// An error with librdkafka's description.
    pub fn from_code(code: ErrorCode) -> Self {
        Self {
            code,
            message: code.describe(),
        }
    }

    /// Puts `what` before the sentence.
    #[must_use]
    pub fn context(self, what: impl fmt::Display) -> Self {
        Self {
            code: self.code,
            message: format!("{what}: {}", self.message),
        }
    }
}

/// The result of a call that returns a code.
pub(crate) fn check(code: c_int) -> Result<()> {
    match ErrorCode(code) {
        ErrorCode::NONE => Ok(()),
        code => Err(KafkaError::from_code(code)),
    }
}

/// Copies a C string that may be null.
pub(crate) fn text(c: &CStr) -> String {
    c.to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_concerns_a_topic_is_not_blamed_on_its_records() {
        for code in (-200..120).map(ErrorCode) {
            assert!(!(code.refuses_record() && code.concerns_topic()), "{}", code.0);
        }
        assert!(ErrorCode::UNSUPPORTED_FOR_MESSAGE_FORMAT.concerns_topic());
    }

    #[test]
    fn an_address_that_the_cluster_gave_differs_from_one_that_was_entered() {
        let refused = |broker: &str| {
            let sentence = format!("{broker}: Connect to ipv4#10.0.0.1:9092 failed: Connection refused");
            KafkaError::new(ErrorCode::LOCAL_TRANSPORT, sentence)
        };
        assert_eq!(refused("kafka-1:9092/1").known_broker(), Some("kafka-1:9092"));
        assert_eq!(
            refused("ssl://kafka-1:9092/12").known_broker(),
            Some("kafka-1:9092")
        );
        assert_eq!(refused("kafka-1:9092/bootstrap").known_broker(), None);
        assert_eq!(
            KafkaError::new(ErrorCode::LOCAL_TIMED_OUT, "Local: Timed out").known_broker(),
            None
        );
    }
}
