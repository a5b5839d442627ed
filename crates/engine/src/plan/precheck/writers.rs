//! `other_writers`.

use sluice_model::Task;

use crate::finding::Finding;
use crate::plan::precheck::facts::{Growth, Outline};
use crate::plan::precheck::words::{listed, quoted};

/// Whether somebody else writes to the target topics. Brokers do not list producers to this client: what is seen is that
/// a topic gains offsets, holds records of the last minute, or has a transaction that is not over.
pub(crate) fn writers(task: &Task, outline: &Outline, growth: &Growth) -> Finding {
    const ID: &str = "other_writers";
    if outline.launch.is_some() {
        return Finding::success(
            ID,
            "the task was launched before: what its target topics gain may be its own",
        );
    }
    if task.both_ways.is_some() {
        return Finding::success(
            ID,
            "both sides of the pair are written by applications, as is meant",
        );
    }
    let mut signs: Vec<String> = growth
        .target
        .iter()
        .map(|(topic, offsets)| format!("'{topic}' gained {offsets} offsets in {:.1} s", growth.seconds))
        .collect();
    signs.extend(
        growth
            .recent
            .iter()
            .filter(|(topic, _)| !growth.target.contains_key(*topic))
            .map(|(topic, offsets)| format!("'{topic}' got {offsets} offsets within the last minute")),
    );
    let open: Vec<&String> = growth.open.iter().collect();
    if !open.is_empty() {
        signs.push(format!("{} has a transaction that is not over", quoted(&open)));
    }
    if signs.is_empty() {
        return Finding::success(
            ID,
            format!(
                "no target topic gained a record in {:.1} s, and none has an open transaction",
                growth.seconds
            ),
        );
    }
    Finding::warning(
        ID,
        format!("somebody else writes to the target: {}", listed(&signs, "; ")),
        "the copy is mixed with other records, and verification lists them as differences",
        "stop the other producer, or choose other target names",
    )
}
