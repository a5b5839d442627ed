//! `compaction_keys`.

use sluice_model::Task;

use crate::finding::Finding;
use crate::plan::precheck::facts::{Compaction, Outline, Sample, Setup};
use crate::plan::precheck::words::{listed, quoted};

const ID: &str = "compaction_keys";

/// Whether a compacted target takes what the source holds.
pub(crate) fn compaction(task: &Task, outline: &Outline, setup: &Setup, sample: Option<&Sample>) -> Finding {
    let (mut none, mut some, mut only_target, mut unknown) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for (route, found) in outline.routes.iter().zip(&setup.routes) {
        let (source, target) = (&route.source_topic, &route.target_topic);
        let unkeyed = sample
            .and_then(|sample| sample.topics.get(source))
            .filter(|topic| topic.unkeyed > 0);
        match setup.compaction(found) {
            Compaction::NotCompacted => continue,
            Compaction::Unknown => {
                if unkeyed.is_some() {
                    unknown.push(target.as_str());
                }
                continue;
            }
            Compaction::Compacted => {}
        }
        if let Some(topic) = unkeyed {
            let cause = format!(
                "{} of {} sampled records of '{source}' have no key, and '{target}' is compacted",
                topic.unkeyed, topic.records
            );
            if topic.unkeyed == topic.records {
                none.push(cause);
            } else {
                some.push(cause);
            }
        } else if found.source.is_some()
            && Compaction::of(found.source("cleanup.policy").as_deref()) != Compaction::Compacted
        {
            only_target.push(target.as_str());
        }
    }
    let remedy = "set cleanup.policy=delete on the target topic to keep every record";
    if !none.is_empty() {
        return Finding::failed(
            ID,
            listed(&none, "; "),
            "a compacted topic takes no record without a key: they would all go to quarantine",
            remedy,
        );
    }
    if !some.is_empty() {
        return Finding::warning(
            ID,
            listed(&some, "; "),
            "a compacted topic takes no record without a key: such records go to quarantine",
            remedy,
        );
    }
    if !only_target.is_empty() {
        return Finding::warning(
            ID,
            format!(
                "{} is compacted on the target, and its source is not",
                quoted(&only_target)
            ),
            "the target refuses records without a key (they go to quarantine) and later removes superseded ones",
            remedy,
        );
    }
    if !unknown.is_empty() {
        return Finding::warning(
            ID,
            format!(
                "records without a key go to {}, whose cleanup.policy cannot be read: a broker before 0.11 does not report its configuration, or the user lacks DESCRIBE_CONFIGS",
                quoted(&unknown)
            ),
            "a compacted topic takes no record without a key: such records go to quarantine",
            "see that the topic has cleanup.policy=delete on the target",
        );
    }
    if task.both_ways.is_some()
        && let Some(finding) = written_on_both_sides(outline, setup)
    {
        return finding;
    }
    Finding::success(ID, "no compacted target topic would refuse a record")
}

/// What is said of a pair's compacted topics, if it has any.
fn written_on_both_sides(outline: &Outline, setup: &Setup) -> Option<Finding> {
    let compacted: Vec<&str> = outline
        .routes
        .iter()
        .zip(&setup.routes)
        .filter(|(_, found)| setup.compaction(found) == Compaction::Compacted)
        .map(|(route, _)| route.target_topic.as_str())
        .collect();
    (!compacted.is_empty()).then(|| {
        Finding::warning(
            ID,
            format!("{} is compacted and written on both sides", quoted(&compacted)),
            "where both sides write the same key, each keeps the record that came last there, and these may differ; a verification counts such keys",
            "see that each key is written on one side only",
        )
    })
}
