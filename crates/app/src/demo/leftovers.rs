//! What belongs to the demonstration, and its removal after the program that brought the clusters has ended.

use serde_json::Value;
use sluice_model::SourceId;
use sluice_store::TaskFilter;
use sluice_store::TaskRow;

use crate::Result;
use crate::core::Core;
use crate::schema::AppEvent;

/// Where the ids of the demonstration's data sources are kept. No setting that a person could set.
const SOURCES_SETTING: &str = "demo_sources";

/// Removes what a demonstration of an earlier program left behind. Before tasks run.
pub(crate) fn remove_leftovers(core: &Core) -> Result<()> {
    let sources = sources(core)?;
    for row in tasks(core, &sources)? {
        core.store.delete_task(&row.id)?;
        tracing::info!(task = %row.id, "removed with the demo's clusters, which ended with the last program");
    }
    forget(core, &sources)
}

/// Removes the data sources of these ids, and the note that they were the demonstration's.
pub(crate) fn forget(core: &Core, sources: &[String]) -> Result<()> {
    if sources.is_empty() {
        return Ok(());
    }
    for id in sources {
        core.store.delete_source(id)?;
    }
    remember(core, &[])?;
    core.bus.publish(&AppEvent::SourcesChanged);
    Ok(())
}

/// Ids of the demonstration's data sources.
pub(crate) fn sources(core: &Core) -> Result<Vec<String>> {
    let kept = core.store.setting(SOURCES_SETTING)?;
    Ok(kept
        .as_ref()
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .map(str::to_owned)
        .collect())
}

/// Notes that these are the demonstration's data sources.
pub(crate) fn remember(core: &Core, sources: &[&SourceId]) -> Result<()> {
    let ids = sources.iter().map(|id| Value::from(id.as_str())).collect();
    Ok(core.store.set_setting(SOURCES_SETTING, &Value::Array(ids))?)
}

/// Every task that reads or writes one of `sources`.
pub(crate) fn tasks(core: &Core, sources: &[String]) -> Result<Vec<TaskRow>> {
    if sources.is_empty() {
        return Ok(Vec::new());
    }
    let (mut rows, _) = core.store.tasks(&TaskFilter::default())?;
    rows.retain(|row| sources.contains(&row.source_id) || sources.contains(&row.target_id));
    Ok(rows)
}
