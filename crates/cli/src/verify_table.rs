//! A verification's report for people.

use comfy_table::ContentArrangement;
use sluice_engine::{PartitionReport, VerificationReport};

use crate::tables;
use crate::words;

/// Partitions up to which equal ones are listed too.
const LIST_EQUAL: usize = 100;
/// Characters of a digest that are shown; the JSON report has all of them.
const DIGEST: usize = 16;

/// The report as text: partitions, the first difference of each kind, and the verdict.
pub fn render(report: &VerificationReport) -> String {
    let all = report.partitions.len() <= LIST_EQUAL;
    let shown: Vec<&PartitionReport> = report.partitions.iter().filter(|p| all || !is_equal(p)).collect();
    let mut text = String::new();
    if !shown.is_empty() {
        let header = [
            "partition",
            "target topic",
            "source offsets",
            "source records",
            "target records",
            "digest",
            "result",
        ];
        let mut table = tables::table(header, 2..5);
        for partition in &shown {
            table.add_row([
                format!("{}-{}", partition.topic, partition.partition),
                partition.target_topic.clone(),
                partition
                    .source_range
                    .map_or_else(String::new, |range| range.to_string()),
                words::count(partition.source_records),
                words::count(partition.target_records),
                digest(partition),
                result(partition),
            ]);
        }
        line(&mut text, &table.to_string());
    }
    let hidden = report.partitions.len() - shown.len();
    if hidden > 0 {
        line(
            &mut text,
            &format!(
                "{} not shown: equal",
                words::plural(hidden as u64, "partition", "partitions")
            ),
        );
    }
    if !report.first_differences.is_empty() {
        let mut table = tables::table(
            [
                "first difference",
                "partition",
                "source offset",
                "target offset",
                "what",
            ],
            2..4,
        );
        table.set_content_arrangement(ContentArrangement::Dynamic);
        for difference in &report.first_differences {
            let offset =
                |offset: Option<i64>| offset.map_or_else(|| "-".to_owned(), |offset| offset.to_string());
            table.add_row([
                words::word(&difference.kind),
                format!("{}-{}", difference.topic, difference.partition),
                offset(difference.source_offset),
                offset(difference.target_offset),
                difference.detail.clone(),
            ]);
        }
        line(&mut text, &table.to_string());
    }
    for partition in &report.partitions {
        for (range, reason) in &partition.not_checked {
            line(
                &mut text,
                &format!(
                    "not checked: {}-{} {range}: {reason}",
                    partition.topic, partition.partition
                ),
            );
        }
    }
    line(&mut text, &report.sentence);
    text
}

fn line(text: &mut String, line: &str) {
    text.push_str(line);
    text.push('\n');
}

fn is_equal(partition: &PartitionReport) -> bool {
    partition.differences.is_empty()
        && partition.accepted.is_empty()
        && partition.problem.is_none()
        && partition.not_checked.is_empty()
}

fn digest(partition: &PartitionReport) -> String {
    let short = |digest: &str| digest.chars().take(DIGEST).collect::<String>();
    let (source, target) = (short(&partition.source_digest), short(&partition.target_digest));
    if source == target {
        source
    } else {
        format!("{source} / {target}")
    }
}

fn result(partition: &PartitionReport) -> String {
    let counts = |pairs: Vec<(String, u64)>| {
        pairs
            .into_iter()
            .map(|(word, count)| format!("{} {word}", words::count(count)))
            .collect::<Vec<_>>()
            .join(", ")
    };
    if !partition.differences.is_empty() {
        return format!(
            "DIFFERENT: {}",
            counts(
                partition
                    .differences
                    .iter()
                    .map(|(kind, n)| (words::word(kind), *n))
                    .collect()
            )
        );
    }
    if let Some(problem) = &partition.problem {
        return format!("not checked: {problem}");
    }
    if !partition.accepted.is_empty() {
        return format!(
            "accepted: {}",
            counts(
                partition
                    .accepted
                    .iter()
                    .map(|(kind, n)| (words::word(kind), *n))
                    .collect()
            )
        );
    }
    "equal".to_owned()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use sluice_engine::{Difference, DifferenceKind, VerificationResult};

    use super::*;

    fn report(partitions: Vec<PartitionReport>) -> VerificationReport {
        VerificationReport {
            task: "n".into(),
            result: VerificationResult::Different,
            equal: false,
            sentence: "the sentence".into(),
            source_records: 0,
            target_records: 0,
            differences: BTreeMap::new(),
            accepted: BTreeMap::new(),
            first_differences: vec![Difference {
                kind: DifferenceKind::NullEmpty,
                topic: "a".into(),
                partition: 1,
                source_offset: Some(7),
                target_offset: None,
                detail: "key null / empty".into(),
            }],
            partitions,
            duration_ms: 0,
        }
    }

    fn partition(number: i32, differs: bool) -> PartitionReport {
        PartitionReport {
            topic: "a".into(),
            partition: number,
            differences: if differs {
                BTreeMap::from([(DifferenceKind::NullEmpty, 1234)])
            } else {
                BTreeMap::new()
            },
            ..PartitionReport::default()
        }
    }

    #[test]
    fn differences_are_shown_with_their_places() {
        let text = render(&report(vec![partition(0, false), partition(1, true)]));
        for words in [
            "equal",
            "DIFFERENT: 1,234 null empty",
            "key null / empty",
            "the sentence",
        ] {
            assert!(text.contains(words), "{words}:\n{text}");
        }
    }

    #[test]
    fn many_equal_partitions_are_only_counted() {
        let text = render(&report(
            (0..500).map(|number| partition(number, number == 77)).collect(),
        ));
        assert!(
            text.contains("a-77") && !text.contains("a-78") && text.contains("499 partitions not shown"),
            "{text}"
        );
    }
}
