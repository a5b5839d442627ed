//! `delivery` of a task that mirrors: what equal offsets need, and what they cost.

use sluice_kafka::{ErrorCode, Right};
use sluice_model::Task;

use crate::finding::{Finding, Verdict};
use crate::plan::precheck::delivery::{self, ID};
use crate::plan::precheck::facts::{Compaction, KnownRights, Offsets, Outline, Sample, Setup, bound};
use crate::plan::precheck::words::{listed, quoted, span};

/// How long a hole holds up its partition, in ms: measured between brokers of 4.3.1 and of 2.0.1 on one machine (docs/task.md,
/// "Mirror").
const HOLE_MS: i64 = 15;
/// Holes from which on a mirror is the wrong mode: they alone take a quarter of an hour of their partition.
const MANY: i64 = 60_000;

/// Whether the target topics can get the source's offsets, and what the source's holes cost.
pub(crate) fn mirror(
    task: &Task,
    outline: &Outline,
    offsets: Option<&Offsets>,
    setup: &Setup,
    sample: Option<&Sample>,
    rights: Option<&KnownRights>,
) -> Finding {
    let described = outline.delivery.describe();
    if !outline.pair.target.capabilities.message_v2 {
        return Finding::failed(
            ID,
            "the target is older than 0.11: it has no transactions, and its offsets cannot be kept equal",
            "the task cannot start as a mirror",
            "choose another --delivery",
        );
    }
    if outline.launch.is_none()
        && let Some(refused) = not_new(outline, offsets)
    {
        return refused;
    }
    let transactions = delivery::transactions(task, outline, setup, rights);
    if let Some(refused) = transactions
        .as_ref()
        .filter(|found| found.result == Verdict::Failed)
    {
        return refused.clone();
    }
    let late = begins_late(outline, offsets);
    if let Some(refused) = undeletable(&late, rights) {
        return refused;
    }
    if let Some(costly) = costly(outline, offsets, setup, sample) {
        return costly;
    }
    let kept: Vec<&str> = late
        .iter()
        .copied()
        .filter(|target| only_compacts(outline, setup, target))
        .collect();
    if !kept.is_empty() {
        return Finding::warning(
            ID,
            format!(
                "{} begins behind offset 0 at the source and is only compacted on the target",
                quoted(&kept)
            ),
            "brokers delete no records of such topics, so the filler before the first offset stays until the cleaner takes it; readers of committed records do not see it",
            "none needed; with cleanup.policy=delete on the target topic until the copy has begun, it is deleted at once",
        );
    }
    let unproved = rights.is_some_and(|rights| {
        bound(rights.cluster)
            && late
                .iter()
                .any(|target| !may_delete(rights, target).unwrap_or(false))
    });
    if unproved {
        return Finding::warning(
            ID,
            format!(
                "whether this user may delete records of {} cannot be found out: the target does not report rights (before 2.3), or the topic does not exist yet",
                quoted(&late)
            ),
            "without the right the filler before the first offset is not deleted, and the copy does not begin",
            "give the user DELETE on the topic (kafka-acls --add --operation Delete --topic NAME)",
        );
    }
    transactions.unwrap_or_else(|| Finding::success(ID, described))
}

/// Target topics must be new, and have the source's partitions.
fn not_new(outline: &Outline, offsets: Option<&Offsets>) -> Option<Finding> {
    let mut used = Vec::new();
    let mut unequal = Vec::new();
    for (index, route) in outline.routes.iter().enumerate() {
        let target = &route.target_topic;
        if let Some(there) = route.target_partitions.filter(|there| *there != route.partitions) {
            unequal.push(format!(
                "'{target}' has {there} partitions, its source '{}' has {}",
                route.source_topic, route.partitions
            ));
        }
        let Some(offsets) = offsets else { continue };
        let adopted = offsets
            .adopted
            .keys()
            .any(|(topic, _)| *topic == route.source_topic);
        let ended = offsets.routes.get(index).and_then(|found| {
            found
                .target
                .iter()
                .map(|(partition, bounds)| (*partition, bounds.high))
                .find(|(_, high)| *high > 0)
        });
        if let Some((partition, end)) = ended.filter(|_| !adopted) {
            used.push(format!("'{target}' (partition {partition} ends at offset {end})"));
        }
    }
    if !used.is_empty() {
        return Some(Finding::failed(
            ID,
            format!("target topics are not new: {}", listed(&used, ", ")),
            "offsets that are taken cannot be given to other records, even if the topic is empty now",
            "delete the target topics, or choose other target names; with another --delivery they can stay",
        ));
    }
    (!unequal.is_empty()).then(|| {
        Finding::failed(
            ID,
            listed(&unequal, "; "),
            "consumers could not go on at the same places",
            "give the target topic as many partitions as its source, or let the launch make it",
        )
    })
}

/// Target topics with a partition that begins behind offset 0.
fn begins_late<'a>(outline: &'a Outline, offsets: Option<&Offsets>) -> Vec<&'a str> {
    let Some(offsets) = offsets.filter(|_| outline.launch.is_none()) else {
        return Vec::new();
    };
    let routes = outline.routes.iter().zip(&offsets.routes);
    routes
        .filter(|(_, found)| found.start.values().any(|start| start.nearest() > 0))
        .map(|(route, _)| route.target_topic.as_str())
        .collect()
}

/// Whether this user may delete records of a topic; `None` where the brokers do not say.
fn may_delete(rights: &KnownRights, target: &str) -> Option<bool> {
    let known = rights.target.get(target)?;
    if known.error == ErrorCode::TOPIC_AUTHORIZATION_FAILED {
        return Some(false);
    }
    known.rights.map(|rights| rights.allow(Right::Delete))
}

fn undeletable(late: &[&str], rights: Option<&KnownRights>) -> Option<Finding> {
    let rights = rights?;
    let denied: Vec<&str> = late
        .iter()
        .copied()
        .filter(|target| may_delete(rights, target) == Some(false))
        .collect();
    (!denied.is_empty()).then(|| {
        Finding::failed(
            ID,
            format!("this user may not delete the records of {} on the target", quoted(&denied)),
            "its source begins behind offset 0: the offsets before are filled, and the filler is then deleted",
            "give the user DELETE on the topic (kafka-acls --add --operation Delete --topic NAME)",
        )
    })
}

fn only_compacts(outline: &Outline, setup: &Setup, target: &str) -> bool {
    let routes = outline.routes.iter().zip(&setup.routes);
    routes
        .filter(|(route, _)| route.target_topic == target)
        .any(|(_, found)| {
            setup
                .target(found, "cleanup.policy")
                .is_some_and(|policy| !policy.contains("delete"))
        })
}

/// What the holes of the source cost, where that is much.
fn costly(
    outline: &Outline,
    offsets: Option<&Offsets>,
    setup: &Setup,
    sample: Option<&Sample>,
) -> Option<Finding> {
    let (mut many, mut compacted) = (Vec::new(), Vec::new());
    for (index, (route, found)) in outline.routes.iter().zip(&setup.routes).enumerate() {
        let source = &route.source_topic;
        let holes = sample.and_then(|sample| sample.holes.get(source).copied());
        let backlog = offsets
            .and_then(|offsets| offsets.routes.get(index))
            .map(|found| found.backlog());
        if let (Some(holes), Some(backlog)) = (holes, backlog) {
            let expected = holes.among(backlog);
            if expected > MANY {
                let busy =
                    expected.saturating_mul(HOLE_MS) / i64::try_from(route.partitions.max(1)).unwrap_or(1);
                many.push(format!(
                    "'{source}' has about {expected} of them, which take about {}",
                    span(busy)
                ));
                continue;
            }
        }
        if Compaction::of(found.source("cleanup.policy").as_deref()) == Compaction::Compacted {
            compacted.push(source.as_str());
        }
    }
    let remedy = "choose exactly-once where equal offsets are not needed";
    if !many.is_empty() {
        return Some(Finding::warning(
            ID,
            format!(
                "each stretch of offsets without a record (markers of transactions, aborted and compacted records) is filled by a transaction of its own, about {HOLE_MS} ms: {}",
                listed(&many, "; ")
            ),
            "a mirror is the wrong mode for compacted topics and for sources with many small transactions",
            remedy,
        ));
    }
    (!compacted.is_empty()).then(|| {
        Finding::warning(
            ID,
            format!("{} is compacted at the source", quoted(&compacted)),
            format!("each record that compaction took costs about {HOLE_MS} ms, and the target holds filler there that readers of uncommitted records see until its cleaner takes it"),
            remedy,
        )
    })
}
