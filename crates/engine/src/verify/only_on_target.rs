//! Partitions of a target topic that its source topic lacks: the task wrote nothing there, and consumers of the topic read
//! what others wrote.

use std::collections::{BTreeMap, BTreeSet};

use sluice_model::{ExistingData, OffsetRange, Task};

use crate::error::{Result, Side};
use crate::plan::Pair;
use crate::position::PartitionKey;
use crate::verify::detail::describe;
use crate::verify::ends::ends;
use crate::verify::failure;
use crate::verify::job::{Job, Work};
use crate::verify::ranges::Range;
use crate::verify::report::{Difference, DifferenceKind, PartitionReport};
use crate::verify::scope::VerifyScope;
use crate::verify::stream::Stream;

/// The partitions that a task copies to, by target topic.
pub(crate) type CopiedTo = BTreeMap<String, BTreeSet<i32>>;

/// Those of all ranges of a task.
pub(crate) fn copied_to(ranges: &[Range]) -> CopiedTo {
    let mut found = CopiedTo::new();
    for range in ranges {
        let partitions = found.entry(range.target_topic.clone()).or_default();
        partitions.insert(range.key.partition);
    }
    found
}

/// Jobs for the partitions with records that only the target has, and how many such partitions are left out: a task that
/// adds to topics with data does not know which of these are older than itself.
///
/// # Errors
/// The target does not answer.
pub(crate) fn only_on_target(
    pair: &Pair,
    task: &Task,
    scope: &VerifyScope,
    ranges: &[Range],
    copied_to: &CopiedTo,
) -> Result<(Vec<Job>, u64)> {
    // A part of each partition says nothing of these.
    if scope.since.is_some() {
        return Ok((Vec::new(), 0));
    }
    let sources: BTreeMap<&str, &str> = ranges
        .iter()
        .map(|range| (range.target_topic.as_str(), range.key.topic.as_str()))
        .collect();
    let places: Vec<(String, i32)> = sources
        .keys()
        .flat_map(|target| {
            let count = pair.target.partition_count(target).unwrap_or(0);
            let known = copied_to.get(*target);
            (0..i32::try_from(count).unwrap_or(i32::MAX))
                .filter(move |partition| known.is_none_or(|known| !known.contains(partition)))
                .map(|partition| ((*target).to_owned(), partition))
        })
        .collect();
    if places.is_empty() {
        return Ok((Vec::new(), 0));
    }
    let mut jobs = Vec::new();
    for ((target_topic, partition), found) in ends(&pair.target.admin, &places, Side::Target)? {
        let mut report = PartitionReport {
            topic: sources
                .get(target_topic.as_str())
                .copied()
                .unwrap_or_default()
                .to_owned(),
            target_topic,
            partition,
            ..PartitionReport::default()
        };
        let mut range = OffsetRange { from: 0, to: 0 };
        match found {
            Ok(ends) if ends.low < ends.high => {
                range = OffsetRange {
                    from: ends.low,
                    to: ends.high,
                }
            }
            Ok(_) => continue,
            Err(error) => report.problem = Some(format!("the target could not be read: {error}")),
        }
        report.target_range = Some(range);
        jobs.push(Job {
            key: PartitionKey {
                topic: report.topic.clone(),
                partition,
            },
            report,
            source_from: 0,
            target_from: range.from,
            work: Work::OnlyOnTarget,
            identity: None,
            noted_meanwhile: None,
        });
    }
    if task.existing == ExistingData::Append {
        return Ok((Vec::new(), jobs.len() as u64));
    }
    Ok((jobs, 0))
}

/// Every record of such a partition is foreign.
pub(crate) fn all_foreign(mut target: Stream<'_>, job: &Job) -> (PartitionReport, Vec<Difference>) {
    let mut report = job.report.clone();
    let mut found = Vec::new();
    if let Err(error) = count(&mut target, &mut report, &mut found) {
        report.problem = Some(error.to_string());
    }
    (report, found)
}

fn count(
    target: &mut Stream<'_>,
    report: &mut PartitionReport,
    found: &mut Vec<Difference>,
) -> failure::Result<()> {
    let end = report.target_range.map_or(0, |range| range.to);
    while target.peek(0)?.is_some_and(|record| record.offset() < end) {
        let Some(record) = target.pop() else { break };
        report.target_records += 1;
        let kind = DifferenceKind::Extra;
        let detail = format!("target {}", describe(&record, kind));
        found.extend(report.note_difference(kind, None, Some(record.offset()), detail));
    }
    Ok(())
}
