use std::collections::{BTreeMap, HashSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Instant;

use sluice_kafka::{Isolation, KafkaError, OffsetQuery, Reader, ReaderTuning};
use sluice_model::{OffsetRange, Task};

use crate::error::{EngineError, Result, Side};
use crate::lock::lock;
use crate::plan::Pair;
use crate::plan::resolve;
use crate::position::{CheckpointStore, PartitionKey};
use crate::position::{LogBounds, bounds, every_offset};
use crate::record_hash::Fields;
use crate::verify::compare::{Comparison, Cut, Rules};
use crate::verify::offset_map::OffsetMap;
use crate::verify::report::{Difference, PartitionReport, VerificationReport, VerifyProgress};
use crate::verify::stream::Stream;

/// Partitions compared at the same time.
const WORKERS: usize = 2;
/// KiB fetched ahead by each reader; four of them are open.
const PREFETCH_KIB: u32 = 12 * 1024;

/// How to verify.
#[derive(Debug, Clone, Copy, Default)]
pub struct VerifyOptions {
    /// The task is running: only what its checkpoint covers is compared on the target.
    pub running: bool,
}

struct Job {
    report: PartitionReport,
    source_from: i64,
    target_from: i64,
    rules: Rules,
}

/// Reads both sides again and compares every field of every record, partition by partition, in bounded memory.
///
/// A launched task is compared from its start positions up to its checkpoint; a task that the state does not know is
/// compared from its described start to the end of both sides.
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
    let pair = Pair::connect(task, &|| cancel.load(Ordering::Relaxed))?;
    let jobs = jobs(&pair, task, store, options)?;
    if jobs.is_empty() {
        return Err(EngineError::Refused(format!(
            "task '{}' has no partition to verify; check its topics",
            task.name
        )));
    }
    let total: i64 = jobs
        .iter()
        .map(|job| (job.rules.source_end - job.source_from).max(0))
        .sum();
    let progress = Mutex::new(VerifyProgress {
        total: u64::try_from(total).unwrap_or(0),
        partitions: jobs.len() as u64,
        ..VerifyProgress::default()
    });
    let (next, results) = (AtomicUsize::new(0), Mutex::new((Vec::new(), Vec::new())));
    std::thread::scope(|scope| -> Result<()> {
        let workers: Vec<_> = (0..WORKERS.min(jobs.len()))
            .map(|_| {
                scope.spawn(|| -> Result<()> {
                    let (mut source, mut target) = readers(task)?;
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
                        let (report, found) = compare(&mut source, &mut target, job, cancel, &mut on_records);
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
    })?;
    let (partitions, found) = std::mem::take(&mut *lock(&results));
    let duration = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
    Ok(VerificationReport::new(
        task.name.to_string(),
        partitions,
        found,
        duration,
    ))
}

fn readers(task: &Task) -> Result<(Reader, Reader)> {
    let tuning = ReaderTuning {
        prefetch_kib: PREFETCH_KIB,
        ..ReaderTuning::default()
    };
    let open = |side: Side, cluster| {
        Reader::new(cluster, tuning).map_err(|error| EngineError::Cluster {
            side,
            what: "opening a reader".into(),
            error,
        })
    };
    Ok((
        open(Side::Source, &task.source)?,
        open(Side::Target, &task.target)?,
    ))
}

fn compare(
    source: &mut Reader,
    target: &mut Reader,
    job: &Job,
    cancel: &AtomicBool,
    on_records: &mut dyn FnMut(u64),
) -> (PartitionReport, Vec<Difference>) {
    let report = job.report.clone();
    let (topic, target_topic, partition) = (
        report.topic.clone(),
        report.target_topic.clone(),
        report.partition,
    );
    if report.problem.is_some() {
        return (report, Vec::new());
    }
    let fields = Fields {
        headers: job.rules.headers,
        time: true,
    };
    let opened =
        Stream::open(source, &topic, partition, job.source_from, fields, cancel).and_then(|source| {
            Stream::open(target, &target_topic, partition, job.target_from, fields, cancel)
                .map(|target| (source, target))
        });
    match opened {
        Ok((source, target)) => Comparison::new(source, target, &job.rules, report, on_records).run(),
        Err(error) => (
            PartitionReport {
                problem: Some(error.to_string()),
                ..report
            },
            Vec::new(),
        ),
    }
}

/// Where one partition is to be compared.
struct Range {
    key: PartitionKey,
    target_topic: String,
    source: OffsetRange,
    target_from: i64,
    target_checkpoint: Option<i64>,
    known: bool,
    target_id: Option<String>,
}

fn jobs(pair: &Pair, task: &Task, store: &dyn CheckpointStore, options: VerifyOptions) -> Result<Vec<Job>> {
    let ranges = if store.launch(&task.name)?.is_some() {
        launched(task, store)?
    } else {
        described(pair, task)?
    };
    let exists = |connected: &crate::plan::Connected, topic: &str, partition: i32| {
        connected
            .partition_count(topic)
            .is_some_and(|count| usize::try_from(partition).is_ok_and(|n| n < count))
    };
    let at = |topic: &str, partition: i32| (topic.to_owned(), partition);
    let source_known: Vec<_> = ranges
        .iter()
        .filter(|r| exists(&pair.source, &r.key.topic, r.key.partition))
        .map(|r| at(&r.key.topic, r.key.partition))
        .collect();
    let target_known: Vec<_> = ranges
        .iter()
        .filter(|r| exists(&pair.target, &r.target_topic, r.key.partition))
        .map(|r| at(&r.target_topic, r.key.partition))
        .collect();
    let source_bounds = bounds(&pair.source.admin, &source_known, Side::Source)?;
    let target_bounds = bounds(&pair.target.admin, &target_known, Side::Target)?;
    let mut compacted: BTreeMap<(Side, String), bool> = BTreeMap::new();
    let mut is_compacted = |side: Side, topic: &str| {
        *compacted.entry((side, topic.to_owned())).or_insert_with(|| {
            let admin = if side == Side::Source {
                &pair.source.admin
            } else {
                &pair.target.admin
            };
            // Where the policy cannot be read, a superseded record may be missing for that reason alone.
            admin.topic_config(topic).is_ok_and(|config| {
                config
                    .get("cleanup.policy")
                    .and_then(|entry| entry.value.clone())
                    .is_some_and(|policy| policy.contains("compact"))
            })
        })
    };
    let target_topics: Vec<&str> = ranges
        .iter()
        .map(|r| r.target_topic.as_str())
        .collect::<std::collections::BTreeSet<_>>()
        .into_iter()
        .collect();
    let target_ids = pair.target.topic_ids(&target_topics);
    let mut jobs = Vec::with_capacity(ranges.len());
    for range in ranges {
        let mut report = PartitionReport {
            topic: range.key.topic.clone(),
            target_topic: range.target_topic.clone(),
            partition: range.key.partition,
            ..PartitionReport::default()
        };
        let source_now = source_bounds
            .get(&at(&range.key.topic, range.key.partition))
            .copied();
        let target_now = target_bounds
            .get(&at(&range.target_topic, range.key.partition))
            .copied();
        if source_now.is_none() {
            report.problem = Some("the source has no such partition any more".to_owned());
        } else if target_now.is_none() {
            report.problem = Some("the target has no such partition".to_owned());
        }
        let (source_now, target_now) = (
            source_now.unwrap_or(LogBounds { low: 0, high: 0 }),
            target_now.unwrap_or(LogBounds { low: 0, high: 0 }),
        );
        // Offsets noted for another topic of this name say nothing about the one that is there now.
        let same_target =
            range.target_id.is_none() || target_ids.get(&range.target_topic) == range.target_id.as_ref();
        let map = (range.known && same_target)
            .then(|| store.runs_from(&task.name, &range.key, 0, usize::MAX))
            .transpose()?
            .map(OffsetMap::new);
        let mut source_from = range.source.from;
        let mut target_from = if same_target {
            range.target_from
        } else {
            target_now.low
        };
        if source_now.low > source_from {
            let gone = OffsetRange {
                from: source_from,
                to: source_now.low.min(range.source.to),
            };
            if !gone.is_empty() {
                report.not_checked.push((
                    gone,
                    "no longer at the source (retention, DeleteRecords or compaction)".to_owned(),
                ));
            }
            source_from = source_now.low;
            if let Some(map) = &map {
                target_from = target_from.max(map.target_from(source_from).unwrap_or(target_now.high));
            }
        }
        if target_now.low > target_from {
            let resume = map
                .as_ref()
                .and_then(|map| map.source_from(target_now.low))
                .unwrap_or(if map.is_some() {
                    range.source.to
                } else {
                    source_from
                });
            let gone = OffsetRange {
                from: source_from,
                to: resume.min(range.source.to),
            };
            if map.is_some() && !gone.is_empty() {
                report.not_checked.push((
                    gone,
                    "no longer on the target (retention or DeleteRecords)".to_owned(),
                ));
                source_from = gone.to;
            }
            target_from = target_now.low;
        }
        let target_end = if options.running {
            range.target_checkpoint.unwrap_or(target_now.high)
        } else {
            target_now.high
        };
        let cut = match map {
            Some(_) => None,
            None => match (
                source_now.low > 0 && source_from == source_now.low,
                target_now.low > 0,
            ) {
                (true, true) => Some(Cut::Both),
                (true, false) => Some(Cut::Source),
                (false, true) => Some(Cut::Target),
                (false, false) => None,
            },
        };
        if range.source.to > range.source.from
            && source_from >= range.source.to
            && report.problem.is_none()
            && let Some((_, why)) = report.not_checked.last()
        {
            report.problem = Some(format!("nothing is left to compare: {} are {why}", range.source));
        }
        report.source_range = Some(OffsetRange {
            from: source_from,
            to: range.source.to,
        });
        report.target_range = Some(OffsetRange {
            from: target_from,
            to: target_end,
        });
        jobs.push(Job {
            source_from,
            target_from,
            rules: Rules {
                headers: pair.target.capabilities.message_v2,
                compacted: is_compacted(Side::Source, &range.key.topic)
                    || is_compacted(Side::Target, &range.target_topic),
                source_end: range.source.to,
                target_end,
                target_high: target_now.high,
                map,
                cut,
                quarantined: store
                    .quarantined_offsets(&task.name, &range.key)?
                    .into_iter()
                    .collect::<HashSet<_>>(),
                settled: store
                    .settled_quarantine(&task.name, &range.key)?
                    .into_iter()
                    .collect(),
            },
            report,
        });
    }
    Ok(jobs)
}

fn launched(task: &Task, store: &dyn CheckpointStore) -> Result<Vec<Range>> {
    Ok(store
        .partitions(&task.name)?
        .into_iter()
        .map(|state| Range {
            source: OffsetRange {
                from: state.start,
                to: state.position,
            },
            target_from: state.target_start,
            target_checkpoint: Some(state.target_next),
            known: true,
            target_id: state.target_topic_id,
            key: state.key,
            target_topic: state.target_topic,
        })
        .collect())
}

fn described(pair: &Pair, task: &Task) -> Result<Vec<Range>> {
    let names: Vec<&str> = pair.source.metadata.topics.keys().map(String::as_str).collect();
    let fail = |error: KafkaError| pair.source.refuse("reading the topics' end offsets", error);
    let mut ranges = Vec::new();
    if let sluice_model::Objects::Topics(wanted) = &task.objects
        && let Some(missing) = wanted
            .iter()
            .find(|topic| pair.source.partition_count(topic).is_none())
    {
        return Err(EngineError::Refused(format!(
            "the source has no topic '{missing}' (or this user may not see it); check the spelling"
        )));
    }
    for (source, target) in task.routes(names)? {
        let Some(count) = pair.source.partition_count(&source) else {
            continue;
        };
        let partitions: Vec<(String, i32)> = (0..i32::try_from(count).unwrap_or(0))
            .map(|p| (source.clone(), p))
            .collect();
        let now: BTreeMap<i32, LogBounds> = bounds(&pair.source.admin, &partitions, Side::Source)?
            .into_iter()
            .map(|((_, p), b)| (p, b))
            .collect();
        let starts = resolve(&pair.source.admin, task.start_of(&source), &source, &now)?;
        let ends = pair
            .source
            .admin
            .offsets(&partitions, OffsetQuery::Latest, Isolation::Committed)
            .map_err(fail)?;
        for ((_, partition), to) in every_offset(ends, Side::Source)? {
            let from = starts.get(&partition).map_or(0, |start| start.nearest());
            ranges.push(Range {
                key: PartitionKey {
                    topic: source.clone(),
                    partition,
                },
                target_topic: target.clone(),
                source: OffsetRange {
                    from,
                    to: to.max(from),
                },
                target_from: 0,
                target_checkpoint: None,
                known: false,
                target_id: None,
            });
        }
    }
    Ok(ranges)
}
