//! A task is launched, its connectors are made at its positions, and they go on.

use std::sync::Arc;

use sluice_connect::{Connector, ConnectorKind, Mirror, MirrorOffset, Support, Upkeep, Worker, naming};
use sluice_engine::{Observer, OutsideCopy};
use sluice_model::{Delivery, SourceId, TaskSettings};
use sluice_store::TaskRow;

use super::check::left_out;
use super::connect_run::{ConnectRun, Ground};
use super::deployment::{Deployment, Made, mirror_offset, positions_at};
use crate::core::{self, Core};
use crate::tasks::engine::Run;
use crate::tasks::trouble::Trouble;
use crate::{AppError, ErrorCode, Result};

/// Whether records and positions are written in one transaction.
pub(super) fn is_exactly_once(settings: &TaskSettings, support: Support) -> bool {
    settings.delivery == Delivery::ExactlyOnce && support.exactly_once == Some(true)
}

/// Launches or resumes the task of `row` on the Connect cluster `on`. What runs there already is taken over as it is.
pub(crate) fn start_on_connect(
    core: &Arc<Core>,
    row: &TaskRow,
    settings: &TaskSettings,
    on: &SourceId,
    cancelled: &(dyn Fn() -> bool + Sync),
) -> std::result::Result<Box<dyn Run>, Trouble> {
    let client = core.connect_client(on)?;
    let worker = client.worker().map_err(AppError::from)?;
    tells_where_it_stands(&worker)?;
    let support = client.support().map_err(AppError::from)?;
    let exactly_once = is_exactly_once(settings, support);
    let task = core.writing_task(row)?;
    let observer: Observer = core.observer(&core::task_id(row)?);
    let mut copy = OutsideCopy::begin(task, core.store.clone(), observer, exactly_once, cancelled)?;
    stands_on_target(worker.kafka_cluster_id.as_deref(), copy.target_cluster_id())?;
    let (connectors, alias) = connectors(core, row, settings, &copy, support)?;
    let deployment = Deployment {
        client: &client,
        version: &worker.version,
        connectors: &connectors,
        alias: &alias,
        cancelled,
    };
    make_all(core, row, &deployment, &copy)?;
    // What is missing at the source is missing before the connector goes on: later it would be seen to have passed over it.
    let source = ConnectorKind::Source.name_of(&row.id);
    let status = client.status(&source).map_err(AppError::from)?;
    let at_rest = status.is_some_and(|status| status.is_stopped());
    let mut ask = || positions_at(&client, &row.id, &alias).map_err(|error| error.to_string());
    copy.look(&mut ask, at_rest, cancelled);
    deployment.resume()?;
    let ground = Ground {
        client,
        copy,
        connectors,
        alias,
        bounded: settings.bounded,
        support,
        core: Arc::clone(core),
        id: core::task_id(row)?,
    };
    Ok(Box::new(ConnectRun::spawn(ground)?))
}

/// Without the connector's offsets nothing true can be said of the copy, and where it stops is not known.
fn tells_where_it_stands(worker: &Worker) -> Result<()> {
    if worker.version.stops() {
        return Ok(());
    }
    Err(AppError::new(
        ErrorCode::Refused,
        format!(
            "Connect {} does not tell where a connector stands, and cannot stop it; use workers of 3.5 or later, or move the task to this computer",
            worker.version
        ),
    ))
}

/// The workers write to the Kafka that they stand on, whatever the task says.
pub(super) fn stands_on_target(stands_on: Option<&str>, target: Option<&str>) -> Result<()> {
    match (stands_on, target) {
        (Some(on), Some(target)) if on != target => Err(AppError::new(
            ErrorCode::Refused,
            format!(
                "the Connect cluster stands on another Kafka ({on}) than the task's target ({target}), and its workers would write there; choose a Connect cluster on the target"
            ),
        )),
        _ => Ok(()),
    }
}

/// The connectors of a launched task, and how Connect's offsets call its source.
pub(super) fn connectors(
    core: &Core,
    row: &TaskRow,
    settings: &TaskSettings,
    copy: &OutsideCopy,
    support: Support,
) -> Result<(Vec<Connector>, String)> {
    let topics = copy.topics();
    if let Some(left_out) = left_out(&topics) {
        return Err(AppError::new(
            ErrorCode::Refused,
            format!(
                "{left_out}; leave them out of this task, and copy them with a task that runs on this computer"
            ),
        ));
    }
    let shape = Shape {
        topics: &topics,
        partitions: copy.positions().len(),
        upkeep: Upkeep::Sluice {
            target_brokers: copy.target_brokers(),
        },
        support,
    };
    described(core, row, settings, &shape)
}

struct Shape<'a> {
    topics: &'a [String],
    partitions: usize,
    upkeep: Upkeep,
    support: Support,
}

fn described(
    core: &Core,
    row: &TaskRow,
    settings: &TaskSettings,
    shape: &Shape<'_>,
) -> Result<(Vec<Connector>, String)> {
    let refused = |why: sluice_connect::NotCarried| AppError::new(ErrorCode::Refused, why.0);
    let task = core.engine_task(row)?;
    let mirror = Mirror {
        task: &row.id,
        topics: shape.topics,
        partitions: shape.partitions,
        naming: naming(&settings.rename).map_err(refused)?,
        source: &task.source,
        target: &task.target,
        upkeep: shape.upkeep,
        exactly_once: is_exactly_once(settings, shape.support),
        overrides: shape.support.overrides == Some(true),
        compression: settings.compression,
    };
    let alias = mirror.alias();
    Ok((mirror.connectors().map_err(refused)?, alias))
}

/// The connectors that a task would have, for an export: of the topics that it has, or that it names.
///
/// # Errors
/// It cannot run on Connect, or its topics are not known.
pub(crate) fn planned_connectors(core: &Core, row: &TaskRow) -> Result<Vec<Connector>> {
    use sluice_engine::CheckpointStore;
    use sluice_model::{Objects, TaskName};

    let settings = core::settings(row)?;
    let launched = core.store.partitions(&TaskName::new(&row.id)?)?;
    let mut topics: Vec<String> = launched.iter().map(|state| state.key.topic.clone()).collect();
    topics.sort();
    topics.dedup();
    let partitions = launched.len();
    if topics.is_empty() {
        match &settings.objects {
            Objects::Topics(named) => topics.clone_from(named),
            Objects::Matching { .. } => {
                return Err(AppError::new(
                    ErrorCode::Refused,
                    "the task chooses its topics by a pattern and was not started yet, so that they are not known; start it, or name them",
                ));
            }
        }
    }
    let shape = Shape {
        topics: &topics,
        partitions: partitions.max(topics.len()),
        upkeep: Upkeep::MirrorMaker {
            replication_factor: settings.replication_factor,
        },
        // People who declare clusters can have both.
        support: Support {
            exactly_once: Some(true),
            overrides: Some(true),
        },
    };
    described(core, row, &settings, &shape).map(|(connectors, _)| connectors)
}

/// Makes the connectors, or gives those that are there the task's settings, and the one that copies its positions.
pub(super) fn make_all(
    core: &Arc<Core>,
    row: &TaskRow,
    deployment: &Deployment<'_>,
    copy: &OutsideCopy,
) -> Result<()> {
    let id = core::task_id(row)?;
    for connector in deployment.connectors {
        match deployment.make(connector, &|| missing_positions(deployment, &row.id, copy))? {
            Made::New => core.log(
                &id,
                "info",
                format!("the connector '{}' is made on Connect", connector.name),
            ),
            Made::AsWanted => {}
            Made::Changed(fields) => core.log(
                &id,
                "warning",
                format!(
                    "the connector '{}' had other settings than the task has, and was given these: {}",
                    connector.name,
                    fields.join(", ")
                ),
            ),
        }
    }
    Ok(())
}

/// What Connect has a position of stands there: it wrote it with the records. What it has none of gets that of the task.
fn missing_positions(
    deployment: &Deployment<'_>,
    task: &str,
    copy: &OutsideCopy,
) -> Result<Vec<MirrorOffset>> {
    let there = positions_at(deployment.client, task, deployment.alias)?;
    Ok(copy
        .positions()
        .iter()
        .filter(|(key, position)| **position > 0 && !there.contains_key(*key))
        .map(|(key, position)| mirror_offset(key, *position))
        .collect())
}
