//! A running task: its threads, and the handle that a shell holds.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use sluice_kafka::{
    CALL_DEADLINE, Capabilities, ErrorCode, Isolation, KafkaError, OffsetQuery, PartitionOffset,
    ReaderTuning, WriterTuning,
};
use sluice_model::{Codec, RateLimits, Task};

use crate::adoption::{self, Note, Writership};
use crate::checkpoint::{Checkpoint, CheckpointStore, PartitionKey, PartitionState};
use crate::copier::Copier;
use crate::delivery::EffectiveDelivery;
use crate::error::{EngineError, Result};
use crate::finding::Verdict;
use crate::follow::Followed;
use crate::inspection::{Plan, committed, plan};
use crate::lane::LaneError;
use crate::launch;
use crate::progress::{Ending, Event, Observer, Outcome, Progress};
use crate::reconcile;
use crate::record_lane::{RecordLane, RecordLaneConfig};
use crate::start_position::every_offset;
use crate::track::Track;
use crate::watch::Watcher;

/// How long the target may take to accept this instance as the only writer.
const OPEN_DEADLINE: Duration = Duration::from_secs(60);

/// Buffered bytes if nothing is said: 32 MB fetched ahead, 24 MB in flight.
const DEFAULT_MEMORY: usize = 56 * 1024 * 1024;
/// A few batches must fit.
const LEAST_MEMORY: usize = 4 * 1024 * 1024;
/// librdkafka's queues take no more.
const MOST_MEMORY: usize = 1024 * 1024 * 1024;

/// How a run behaves that is no setting of the task.
#[derive(Debug, Clone, Copy, Default)]
pub struct RunOptions {
    /// End when everything that is there has been copied, instead of following the source.
    pub until_caught_up: bool,
    /// Bytes that may be buffered between the clusters; `None` for 56 MB. Not less than 4 MB.
    pub memory_bytes: Option<u64>,
}

/// What the threads of a run share.
pub(crate) struct Shared {
    pub(crate) stop: AtomicBool,
    pub(crate) rate: Mutex<RateLimits>,
    pub(crate) progress: Mutex<Progress>,
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A running task. Dropping it stops the task and waits for its clean end.
pub struct Running {
    shared: Arc<Shared>,
    copier: Option<JoinHandle<Ending>>,
}

impl Running {
    /// The latest snapshot; at most a quarter of a second old.
    pub fn progress(&self) -> Progress {
        lock(&self.shared.progress).clone()
    }

    /// Changes the rate limits from now on.
    pub fn set_rate(&self, rate: RateLimits) {
        *lock(&self.shared.rate) = rate;
    }

    /// Asks for a clean stop: what is in flight is acknowledged and saved. [`Running::wait`] tells when it is done.
    pub fn stop(&self) {
        self.shared.stop.store(true, Ordering::Relaxed);
    }

    /// Whether the run has ended.
    pub fn is_finished(&self) -> bool {
        self.copier.as_ref().is_none_or(JoinHandle::is_finished)
    }

    /// Waits for the end.
    pub fn wait(mut self) -> Outcome {
        let ending = match self.copier.take().map(JoinHandle::join) {
            Some(Ok(ending)) => ending,
            Some(Err(_)) | None => Ending::Failed(EngineError::Internal("the copy thread panicked".into())),
        };
        Outcome {
            ending,
            progress: self.progress(),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop();
        if let Some(copier) = self.copier.take() {
            drop(copier.join());
        }
    }
}

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

/// As [`start`], and gives up soon after `cancelled` says so, unless both clusters have told everything by then.
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
    let (launched, partitions, stopped) = match plan.launch.clone() {
        Some(known) => {
            let (mut partitions, stopped) = launch::again(&plan, &task, store.as_ref(), &observer)?;
            partitions.extend(came_since(
                &mut plan,
                &task,
                store.as_ref(),
                &observer,
                &partitions,
            )?);
            (known, partitions, stopped)
        }
        None => {
            let id = plan
                .adopted
                .values()
                .next()
                .map_or_else(new_launch_id, |adopted| adopted.note.launch.clone());
            let (launched, partitions) = launch::first(&mut plan, &task, store.as_ref(), &observer, id)?;
            (launched, partitions, BTreeMap::new())
        }
    };
    let shared = Arc::new(Shared {
        stop: AtomicBool::new(false),
        rate: Mutex::new(task.rate),
        progress: Mutex::new(Progress::default()),
    });
    let identity = plan.pair.identity(&task);
    let hashes = partitions
        .iter()
        .any(|partition| partition.source_topic_id.is_none());
    let lane = RecordLane::open(
        lane_config(&plan, &task, &identity, hashes, options),
        OPEN_DEADLINE,
    )
    .map_err(|error| lane_refused(&task, error))?;
    let mut tracks = tracks(&plan, store.as_ref(), &task, partitions, hashes)?;
    let mut writership = Writership {
        generation: 1,
        instance: new_launch_id(),
    };
    match plan.delivery {
        EffectiveDelivery::Transactions => {
            let found = committed_positions(&task, &identity, &tracks, CALL_DEADLINE)?;
            writership.generation += latest_writer(&found).map_or(0, |writer| writer.generation);
            take_committed(&launched.launch_id, &mut tracks, &found);
        }
        EffectiveDelivery::Reconciled => {
            for track in &mut tracks {
                reconcile::reconcile(&plan.pair, &task, store.as_ref(), track, &observer)?;
            }
        }
        EffectiveDelivery::AtLeastOnce | EffectiveDelivery::AtLeastOnceOrdered => {}
    }
    for track in &mut tracks {
        if let Some(reason) = stopped.get(&track.state.key) {
            observer(Event::PartitionStopped {
                key: track.state.key.clone(),
                reason: reason.clone(),
                range: None,
            });
            track.stop(reason.clone());
        }
    }
    let states: Vec<PartitionState> = tracks.iter().map(|track| track.state.clone()).collect();
    let delivery = plan.delivery;
    let watcher = Watcher::new(plan.pair, task.clone(), observer.clone(), &states);
    let mut copier = Copier::new(
        task,
        identity,
        launched.launch_id,
        writership,
        delivery,
        store,
        observer,
        options,
        shared.clone(),
        Box::new(lane),
        tracks,
    )?;
    copier.publish();
    let copier = std::thread::Builder::new()
        .name("sluice-copy".into())
        .spawn(move || copier.run(watcher))
        .map_err(|error| EngineError::Internal(format!("no thread for the copy: {error}")))?;
    Ok(Running {
        shared,
        copier: Some(copier),
    })
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

fn lane_refused(task: &Task, error: LaneError) -> EngineError {
    match error {
        LaneError::Fenced(_) => EngineError::Fenced {
            task: task.name.to_string(),
        },
        LaneError::Fatal(error) if error.code.is_access() => EngineError::Refused(format!(
            "the target does not let this user write transactions: {error}. Give the user WRITE and DESCRIBE on transactional ids and READ on groups with the prefix 'sluice.', or choose --delivery at-least-once"
        )),
        LaneError::Fatal(error) | LaneError::Retry(error) | LaneError::Recover(error) => {
            EngineError::Cluster {
                side: crate::error::Side::Target,
                what: "taking the right to write".to_owned(),
                error,
            }
        }
    }
}

/// Takes in what came to the source while the task did not run: without it, a run could be caught up and know nothing of
/// a new partition.
fn came_since(
    plan: &mut Plan,
    task: &Task,
    store: &dyn CheckpointStore,
    observer: &Observer,
    known: &[PartitionState],
) -> Result<Vec<PartitionState>> {
    let news = Followed::new(known).take_new(&mut plan.pair, task, observer)?;
    news.refused
        .into_iter()
        .for_each(|sentence| observer(Event::Warning(sentence)));
    store.save(
        &task.name,
        &Checkpoint {
            partitions: news.partitions.clone(),
            ..Checkpoint::default()
        },
    )?;
    Ok(news.partitions)
}

fn lane_config(
    plan: &Plan,
    task: &Task,
    identity: &str,
    hashes: bool,
    options: RunOptions,
) -> RecordLaneConfig {
    let memory = options
        .memory_bytes
        .map_or(DEFAULT_MEMORY, |bytes| {
            usize::try_from(bytes).unwrap_or(usize::MAX)
        })
        .clamp(LEAST_MEMORY, MOST_MEMORY);
    let smallest = plan
        .routes
        .iter()
        .filter_map(|route| {
            route
                .draft
                .topic
                .config
                .get("max.message.bytes")
                .and_then(|value| value.parse::<u32>().ok())
        })
        .min();
    // A batch must stay below the target's limit, whose default is 1 048 588 bytes (1 000 012 on old brokers).
    let batch_bytes = smallest.map_or(900_000, |limit| (limit / 10 * 9).clamp(1_000, 900_000));
    RecordLaneConfig {
        source: task.source.clone(),
        target: task.target.clone(),
        reader: ReaderTuning {
            prefetch_kib: u32::try_from(memory / 7 * 4 / 1024).unwrap_or(u32::MAX),
            ..ReaderTuning::default()
        },
        writer: WriterTuning {
            guarantee: plan.delivery.guarantee(identity),
            codec: codec(task.compression, plan.pair.target.capabilities),
            batch_bytes,
            queue_kib: 96 * 1024,
            transaction_timeout_ms: 60_000,
        },
        group: identity.to_owned(),
        in_flight_bytes: memory / 7 * 3,
        hashes,
    }
}

/// The codec for a target of these capabilities.
pub(crate) fn codec(wanted: Codec, target: Capabilities) -> &'static str {
    match wanted {
        Codec::None => "none",
        Codec::Gzip => "gzip",
        Codec::Snappy => "snappy",
        Codec::Lz4 | Codec::Auto => "lz4",
        Codec::Zstd if target.zstd => "zstd",
        Codec::Zstd => "lz4",
    }
}

fn tracks(
    plan: &Plan,
    store: &dyn CheckpointStore,
    task: &Task,
    partitions: Vec<PartitionState>,
    hashes: bool,
) -> Result<Vec<Track>> {
    let keys: Vec<(String, i32)> = partitions
        .iter()
        .filter(|p| {
            plan.pair
                .source
                .partition_count(&p.key.topic)
                .is_some_and(|count| usize::try_from(p.key.partition).is_ok_and(|n| n < count))
        })
        .map(|p| (p.key.topic.clone(), p.key.partition))
        .collect();
    let asked = plan
        .pair
        .source
        .admin
        .offsets(&keys, OffsetQuery::Latest, Isolation::Committed)
        .map_err(|error| plan.pair.source.refuse("reading the topics' end offsets", error))?;
    let ends: BTreeMap<PartitionKey, i64> = every_offset(asked, crate::error::Side::Source)?
        .into_iter()
        .map(|((topic, partition), offset)| (PartitionKey { topic, partition }, offset))
        .collect();
    partitions
        .into_iter()
        .map(|state| {
            let last_run = store.last_run(&task.name, &state.key)?;
            let end = ends.get(&state.key).copied().unwrap_or(state.position);
            Ok(Track::new(state, last_run, end, hashes))
        })
        .collect()
}

/// A position that stands committed on the target, with what its commit says of itself.
pub(crate) struct Found {
    target_topic: String,
    partition: i32,
    position: i64,
    note: Note,
}

/// Asks the target for the committed positions of `tracks`, for no longer than `deadline`.
pub(crate) fn committed_positions(
    task: &Task,
    identity: &str,
    tracks: &[Track],
    deadline: Duration,
) -> Result<Vec<Found>> {
    let wanted: Vec<PartitionOffset> = tracks
        .iter()
        .map(|track| PartitionOffset {
            offset: None,
            ..PartitionOffset::new(track.state.target_topic.clone(), track.state.key.partition, 0)
        })
        .collect();
    let entries = committed(task, identity, &wanted, deadline).map_err(|error| EngineError::Cluster {
        side: crate::error::Side::Target,
        what: "reading the committed positions".into(),
        error,
    })?;
    // Without one partition's position its records would be written again.
    if let Some(entry) = entries.iter().find(|entry| entry.error != ErrorCode::NONE) {
        return Err(EngineError::Cluster {
            side: crate::error::Side::Target,
            what: format!(
                "reading the committed position of {}-{}",
                entry.topic, entry.partition
            ),
            error: KafkaError::from_code(entry.error),
        });
    }
    Ok(entries
        .into_iter()
        .filter_map(|entry| {
            Some(Found {
                position: entry.offset?,
                note: adoption::read_note(&entry)?,
                target_topic: entry.topic,
                partition: entry.partition,
            })
        })
        .collect())
}

/// The latest run that committed any of these positions.
pub(crate) fn latest_writer(found: &[Found]) -> Option<Writership> {
    found
        .iter()
        .filter_map(|found| found.note.writer.as_ref())
        .max_by_key(|writer| writer.generation)
        .cloned()
}

/// The target knows best what was committed: its positions win over the local copy, which is written after them, and
/// over everything that is acknowledged and not committed. Only where a commit of unknown outcome turns out to be there
/// does its partition stay ahead, to be saved with all that is known of it.
pub(crate) fn take_committed(launch_id: &str, tracks: &mut [Track], found: &[Found]) {
    let by_partition: BTreeMap<(&str, i32), &Found> = found
        .iter()
        .filter(|found| found.note.launch == launch_id)
        .map(|found| ((found.target_topic.as_str(), found.partition), found))
        .collect();
    for track in tracks.iter_mut() {
        let place = (track.state.target_topic.as_str(), track.state.key.partition);
        let ours = by_partition.get(&place).copied().filter(|found| {
            track.state.key.topic == found.note.source_topic
                && track.state.source_topic_id == found.note.source_id
                // A partition that began anew (its topic was created again) has nothing to do with earlier commits.
                && track.state.target_start == found.note.target_start
                && found.position > track.state.position
        });
        let Some(found) = ours else {
            track.roll_back();
            continue;
        };
        if found.position == track.ahead.position && found.note.target_next == track.ahead.target_next {
            continue;
        }
        track.roll_back();
        track.move_to(found.position);
        track.state.target_next = found.note.target_next.max(track.state.target_next);
        track.state.leader_epoch = found.note.epoch;
        track.ahead = track.state.clone();
    }
}
