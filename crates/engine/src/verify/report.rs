use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sluice_model::OffsetRange;
use ts_rs::TS;

use crate::verify::proof::Proof;
use crate::verify::scope::VerifyScope;

/// What differs between two records, or between two logs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum DifferenceKind {
    /// In the source, not on the target.
    Missing,
    /// On the target, not in the source.
    Extra,
    /// On the target a second time.
    Duplicate,
    /// Two neighbours stand in the other order.
    Order,
    /// Null on one side, empty on the other (key, value or a header's value).
    NullEmpty,
    /// The key.
    Key,
    /// The value.
    Value,
    /// The headers.
    Headers,
    /// The timestamp.
    Timestamp,
    /// The target refused the record; it is in quarantine.
    Quarantined,
    /// The copy of a mirror stands at another offset.
    Offset,
}

/// What a pairing of clusters cannot carry, or what a cleaner removed: known, and no fault of the copy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Accepted {
    /// The target's version has no headers.
    HeadersNotCarried,
    /// The target stamps records itself (`LogAppendTime`).
    TimestampByTarget,
    /// The source's record has no timestamp, and the target gave it one.
    NoTimestampAtSource,
    /// Compaction removed a superseded record or a tombstone on one side.
    Compacted,
    /// The target first refused the record, and a person had it written later: it stands behind younger ones.
    Replayed,
    /// The target refused the record, and a person decided to leave it out.
    Discarded,
    /// Of a compacted topic of a pair that copies both ways: a key that both sides wrote ends with different records on the two sides.
    ConflictingKeys,
}

/// One difference, as an example of its kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Difference {
    /// What differs.
    pub kind: DifferenceKind,
    /// Source topic.
    pub topic: String,
    /// Partition.
    pub partition: i32,
    /// Source offset, where there is a source record.
    #[ts(type = "number | null")]
    pub source_offset: Option<i64>,
    /// Target offset, where there is a target record.
    #[ts(type = "number | null")]
    pub target_offset: Option<i64>,
    /// Both sides in words, shortened.
    pub detail: String,
}

/// One of the two logs of a partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum LogSide {
    /// The source's.
    Source,
    /// The target's.
    Target,
}

/// The client that read a side for a verification.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum ReadBy {
    /// The wire client.
    Wire,
    /// librdkafka.
    #[default]
    Librdkafka,
}

/// Why records are no longer there to compare. What compaction removed is counted as [`Accepted::Compacted`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum GoneReason {
    /// Retention or DeleteRecords: the topic has a retention, so the log does not show which.
    RetentionOrDeletion,
    /// DeleteRecords: the topic has no retention.
    Deletion,
    /// They were gone at the source before they were copied, and are in the gap ledger.
    NeverCopied,
}

/// Records that are no longer there to compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Gone {
    /// Where they are missing. Those that are gone on the target are still at the source.
    pub side: LogSide,
    /// Their source offsets; more than records, where the log has holes.
    pub range: OffsetRange,
    /// How many records, where they were read on the other side.
    #[ts(type = "number | null")]
    pub records: Option<u64>,
    /// Why.
    pub reason: GoneReason,
}

impl Gone {
    /// Whether the target lacks records that the task had to copy.
    pub(crate) fn is_loss(&self) -> bool {
        self.side == LogSide::Target || self.reason == GoneReason::NeverCopied
    }
}

/// What the task has to copy and has not copied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct NotCopied {
    /// Source offsets from the position to the end of the log; more than records, where the log has holes.
    pub range: OffsetRange,
    /// Records in it, without those that are held back; null where the range was too long to be read.
    #[ts(type = "number | null")]
    pub records: Option<u64>,
    /// Offsets at the end of the range that cannot be copied yet, because a transaction is open.
    #[ts(type = "number")]
    pub held_back: u64,
    /// Whether the task is copying the partition now.
    pub on_the_way: bool,
}

/// One partition's result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default, TS)]
pub struct PartitionReport {
    /// Source topic.
    pub topic: String,
    /// Target topic.
    pub target_topic: String,
    /// Partition.
    pub partition: i32,
    /// Source offsets compared.
    pub source_range: Option<OffsetRange>,
    /// Target offsets compared.
    pub target_range: Option<OffsetRange>,
    /// The source was read by the client that made the copy: it begins with records in a format that the other one
    /// misreads.
    #[serde(default)]
    pub source_read_by_copier: bool,
    /// Records read at the source.
    #[ts(type = "number")]
    pub source_records: u64,
    /// Records read on the target.
    #[ts(type = "number")]
    pub target_records: u64,
    /// Of [`PartitionReport::equal_records`], those that were compared as whole stored batches: identical bytes. The
    /// others were read by the clients that the report names.
    #[serde(default)]
    #[ts(type = "number")]
    pub records_as_batches: u64,
    /// Digest over every field of every source record, in order; over the stored bytes of what was compared as whole
    /// batches.
    pub source_digest: String,
    /// The same of the target's records.
    pub target_digest: String,
    /// Pairs equal in every field that counts.
    #[ts(type = "number")]
    pub equal_records: u64,
    /// Differences by kind.
    #[ts(as = "BTreeMap<DifferenceKind, u32>")]
    pub differences: BTreeMap<DifferenceKind, u64>,
    /// Accepted differences by kind.
    #[ts(as = "BTreeMap<Accepted, u32>")]
    pub accepted: BTreeMap<Accepted, u64>,
    /// Source ranges that can no longer be compared, with the reason: `gone` in words.
    pub not_checked: Vec<(OffsetRange, String)>,
    /// What is no longer there to compare.
    #[serde(default)]
    pub gone: Vec<Gone>,
    /// What is not copied yet.
    #[serde(default)]
    pub not_copied: Option<NotCopied>,
    /// Source offsets that could not be compared because of `problem`.
    #[serde(default)]
    pub not_compared: Option<OffsetRange>,
    /// Why the partition could not be compared to its end.
    pub problem: Option<String>,
    /// A compacted partition of a pair that copies both ways has more keys than are remembered, or its other task is not known:
    /// [`Accepted::ConflictingKeys`] are not counted.
    #[serde(default)]
    pub keys_not_counted: bool,
    /// Only what is newer than an earlier verification proved was compared.
    #[serde(default)]
    pub continued: bool,
    /// What a later verification can begin behind; none where anything was wrong, or not all was compared.
    #[serde(default)]
    pub proof: Option<Proof>,
}

impl PartitionReport {
    /// Notes what is no longer there; an empty range is nothing.
    pub(crate) fn note_gone(&mut self, gone: Gone) {
        if !gone.range.is_empty() {
            self.gone.push(gone);
            self.not_checked.push((gone.range, in_words(gone)));
        }
    }

    /// Counts a difference. Returns the first of its kind, as an example.
    pub(crate) fn note_difference(
        &mut self,
        kind: DifferenceKind,
        source_offset: Option<i64>,
        target_offset: Option<i64>,
        detail: String,
    ) -> Option<Difference> {
        let count = self.differences.entry(kind).or_default();
        *count += 1;
        (*count == 1).then(|| Difference {
            kind,
            topic: self.topic.clone(),
            partition: self.partition,
            source_offset,
            target_offset,
            detail,
        })
    }

    /// Whether everything that was compared is equal, and everything was.
    pub fn is_whole(&self) -> bool {
        self.differences.is_empty() && self.problem.is_none() && !self.gone.iter().any(Gone::is_loss)
    }
}

/// The verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum VerificationResult {
    /// Every record equal in every field.
    Equal,
    /// Nothing but differences that were said before the start.
    AcceptedDifferences,
    /// Something differs.
    Different,
    /// Nothing differs, and not everything is copied yet.
    Behind,
    /// Nothing differs, and something that was to be on the target is gone or could not be compared.
    Incomplete,
}

impl VerificationResult {
    /// Every verdict.
    pub const ALL: [Self; 5] = [
        Self::Equal,
        Self::AcceptedDifferences,
        Self::Different,
        Self::Behind,
        Self::Incomplete,
    ];

    /// The verdict of a word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|result| result.word() == word)
    }

    /// The word that stands for it wherever it is written, as `different`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Equal => "equal",
            Self::AcceptedDifferences => "accepted_differences",
            Self::Different => "different",
            Self::Behind => "behind",
            Self::Incomplete => "incomplete",
        }
    }

    /// Whether nothing differs and nothing is gone, as far as the copy has come.
    pub fn is_satisfied(self) -> bool {
        !matches!(self, Self::Different | Self::Incomplete)
    }
}

/// What is not copied yet, over all partitions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, TS)]
pub struct NotCopiedTotal {
    /// Partitions that have such.
    #[ts(type = "number")]
    pub partitions: u64,
    /// Source offsets; more than records, where logs have holes.
    #[ts(type = "number")]
    pub offsets: u64,
    /// Records, without those that are held back; null where not all were counted.
    #[ts(type = "number | null")]
    pub records: Option<u64>,
    /// Offsets that cannot be copied yet, because a transaction is open at the source.
    #[ts(type = "number")]
    pub held_back: u64,
    /// Whether all of it belongs to partitions that are being copied now.
    pub on_the_way: bool,
}

/// What is no longer there to compare, over all partitions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, TS)]
pub struct NoLongerThere {
    /// Copied source offsets that retention or DeleteRecords took from the source since.
    #[ts(type = "number")]
    pub source_offsets: u64,
    /// Source offsets whose copies retention or DeleteRecords took from the target.
    #[ts(type = "number")]
    pub target_offsets: u64,
    /// Source offsets that were gone before they were copied: the gap ledger.
    #[ts(type = "number")]
    pub never_copied_offsets: u64,
    /// Superseded records that compaction removed on one side.
    #[ts(type = "number")]
    pub compacted_records: u64,
}

/// What could not be compared, over all partitions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, TS)]
pub struct NotCompared {
    /// Partitions that could not be compared to their end.
    #[ts(type = "number")]
    pub partitions: u64,
    /// Source offsets.
    #[ts(type = "number")]
    pub offsets: u64,
}

/// The whole report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct VerificationReport {
    /// The task's name.
    pub task: String,
    /// The verdict.
    pub result: VerificationResult,
    /// Whether it is [`VerificationResult::Equal`], of the whole task.
    pub equal: bool,
    /// What of the task was verified; none for all of it. The verdict is that of this part alone.
    #[serde(default)]
    pub scope: Option<VerifyScope>,
    /// The verdict in a sentence.
    pub sentence: String,
    /// Records compared at the source.
    #[ts(type = "number")]
    pub source_records: u64,
    /// Records compared on the target.
    #[ts(type = "number")]
    pub target_records: u64,
    /// Differences by kind, over all partitions.
    #[ts(as = "BTreeMap<DifferenceKind, u32>")]
    pub differences: BTreeMap<DifferenceKind, u64>,
    /// Accepted differences by kind, over all partitions.
    #[ts(as = "BTreeMap<Accepted, u32>")]
    pub accepted: BTreeMap<Accepted, u64>,
    /// The first difference of each kind.
    pub first_differences: Vec<Difference>,
    /// What is not copied yet.
    #[serde(default)]
    pub not_copied: NotCopiedTotal,
    /// What is no longer there to compare.
    #[serde(default)]
    pub no_longer_there: NoLongerThere,
    /// What could not be compared.
    #[serde(default)]
    pub not_compared: NotCompared,
    /// Source topics that were copied once and are no longer in the task: they are not verified.
    #[serde(default)]
    pub left_out_topics: Vec<String>,
    /// Partitions that only the target has and that hold records, where the task adds to topics with data: nothing tells
    /// whether they are older than the task. Where it does not, their records are among the differences.
    #[serde(default)]
    #[ts(type = "number")]
    pub unread_partitions: u64,
    /// Of [`VerificationReport::source_records`], those that were compared as whole stored batches, identical on both
    /// sides, without taking them apart.
    #[serde(default)]
    #[ts(type = "number")]
    pub records_as_batches: u64,
    /// The client that read the source, but for [`VerificationReport::records_as_batches`].
    #[serde(default)]
    pub source_read_by: ReadBy,
    /// The client that read the target, but for the same.
    #[serde(default)]
    pub target_read_by: ReadBy,
    /// When the verification ended that this one continues, in ms since 1970: of its partitions with `continued`, only
    /// what is newer was compared. None where none was continued.
    #[serde(default)]
    #[ts(type = "number | null")]
    pub continues_ms: Option<i64>,
    /// What earlier verifications proved of partitions that this one did not compare.
    #[serde(default)]
    pub carried_proofs: Vec<Proof>,
    /// A row per partition.
    pub partitions: Vec<PartitionReport>,
    /// How long it took.
    #[ts(type = "number")]
    pub duration_ms: u64,
}

/// How far a verification is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, TS)]
pub struct VerifyProgress {
    /// Source records compared so far.
    #[ts(type = "number")]
    pub records: u64,
    /// Source offsets to compare in all.
    #[ts(type = "number")]
    pub total: u64,
    /// Partitions done.
    #[ts(type = "number")]
    pub partitions_done: u64,
    /// Partitions in all.
    #[ts(type = "number")]
    pub partitions: u64,
}

/// As it stood in reports before there was [`PartitionReport::gone`].
fn in_words(gone: Gone) -> String {
    match (gone.side, gone.reason) {
        (LogSide::Source, GoneReason::RetentionOrDeletion) => {
            "no longer at the source (retention, DeleteRecords or compaction)"
        }
        (LogSide::Source, GoneReason::Deletion) => "no longer at the source (DeleteRecords)",
        (LogSide::Target, GoneReason::Deletion) => "no longer on the target (DeleteRecords)",
        (LogSide::Target, GoneReason::RetentionOrDeletion) => {
            "no longer on the target (retention or DeleteRecords)"
        }
        (_, GoneReason::NeverCopied) => "never copied (see the gap ledger)",
    }
    .to_owned()
}
