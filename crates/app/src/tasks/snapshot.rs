//! A task's numbers, from its live run or from what was saved.

use std::collections::BTreeMap;
use std::sync::Arc;

use sluice_engine::{
    CheckpointStore, PartitionCondition, PartitionProgress, PartitionState, Progress, Side, Stage,
};
use sluice_model::{Start, TaskName, TaskState};
use sluice_store::TaskRow;

use super::live::Live;
use crate::Result;
use crate::clock::now_ms;
use crate::core::{self, Core};
use crate::schema::{TaskSnapshot, TroubleCause, TroubleView, side_of, stages};

/// A source that deletes what was not copied is shown this long before, in seconds: a day.
const WORTH_SHOWING_S: i64 = 24 * 60 * 60;

/// The numbers of `row`.
pub(crate) fn snapshot(core: &Core, row: &TaskRow, live: Option<&Live>) -> Result<TaskSnapshot> {
    let persist_error = live.and_then(|live| live.persist_error.clone());
    let state = shown_state(core::state(row)?, persist_error.as_deref());
    let settings = core::settings(row)?;
    let running = live.and_then(|live| live.progress.clone());
    let at_ms = live
        .filter(|live| live.progress.is_some())
        .map_or_else(now_ms, |live| live.taken_ms);
    let progress = match running {
        Some(progress) => Some(Arc::unwrap_or_clone(progress)),
        None => saved(core, row)?,
    };
    let stages = stages(state, progress.as_ref(), settings.start == Start::Latest);
    let id = core::task_id(row)?;
    let over = matches!(state, TaskState::Terminated | TaskState::Completed);
    let mut progress = progress.unwrap_or_default();
    if live.is_some_and(|live| live.is_between_runs) {
        come_to_rest(&mut progress);
    }
    core.stopped.leave_out_accepted(&id, &mut progress.partitions);
    if progress.quarantined > 0 {
        // A run counts what it refused; what a person decided since is in the store alone.
        progress.quarantined = core.store.quarantined_count(&TaskName::new(&row.id)?)?;
    }
    let last_error = if over {
        // What was in the way when it came to its end, as connectors that could not be stopped.
        row.reason.clone()
    } else {
        persist_error
            .or(progress.error)
            .or_else(|| row.reason.clone())
            .or_else(|| {
                progress
                    .partitions
                    .iter()
                    .find_map(|partition| partition.error.clone())
            })
    };
    let totals = |pick: fn(&PartitionProgress) -> u64| progress.partitions.iter().map(pick).sum();
    let written: u64 = totals(|row| row.records);
    Ok(TaskSnapshot {
        task_id: id,
        state,
        since_ms: row.since_ms,
        at_ms,
        stages,
        delay_ms: progress.delay_ms,
        lag_records: progress.lag_records,
        lag_bytes: progress.lag_bytes_estimate,
        eta_seconds: progress.eta_seconds,
        read_records: written.max(progress.read_records),
        written_records: written,
        written_bytes: totals(|row| row.bytes),
        read_rate: progress.read_rate,
        write_rate: progress.write_rate,
        read_bytes_rate: progress.read_bytes_rate,
        write_bytes_rate: progress.write_bytes_rate,
        latency: progress.latency,
        gaps: progress.gaps,
        quarantined: progress.quarantined,
        stopped_partitions: progress.stopped_partitions,
        retention_left_seconds: core
            .retention_ends
            .seconds_left(&row.id, progress.retention_left_seconds)
            .filter(|left| *left <= WORTH_SHOWING_S),
        trouble: trouble(
            core,
            row,
            state,
            last_error.as_deref(),
            &progress.partitions,
            live,
        )?,
        last_error,
        delivery: progress.delivery,
        partitions: progress.partitions,
        summary: None,
    })
}

/// Nothing is on its way between two runs, whatever the last one did when it ended.
fn come_to_rest(progress: &mut Progress) {
    (progress.read_rate, progress.write_rate) = (0.0, 0.0);
    (progress.read_bytes_rate, progress.write_bytes_rate) = (0.0, 0.0);
    progress.eta_seconds = None;
    for row in &mut progress.partitions {
        row.rate = 0.0;
        row.next_try_ms = None;
        if matches!(
            row.condition,
            PartitionCondition::Copying | PartitionCondition::CaughtUp
        ) {
            row.condition = PartitionCondition::AtRest;
        }
    }
}

/// What is wrong with a task in `state`, whose last error is `sentence`.
fn trouble(
    core: &Core,
    row: &TaskRow,
    state: TaskState,
    sentence: Option<&str>,
    partitions: &[PartitionProgress],
    live: Option<&Live>,
) -> Result<Option<TroubleView>> {
    let is_troubled = matches!(state, TaskState::Abnormal | TaskState::Failed)
        || (state == TaskState::Paused && partitions.iter().any(|partition| partition.gap.is_some()));
    let Some(sentence) = sentence.filter(|_| is_troubled) else {
        return Ok(None);
    };
    let has_gap = partitions.iter().any(|partition| partition.gap.is_some());
    let cause = if has_gap {
        TroubleCause::Gap
    } else {
        TroubleCause::of(sentence)
    };
    let of = |source: &str| -> Result<Vec<String>> {
        let found = core
            .store
            .source(source)?
            .map(|found| core::form(&found))
            .transpose()?;
        Ok(found.map_or_else(Vec::new, |form| addresses(&form.bootstrap)))
    };
    let (at_source, at_target) = (of(&row.source_id)?, of(&row.target_id)?);
    let names = |brokers: &[String]| brokers.iter().any(|address| sentence.contains(address.as_str()));
    let side = match side_of(sentence) {
        _ if has_gap => Some(Side::Source),
        Some(side) => Some(side),
        // A client's own words name the broker alone.
        None if names(&at_target) => Some(Side::Target),
        None if names(&at_source) => Some(Side::Source),
        None => None,
    };
    let brokers = match side {
        Some(Side::Source) => at_source,
        Some(Side::Target) => at_target,
        None => Vec::new(),
    };
    Ok(Some(TroubleView {
        sentence: sentence.to_owned(),
        cause,
        side,
        brokers,
        since_ms: row.since_ms,
        next_try_ms: live
            .and_then(|live| live.next_try_ms)
            // A run that goes on tries its partitions again one by one.
            .or_else(|| partitions.iter().filter_map(|row| row.next_try_ms).min())
            .filter(|_| state == TaskState::Abnormal),
    }))
}

/// The addresses of a bootstrap list, as they were entered.
fn addresses(bootstrap: &str) -> Vec<String> {
    bootstrap
        .split([',', '\n', ' '])
        .map(str::trim)
        .filter(|address| !address.is_empty())
        .map(str::to_owned)
        .collect()
}

/// The state to be shown of a task that is stored as `stored`: one whose state cannot be stored does not run.
pub(crate) fn shown_state(stored: TaskState, persist_error: Option<&str>) -> TaskState {
    match stored {
        TaskState::Starting | TaskState::Running if persist_error.is_some() => TaskState::Abnormal,
        stored => stored,
    }
}

/// What is known of a task that does not run: where it stands, not where its source's end is.
fn saved(core: &Core, row: &TaskRow) -> Result<Option<Progress>> {
    let name = TaskName::new(&row.id)?;
    let Some(launch) = core.store.launch(&name)? else {
        return Ok(None);
    };
    let stopped: BTreeMap<(String, i32), PartitionProgress> = core
        .stopped
        .of(&core::task_id(row)?)
        .into_iter()
        .map(|row| ((row.topic.clone(), row.partition), row))
        .collect();
    let mut partitions = core.store.partitions(&name)?;
    partitions.retain(PartitionState::is_pinned);
    let full = partitions.iter().all(|state| state.position >= state.backlog_end);
    let (done, all) = partitions.iter().fold((0, 0), |(done, all), state| {
        (
            done + (state.position.min(state.backlog_end) - state.start).max(0),
            all + (state.backlog_end - state.start).max(0),
        )
    });
    Ok(Some(Progress {
        task: row.id.clone(),
        stage: if full { Stage::Incremental } else { Stage::Full },
        delivery: launch.delivery,
        full_percent: if all == 0 {
            100.0
        } else {
            100.0 * done as f64 / all as f64
        },
        gaps: core.store.gaps(&name)?.len() as u64,
        quarantined: core.store.quarantined_count(&name)?,
        partitions: partitions
            .into_iter()
            .map(|state| {
                let held = stopped.get(&(state.key.topic.clone(), state.key.partition));
                (state, held)
            })
            .map(|(state, held)| PartitionProgress {
                condition: held.map_or(PartitionCondition::AtRest, |held| held.condition),
                error: held.and_then(|held| held.error.clone()),
                gap: held.and_then(|held| held.gap),
                topic: state.key.topic,
                target_topic: state.target_topic,
                partition: state.key.partition,
                start: state.start,
                position: state.position,
                target_next: state.target_next,
                records: state.records,
                bytes: state.bytes,
                ..PartitionProgress::default()
            })
            .collect(),
        ..Progress::default()
    }))
}
