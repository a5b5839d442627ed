//! A verification's result in words. What is counted in offsets says so: where a log has holes (markers of transactions,
//! compacted records) there are fewer records.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;

use crate::verify::report::{VerificationReport, VerificationResult};
use crate::verify::scope::VerifyScope;

/// The verdict with its numbers, and behind it whatever else has to be known.
pub(crate) fn of(report: &VerificationReport) -> String {
    let verdict = verdict(report);
    let mut parts = vec![match report.scope.as_ref().and_then(VerifyScope::in_words) {
        Some(scope) => format!("{scope}: {verdict}"),
        None => verdict,
    }];
    parts.extend(continues(report));
    parts.extend(not_copied(report));
    parts.extend(no_longer_there(report));
    let unread = report.not_compared.offsets;
    if unread > 0 {
        parts.push(format!("about {unread} offsets could not be compared"));
    }
    let uncounted = report.partitions.iter().filter(|p| p.keys_not_counted).count();
    if uncounted > 0 {
        parts.push(format!(
            "in {uncounted} partitions it was not counted how many keys end with different records on the two sides"
        ));
    }
    if !report.left_out_topics.is_empty() {
        parts.push(format!(
            "{} topics that are no longer in the task were not verified",
            report.left_out_topics.len()
        ));
    }
    if report.unread_partitions > 0 {
        parts.push(format!(
            "{} partitions that only the target has hold records, which may be older than the task",
            report.unread_partitions
        ));
    }
    parts.join("; ")
}

fn verdict(report: &VerificationReport) -> String {
    let (count, records) = (report.partitions.len(), report.source_records);
    let whole = report.partitions.iter().filter(|p| p.is_whole()).count();
    match report.result {
        VerificationResult::Equal if report.not_copied.partitions > 0 => format!(
            "Equal up to the task's positions: {whole} of {count} partitions, {records} records, every field"
        ),
        VerificationResult::Equal => {
            format!("Equal: {whole} of {count} partitions, {records} records, every field")
        }
        VerificationResult::AcceptedDifferences => format!(
            "Equal but for accepted differences: {count} partitions, {records} records ({})",
            words(&report.accepted)
        ),
        VerificationResult::Different => {
            let differ = report
                .partitions
                .iter()
                .filter(|p| !p.differences.is_empty())
                .count();
            format!(
                "Different: {differ} of {count} partitions differ, {records} records compared ({})",
                words(&report.differences)
            )
        }
        VerificationResult::Behind => {
            format!("Behind: {count} partitions are equal so far, {records} records, every field")
        }
        VerificationResult::Incomplete => format!(
            "Incomplete: {} of {count} partitions lack copies or could not be compared to their end",
            count - whole
        ),
    }
}

fn continues(report: &VerificationReport) -> Option<String> {
    let date = Timestamp::from_millisecond(report.continues_ms?).ok()?;
    let (continued, count) = (
        report.partitions.iter().filter(|p| p.continued).count(),
        report.partitions.len(),
    );
    // To the second: the millisecond of a verification is of no use.
    let date = date.strftime("%Y-%m-%dT%H:%M:%SZ");
    Some(format!(
        "this continues the verification of {date} in {continued} of {count} partitions"
    ))
}

fn not_copied(report: &VerificationReport) -> Vec<String> {
    let rest = &report.not_copied;
    let offsets = rest.offsets.saturating_sub(rest.held_back);
    let mut parts = Vec::new();
    match (rest.records, rest.on_the_way) {
        (Some(0), _) => {}
        (Some(records), true) => parts.push(format!("{records} newer records are on their way")),
        (Some(records), false) => parts.push(format!("{records} records are not copied yet")),
        (None, true) => parts.push(format!("about {offsets} newer offsets are on their way")),
        (None, false) => parts.push(format!("about {offsets} offsets are not copied yet")),
    }
    if rest.held_back > 0 {
        parts.push(format!(
            "about {} offsets are held back by an open transaction at the source",
            rest.held_back
        ));
    }
    parts
}

fn no_longer_there(report: &VerificationReport) -> Vec<String> {
    let gone = &report.no_longer_there;
    let mut parts = Vec::new();
    if gone.source_offsets > 0 {
        parts.push(format!(
            "{} offsets are no longer there to compare at the source",
            gone.source_offsets
        ));
    }
    if gone.target_offsets > 0 {
        parts.push(format!(
            "{} offsets are no longer there to compare on the target, and are still at the source",
            gone.target_offsets
        ));
    }
    if gone.never_copied_offsets > 0 {
        parts.push(format!(
            "{} offsets were never copied (see the gap ledger)",
            gone.never_copied_offsets
        ));
    }
    if gone.compacted_records > 0
        && matches!(
            report.result,
            VerificationResult::Equal | VerificationResult::Behind | VerificationResult::Incomplete
        )
    {
        parts.push(format!(
            "{} superseded records were removed by compaction on one side",
            gone.compacted_records
        ));
    }
    parts
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
