//! `name_collision`.

use std::collections::BTreeMap;

use sluice_model::InvalidTask;

use crate::finding::Finding;
use crate::plan::precheck::facts::Outline;
use crate::plan::precheck::words::listed;

/// Whether target names are in each other's way. Kafka's metrics take '.' for '_', so brokers refuse a new topic whose
/// name differs from another's in that alone.
pub(crate) fn collisions(outline: &Outline) -> Finding {
    const ID: &str = "name_collision";
    if let Some(invalid) = &outline.invalid {
        let remedy = match invalid {
            InvalidTask::Merge { .. } => "give each source topic a target name of its own",
            _ => "correct the renaming",
        };
        return Finding::failed(
            ID,
            invalid.to_string(),
            "the topics have no valid places on the target",
            remedy,
        );
    }
    let folded = |name: &str| name.replace('.', "_");
    let mut existing: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for name in outline.pair.target.metadata.topics.keys() {
        existing.entry(folded(name)).or_default().push(name);
    }
    let mut chosen: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for route in &outline.routes {
        chosen
            .entry(folded(&route.target_topic))
            .or_default()
            .push(&route.target_topic);
    }
    let (mut refused, mut mixed) = (Vec::new(), Vec::new());
    for route in &outline.routes {
        let name = route.target_topic.as_str();
        let key = folded(name);
        let like = |names: &BTreeMap<String, Vec<&str>>| -> Option<String> {
            names
                .get(&key)?
                .iter()
                .find(|other| **other != name)
                .map(|other| (*other).to_owned())
        };
        let created = route.target_partitions.is_none() && !route.target_denied;
        if let Some(other) = like(&existing).or_else(|| like(&chosen)) {
            let cause = format!("'{name}' and '{other}' differ only in '.' and '_'");
            if created {
                refused.push(cause);
            } else {
                mixed.push(cause);
            }
        }
    }
    if !refused.is_empty() {
        return Finding::failed(
            ID,
            listed(&refused, "; "),
            "the target refuses to create the second of two such topics",
            "give one of them another target name",
        );
    }
    if !mixed.is_empty() {
        return Finding::warning(
            ID,
            listed(&mixed, "; "),
            "the target's metrics mix the two topics",
            "none needed; to distinguish them in metrics, rename one",
        );
    }
    Finding::success(ID, "each topic has a target name of its own")
}
