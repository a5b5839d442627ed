//! The pre-check: what a start would do, and what would go wrong. Changes nothing on either side.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use sluice_kafka::{ConfigEntry, ErrorCode, PartitionOffset, Reader, ReaderTuning};
use sluice_model::{ExistingData, Objects, OutOfRange, Start, Task};

use crate::adoption;
use crate::checkpoint::{CheckpointStore, Launch};
use crate::delivery::EffectiveDelivery;
use crate::error::{Result, Side};
use crate::finding::{Finding, Verdict};
use crate::pair::Pair;
use crate::start_position::{LogBounds, Resolved, bounds, resolve};
use crate::structure::{TopicDraft, draft};

/// One route's facts, for people and scripts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RouteFacts {
    /// Source topic.
    pub source_topic: String,
    /// Target topic.
    pub target_topic: String,
    /// Partitions at the source.
    pub partitions: usize,
    /// Partitions of the target topic; `None` when it will be created.
    pub target_partitions: Option<usize>,
    /// Offsets from the start positions to the end: the backlog, markers and compacted records counted.
    pub backlog: i64,
    /// Offsets in the target topic now.
    pub target_records: i64,
    /// Where the copy of each partition begins.
    pub start: BTreeMap<i32, i64>,
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Inspection {
    /// The source's cluster id.
    pub source_cluster_id: Option<String>,
    /// The target's cluster id.
    pub target_cluster_id: Option<String>,
    /// How records would be delivered.
    pub delivery: String,
    /// Whether the task was launched before and would resume.
    pub resumes: bool,
    /// Each topic.
    pub routes: Vec<RouteFacts>,
    /// Each inspection.
    pub findings: Vec<Finding>,
}

impl Inspection {
    /// Whether nothing failed.
    pub fn may_start(&self) -> bool {
        self.findings
            .iter()
            .all(|finding| finding.result != Verdict::Failed)
    }
}

/// A route with all that a launch needs.
pub(crate) struct RoutePlan {
    pub(crate) source_topic: String,
    pub(crate) target_topic: String,
    pub(crate) start: BTreeMap<i32, Resolved>,
    pub(crate) target_bounds: BTreeMap<i32, LogBounds>,
    pub(crate) target_partitions: Option<usize>,
    pub(crate) draft: TopicDraft,
    pub(crate) target_deletable: bool,
}

/// A plan with the connections it was made over.
pub(crate) struct Plan {
    pub(crate) pair: Pair,
    pub(crate) launch: Option<Launch>,
    pub(crate) delivery: EffectiveDelivery,
    pub(crate) routes: Vec<RoutePlan>,
    pub(crate) findings: Vec<Finding>,
    /// Positions that an earlier run of this very task left on the target, when the state knows nothing of it.
    pub(crate) adopted: BTreeMap<(String, i32), adoption::Adopted>,
}

/// Inspects `task` without changing anything.
///
/// # Errors
/// A cluster cannot be reached, or the description is wrong.
pub fn inspect(task: &Task, store: &dyn CheckpointStore) -> Result<Inspection> {
    let plan = plan(task, store)?;
    Ok(plan.facts())
}

impl Plan {
    pub(crate) fn facts(&self) -> Inspection {
        Inspection {
            source_cluster_id: self.pair.source.id.clone(),
            target_cluster_id: self.pair.target.id.clone(),
            delivery: self.delivery.describe().to_owned(),
            resumes: self.launch.is_some(),
            routes: self
                .routes
                .iter()
                .map(|route| RouteFacts {
                    source_topic: route.source_topic.clone(),
                    target_topic: route.target_topic.clone(),
                    partitions: route.draft.topic.partitions,
                    target_partitions: route.target_partitions,
                    backlog: route
                        .start
                        .values()
                        .map(|start| (start.bounds.high - start.nearest()).max(0))
                        .sum(),
                    target_records: route.target_bounds.values().map(|b| b.high - b.low).sum(),
                    start: route
                        .start
                        .iter()
                        .map(|(&partition, start)| (partition, start.nearest()))
                        .collect(),
                })
                .collect(),
            findings: self.findings.clone(),
        }
    }
}

/// Makes the plan that [`inspect`] shows and a start carries out.
pub(crate) fn plan(task: &Task, store: &dyn CheckpointStore) -> Result<Plan> {
    let pair = Pair::connect(task)?;
    let launch = store.launch(&task.name)?;
    let delivery = EffectiveDelivery::choose(task.delivery, pair.target.capabilities);
    let mut findings = vec![
        Finding::success(
            "source_connection",
            format!("{} brokers answer", pair.source.metadata.brokers.len()),
        ),
        Finding::success(
            "target_connection",
            format!("{} brokers answer", pair.target.metadata.brokers.len()),
        ),
    ];
    check_launch(&pair, task, launch.as_ref(), &mut findings);
    check_source_topics(&pair, task, &mut findings);
    let names = pair
        .source
        .metadata
        .topics
        .values()
        .filter(|info| info.error == ErrorCode::NONE)
        .map(|info| info.name.as_str());
    let pairs = task.routes(names)?;
    if pairs.is_empty() && task.objects.is_open() {
        findings.push(Finding::warning(
            "source_topics",
            "no topic of the source matches",
            "nothing is copied until a matching topic is created",
            "check the include and exclude patterns",
        ));
    }
    check_loops(&pair, task, &pairs, store, &mut findings)?;
    check_versions(&pair, delivery, &mut findings);
    let adopted = if launch.is_none() {
        adoption::find(&pair, task, &pairs, delivery)
    } else {
        BTreeMap::new()
    };
    if !adopted.is_empty() {
        findings.push(Finding::warning(
            "earlier_run",
            format!(
                "an earlier run of '{}' left its positions on the target",
                task.name
            ),
            "the copy continues from them; --start and --existing do not apply to those partitions",
            "use another --name to copy anew",
        ));
    }
    let mut routes = Vec::with_capacity(pairs.len());
    for (source_topic, target_topic) in pairs {
        if let Some(route) = plan_route(
            &pair,
            task,
            &source_topic,
            &target_topic,
            launch.is_some(),
            &mut findings,
        )? {
            routes.push(route);
        }
    }
    if launch.is_none() {
        check_start(task, &routes, &adopted, &mut findings);
        check_existing(&pair, task, &routes, &adopted, store, &mut findings)?;
    }
    let remarks: Vec<&str> = routes
        .iter()
        .filter(|route| route.target_partitions.is_none())
        .flat_map(|route| &route.draft.remarks)
        .map(String::as_str)
        .collect();
    if !remarks.is_empty() {
        findings.push(Finding::warning(
            "topic_configuration",
            remarks.join("; "),
            "the created target topics differ from their sources in this",
            "set it on the target by hand if it matters",
        ));
    }
    findings.push(Finding::success("delivery", delivery.describe()));
    Ok(Plan {
        pair,
        launch,
        delivery,
        routes,
        findings,
        adopted,
    })
}

fn check_launch(pair: &Pair, task: &Task, launch: Option<&Launch>, findings: &mut Vec<Finding>) {
    let Some(launch) = launch else { return };
    let differs = |known: &str, now: Option<&str>| !known.is_empty() && now.is_some_and(|now| now != known);
    for (side, known, now) in [
        (Side::Source, &launch.source_cluster, &pair.source.id),
        (Side::Target, &launch.target_cluster, &pair.target.id),
    ] {
        if differs(known, now.as_deref()) {
            findings.push(Finding::failed(
                "same_clusters",
                format!(
                    "task '{}' was launched with the {side} cluster {known}, but {} answers now",
                    task.name,
                    now.as_deref().unwrap_or("?")
                ),
                "its positions mean nothing on another cluster",
                "give the address of the right cluster, or start a new task with another --name",
            ));
        }
    }
}

fn check_source_topics(pair: &Pair, task: &Task, findings: &mut Vec<Finding>) {
    let Objects::Topics(names) = &task.objects else {
        return;
    };
    let (mut missing, mut denied) = (Vec::new(), Vec::new());
    for name in names {
        match pair.source.metadata.topics.get(name).map(|info| info.error) {
            Some(ErrorCode::NONE) => {}
            Some(ErrorCode::TOPIC_AUTHORIZATION_FAILED) => denied.push(name.as_str()),
            _ => missing.push(name.as_str()),
        }
    }
    if !missing.is_empty() {
        findings.push(Finding::failed(
            "source_topics",
            format!(
                "the source has no topic {} (or this user may not see it)",
                quoted(&missing)
            ),
            "there is nothing to copy",
            "check the spelling, and that the user has DESCRIBE and READ on the topic",
        ));
    }
    if !denied.is_empty() {
        findings.push(Finding::failed(
            "topic_permission",
            format!("this user may not read {} at the source", quoted(&denied)),
            "there is nothing to copy",
            "give the user DESCRIBE and READ on the topic",
        ));
    }
    if missing.is_empty() && denied.is_empty() {
        findings.push(Finding::success(
            "source_topics",
            format!("{} topics found", names.len()),
        ));
    }
}

fn check_loops(
    pair: &Pair,
    task: &Task,
    routes: &[(String, String)],
    store: &dyn CheckpointStore,
    findings: &mut Vec<Finding>,
) -> Result<()> {
    let onto_itself: Vec<&str> = routes
        .iter()
        .filter(|(source, target)| pair.same_cluster() && source == target)
        .map(|(source, _)| source.as_str())
        .collect();
    if !onto_itself.is_empty() {
        findings.push(Finding::failed(
            "cyclic_replication",
            format!(
                "source and target are the same cluster, and {} would be copied onto itself",
                quoted(&onto_itself)
            ),
            "each copied record would be copied again, without end",
            "choose another target cluster, or rename the topics on the way (--rename, --prefix)",
        ));
        return Ok(());
    }
    let chained: Vec<&str> = if pair.same_cluster() {
        let sources: BTreeSet<&str> = routes.iter().map(|(source, _)| source.as_str()).collect();
        routes
            .iter()
            .map(|(_, target)| target.as_str())
            .filter(|target| sources.contains(target))
            .collect()
    } else {
        Vec::new()
    };
    if !chained.is_empty()
        || (pair.same_cluster()
            && task.objects.is_open()
            && routes.iter().any(|(_, target)| {
                task.objects
                    .select([target.as_str()])
                    .is_ok_and(|s| !s.is_empty())
            }))
    {
        findings.push(Finding::failed(
            "cyclic_replication",
            "source and target are the same cluster, and a target topic is also a source of this task",
            "copied records would be copied again, without end",
            "narrow the topics (--exclude) so that no target topic is chosen as a source",
        ));
    }
    for other in store.launches()? {
        let opposite = !other.source_cluster.is_empty()
            && Some(&other.source_cluster) == pair.target.id.as_ref()
            && Some(&other.target_cluster) == pair.source.id.as_ref();
        if other.task == task.name || !opposite {
            continue;
        }
        let back: BTreeSet<(String, String)> = store
            .partitions(&other.task)?
            .into_iter()
            .map(|p| (p.target_topic, p.key.topic))
            .collect();
        let looped: Vec<&str> = routes
            .iter()
            .filter(|route| back.contains(*route))
            .map(|(source, _)| source.as_str())
            .collect();
        if !looped.is_empty() {
            findings.push(Finding::failed(
                "cyclic_replication",
                format!(
                    "task '{}' copies {} in the other direction",
                    other.task,
                    quoted(&looped)
                ),
                "each record would travel in a circle, without end",
                "rename the topics in one direction, or end the other task",
            ));
        }
    }
    if !findings.iter().any(|finding| finding.id == "cyclic_replication") {
        findings.push(Finding::success("cyclic_replication", "no loop"));
    }
    Ok(())
}

fn check_versions(pair: &Pair, delivery: EffectiveDelivery, findings: &mut Vec<Finding>) {
    let (source, target) = (pair.source.capabilities, pair.target.capabilities);
    if source.message_v2 && !target.message_v2 {
        findings.push(Finding::warning(
            "target_version",
            "the target is older than 0.11: it has no record headers and no transactions",
            "headers are dropped from every record that has some; verification lists them as accepted differences",
            "use a target of version 0.11 or later where headers matter",
        ));
    } else if !target.message_v2 {
        findings.push(Finding::warning(
            "target_version",
            "the target is older than 0.11: it has no transactions and no idempotent writes",
            format!("delivery is {}", delivery.describe()),
            "none needed; a connection lost during a write may repeat a batch, which verification shows",
        ));
    } else {
        findings.push(Finding::success(
            "target_version",
            "headers and transactions are available",
        ));
    }
    if source.zstd && !target.zstd {
        findings.push(Finding::warning(
            "compression",
            "the target is older than 2.1 and cannot store zstd",
            "records compressed with zstd at the source are stored with another codec",
            "none needed",
        ));
    }
}

fn plan_route(
    pair: &Pair,
    task: &Task,
    source_topic: &str,
    target_topic: &str,
    launched: bool,
    findings: &mut Vec<Finding>,
) -> Result<Option<RoutePlan>> {
    let Some(partitions) = pair.source.partition_count(source_topic) else {
        return Ok(None);
    };
    let ids = |count: usize, topic: &str| -> Vec<(String, i32)> {
        (0..i32::try_from(count).unwrap_or(0))
            .map(|p| (topic.to_owned(), p))
            .collect()
    };
    let source_bounds: BTreeMap<i32, LogBounds> =
        bounds(&pair.source.admin, &ids(partitions, source_topic), Side::Source)?
            .into_iter()
            .map(|((_, p), b)| (p, b))
            .collect();
    let start = match resolve(
        &pair.source.admin,
        task.start_of(source_topic),
        source_topic,
        &source_bounds,
    ) {
        Ok(start) => start,
        Err(crate::EngineError::Refused(reason)) => {
            findings.push(Finding::failed(
                "start_position",
                reason,
                "it is unknown where the copy begins",
                "correct the start",
            ));
            resolve(&pair.source.admin, &Start::Earliest, source_topic, &source_bounds)?
        }
        Err(other) => return Err(other),
    };
    let target_partitions = pair.target.partition_count(target_topic);
    let (mut target_bounds, mut target_deletable) = (BTreeMap::new(), false);
    let topic_draft;
    if let Some(count) = target_partitions {
        target_bounds = bounds(&pair.target.admin, &ids(count, target_topic), Side::Target)?
            .into_iter()
            .map(|((_, p), b)| (p, b))
            .collect();
        let config = pair.target.admin.topic_config(target_topic).unwrap_or_default();
        target_deletable = pair.target.capabilities.message_v2
            && value(&config, "cleanup.policy").is_none_or(|policy| policy.contains("delete"));
        check_partition_count(
            source_topic,
            target_topic,
            (partitions, count),
            launched,
            findings,
        );
        check_target_topic(pair, source_topic, target_topic, &config, findings);
        topic_draft = TopicDraft {
            topic: sluice_kafka::NewTopic {
                name: target_topic.to_owned(),
                partitions: count.max(partitions),
                replication_factor: pair
                    .target
                    .metadata
                    .topics
                    .get(target_topic)
                    .and_then(|info| info.partitions.first())
                    .map_or(1, |p| p.replicas.max(1)),
                config: config
                    .into_iter()
                    .filter(|(_, entry)| entry.origin == sluice_kafka::ConfigOrigin::Topic)
                    .filter_map(|(key, entry)| entry.value.map(|value| (key, value)))
                    .collect(),
            },
            remarks: Vec::new(),
        };
    } else if let Some(info) = pair
        .target
        .metadata
        .topics
        .get(target_topic)
        .filter(|info| info.error == ErrorCode::TOPIC_AUTHORIZATION_FAILED)
    {
        findings.push(Finding::failed(
            "topic_permission",
            format!("this user may not use '{}' on the target", info.name),
            "nothing can be written",
            "give the user DESCRIBE and WRITE on the topic",
        ));
        return Ok(None);
    } else {
        topic_draft = match draft(pair, task, source_topic, target_topic) {
            Ok(topic_draft) => topic_draft,
            Err(crate::EngineError::Refused(reason)) => {
                findings.push(Finding::failed(
                    "target_topic",
                    reason,
                    "nothing can be written",
                    "see the cause",
                ));
                return Ok(None);
            }
            Err(other) => return Err(other),
        };
        findings.push(Finding::success(
            "target_topic",
            format!(
                "'{target_topic}' will be created with {partitions} partitions, replication factor {}",
                topic_draft.topic.replication_factor
            ),
        ));
    }
    Ok(Some(RoutePlan {
        source_topic: source_topic.to_owned(),
        target_topic: target_topic.to_owned(),
        start,
        target_bounds,
        target_partitions,
        draft: topic_draft,
        target_deletable,
    }))
}

fn check_partition_count(
    source_topic: &str,
    target_topic: &str,
    (partitions, target_partitions): (usize, usize),
    launched: bool,
    findings: &mut Vec<Finding>,
) {
    let cause = format!(
        "the target topic '{target_topic}' has {target_partitions} partitions, its source '{source_topic}' has {partitions}"
    );
    if target_partitions < partitions && launched {
        findings.push(Finding::warning(
            "partition_count",
            cause,
            "the source has grown: the target topic is grown before the new partitions are copied",
            "none needed; the user needs ALTER on the target topic",
        ));
    } else if target_partitions < partitions {
        findings.push(Finding::failed(
            "partition_count",
            cause,
            "records could not keep their partitions, and their order by key would be lost",
            format!(
                "grow it on the target: kafka-topics --alter --topic {target_topic} --partitions {partitions}"
            ),
        ));
    } else if target_partitions > partitions {
        findings.push(Finding::warning(
            "partition_count",
            cause,
            format!("partitions {partitions} to {} stay empty", target_partitions - 1),
            "none needed, unless consumers compute partitions from keys",
        ));
    }
}

fn check_target_topic(
    pair: &Pair,
    source_topic: &str,
    target_topic: &str,
    config: &BTreeMap<String, ConfigEntry>,
    findings: &mut Vec<Finding>,
) {
    let source_config = pair.source.admin.topic_config(source_topic).unwrap_or_default();
    let number = |config: &BTreeMap<String, ConfigEntry>, key: &str| {
        value(config, key).and_then(|v| v.parse::<i64>().ok())
    };
    if let (Some(from), Some(to)) = (
        number(&source_config, "max.message.bytes"),
        number(config, "max.message.bytes"),
    ) && to < from
    {
        findings.push(Finding::warning(
            "message_size",
            format!("'{source_topic}' takes batches up to {from} bytes, '{target_topic}' only up to {to}"),
            "larger records are refused by the target and go to quarantine",
            format!("set max.message.bytes={from} on '{target_topic}'"),
        ));
    }
    if value(config, "message.timestamp.type").as_deref() == Some("LogAppendTime") {
        findings.push(Finding::warning(
            "timestamps",
            format!("'{target_topic}' has message.timestamp.type=LogAppendTime"),
            "the target replaces every record's time by the time of the copy; verification lists it as an accepted difference",
            "set message.timestamp.type=CreateTime to keep the times",
        ));
    }
    let compacted = |config: &BTreeMap<String, ConfigEntry>| {
        value(config, "cleanup.policy").is_some_and(|policy| policy.contains("compact"))
    };
    if compacted(config) && !compacted(&source_config) {
        findings.push(Finding::warning(
            "compaction",
            format!("'{target_topic}' is compacted and '{source_topic}' is not"),
            "the target refuses records without a key (they go to quarantine) and later removes superseded ones",
            "set cleanup.policy=delete on the target topic to keep every record",
        ));
    }
    if let (Some(from), Some(to)) = (
        number(&source_config, "retention.ms"),
        number(config, "retention.ms"),
    ) && to >= 0
        && (from < 0 || to < from)
    {
        findings.push(Finding::warning(
            "retention",
            format!(
                "'{target_topic}' keeps records for {to} ms, '{source_topic}' for {}",
                if from < 0 {
                    "ever".to_owned()
                } else {
                    format!("{from} ms")
                }
            ),
            "records keep their times, so the target may delete old ones soon after they arrive",
            format!("raise retention.ms on '{target_topic}'"),
        ));
    }
}

fn value(config: &BTreeMap<String, ConfigEntry>, key: &str) -> Option<String> {
    config.get(key).and_then(|entry| entry.value.clone())
}

fn check_start(
    task: &Task,
    routes: &[RoutePlan],
    adopted: &BTreeMap<(String, i32), adoption::Adopted>,
    findings: &mut Vec<Finding>,
) {
    let mut outside = Vec::new();
    for route in routes {
        for (partition, start) in &route.start {
            if let Some(range) = start.outside
                && !adopted.contains_key(&(route.source_topic.clone(), *partition))
            {
                outside.push(format!(
                    "{}-{partition}: {} is outside of the log [{}, {}], missing {range}",
                    route.source_topic, start.wanted, start.bounds.low, start.bounds.high
                ));
            }
        }
    }
    if outside.is_empty() {
        findings.push(Finding::success(
            "start_position",
            format!("the copy starts at {}", task.start),
        ));
        return;
    }
    let cause = format!(
        "the start offset does not exist in {} partitions: {}",
        outside.len(),
        outside
            .iter()
            .take(5)
            .map(String::as_str)
            .collect::<Vec<_>>()
            .join("; ")
    );
    findings.push(match task.out_of_range {
        OutOfRange::Stop => Finding::failed(
            "start_position",
            cause,
            "records that were asked for cannot be copied",
            "choose another --start, or accept the nearest offset with --out-of-range nearest",
        ),
        OutOfRange::Nearest => Finding::warning(
            "start_position",
            cause,
            "the copy starts at the nearest offset; missing ranges go to the gap ledger",
            "none needed",
        ),
    });
}

fn check_existing(
    pair: &Pair,
    task: &Task,
    routes: &[RoutePlan],
    adopted: &BTreeMap<(String, i32), adoption::Adopted>,
    store: &dyn CheckpointStore,
    findings: &mut Vec<Finding>,
) -> Result<()> {
    let full: Vec<(&RoutePlan, i64)> = routes
        .iter()
        .filter(|route| !adopted.keys().any(|(topic, _)| *topic == route.source_topic))
        .map(|route| {
            (
                route,
                route.target_bounds.values().map(|b| b.high - b.low).sum::<i64>(),
            )
        })
        .filter(|(_, records)| *records > 0)
        .collect();
    if full.is_empty() {
        findings.push(Finding::success(
            "target_data",
            "the target topics are empty or will be created",
        ));
        return Ok(());
    }
    let list = full
        .iter()
        .take(10)
        .map(|(route, records)| format!("'{}' ({records} records)", route.target_topic))
        .collect::<Vec<_>>()
        .join(", ");
    let cause = format!("{} target topics hold data: {list}", full.len());
    findings.push(match task.existing {
        ExistingData::Stop => Finding::failed(
            "target_data",
            cause,
            "the copy would be mixed with other records",
            "choose --existing append to write behind them, --existing rewrite to delete them first, or other target names",
        ),
        ExistingData::Append => Finding::warning("target_data", cause, "they stay, and the copy is written behind them", "none needed"),
        ExistingData::Rewrite => {
            let mut sources: BTreeSet<String> = if pair.same_cluster() { routes.iter().map(|route| route.source_topic.clone()).collect() } else { BTreeSet::new() };
            for other in store.launches()? {
                if other.task != task.name && !other.source_cluster.is_empty() && Some(&other.source_cluster) == pair.target.id.as_ref() {
                    sources.extend(store.partitions(&other.task)?.into_iter().map(|partition| partition.key.topic));
                }
            }
            let also_source: Vec<&str> = full.iter().map(|(route, _)| route.target_topic.as_str()).filter(|topic| sources.contains(*topic)).collect();
            if also_source.is_empty() {
                Finding::warning("target_data", cause, "they are DELETED at the first launch, once", "choose --existing append or stop to keep them")
            } else {
                Finding::failed("target_data", format!("{} is also a source of a task", quoted(&also_source)), "deleting it would delete what is to be copied", "choose --existing append, or another target name")
            }
        }
    });
    Ok(())
}

/// Positions committed on the target under `identity`, with their notes.
pub(crate) fn committed(
    task: &Task,
    identity: &str,
    partitions: &[PartitionOffset],
) -> sluice_kafka::Result<Vec<PartitionOffset>> {
    if partitions.is_empty() {
        return Ok(Vec::new());
    }
    let reader = Reader::with_group(&task.target, ReaderTuning::default(), identity)?;
    reader.committed(partitions, sluice_kafka::CALL_DEADLINE)
}

fn quoted(names: &[&str]) -> String {
    let shown: Vec<String> = names.iter().take(10).map(|name| format!("'{name}'")).collect();
    let more = names.len().saturating_sub(shown.len());
    if more > 0 {
        format!("{} and {more} more", shown.join(", "))
    } else {
        shown.join(", ")
    }
}
