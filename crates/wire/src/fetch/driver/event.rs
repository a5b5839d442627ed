use std::time::Duration;

use bytes::Bytes;
use uuid::Uuid;

use crate::client::Isolation;
use crate::error::WireError;
use crate::fetch::answer::AbortedTransaction;
use crate::format::{self, CopiedSet, Fault};
use crate::topic_partition::TopicPartition;

/// Where a partition's log begins and ends, as far as an answer had it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LogMarks {
    /// The first offset there is; none before Kafka 1.0.
    pub log_start: Option<i64>,
    /// The end of what no open transaction is before; none before Kafka 0.11.
    pub last_stable_offset: Option<i64>,
    /// The end of what all replicas have.
    pub high_watermark: Option<i64>,
}

/// Whole batches of one partition, as they are on the broker's disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FetchedBatches {
    /// Which partition.
    pub place: TopicPartition,
    /// The topic's id, where the cluster has ids (Kafka 2.8).
    pub topic_id: Option<Uuid>,
    /// The first offset that was asked for: the first batch may begin before it.
    pub position: i64,
    /// Where the fetcher goes on behind these batches.
    pub next_offset: i64,
    /// The leader epoch of the last batch, to be kept with the position; none before Kafka 0.11.
    pub leader_epoch: Option<i32>,
    /// The log's marks by the same answer.
    pub marks: LogMarks,
    /// The transactions among the records that were aborted; empty for uncommitted readers.
    pub aborted: Vec<AbortedTransaction>,
    /// For whom they were fetched.
    pub isolation: Isolation,
    /// The batches. They count as held until the last slice of them is dropped.
    pub records: Bytes,
}

impl FetchedBatches {
    /// The batches one by one, checked, with markers and aborted ones told apart. The fetcher has gone on behind all of
    /// them already: if one is damaged, the caller decides where it goes on ([`super::Fetcher::seek`]).
    pub fn entries(&self) -> CopiedSet<'_> {
        let aborted = self.aborted.iter().map(|one| format::AbortedTransaction {
            first_offset: one.first_offset,
            producer_id: one.producer_id,
        });
        let aborted = match self.isolation {
            Isolation::Committed => Some(aborted),
            Isolation::Uncommitted => None,
        };
        CopiedSet::new(&self.records, self.position, aborted)
    }
}

/// Why a partition is not fetched any more until the caller sets a position or removes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FetchHalt {
    /// The position is not in the log: retention has removed it, or the log has become shorter.
    OutOfRange {
        /// The position.
        position: i64,
    },
    /// The log goes another way than what was read: records were lost in an unclean election (KIP-320, KIP-595).
    Diverged {
        /// The position.
        position: i64,
        /// The greatest epoch that both have.
        epoch: i32,
        /// Where that epoch ends in the broker's log: what was read from there on is not in it.
        end_offset: i64,
    },
    /// Another topic has the name now.
    Recreated {
        /// The id that was asked for.
        expected: Uuid,
        /// The id of the topic that has the name.
        found: Uuid,
    },
    /// What follows the last batches that were handed over cannot be told apart.
    Damaged {
        /// The position.
        position: i64,
        /// What is wrong.
        fault: Fault,
    },
}

/// What [`super::Fetcher::poll`] returns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FetchEvent {
    /// Batches, in the order of their partition. The fetcher's position is behind them.
    Batches(FetchedBatches),
    /// A partition's marks have changed without new batches.
    Marks {
        /// Which partition.
        place: TopicPartition,
        /// The marks.
        marks: LogMarks,
    },
    /// A partition is not fetched any more.
    Halted {
        /// Which partition.
        place: TopicPartition,
        /// Why.
        reason: FetchHalt,
    },
    /// A partition cannot be fetched at present. It is tried again with growing pauses; reported once for each error.
    Delayed {
        /// Which partition.
        place: TopicPartition,
        /// The last error.
        error: WireError,
    },
    /// A delayed partition is fetched again.
    Resumed {
        /// Which partition.
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
    /// A broker throttles this client; it is asked nothing for so long.
    Throttled {
        /// Its number.
        broker: i32,
        /// How long.
        time: Duration,
    },
}
