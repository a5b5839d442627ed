//! A verification's report for people.

use comfy_table::ContentArrangement;
use sluice_engine::{Difference, NotCopied, PartitionReport, ReadBy, VerificationReport};

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
        line(&mut text, &partition_table(&shown));
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
        line(&mut text, &difference_table(&report.first_differences));
    }
    if !report.left_out_topics.is_empty() {
        let topics = report.left_out_topics.join(", ");
        line(
            &mut text,
            &format!("not verified: no longer in the task: {topics}"),
        );
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
    line(&mut text, &read_by(report));
    if let Some(old) = read_by_copier(report) {
        line(&mut text, &old);
    }
    line(&mut text, &report.sentence);
    text
}

fn partition_table(partitions: &[&PartitionReport]) -> String {
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
    for partition in partitions {
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
    tables::text(&table)
}

fn difference_table(differences: &[Difference]) -> String {
    let header = [
        "first difference",
        "partition",
        "source offset",
        "target offset",
        "what",
    ];
    let mut table = tables::table(header, 2..4);
    table.set_content_arrangement(ContentArrangement::Dynamic);
    let offset = |offset: Option<i64>| offset.map_or_else(|| "-".to_owned(), |offset| offset.to_string());
    for difference in differences {
        table.add_row([
            words::word(&difference.kind),
            format!("{}-{}", difference.topic, difference.partition),
            offset(difference.source_offset),
            offset(difference.target_offset),
            difference.detail.clone(),
        ]);
    }
    tables::text(&table)
}

/// How both sides were read, and by which clients.
fn read_by(report: &VerificationReport) -> String {
    let (batches, all) = (report.records_as_batches, report.source_records);
    let whole = format!(
        "{} of {} were compared as whole stored batches, which are identical on both sides",
        words::count(batches),
        words::plural(all, "record", "records")
    );
    match batches {
        0 => clients(report).to_owned(),
        _ if batches == all && report.target_records == all => whole,
        _ => format!("{whole}; for the others {}", clients(report)),
    }
}

/// Where there was no second pair of eyes for the source.
fn read_by_copier(report: &VerificationReport) -> Option<String> {
    let old = report
        .partitions
        .iter()
        .filter(|partition| partition.source_read_by_copier)
        .count() as u64;
    (old > 0).then(|| {
        format!(
            "{} of the source began with records in a format from before 0.11, which only the wire client reads: there the source was read by the client that made the copy",
            words::plural(old, "partition", "partitions")
        )
    })
}

/// Which client read the records of the two sides.
fn clients(report: &VerificationReport) -> &'static str {
    match (report.source_read_by, report.target_read_by) {
        (ReadBy::Wire, ReadBy::Wire) => "both sides were read by the wire client",
        (ReadBy::Wire, ReadBy::Librdkafka) => {
            "the source was read by the wire client, the target by librdkafka"
        }
        (ReadBy::Librdkafka, ReadBy::Wire) => {
            "the source was read by librdkafka, the target by the wire client"
        }
        (ReadBy::Librdkafka, ReadBy::Librdkafka) => "both sides were read by librdkafka",
    }
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
        && partition.not_copied.is_none()
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
    if !partition.is_whole() {
        return "INCOMPLETE: the target lacks copies".to_owned();
    }
    match &partition.not_copied {
        Some(rest) => not_copied(rest),
        None => "equal".to_owned(),
    }
}

/// Equal so far, and how much is not copied yet.
fn not_copied(rest: &NotCopied) -> String {
    let held_back = rest.held_back;
    let offsets = u64::try_from(rest.range.len()).unwrap_or(0);
    let mut parts = Vec::new();
    match rest.records {
        Some(0) => {}
        Some(records) => parts.push(words::plural(records, "record", "records")),
        None => parts.push(format!(
            "about {} offsets",
            words::count(offsets - held_back.min(offsets))
        )),
    }
    if held_back > 0 {
        parts.push(format!(
            "about {} offsets held back by an open transaction",
            words::count(held_back)
        ));
    }
    let amount = parts.join(", ");
    if rest.on_the_way {
        format!("equal so far, on their way: {amount}")
    } else {
        format!("BEHIND: equal so far, not copied yet: {amount}")
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use sluice_engine::{DifferenceKind, NoLongerThere, NotCompared, NotCopiedTotal, VerificationResult};
    use sluice_model::OffsetRange;

    use super::*;

    fn report(partitions: Vec<PartitionReport>) -> VerificationReport {
        VerificationReport {
            task: "n".into(),
            result: VerificationResult::Different,
            equal: false,
            scope: None,
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
            not_copied: NotCopiedTotal::default(),
            no_longer_there: NoLongerThere::default(),
            not_compared: NotCompared::default(),
            left_out_topics: vec!["old".into()],
            unread_partitions: 0,
            records_as_batches: 0,
            continues_ms: None,
            carried_proofs: Vec::new(),
            source_read_by: ReadBy::Wire,
            target_read_by: ReadBy::Librdkafka,
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
            "not verified: no longer in the task: old",
            "the sentence",
        ] {
            assert!(text.contains(words), "{words}:\n{text}");
        }
    }

    #[test]
    fn what_was_compared_as_whole_batches_is_told_from_what_the_clients_read() {
        let read = |records_as_batches| {
            read_by(&VerificationReport {
                records_as_batches,
                source_records: 1_200,
                target_records: 1_200,
                ..report(Vec::new())
            })
        };
        let clients = "the source was read by the wire client, the target by librdkafka";
        let whole = "1,200 records were compared as whole stored batches, which are identical on both sides";
        assert_eq!(read(0), clients);
        assert_eq!(read(1_100), format!("1,100 of {whole}; for the others {clients}"));
        assert_eq!(read(1_200), format!("1,200 of {whole}"));
    }

    #[test]
    fn what_is_not_copied_is_shown_in_records_where_they_were_counted_and_in_offsets_elsewhere() {
        let rest = |records, held_back, on_the_way| {
            not_copied(&NotCopied {
                range: OffsetRange { from: 0, to: 1_234 },
                records,
                held_back,
                on_the_way,
            })
        };
        assert_eq!(
            rest(Some(1_200), 0, false),
            "BEHIND: equal so far, not copied yet: 1,200 records"
        );
        assert_eq!(
            rest(None, 34, true),
            "equal so far, on their way: about 1,200 offsets, about 34 offsets held back by an open transaction"
        );
        assert_eq!(
            rest(Some(0), 1_234, false),
            "BEHIND: equal so far, not copied yet: about 1,234 offsets held back by an open transaction"
        );
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
