//! What the partitions' results come to.

use std::collections::{BTreeMap, BTreeSet};

use crate::position::PartitionKey;
use crate::verify::proof::carried;
use crate::verify::report::{
    Accepted, Difference, DifferenceKind, GoneReason, LogSide, NoLongerThere, NotCompared, NotCopiedTotal,
    PartitionReport, ReadBy, VerificationReport, VerificationResult,
};
use crate::verify::run::VerifyOptions;
use crate::verify::sentence;

/// What a verification did not look at.
pub(crate) struct LeftOut {
    /// Topics that are no longer in the task.
    pub(crate) topics: Vec<String>,
    /// See [`VerificationReport::unread_partitions`].
    pub(crate) partitions: u64,
}

impl VerificationReport {
    pub(crate) fn new(
        task: String,
        options: &VerifyOptions,
        mut partitions: Vec<PartitionReport>,
        left_out: LeftOut,
        found: Vec<Difference>,
        (source_read_by, target_read_by): (ReadBy, ReadBy),
        duration_ms: u64,
    ) -> Self {
        partitions.sort_by(|a, b| (&a.topic, a.partition).cmp(&(&b.topic, b.partition)));
        let differences = sum(partitions.iter().map(|partition| &partition.differences));
        let accepted = sum(partitions.iter().map(|partition| &partition.accepted));
        let result = verdict(&partitions, &differences, &accepted);
        let (source_records, target_records) = partitions
            .iter()
            .fold((0, 0), |(s, t), p| (s + p.source_records, t + p.target_records));
        let scope = options.scope.clone();
        let continued: BTreeSet<PartitionKey> = partitions
            .iter()
            .filter(|partition| partition.continued)
            .map(|partition| PartitionKey {
                topic: partition.topic.clone(),
                partition: partition.partition,
            })
            .collect();
        let mut report = Self {
            task,
            result,
            equal: result == VerificationResult::Equal && scope.is_whole(),
            scope: (!scope.is_whole()).then_some(scope),
            sentence: String::new(),
            source_records,
            target_records,
            not_copied: not_copied(&partitions),
            no_longer_there: no_longer_there(&partitions, &accepted),
            not_compared: not_compared(&partitions),
            left_out_topics: left_out.topics,
            unread_partitions: left_out.partitions,
            differences,
            accepted,
            first_differences: first_of_each_kind(found),
            continues_ms: continued
                .iter()
                .filter_map(|key| options.earlier.get(key))
                .map(|proof| proof.at_ms)
                .max(),
            carried_proofs: carried(&options.earlier, &partitions, options.scope.since.is_some()),
            records_as_batches: partitions.iter().map(|p| p.records_as_batches).sum(),
            source_read_by,
            target_read_by,
            partitions,
            duration_ms,
        };
        report.sentence = sentence::of(&report);
        report
    }
}

/// Equal is only what lacks nothing that the task had to copy by now.
fn verdict(
    partitions: &[PartitionReport],
    differences: &BTreeMap<DifferenceKind, u64>,
    accepted: &BTreeMap<Accepted, u64>,
) -> VerificationResult {
    if !differences.is_empty() {
        VerificationResult::Different
    } else if partitions.iter().any(|partition| !partition.is_whole()) {
        VerificationResult::Incomplete
    } else if partitions
        .iter()
        .any(|partition| partition.not_copied.is_some_and(|rest| !rest.on_the_way))
    {
        VerificationResult::Behind
    } else if accepted.keys().any(|kind| *kind != Accepted::Compacted) {
        VerificationResult::AcceptedDifferences
    } else {
        VerificationResult::Equal
    }
}

fn sum<'a, K: Ord + Copy + 'a>(counts: impl Iterator<Item = &'a BTreeMap<K, u64>>) -> BTreeMap<K, u64> {
    let mut all = BTreeMap::new();
    for (kind, count) in counts.flatten() {
        *all.entry(*kind).or_default() += count;
    }
    all
}

fn first_of_each_kind(found: Vec<Difference>) -> Vec<Difference> {
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
    first.into_values().collect()
}

fn not_copied(partitions: &[PartitionReport]) -> NotCopiedTotal {
    let mut total = NotCopiedTotal {
        records: Some(0),
        on_the_way: true,
        ..NotCopiedTotal::default()
    };
    for rest in partitions.iter().filter_map(|partition| partition.not_copied) {
        total.partitions += 1;
        total.offsets += unsigned(rest.range.len());
        total.records = total.records.zip(rest.records).map(|(all, more)| all + more);
        total.held_back += rest.held_back;
        total.on_the_way &= rest.on_the_way;
    }
    total.on_the_way &= total.partitions > 0;
    total
}

fn no_longer_there(partitions: &[PartitionReport], accepted: &BTreeMap<Accepted, u64>) -> NoLongerThere {
    let mut total = NoLongerThere {
        compacted_records: accepted.get(&Accepted::Compacted).copied().unwrap_or(0),
        ..NoLongerThere::default()
    };
    for gone in partitions.iter().flat_map(|partition| &partition.gone) {
        let count = match (gone.reason, gone.side) {
            (GoneReason::NeverCopied, _) => &mut total.never_copied_offsets,
            (_, LogSide::Source) => &mut total.source_offsets,
            (_, LogSide::Target) => &mut total.target_offsets,
        };
        *count += gone.records.unwrap_or_else(|| unsigned(gone.range.len()));
    }
    total
}

fn not_compared(partitions: &[PartitionReport]) -> NotCompared {
    NotCompared {
        partitions: partitions.iter().filter(|p| p.problem.is_some()).count() as u64,
        offsets: partitions
            .iter()
            .filter_map(|partition| partition.not_compared)
            .map(|range| unsigned(range.len()))
            .sum(),
    }
}

fn unsigned(length: i64) -> u64 {
    u64::try_from(length).unwrap_or(0)
}
