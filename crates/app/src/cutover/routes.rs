use std::collections::BTreeMap;

use sluice_engine::CheckpointStore;
use sluice_model::{TaskId, TaskName};

use super::record::TopicPair;
use crate::core::{self, Core};
use crate::{AppError, ErrorCode, Result};

/// The topics that a task copies, on both sides.
///
/// # Errors
/// It has copied nothing yet.
pub(super) fn routes(core: &Core, task: &TaskId) -> Result<Vec<TopicPair>> {
    let store: &dyn CheckpointStore = core.store.as_ref();
    let settings = core::settings(&core.task(task.as_str())?)?;
    let states = store.partitions(&TaskName::new(task.as_str())?)?;
    let known: BTreeMap<String, String> = states
        .into_iter()
        .map(|state| (state.key.topic, state.target_topic))
        .collect();
    let chosen: Vec<TopicPair> = settings
        .objects
        .select(known.keys().map(String::as_str))?
        .into_iter()
        .filter_map(|source| {
            Some(TopicPair {
                source: source.to_owned(),
                target: known.get(source)?.clone(),
            })
        })
        .collect();
    if chosen.is_empty() {
        return Err(AppError::new(
            ErrorCode::StateForbids,
            "the task has not copied anything yet; start it, and plan the cut-over when it has",
        ));
    }
    Ok(chosen)
}
