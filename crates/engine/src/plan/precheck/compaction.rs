//! `compaction_keys`.

use crate::finding::Finding;
use crate::plan::precheck::facts::{Outline, Sample, Setup};
use crate::plan::precheck::words::{listed, quoted};

fn compacts(policy: Option<&str>) -> bool {
    policy.is_some_and(|policy| policy.contains("compact"))
}

/// Whether a compacted target takes what the source holds.
pub(crate) fn compaction(outline: &Outline, setup: &Setup, sample: Option<&Sample>) -> Finding {
    const ID: &str = "compaction_keys";
    let (mut none, mut some, mut only_target) = (Vec::new(), Vec::new(), Vec::new());
    for (route, found) in outline.routes.iter().zip(&setup.routes) {
        let (source, target) = (&route.source_topic, &route.target_topic);
        if !compacts(setup.target(found, "cleanup.policy").as_deref()) {
            continue;
        }
        if let Some(topic) = sample.and_then(|sample| sample.topics.get(source))
            && topic.unkeyed > 0
        {
            let told = format!(
                "{} of {} sampled records of '{source}' have no key, and '{target}' is compacted",
                topic.unkeyed, topic.records
            );
            if topic.unkeyed == topic.records {
                none.push(told);
            } else {
                some.push(told);
            }
        } else if found.source.is_some() && !compacts(found.source("cleanup.policy").as_deref()) {
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
    Finding::success(ID, "no compacted target topic would refuse a record")
}
