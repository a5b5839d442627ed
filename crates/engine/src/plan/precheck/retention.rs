//! `target_retention`, `source_retention`: records keep their times, and both sides delete by them.

use crate::finding::Finding;
use crate::plan::precheck::estimate::Estimate;
use crate::plan::precheck::facts::{Offsets, Outline, Sample, Setup};
use crate::plan::precheck::words::{bytes, listed, span, time};

/// Whether a `cleanup.policy` deletes old records; every one that is not known does, as Kafka's default.
pub(crate) fn deletes(policy: Option<&str>) -> bool {
    policy.is_none_or(|policy| policy.contains("delete"))
}

/// Time of the oldest record that was looked at, in ms since 1970.
fn oldest(sample: &Sample, topic: &str) -> Option<i64> {
    let (first, _) = sample.topics.get(topic)?.times?;
    Some(first)
}

/// `retention.ms` in words: negative, or not set, is for ever.
fn duration(ms: Option<i64>) -> String {
    ms.filter(|ms| *ms >= 0)
        .map_or_else(|| "ever".to_owned(), |ms| format!("{ms} ms"))
}

/// Whether the target would delete what is copied soon after.
pub(crate) fn target(
    outline: &Outline,
    offsets: Option<&Offsets>,
    setup: &Setup,
    sample: Option<&Sample>,
    now: i64,
) -> Finding {
    const ID: &str = "target_retention";
    let (mut at_once, mut sooner, mut too_much) = (Vec::new(), Vec::new(), Vec::new());
    let mut remedy = None;
    let known = sample.zip(offsets);
    let backlog = known.map_or_else(Vec::new, |(sample, offsets)| {
        sample.backlog_bytes(outline, offsets)
    });
    for (index, (route, found)) in outline.routes.iter().zip(&setup.routes).enumerate() {
        let (source, target) = (&route.source_topic, route.target_topic.as_str());
        if !deletes(setup.target(found, "cleanup.policy").as_deref()) {
            continue;
        }
        let limit = |key| setup.target_number(found, key).filter(|keeps| *keeps >= 0);
        let from = found.source_number("retention.ms");
        if let Some(keeps) = limit("retention.ms") {
            // What the target stamps itself, and what gets the time of the copy, begins to age then.
            let stamped = setup.target(found, "message.timestamp.type").as_deref() == Some("LogAppendTime");
            let kept_times = sample.filter(|_| !stamped);
            let oldest = kept_times.and_then(|sample| oldest(sample, source));
            if let Some(first) = oldest.filter(|first| now.saturating_sub(*first) > keeps) {
                at_once.push(format!(
                    "'{source}' holds records of {}, '{target}' keeps them for {} (retention.ms={keeps}), until {}",
                    time(first),
                    span(keeps),
                    time(first.saturating_add(keeps))
                ));
                remedy.get_or_insert(format!(
                    "set retention.ms=-1 on '{target}' of the target until consumers have moved, then what it shall be"
                ));
            } else if from.is_some_and(|from| from < 0 || keeps < from) {
                sooner.push(format!(
                    "'{target}' keeps records for {keeps} ms, '{source}' for {}",
                    duration(from)
                ));
                remedy.get_or_insert(format!("raise retention.ms on '{target}'"));
            }
        }
        if let (Some(keeps), Some(size)) = (limit("retention.bytes"), backlog.get(index)) {
            let size = size / route.partitions.max(1) as u64;
            if size > keeps as u64 {
                too_much.push(format!(
                    "about {} of each partition of '{source}' are to be copied, '{target}' keeps {} (retention.bytes={keeps})",
                    bytes(size),
                    bytes(keeps as u64)
                ));
                remedy.get_or_insert(format!("raise retention.bytes on '{target}'"));
            }
        }
    }
    let remedy: String = remedy.unwrap_or_default();
    at_once.extend(too_much);
    if !at_once.is_empty() {
        return Finding::warning(
            ID,
            listed(&at_once, "; "),
            "records keep their times, so the target deletes such records at its next clean-up, minutes after they arrive",
            remedy,
        );
    }
    if !sooner.is_empty() {
        return Finding::warning(
            ID,
            listed(&sooner, "; "),
            "records keep their times, so the target may delete old ones soon after they arrive",
            remedy,
        );
    }
    Finding::success(
        ID,
        "the target keeps what is copied at least as long as the source does",
    )
}

/// Whether the source would delete records before they are copied.
pub(crate) fn source(
    outline: &Outline,
    offsets: &Offsets,
    setup: &Setup,
    sample: &Sample,
    estimate: &Estimate,
    now: i64,
) -> Finding {
    const ID: &str = "source_retention";
    let mut risky = Vec::new();
    let takes = estimate.ms;
    for (index, (route, found)) in outline.routes.iter().zip(&setup.routes).enumerate() {
        let source = &route.source_topic;
        let Some(offsets) = offsets.routes.get(index) else {
            continue;
        };
        if offsets.backlog() == 0 || !deletes(found.source("cleanup.policy").as_deref()) {
            continue;
        }
        let keeps = found.source_number("retention.ms").filter(|keeps| *keeps >= 0);
        let oldest = oldest(sample, source);
        if let (Some(keeps), Some(first)) = (keeps, oldest)
            && now.saturating_sub(first) >= keeps
        {
            risky.push(format!(
                "the oldest records of '{source}' are of {}, and it keeps them for {} (retention.ms={keeps})",
                time(first),
                span(keeps)
            ));
        } else if let (Some(keeps), Some(takes)) = (keeps, takes)
            && takes >= keeps
        {
            risky.push(format!(
                "copying what is there takes about {}, and '{source}' keeps records for {} (retention.ms={keeps})",
                span(takes),
                span(keeps)
            ));
        }
    }
    if risky.is_empty() {
        return Finding::success(
            ID,
            "the source keeps its records longer than the copy of what is there takes",
        );
    }
    Finding::warning(
        ID,
        listed(&risky, "; "),
        "the source may delete records before they are copied; such ranges are reported as gaps",
        "raise retention.ms on the source topic until the copy has caught up, or lift the task's speed limit",
    )
}
