use std::collections::BTreeMap;
use std::time::Duration;

use crate::error::WireError;
use crate::format::Codec;
use crate::topic_partition::TopicPartition;

/// How holes are filled.
#[derive(Debug, Clone)]
pub struct FillSettings {
    /// The transactional id. A filler that opens with it fences those before and ends what they left open.
    pub transactional_id: String,
    /// After which time the cluster aborts an open transaction.
    pub timeout: Duration,
    /// What filler is compressed with: zstd where the cluster knows it.
    pub codec: Codec,
    /// Largest batch of topics (`max.message.bytes`), where it is known.
    pub batch_limits: BTreeMap<String, usize>,
    /// That of every other topic.
    pub batch_limit: usize,
}

/// Offsets to be taken up at the end of a partition's log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hole {
    /// Which partition.
    pub place: TopicPartition,
    /// Where its log ends.
    pub from: i64,
    /// Where it is to end. May be `from`, if there is only something to delete.
    pub to: i64,
    /// The timestamp of filler records, in ms since 1970.
    pub timestamp: i64,
    /// Everything before this offset is filler, and is deleted, so that the log begins here.
    pub delete_before: Option<i64>,
}

/// What [`super::HoleFiller::poll`] returns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FillEvent {
    /// A partition's log ends where it was to.
    Filled {
        /// Which one.
        place: TopicPartition,
        /// Its end.
        end: i64,
    },
    /// Something of another writer stands in a partition where filler was to be. Nothing more is written to it.
    Displaced {
        /// Which one.
        place: TopicPartition,
        /// Where the log should end, or filler should stand.
        expected: i64,
        /// Where it does.
        found: i64,
    },
    /// The positions are committed.
    Committed,
    /// It cannot go on. What is filled of the holes that were not reported is unknown: a new filler, opened with the same
    /// id, ends what is open, and then the ends of the logs say.
    Failed(WireError),
}
