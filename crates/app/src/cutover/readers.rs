//! Which groups read a task's topics.

use sluice_engine::{GroupChoice, group_inventory};
use sluice_model::TaskId;

use super::clusters::Clusters;
use super::plan::Reader;
use crate::Result;

/// Groups of Sluice itself begin so: they keep the positions of copies.
const OWN: &str = "sluice.";

/// The groups of the source that have positions in the task's topics, by name.
pub(super) fn read(clusters: &Clusters<'_>, task: &TaskId) -> Result<Vec<Reader>> {
    let row = clusters.core.task(task.as_str())?;
    let report = group_inventory(
        &clusters.core.engine_task(&row)?,
        clusters.core.store.as_ref(),
        &GroupChoice::All,
        clusters.cancelled,
    )?;
    Ok(report
        .groups
        .into_iter()
        .filter(|found| !found.group.starts_with(OWN))
        .map(|found| Reader {
            topics: found.topics_inside.iter().cloned().collect(),
            outside: found.topics_outside.iter().cloned().collect(),
            why_not: (!found.kind.is_moved()).then(|| {
                found
                    .reason
                    .clone()
                    .unwrap_or_else(|| "it is of a kind that has no committed offsets".to_owned())
            }),
            group: found.group,
        })
        .collect())
}
