//! A running task: its threads, and the handle that a shell holds.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Instant;

use sluice_kafka::{CALL_DEADLINE, Isolation, OffsetQuery};
use sluice_model::Task;

use crate::copy::Followed;
use crate::copy::Watcher;
use crate::copy::{Copier, Job, Pruning, RunOptions, Shared, UNMATCHED, meet_end, reconcile};
use crate::error::{EngineError, Result};
use crate::finding::Verdict;
use crate::launch;
use crate::partition::{Halt, Track, take_committed, target_partitions};
use crate::plan::{Pair, Plan, plan};
use crate::position::EffectiveDelivery;
use crate::position::{
    Checkpoint, CheckpointStore, Launch, PairedWriters, PartitionKey, PartitionState, WriterNotes,
};
use crate::position::{Writership, committed_positions, latest_writer};
use crate::position::{each, lacks_leader};
use crate::progress::{Event, Observer};
use crate::run::handle::Running;
use crate::run::lanes;

/// Starts or resumes `task`. Returns when positions are pinned and saved and the target has accepted this instance as
/// the only writer; the copy then runs on its own threads.
///
/// # Errors
/// A cluster cannot be reached, a check forbids the start, or the state cannot be written. Nothing was copied then.
pub fn start(
    task: Task,
    store: Arc<dyn CheckpointStore>,
    observer: Observer,
    options: RunOptions,
) -> Result<Running> {
    start_unless(task, store, observer, options, &|| false)
}

/// As [`start`], and gives up soon after `cancelled` says so, unless both clusters have answered by then.
///
/// # Errors
/// As [`start`].
pub fn start_unless(
    task: Task,
    store: Arc<dyn CheckpointStore>,
    observer: Observer,
    options: RunOptions,
    cancelled: &(dyn Fn() -> bool + Sync),
) -> Result<Running> {
    let mut plan = plan(&task, store.as_ref(), cancelled)?;
    judge(&plan, &observer)?;
    let (launched, partitions, mut stopped) = launch_or_check(&mut plan, &task, store.as_ref(), &observer)?;
    let shared = Arc::new(Shared::new(task.rate));
    let identity = plan.identity(&task);
    let hashes = partitions
        .iter()
        .any(|partition| partition.source_topic_id.is_none());
    let wanted = lanes::Wanted {
        identity: &identity,
        hashes,
        options,
        pair: paired_writers(&plan, &task, &store)?,
    };
    let lane = lanes::open(&plan, &task, &partitions, wanted, &observer)?;
    store.note_lane(&task.name, lane.kind())?;
    let mut tracks = tracks(&plan, store.as_ref(), &task, partitions, hashes)?;
    let mut writership = Writership {
        generation: 1,
        instance: new_launch_id(),
    };
    match plan.delivery {
        EffectiveDelivery::Transactions => {
            let found = committed_positions(&task, &identity, target_partitions(&tracks), CALL_DEADLINE)?;
            writership.generation += latest_writer(&found).map_or(0, |writer| writer.generation);
            take_committed(&launched.launch_id, &mut tracks, &found);
        }
        EffectiveDelivery::Reconciled => {
            for track in &mut tracks {
                match_with_source(&plan, &task, store.as_ref(), track, &observer)?;
            }
        }
        EffectiveDelivery::Mirror => {
            let found = committed_positions(&task, &identity, target_partitions(&tracks), CALL_DEADLINE)?;
            writership.generation += latest_writer(&found).map_or(0, |writer| writer.generation);
            for track in &mut tracks {
                match match_with_source(&plan, &task, store.as_ref(), track, &observer) {
                    Err(EngineError::Refused(reason)) => {
                        stopped.insert(track.state.key.clone(), Halt::from(reason));
                    }
                    other => other?,
                }
            }
        }
        EffectiveDelivery::AtLeastOnce | EffectiveDelivery::AtLeastOnceOrdered => {}
    }
    stop(&mut tracks, &stopped, &observer);
    let states: Vec<PartitionState> = tracks.iter().map(|track| track.state.clone()).collect();
    let delivery = plan.delivery;
    let pruning = Pruning::new(Arc::clone(&store), task.name.clone(), options.prune_every);
    let waiting = waiting(store.as_ref(), &task)?;
    let followed = Followed::new(&states, waiting.clone(), launched.launched_at_ms);
    let watcher = Watcher::new(plan.pair, task.clone(), observer.clone(), pruning, followed);
    let job = Job {
        task,
        identity,
        launch_id: launched.launch_id,
        writership,
        delivery,
        store,
        observer,
        options,
        shared: shared.clone(),
    };
    let mut copier = Copier::new(job, lane, tracks)?;
    copier.wait_for_leaders(waiting);
    copier.publish();
    spawn(copier, watcher, shared)
}

/// Lets the copier run on a thread of its own.
fn spawn(copier: Copier, watcher: Watcher, shared: Arc<Shared>) -> Result<Running> {
    let copier = std::thread::Builder::new()
        .name("sluice-copy".into())
        .spawn(move || copier.run(watcher))
        .map_err(|error| EngineError::Internal(format!("no thread for the copy: {error}")))?;
    Ok(Running {
        shared,
        copier: Some(copier),
    })
}

/// Who writes in both directions, where the task has a partner.
fn paired_writers(
    plan: &Plan,
    task: &Task,
    store: &Arc<dyn CheckpointStore>,
) -> Result<Option<PairedWriters>> {
    if task.both_ways.is_none() {
        return Ok(None);
    }
    let own = plan.pair.direction().ok_or_else(|| {
        EngineError::Refused(
            "a pair of tasks needs clusters with ids (Kafka 0.10.1 and newer): producers are told by them"
                .to_owned(),
        )
    })?;
    let notes: Arc<dyn WriterNotes> = store.clone();
    Ok(Some(PairedWriters::new(notes, own)))
}

/// A launched task between two clusters, of which another program makes the copy.
pub(crate) struct Ready {
    pub(crate) pair: Pair,
    pub(crate) partitions: Vec<PartitionState>,
}

/// Launches `task`, or checks its earlier launch, and makes its target topics ready; copies nothing.
///
/// # Errors
/// As [`start`]; also where a partition must not go on, since another program cannot leave it out.
pub(crate) fn make_ready(
    task: &Task,
    store: &dyn CheckpointStore,
    observer: &Observer,
    cancelled: &(dyn Fn() -> bool + Sync),
) -> Result<Ready> {
    let mut plan = plan(task, store, cancelled)?;
    judge(&plan, observer)?;
    let (_, partitions, stopped) = launch_or_check(&mut plan, task, store, observer)?;
    if let Some(halt) = stopped.into_values().next() {
        return Err(EngineError::Refused(halt.sentence));
    }
    if let Some(topic) = waiting(store, task)?.into_keys().next() {
        return Err(EngineError::Refused(format!(
            "partition {topic} has no leader, so that it is not known where its copy begins; start the brokers that hold it, then repeat this"
        )));
    }
    Ok(Ready {
        pair: plan.pair,
        partitions,
    })
}

/// Refuses what the plan found to fail, and reports its warnings.
fn judge(plan: &Plan, observer: &Observer) -> Result<()> {
    let failed: Vec<String> = plan
        .findings
        .iter()
        .filter(|f| f.result == Verdict::Failed)
        .map(|f| format!("{}; {}. {}", f.cause, f.effect, sentence(&f.remedy)))
        .collect();
    if !failed.is_empty() {
        return Err(EngineError::Refused(failed.join("\n")));
    }
    for finding in plan.findings.iter().filter(|f| f.result == Verdict::Warning) {
        observer(Event::Warning(format!("{}; {}", finding.cause, finding.effect)));
    }
    Ok(())
}

/// Launches the task, or checks its earlier launch against the clusters as they are now. Returns the launch, the
/// partitions, and those that must not go on with the reason.
fn launch_or_check(
    plan: &mut Plan,
    task: &Task,
    store: &dyn CheckpointStore,
    observer: &Observer,
) -> Result<(Launch, Vec<PartitionState>, BTreeMap<PartitionKey, Halt>)> {
    let Some(known) = plan.launch.clone() else {
        let id = plan
            .adopted
            .values()
            .next()
            .map_or_else(new_launch_id, |adopted| adopted.note.launch.clone());
        let (launched, partitions) = launch::first(plan, task, store, observer, id)?;
        return Ok((launched, partitions, BTreeMap::new()));
    };
    let (mut partitions, stopped) = launch::again(plan, task, store, observer)?;
    partitions.extend(add_new_partitions(plan, task, store, observer, &partitions)?);
    Ok((known, partitions, stopped))
}

/// Stops the partitions that must not go on.
fn stop(tracks: &mut [Track], stopped: &BTreeMap<PartitionKey, Halt>, observer: &Observer) {
    for track in tracks {
        if let Some(halt) = stopped.get(&track.state.key) {
            observer(Event::PartitionStopped {
                key: track.state.key.clone(),
                reason: halt.sentence.clone(),
                range: None,
            });
            match halt.gap {
                Some(gap) => track.stop_at_gap(halt.sentence.clone(), gap),
                None => track.stop(halt.sentence.clone()),
            }
        }
    }
}

/// A partition that cannot be matched now waits for its leader; the others are copied.
fn match_with_source(
    plan: &Plan,
    task: &Task,
    store: &dyn CheckpointStore,
    track: &mut Track,
    observer: &Observer,
) -> Result<()> {
    let (state, pair) = (&track.state, &plan.pair);
    if lacks_leader(&pair.target.metadata, &state.target_topic, state.key.partition)
        || lacks_leader(&pair.source.metadata, &state.key.topic, state.key.partition)
    {
        track.unmatched = true;
        track.back_off(UNMATCHED.to_owned(), Instant::now());
        return Ok(());
    }
    let meet = if plan.delivery == EffectiveDelivery::Mirror {
        meet_end
    } else {
        reconcile
    };
    meet(&pair.target.admin, task, store, track, observer)
}

fn sentence(text: &str) -> String {
    let mut chars = text.chars();
    chars
        .next()
        .map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

/// A launch's id: time and chance, enough to never meet another.
fn new_launch_id() -> String {
    use std::hash::{BuildHasher, RandomState};
    format!(
        "{:x}-{:016x}",
        crate::clock::now_ms(),
        RandomState::new().hash_one(std::process::id())
    )
}

/// Takes in what came to the source while the task did not run: without it, a run could be caught up and know nothing of
/// a new partition.
fn add_new_partitions(
    plan: &mut Plan,
    task: &Task,
    store: &dyn CheckpointStore,
    observer: &Observer,
    known: &[PartitionState],
) -> Result<Vec<PartitionState>> {
    let waiting = waiting(store, task)?;
    let launched_at = plan.launch.as_ref().map_or(0, |launch| launch.launched_at_ms);
    let discovered = Followed::new(known, waiting, launched_at).discover(&mut plan.pair, task, observer)?;
    discovered
        .refused
        .into_iter()
        .for_each(|sentence| observer(Event::Warning(sentence)));
    store.save(
        &task.name,
        &Checkpoint {
            partitions: discovered.partitions.clone(),
            ..Checkpoint::default()
        },
    )?;
    Ok(discovered.partitions)
}

/// Partitions of the task's topics that were noted at the launch and are not pinned.
fn waiting(store: &dyn CheckpointStore, task: &Task) -> Result<BTreeMap<PartitionKey, String>> {
    let unpinned: Vec<PartitionState> = store
        .partitions(&task.name)?
        .into_iter()
        .filter(|state| !state.is_pinned())
        .collect();
    let chosen = task
        .objects
        .select(unpinned.iter().map(|state| state.key.topic.as_str()))?;
    Ok(unpinned
        .iter()
        .filter(|state| chosen.contains(&state.key.topic.as_str()))
        .map(|state| (state.key.clone(), state.target_topic.clone()))
        .collect())
}

fn tracks(
    plan: &Plan,
    store: &dyn CheckpointStore,
    task: &Task,
    partitions: Vec<PartitionState>,
    hashes: bool,
) -> Result<Vec<Track>> {
    let known = &plan.pair.source.metadata;
    let keys: Vec<(String, i32)> = partitions
        .iter()
        .filter(|p| plan.pair.source.has_partition(&p.key.topic, p.key.partition))
        .filter(|p| !lacks_leader(known, &p.key.topic, p.key.partition))
        .map(|p| (p.key.topic.clone(), p.key.partition))
        .collect();
    let asked = plan
        .pair
        .source
        .admin
        .offsets(&keys, OffsetQuery::Latest, Isolation::Uncommitted)
        .map_err(|error| plan.pair.source.refuse("reading the topics' end offsets", error))?;
    // One that does not answer has not been copied to its end, wherever that is.
    let mut silent = BTreeMap::new();
    let ends: BTreeMap<PartitionKey, i64> = each(asked, &mut silent)
        .into_iter()
        .map(|((topic, partition), offset)| (PartitionKey { topic, partition }, offset))
        .collect();
    let refusing = plan.refusing_keyless(&task.target);
    partitions
        .into_iter()
        .map(|state| {
            let last_run = store.last_run(&task.name, &state.key)?;
            let place = (state.key.topic.clone(), state.key.partition);
            let is_silent = silent.contains_key(&place) || lacks_leader(known, &place.0, place.1);
            let end = (!is_silent).then(|| ends.get(&state.key).copied().unwrap_or(state.position));
            let mut track = Track::new(state, last_run, end, hashes);
            track.rejected = rejected(store, task, &track.state)?;
            track.keyless_refused = refusing.contains(&track.state.target_topic);
            Ok(track)
        })
        .collect()
}

/// Source offsets of a partition that are in quarantine, or were settled there: they are passed over. A crash between
/// the ledger and the commit leaves them before the position.
fn rejected(store: &dyn CheckpointStore, task: &Task, state: &PartitionState) -> Result<BTreeSet<i64>> {
    let waiting = store.quarantined_offsets(&task.name, &state.key)?;
    let settled = store.settled_quarantine(&task.name, &state.key)?;
    let mut offsets: BTreeSet<i64> = waiting
        .into_iter()
        .chain(settled.into_iter().map(|(offset, _)| offset))
        .collect();
    Ok(offsets.split_off(&state.position))
}
