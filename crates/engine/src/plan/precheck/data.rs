//! `target_data`.

use std::collections::BTreeSet;

use sluice_model::{ExistingData, Task};

use crate::finding::Finding;
use crate::plan::precheck::context::OtherTask;
use crate::plan::precheck::cycles::is_partner;
use crate::plan::precheck::facts::{Offsets, Outline};
use crate::plan::precheck::words::{listed, quoted};

const ID: &str = "target_data";

/// What of a pair's topics was copied between its clusters before the pair was made: these copies count as what
/// applications wrote there, or are copied once more.
fn copied_before(task: &Task, outline: &Outline, others: &[&OtherTask]) -> Option<Finding> {
    task.both_ways.as_ref()?;
    let own = outline.pair.direction()?;
    let remedy = "choose the start 'latest' for the pair, or empty the topics of one side first";
    if outline.copied_both_ways {
        return Some(Finding::warning(
            ID,
            "a pair of tasks has copied from this source to this target before",
            "what it copied is still left out in the other direction, and what it took from this source is copied once more unless the start is behind it",
            remedy,
        ));
    }
    let back = own.reversed();
    let before: Vec<&str> = others
        .iter()
        .filter(|other| !is_partner(task, other))
        .filter(|other| {
            let between = (
                other.source_cluster_id.as_deref(),
                other.target_cluster_id.as_deref(),
            );
            [&own, &back]
                .iter()
                .any(|way| between == (Some(&way.from), Some(&way.to)))
        })
        .filter(|other| {
            let own = outline.routes.iter().map(|route| &route.target_topic);
            own.clone()
                .any(|topic| other.routes.iter().any(|(_, to)| to == topic))
        })
        .map(|other| other.name.as_str())
        .collect();
    (!before.is_empty()).then(|| {
        Finding::warning(
            ID,
            format!(
                "these topics were copied between the two clusters before, by {}",
                quoted(&before)
            ),
            "a pair does not know those copies from what applications wrote: they are copied back to where they came from",
            remedy,
        )
    })
}

/// What the target topics hold, and what would become of it.
pub(crate) fn target_data(
    task: &Task,
    outline: &Outline,
    offsets: &Offsets,
    others: &[&OtherTask],
) -> Finding {
    if outline.launch.is_some() {
        return Finding::success(
            ID,
            "the task was launched before: what the target topics hold is left alone",
        );
    }
    if let Some(finding) = copied_before(task, outline, others) {
        return finding;
    }
    let full: Vec<(&str, i64)> = outline
        .routes
        .iter()
        .zip(&offsets.routes)
        .filter(|(route, _)| {
            !offsets
                .adopted
                .keys()
                .any(|(topic, _)| *topic == route.source_topic)
        })
        .map(|(route, found)| (route.target_topic.as_str(), found.target_offsets()))
        .filter(|(_, offsets)| *offsets > 0)
        .collect();
    if full.is_empty() {
        return Finding::success(ID, "the target topics are empty or will be created");
    }
    let list: Vec<String> = full
        .iter()
        .map(|(topic, offsets)| format!("'{topic}' ({offsets} offsets)"))
        .collect();
    let cause = format!("{} target topics hold data: {}", full.len(), listed(&list, ", "));
    match task.existing {
        ExistingData::Stop => Finding::failed(
            ID,
            cause,
            "the copy would be mixed with other records",
            "choose --existing append to write behind them, --existing rewrite to delete them first, or other target names",
        ),
        ExistingData::Append if task.both_ways.is_some() => Finding::warning(
            ID,
            cause,
            "they stay, and the copy is written behind them; the other task of the pair copies them to this one's source",
            "none needed if this is meant; a start at 'latest' leaves what both sides have as it is",
        ),
        ExistingData::Append => Finding::warning(
            ID,
            cause,
            "they stay, and the copy is written behind them",
            "none needed",
        ),
        ExistingData::Rewrite => rewritten(outline, &full, cause, others),
    }
}

/// What is said where the data of `full`, target topics and their offsets, is to be deleted.
fn rewritten(outline: &Outline, full: &[(&str, i64)], cause: String, others: &[&OtherTask]) -> Finding {
    let mut sources: BTreeSet<&str> = BTreeSet::new();
    if outline.pair.same_cluster() {
        sources.extend(outline.routes.iter().map(|route| route.source_topic.as_str()));
    }
    let target = &outline.pair.target.id;
    for other in others {
        if target.is_some() && other.source_cluster_id == *target {
            sources.extend(other.routes.iter().map(|(source, _)| source.as_str()));
        }
    }
    let also_source: Vec<&str> = full
        .iter()
        .map(|(topic, _)| *topic)
        .filter(|topic| sources.contains(topic))
        .collect();
    if also_source.is_empty() {
        return Finding::warning(
            ID,
            cause,
            "they are DELETED at the first launch, once",
            "choose --existing append or stop to keep them",
        );
    }
    Finding::failed(
        ID,
        format!("{} is also a source of a task", quoted(&also_source)),
        "deleting it would delete what is to be copied",
        "choose --existing append, or another target name",
    )
}
