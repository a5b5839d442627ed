//! Which groups read a task's topics.

use sluice_engine::{GroupChoice, group_inventory};
use sluice_model::TaskId;

use super::clusters::Clusters;
use super::journal::StoreJournal;
use super::plan::Reader;
use super::record::Cutover;
use super::torn::{other_stages, torn};
use super::world::UnplannedGroups;
use crate::Result;

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

/// Groups that read a cut-over's topics and that its plan leaves out, and those that it tears from topics of other stages.
pub(super) fn unplanned(clusters: &Clusters<'_>, cutover: &Cutover) -> Result<UnplannedGroups> {
    let topics = cutover.source_topics();
    let stages = other_stages(&StoreJournal(&clusters.core.store), cutover)?;
    let may_run = cutover.may_run();
    let mut unplanned = UnplannedGroups::default();
    for reader in read(clusters, &cutover.task)? {
        if cutover.groups.contains(&reader.group) {
            unplanned
                .torn
                .extend(torn(&reader.group, &reader.outside, &stages));
        } else if reader.topics.iter().any(|topic| topics.contains(topic)) && !may_run.contains(&reader.group)
        {
            unplanned.new.push(reader.group);
        }
    }
    Ok(unplanned)
}
