use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// What a crash may do to the target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Default, TS)]
#[serde(rename_all = "kebab-case")]
pub enum Delivery {
    /// Each record once, whatever happens. Target-side transactions; on targets without transactions (before 0.11)
    /// the end of the target's log is reconciled with the source at each start.
    #[default]
    ExactlyOnce,
    /// No record is lost; a crash may repeat what was in flight.
    AtLeastOnce,
    /// Each record once and at the offset that it has at the source, in new target topics. The target must be of version
    /// 0.11 or later, and nothing else may write to these topics.
    Mirror,
}

/// What to do with records that are in a target topic before the first launch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Default, TS)]
#[serde(rename_all = "kebab-case")]
pub enum ExistingData {
    /// Refuse to start.
    #[default]
    Stop,
    /// Leave them and write behind them.
    Append,
    /// Delete them, once, at the first launch.
    Rewrite,
}

/// What to do when the source no longer has the record at a position (retention, DeleteRecords, truncation, a
/// topic that was deleted and created again) or does not have it yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Default, TS)]
#[serde(rename_all = "kebab-case")]
pub enum OutOfRange {
    /// Stop the partition and report the exact range.
    #[default]
    Stop,
    /// Write the missing range to the gap ledger and go on at the nearest offset that exists.
    Nearest,
}

/// What to do with chosen topics that this user may not read at the source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Default, TS)]
#[serde(rename_all = "kebab-case")]
pub enum ForbiddenTopics {
    /// Refuse to start.
    #[default]
    Stop,
    /// Copy the others, and name those that are left out. They are copied from the moment the right is granted.
    LeaveOut,
}

/// Which timestamp a record gets on the target that has none at the source (written before 0.10).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Default, TS)]
#[serde(rename_all = "kebab-case")]
pub enum MissingTimestamps {
    /// The time at which it is copied.
    #[default]
    CopyTime,
    /// That of the record before it in its partition; the time of copying where there is none.
    Previous,
}

/// How records travel from the source to the target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Default, TS)]
#[serde(rename_all = "kebab-case")]
pub enum LaneChoice {
    /// The wire lane where both clusters allow it, else the record lane.
    #[default]
    Auto,
    /// In the batches in which they are stored, with the wire client; the target must be of version 0.11 or later.
    Wire,
    /// Record by record, with librdkafka.
    Record,
}

/// Compression of the records on their way to the target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Default, TS)]
#[serde(rename_all = "kebab-case")]
pub enum Codec {
    /// As the source has it, for each topic: the codec that the topic is set to, else that of its newest records; lz4 where
    /// nothing is known.
    #[default]
    Auto,
    /// Not compressed.
    None,
    /// gzip
    Gzip,
    /// Snappy
    Snappy,
    /// LZ4
    Lz4,
    /// Zstandard; needs brokers from 2.1 on.
    Zstd,
}
