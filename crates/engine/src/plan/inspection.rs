//! What a start would do, for people; and the plan that it carries out.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::AtomicBool;

use serde::Serialize;
use sluice_model::{Cluster, Task};

use crate::clock::now_ms;
use crate::error::{EngineError, Result};
use crate::finding::{Finding, Verdict};
use crate::plan::Resolved;
use crate::plan::adoption;
use crate::plan::compression::COMPRESSION_TYPE;
use crate::plan::precheck::facts::{Compaction, Offsets, Outline, Setup};
use crate::plan::precheck::{ITEMS, ItemResult, PreCheckContext, at_launch, precheck};
use crate::plan::route_facts::RouteFacts;
use crate::plan::structure::TopicDraft;
use crate::plan::{ChosenLane, Pair, refusing_keyless};
use crate::position::EffectiveDelivery;
use crate::position::LogBounds;
use crate::position::{CheckpointStore, Launch};

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
    /// Partitions that wait for a leader before they are pinned.
    pub(crate) waiting: BTreeSet<i32>,
    pub(crate) target_bounds: BTreeMap<i32, LogBounds>,
    pub(crate) target_partitions: Option<usize>,
    pub(crate) draft: TopicDraft,
    pub(crate) target_deletable: bool,
    /// Whether the target topic refuses records without a key.
    pub(crate) compaction: Compaction,
    /// Effective `compression.type` of the source topic; `None` where it cannot be read.
    pub(crate) source_compression: Option<String>,
    /// The same of the target topic, as it is or as it would be.
    pub(crate) target_compression: Option<String>,
}

impl Plan {
    /// Target topics that refuse records without a key, once they are there.
    pub(crate) fn refusing_keyless(&self, target: &Cluster) -> BTreeSet<String> {
        let routes = self.routes.iter();
        refusing_keyless(
            target,
            routes.map(|route| (route.target_topic.as_str(), route.compaction)),
        )
    }
}

/// A plan with the connections it was made over.
pub(crate) struct Plan {
    pub(crate) pair: Pair,
    pub(crate) launch: Option<Launch>,
    pub(crate) delivery: EffectiveDelivery,
    /// The lane that copies, or why there is none; a start is refused then.
    pub(crate) lane: std::result::Result<ChosenLane, String>,
    pub(crate) routes: Vec<RoutePlan>,
    pub(crate) findings: Vec<Finding>,
    /// Positions that an earlier run of this very task left on the target, when the state knows nothing of it.
    pub(crate) adopted: BTreeMap<(String, i32), adoption::Adopted>,
    /// The name under which the target knows the task, or is to, where it is not the one that follows from its name.
    pub(crate) identity: Option<String>,
}

impl Plan {
    /// The name under which the target knows the task: transactional id and group of its positions.
    pub(crate) fn identity(&self, task: &Task) -> String {
        self.identity.clone().unwrap_or_else(|| self.pair.identity(task))
    }
}

/// Inspects `task` without changing anything: the whole pre-check, with its findings in one piece.
///
/// # Errors
/// A cluster cannot be reached, or the description is wrong.
pub fn inspect(task: &Task, store: &dyn CheckpointStore) -> Result<Inspection> {
    task.check()?;
    let report = precheck(
        task,
        store,
        &PreCheckContext::default(),
        &AtomicBool::new(false),
        &|_| {},
    );
    let lost = |id: &str| {
        report
            .items
            .iter()
            .find(|item| item.id == id && item.result == ItemResult::Failed)
    };
    if let Some(item) = lost("source_connection").or_else(|| lost("target_connection")) {
        return Err(EngineError::Refused(format!("{}. {}", item.cause, item.remedy)));
    }
    let verdict = |result| match result {
        ItemResult::Success => Verdict::Success,
        ItemResult::Warning => Verdict::Warning,
        ItemResult::Failed | ItemResult::Running => Verdict::Failed,
    };
    Ok(Inspection {
        source_cluster_id: report.source_cluster_id,
        target_cluster_id: report.target_cluster_id,
        delivery: report.delivery.unwrap_or_default(),
        resumes: report.resumes,
        routes: report.routes,
        findings: report
            .items
            .into_iter()
            .filter_map(|item| {
                Some(Finding {
                    id: ITEMS.into_iter().find(|id| *id == item.id)?,
                    result: verdict(item.result),
                    cause: item.cause,
                    effect: item.effect,
                    remedy: item.remedy,
                })
            })
            .collect(),
    })
}

/// Makes the plan that a start carries out. Gives up soon after `cancelled` says so.
pub(crate) fn plan(
    task: &Task,
    store: &dyn CheckpointStore,
    cancelled: &(dyn Fn() -> bool + Sync),
) -> Result<Plan> {
    let pair = Pair::connect(task, cancelled)?;
    let outline = Outline::read(task, store, pair, cancelled)?;
    let both = (&outline.pair.source.admin, &outline.pair.target.admin);
    let offsets = Offsets::read(task, &outline, both, sluice_kafka::CALL_DEADLINE, cancelled)?;
    let setup = Setup::read(task, &outline, cancelled)?;
    let findings = at_launch(task, &outline, &offsets, &setup, now_ms());
    let with_records = outline.pair.target.capabilities.message_v2;
    let routes = outline
        .routes
        .into_iter()
        .zip(offsets.routes)
        .zip(setup.routes.clone())
        .filter_map(|((route, found), route_setup)| {
            let compaction = setup.compaction(&route_setup);
            let source_compression = route_setup.source(COMPRESSION_TYPE);
            let target_compression = setup.target(&route_setup, COMPRESSION_TYPE);
            let setup = route_setup;
            let deletes = setup
                .target
                .as_ref()
                .and_then(|config| config.get("cleanup.policy")?.value.as_deref())
                .is_none_or(|policy| policy.contains("delete"));
            // Where there is no draft, a finding says why and forbids the start.
            let draft = setup.draft?.ok()?;
            Some(RoutePlan {
                source_topic: route.source_topic,
                target_topic: route.target_topic,
                start: found.start,
                waiting: found.waiting,
                target_bounds: found.target,
                target_partitions: route.target_partitions,
                draft,
                target_deletable: route.target_partitions.is_some() && with_records && deletes,
                compaction,
                source_compression,
                target_compression,
            })
        })
        .collect();
    Ok(Plan {
        pair: outline.pair,
        identity: match &outline.launch {
            Some(launch) => launch.identity.clone(),
            None => offsets.identity,
        },
        launch: outline.launch,
        delivery: outline.delivery,
        lane: outline.lane,
        routes,
        findings,
        adopted: offsets.adopted,
    })
}
