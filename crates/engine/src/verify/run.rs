use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Instant;

use sluice_kafka::PartitionOffset;
use sluice_model::Task;

use crate::cancellable::cancellable;
use crate::clock::now_ms;
use crate::error::{EngineError, Result};
use crate::lock::lock;
use crate::plan::Pair;
use crate::position::{CheckpointStore, PartitionKey};
use crate::record_hash::Fields;
use crate::verify::batches::{Batches, Pace};
use crate::verify::comparison::Comparison;
use crate::verify::job::{Job, Work};
use crate::verify::jobs::{Jobs, jobs};
use crate::verify::offset_map::OffsetMap;
use crate::verify::only_on_target::all_foreign;
use crate::verify::pair_feed::Share;
use crate::verify::proof::Proof;
use crate::verify::reading::{Readers, Reading};
use crate::verify::report::{Difference, LogSide, PartitionReport, VerificationReport, VerifyProgress};
use crate::verify::scope::VerifyScope;
use crate::verify::stream::Stream;
use crate::verify::uncopied;
use crate::verify::unnoted::Notes;

/// Partitions compared at the same time.
const WORKERS: usize = 2;

/// How to verify.
#[derive(Debug, Clone, Default)]
pub struct VerifyOptions {
    /// The task is running: only what its checkpoint covers is compared on the target, and what is newer at the source is
    /// on its way.
    pub running: bool,
    /// Partitions of a running task that are not being copied now: nothing of them is on its way.
    pub waiting: BTreeSet<PartitionKey>,
    /// What of the task is verified.
    pub scope: VerifyScope,
    /// What earlier verifications of the task proved ([`VerificationReport::proofs`]).
    pub earlier: BTreeMap<PartitionKey, Proof>,
    /// Only what is newer than that is compared, in partitions whose logs still go on from there.
    pub continues: bool,
}

/// Reads both sides again and compares every field of every record, partition by partition, in bounded memory.
///
/// A launched task is compared from its start positions up to its checkpoint, and what lies behind it at the source is
/// counted as not copied; a task that the state does not know is compared from its described start to the end of both
/// sides.
///
/// # Errors
/// A cluster cannot be reached or the state cannot be read. Partitions that cannot be read are part of the report.
pub fn verify(
    task: &Task,
    store: &dyn CheckpointStore,
    options: VerifyOptions,
    on_progress: &(dyn Fn(VerifyProgress) + Sync),
    cancel: &AtomicBool,
) -> Result<VerificationReport> {
    let begun = Instant::now();
    let lanes = store
        .launch(&task.name)?
        .map(|launch| launch.lanes)
        .unwrap_or_default();
    let reading = Reading::of(task, &lanes)?;
    let pair = Pair::connect(task, &|| cancel.load(Ordering::Relaxed))?;
    let Jobs {
        partitions: jobs,
        left_out,
    } = jobs(&pair, task, store, &options)?;
    if jobs.is_empty() {
        return Err(EngineError::Refused(format!(
            "task '{}' has no partition to verify; check its topics",
            task.name
        )));
    }
    let share = Share::of(&pair, task, store)?;
    let progress = Mutex::new(nothing_done(&jobs));
    let (next, results) = (AtomicUsize::new(0), Mutex::new((Vec::new(), Vec::new())));
    cancellable(cancel, |wire_cancel| {
        std::thread::scope(|scope| -> Result<()> {
            let workers: Vec<_> = (0..WORKERS.min(jobs.len()))
                .map(|_| {
                    scope.spawn(|| -> Result<()> {
                        let mut readers = reading.readers(task, wire_cancel)?;
                        while let Some(job) = jobs.get(next.fetch_add(1, Ordering::Relaxed)) {
                            let mut seen = 0u64;
                            let mut on_records = |records: u64| {
                                seen += records;
                                if seen >= 5_000 {
                                    let mut now = lock(&progress);
                                    now.records += std::mem::take(&mut seen);
                                    on_progress(*now);
                                }
                            };
                            let of = (task, store, share.as_ref());
                            let (report, found) = compare(of, &mut readers, job, cancel, &mut on_records);
                            let mut all = lock(&results);
                            all.0.push(report);
                            all.1.extend(found);
                            let mut now = lock(&progress);
                            now.records += seen;
                            now.partitions_done += 1;
                            on_progress(*now);
                        }
                        Ok(())
                    })
                })
                .collect();
            workers.into_iter().try_for_each(|worker| {
                worker
                    .join()
                    .map_err(|_| EngineError::Internal("a verification thread panicked".into()))?
            })
        })
    })?;
    let (partitions, found) = std::mem::take(&mut *lock(&results));
    let duration = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
    Ok(VerificationReport::new(
        task.name.to_string(),
        &options,
        partitions,
        left_out,
        found,
        reading.read_by(),
        duration,
    ))
}

fn nothing_done(jobs: &[Job]) -> VerifyProgress {
    let total: i64 = jobs
        .iter()
        .filter_map(|job| Some((job.rules()?.source_end - job.source_from).max(0)))
        .sum();
    VerifyProgress {
        total: u64::try_from(total).unwrap_or(0),
        partitions: jobs.len() as u64,
        ..VerifyProgress::default()
    }
}

fn compare<'a>(
    (task, store, share): (&Task, &'a dyn CheckpointStore, Option<&'a Share<'a>>),
    readers: &mut Readers,
    job: &Job,
    cancel: &AtomicBool,
    on_records: &mut dyn FnMut(u64),
) -> (PartitionReport, Vec<Difference>) {
    let mut report = job.report.clone();
    if report.problem.is_some() {
        return (report, Vec::new());
    }
    let fields = Fields {
        headers: job.rules().is_none_or(|rules| rules.headers),
        time: true,
    };
    let at = |topic: &str, offset| PartitionOffset::new(topic.to_owned(), report.partition, offset);
    let target = at(&report.target_topic, job.target_from);
    if matches!(job.work, Work::OnlyOnTarget) {
        let target = Stream::new(LogSide::Target, readers.target.open(target), fields, cancel);
        return all_foreign(target, job);
    }
    let source = at(&report.topic, job.source_from);
    let old_formats = readers.old_formats.as_mut();
    let other = old_formats.and_then(|old| old.reader_for(&job.key, job.source_from));
    report.source_read_by_copier = other.is_some();
    let mut source = other.unwrap_or(&mut readers.source).open(source);
    let mut logs = readers.batches.as_mut().map(|(at_source, on_target)| {
        (
            at_source.log(&report.topic, report.partition, job.source_from),
            on_target.log(&report.target_topic, report.partition, job.target_from),
        )
    });
    let mut target = readers.target.open(target);
    if let Some(share) = share {
        if let Some(why) = Share::beyond(logs.is_some()) {
            report.problem = Some(why.to_owned());
            return (report, Vec::new());
        }
        (source, target) = share.of_feeds(source, target, logs.take());
    }
    let stream = Stream::new(LogSide::Source, source, fields, cancel);
    let Work::Compare(rules) = &job.work else {
        return not_begun(stream, job);
    };
    let batches =
        logs.and_then(|(at_source, on_target)| Batches::new(at_source, on_target, rules, Pace::new()));
    let target = Stream::new(LogSide::Target, target, fields, cancel);
    let map = rules
        .mapped
        .then(|| OffsetMap::new(store, &task.name, &job.key, job.source_from));
    let notes = job
        .noted_meanwhile
        .map(|incarnation| Notes::new(store, &task.name, &job.key, incarnation));
    let (mut report, found) = Comparison::new(stream, target, rules.clone(), map, report, on_records)
        .with_batches(batches)
        .with_notes(notes)
        .with_pair(
            share
                .filter(|_| rules.is_compacted())
                .map(|share| share.paired(task, store, &job.key)),
        )
        .run();
    report.proof = job
        .identity
        .clone()
        .and_then(|identity| identity.proof(&report, now_ms()));
    (report, found)
}

/// A partition of which nothing was copied yet: what it holds is counted.
fn not_begun(mut source: Stream<'_>, job: &Job) -> (PartitionReport, Vec<Difference>) {
    let mut report = job.report.clone();
    if let Some(rest) = report.not_copied {
        match uncopied::counted(&mut source, rest, 0) {
            Ok(counted) => report.not_copied = counted,
            Err(error) => report.problem = Some(error.to_string()),
        }
    }
    (report, Vec::new())
}
