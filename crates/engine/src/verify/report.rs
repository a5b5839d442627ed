use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sluice_model::OffsetRange;
use ts_rs::TS;

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
}

/// What a pairing of clusters cannot carry, or what a cleaner removed: known, and no fault of the copy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Accepted {
    /// The target's version has no headers.
    HeadersNotCarried,
    /// The target stamps records itself (`LogAppendTime`).
    TimestampByTarget,
    /// Compaction removed a superseded record or a tombstone on one side.
    Compacted,
    /// The target first refused the record, and a person had it written later: it stands behind younger ones.
    Replayed,
    /// The target refused the record, and a person decided to leave it out.
    Discarded,
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
    /// Records read at the source.
    #[ts(type = "number")]
    pub source_records: u64,
    /// Records read on the target.
    #[ts(type = "number")]
    pub target_records: u64,
    /// Digest over every field of every source record, in order.
    pub source_digest: String,
    /// Digest over every field of every target record, in order.
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
    /// Source ranges that can no longer be compared, with the reason.
    pub not_checked: Vec<(OffsetRange, String)>,
    /// Why the partition could not be compared to its end.
    pub problem: Option<String>,
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
    /// Something could not be compared.
    Incomplete,
}

/// The whole report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct VerificationReport {
    /// The task's name.
    pub task: String,
    /// The verdict.
    pub result: VerificationResult,
    /// Whether it is [`VerificationResult::Equal`].
    pub equal: bool,
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

impl VerificationReport {
    pub(crate) fn new(
        task: String,
        mut partitions: Vec<PartitionReport>,
        found: Vec<Difference>,
        duration_ms: u64,
    ) -> Self {
        partitions.sort_by(|a, b| (&a.topic, a.partition).cmp(&(&b.topic, b.partition)));
        let (mut differences, mut accepted) = (BTreeMap::new(), BTreeMap::new());
        for partition in &partitions {
            partition
                .differences
                .iter()
                .for_each(|(kind, count)| *differences.entry(*kind).or_default() += count);
            partition
                .accepted
                .iter()
                .for_each(|(kind, count)| *accepted.entry(*kind).or_default() += count);
        }
        let mut first: BTreeMap<DifferenceKind, Difference> = BTreeMap::new();
        for difference in found {
            let place = |d: &Difference| (d.topic.clone(), d.partition, d.source_offset, d.target_offset);
            match first.get(&difference.kind) {
                Some(known) if place(known) <= place(&difference) => {}
                _ => {
                    first.insert(difference.kind, difference);
                }
            }
        }
        let result = if !differences.is_empty() {
            VerificationResult::Different
        } else if partitions.iter().any(|partition| partition.problem.is_some()) {
            VerificationResult::Incomplete
        } else if accepted.keys().any(|kind| *kind != Accepted::Compacted) {
            VerificationResult::AcceptedDifferences
        } else {
            VerificationResult::Equal
        };
        let (source_records, target_records) = partitions
            .iter()
            .fold((0, 0), |(s, t), p| (s + p.source_records, t + p.target_records));
        let mut report = Self {
            task,
            result,
            equal: result == VerificationResult::Equal,
            sentence: String::new(),
            source_records,
            target_records,
            differences,
            accepted,
            first_differences: first.into_values().collect(),
            partitions,
            duration_ms,
        };
        report.sentence = report.in_words();
        report
    }

    fn in_words(&self) -> String {
        let whole = self
            .partitions
            .iter()
            .filter(|p| p.differences.is_empty() && p.problem.is_none())
            .count();
        let count = self.partitions.len();
        let mut sentence = match self.result {
            VerificationResult::Equal => format!(
                "Equal: {whole} of {count} partitions, {} records, every field",
                self.source_records
            ),
            VerificationResult::AcceptedDifferences => {
                format!(
                    "Equal but for accepted differences: {count} partitions, {} records ({})",
                    self.source_records,
                    words(&self.accepted)
                )
            }
            VerificationResult::Different => {
                format!(
                    "Different: {} of {count} partitions differ, {} records compared ({})",
                    count - whole,
                    self.source_records,
                    words(&self.differences)
                )
            }
            VerificationResult::Incomplete => format!(
                "Not fully checked: {} of {count} partitions could not be compared to their end",
                count - whole
            ),
        };
        let skipped: i64 = self
            .partitions
            .iter()
            .flat_map(|p| &p.not_checked)
            .map(|(range, _)| range.len())
            .sum();
        if skipped > 0 {
            sentence.push_str(&format!("; {skipped} offsets are no longer there to compare"));
        }
        if let Some(compacted) = self.accepted.get(&Accepted::Compacted)
            && self.result == VerificationResult::Equal
        {
            sentence.push_str(&format!(
                "; {compacted} superseded records were removed by compaction on one side"
            ));
        }
        sentence
    }
}

fn words<K: Serialize + Ord>(counts: &BTreeMap<K, u64>) -> String {
    counts
        .iter()
        .map(|(kind, count)| {
            let name = serde_json::to_value(kind)
                .ok()
                .and_then(|value| value.as_str().map(|name| name.replace('_', " ")))
                .unwrap_or_default();
            format!("{count} {name}")
        })
        .collect::<Vec<_>>()
        .join(", ")
}
