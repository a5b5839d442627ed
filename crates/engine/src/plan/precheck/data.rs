//! `target_data`.

use std::collections::BTreeSet;

use sluice_model::{ExistingData, Task};

use crate::finding::Finding;
use crate::plan::precheck::context::OtherTask;
use crate::plan::precheck::facts::{Offsets, Outline};
use crate::plan::precheck::words::{listed, quoted};

/// What the target topics hold, and what would become of it.
pub(crate) fn target_data(
    task: &Task,
    outline: &Outline,
    offsets: &Offsets,
    others: &[&OtherTask],
) -> Finding {
    const ID: &str = "target_data";
    if outline.launch.is_some() {
        return Finding::success(
            ID,
            "the task was launched before: what the target topics hold is left alone",
        );
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
        ExistingData::Append => Finding::warning(
            ID,
            cause,
            "they stay, and the copy is written behind them",
            "none needed",
        ),
        ExistingData::Rewrite => {
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
    }
}
