//! A task moves between this computer and a Connect cluster, and keeps its positions.

use std::sync::Arc;

use sluice_connect::MirrorOffset;
use sluice_engine::{CheckpointStore, Observer, OutsideCopy};
use sluice_model::{SourceId, Task, TaskName, TaskSettings};
use sluice_store::TaskRow;

use super::check::is_carried;
use super::deployment::{Deployment, Leaving, leave_connect, mirror_offset, positions_at};
use super::starting::{connectors, is_exactly_once, stands_on_target};
use crate::core::{self, Core};
use crate::{AppError, ErrorCode, Result};

/// Makes everything ready for the task of `row`, which does not run, to go on at `to`: another Connect cluster, or this
/// computer. Returns its settings from then on; nothing of them is stored yet.
///
/// # Errors
/// The task cannot run there, or a cluster cannot be asked.
pub(crate) fn move_task(core: &Arc<Core>, row: &TaskRow, to: Option<&SourceId>) -> Result<TaskSettings> {
    let before = core::settings(row)?;
    let after = TaskSettings {
        run_on: to.cloned(),
        ..before.clone()
    };
    if before.run_on == after.run_on {
        return Err(AppError::field("run_on", "the task runs there already"));
    }
    let errors = after.check();
    if !errors.is_empty() {
        return Err(AppError::fields(errors));
    }
    is_carried(core, &after)?;
    let is_launched = core.store.launch(&TaskName::new(&row.id)?)?.is_some();
    if !is_launched {
        return Ok(after);
    }
    match (&before.run_on, to) {
        (Some(_), Some(_)) => Err(AppError::new(
            ErrorCode::Refused,
            "move the task to this computer first (--run-on here), then to the other Connect cluster",
        )),
        (None, Some(on)) => {
            to_connect(core, row, &after, on)?;
            Ok(after)
        }
        (Some(on), None) => {
            from_connect(core, row, &before, on)?;
            Ok(after)
        }
        (None, None) => Ok(after),
    }
}

/// Makes the connectors, stopped, at the positions of the task, whatever positions Connect has of earlier times.
fn to_connect(core: &Arc<Core>, row: &TaskRow, settings: &TaskSettings, on: &SourceId) -> Result<()> {
    let client = core.connect_client(on)?;
    let worker = client.worker()?;
    if !worker.version.takes_positions() {
        return Err(AppError::new(
            ErrorCode::Refused,
            format!(
                "Connect {} cannot be given positions; that needs 3.6 or later",
                worker.version
            ),
        ));
    }
    let missing = client.missing_plugins()?;
    if !missing.is_empty() {
        return Err(AppError::new(
            ErrorCode::Refused,
            format!(
                "the workers do not have MirrorMaker's connectors ({})",
                missing.join(", ")
            ),
        ));
    }
    let support = client.support()?;
    let copy = copy(
        core,
        row,
        core.writing_task(row)?,
        is_exactly_once(settings, support),
    )?;
    stands_on_target(worker.kafka_cluster_id.as_deref(), copy.target_cluster_id())?;
    let (connectors, alias) = connectors(core, row, settings, &copy, support)?;
    let deployment = Deployment {
        client: &client,
        version: &worker.version,
        connectors: &connectors,
        alias: &alias,
        cancelled: &|| false,
    };
    let positions: Vec<MirrorOffset> = copy
        .positions()
        .iter()
        .map(|(key, position)| mirror_offset(key, *position))
        .collect();
    for connector in &connectors {
        deployment.make(connector, &|| Ok(positions.clone()))?;
    }
    Ok(())
}

/// Stops the connectors, notes exactly where they stand, and removes them, so that they cannot be resumed beside this computer.
fn from_connect(core: &Arc<Core>, row: &TaskRow, settings: &TaskSettings, on: &SourceId) -> Result<()> {
    stop_and_note(core, row, settings, on)?;
    leave_connect(core, row, Leaving::Delete)
}

/// Sees that the connectors of a task that is at rest have stopped, and notes exactly where they stand: a program that was
/// killed while they stopped does not know it. Does nothing for a task that runs on this computer.
///
/// # Errors
/// A cluster cannot be asked, or the connectors do not stop.
pub(crate) fn rest_on_connect(core: &Arc<Core>, row: &TaskRow) -> Result<()> {
    let settings = core::settings(row)?;
    match &settings.run_on {
        Some(on) => stop_and_note(core, row, &settings, on),
        None => Ok(()),
    }
}

fn stop_and_note(core: &Arc<Core>, row: &TaskRow, settings: &TaskSettings, on: &SourceId) -> Result<()> {
    let client = core.connect_client(on)?;
    let support = client.support()?;
    leave_connect(core, row, Leaving::Stop)?;
    // Nothing is written any more, so that no other task can be in the way.
    let task = core.engine_task(row)?;
    let mut copy = copy(core, row, task, is_exactly_once(settings, support))?;
    let (_, alias) = connectors(core, row, settings, &copy, support)?;
    let mut ask = || positions_at(&client, &row.id, &alias).map_err(|error| error.to_string());
    let progress = copy.look(&mut ask, true, &|| false);
    if let Some(error) = progress.error {
        return Err(AppError::new(ErrorCode::ClusterUnreachable, error));
    }
    // From an older note, records would be copied twice.
    let unknown = progress.partitions.into_iter().find_map(|row| row.error);
    match unknown.or_else(|| copy.not_noted()) {
        None => Ok(()),
        Some(why) => Err(AppError::new(
            ErrorCode::StateForbids,
            format!("where the connectors stand is not exactly known: {why}"),
        )),
    }
}

fn copy(core: &Arc<Core>, row: &TaskRow, task: Task, exactly_once: bool) -> Result<OutsideCopy> {
    let observer: Observer = core.observer(&core::task_id(row)?);
    Ok(OutsideCopy::begin(
        task,
        core.store.clone(),
        observer,
        exactly_once,
        &|| false,
    )?)
}
