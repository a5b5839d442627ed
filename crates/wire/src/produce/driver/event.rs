use std::time::Duration;

use crate::error::WireError;
use crate::error_code::ErrorCode;
use crate::format::{Fault, RewriteError};
use crate::produce::request::RecordError;
use crate::produce::transaction::ProducerIdentity;
use crate::topic_partition::TopicPartition;

/// A batch that was handed over. Later ones are greater.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ticket(pub(crate) u64);

/// Why a batch is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// The queue has no room for it at present: poll first.
    #[error("the producer's queue is full")]
    Full,
    /// It is not a batch that a client may write as it is.
    #[error(transparent)]
    Batch(#[from] RewriteError),
    /// Its offsets have holes, or it has no records: brokers refuse it.
    #[error("the batch has {records} records for {offsets} offsets")]
    Holes {
        /// Its records.
        records: i32,
        /// Its offsets.
        offsets: i64,
    },
    /// No transaction is open.
    #[error("no transaction is open")]
    NoTransaction,
    /// Another instance has taken over.
    #[error("another instance has taken over")]
    Fenced,
}

impl From<Fault> for SendError {
    fn from(fault: Fault) -> Self {
        Self::Batch(fault.into())
    }
}

/// A batch of which it is not known whether it was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnsettledBatch {
    /// It.
    pub ticket: Ticket,
    /// The sequence number of its first record, as the batch on the broker has it.
    pub base_sequence: i32,
    /// Its records.
    pub records: i32,
}

/// A partition whose broker does not remember what came before. Nothing is sent to it until
/// [`super::Producer::resolve`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unresolved {
    /// Which one.
    pub place: TopicPartition,
    /// What the broker answered.
    pub code: ErrorCode,
    /// Under which identity the batches were sent.
    pub producer: ProducerIdentity,
    /// The batches that are not settled, in their order. Those on the broker are the first ones.
    pub batches: Vec<UnsettledBatch>,
}

/// What went wrong with a transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TransactionFault {
    /// Another instance has taken the transactional id: this one may write nothing more.
    Fenced,
    /// The transaction must be aborted; the next one may succeed.
    Abortable(WireError),
    /// This producer is of no more use; a new one, opened with the same id, may be.
    Fatal(WireError),
}

impl TransactionFault {
    /// What follows from an error that is not retried.
    pub(crate) fn of(error: WireError) -> Self {
        if error.is_fenced() {
            return Self::Fenced;
        }
        match error.code() {
            Some(
                ErrorCode::TOPIC_AUTHORIZATION_FAILED
                | ErrorCode::GROUP_AUTHORIZATION_FAILED
                | ErrorCode::OFFSET_METADATA_TOO_LARGE
                | ErrorCode::TRANSACTION_ABORTABLE,
            ) => Self::Abortable(error),
            _ => Self::Fatal(error),
        }
    }
}

/// What [`super::Producer::poll`] returns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProduceEvent {
    /// A batch is on the broker. Batches of one partition are acknowledged in the order in which they were handed over.
    Acknowledged {
        /// It.
        ticket: Ticket,
        /// Where it is.
        place: TopicPartition,
        /// The offset of its first record; none if the broker only says that it has it.
        base_offset: Option<i64>,
        /// The time the broker gave its records, in ms since 1970; none if they keep theirs.
        append_time: Option<i64>,
        /// The first offset of the log; none before Kafka 1.0.
        log_start: Option<i64>,
    },
    /// A broker will never take a batch; it is not written. The partition is held until the caller decides on the batches
    /// behind it ([`super::Producer::go_on`], [`super::Producer::withdraw`]), so that a hole
    /// is the caller's decision; a transaction must be aborted.
    Refused {
        /// It.
        ticket: Ticket,
        /// Where it was for.
        place: TopicPartition,
        /// Why not.
        code: ErrorCode,
        /// What the broker adds in words.
        message: Option<String>,
        /// The records that are wrong, where the broker lists them (KIP-467, Kafka 2.4).
        records: Vec<RecordError>,
    },
    /// What is on the broker must be looked at before a partition goes on.
    Unresolved(Unresolved),
    /// A partition cannot be written at present. It is tried again with growing pauses; reported once for each error.
    Delayed {
        /// Which one.
        place: TopicPartition,
        /// The last error.
        error: WireError,
    },
    /// A delayed partition is written again.
    Resumed {
        /// Which one.
        place: TopicPartition,
    },
    /// A broker cannot be reached or used at present. It is tried again with growing pauses; reported once for each
    /// error.
    BrokerFailed {
        /// Its number.
        broker: i32,
        /// The last error.
        error: WireError,
    },
    /// A broker throttles this client; it is sent nothing for so long.
    Throttled {
        /// Its number.
        broker: i32,
        /// How long.
        time: Duration,
    },
    /// Another instance has taken over: nothing more is sent.
    Fenced,
    /// The transaction is committed.
    Committed,
    /// The transaction is aborted. Batches of it that were not acknowledged will not be.
    Aborted,
    /// A step of the transaction does not succeed at present; it is tried again.
    TransactionDelayed(WireError),
    /// The transaction has failed.
    TransactionFailed(TransactionFault),
}
