//! `min_isr`, `replication_factor`.

use sluice_model::Task;

use crate::finding::Finding;
use crate::plan::precheck::facts::{Outline, Setup};
use crate::plan::precheck::words::listed;
use crate::plan::topic_values::FUTURE_BOUND;

/// Whether the target can acknowledge writes: the copy asks for all in-sync replicas.
pub(crate) fn min_isr(outline: &Outline, setup: &Setup) -> Finding {
    const ID: &str = "min_isr";
    let (mut never, mut not_now, mut tight) = (Vec::new(), Vec::new(), Vec::new());
    let mut all_count = Vec::new();
    let brokers = outline.pair.target.metadata.brokers.len();
    for (route, found) in outline.routes.iter().zip(&setup.routes) {
        let target = &route.target_topic;
        let (Some(wanted), Some(replicas)) = (
            setup
                .target_number(found, "min.insync.replicas")
                .and_then(|wanted| usize::try_from(wanted).ok()),
            found.target_replicas(),
        ) else {
            continue;
        };
        let in_sync = outline
            .pair
            .target
            .metadata
            .topics
            .get(target)
            .filter(|_| route.target_partitions.is_some())
            .and_then(|info| info.partitions.iter().map(|partition| partition.in_sync).min())
            .unwrap_or(replicas.min(brokers));
        let has_fewer =
            || format!("'{target}' wants {wanted} replicas in sync (min.insync.replicas) and has {replicas}");
        // Kafka counts no more than the replicas that there are from 3.7 on (KAFKA-15583), and has this setting from 3.6 on.
        let may_count_all = setup.target(found, FUTURE_BOUND).is_some();
        if wanted > replicas && !may_count_all {
            never.push(has_fewer());
        } else if wanted.min(replicas) > in_sync {
            not_now.push(format!(
                "'{target}' wants {wanted} replicas in sync (min.insync.replicas), and only {in_sync} of {replicas} are"
            ));
        } else if wanted > replicas {
            all_count.push(has_fewer());
        } else if wanted == replicas && replicas > 1 {
            tight.push(format!(
                "'{target}' wants all of its {replicas} replicas in sync (min.insync.replicas={wanted})"
            ));
        }
    }
    if !never.is_empty() {
        return Finding::failed(
            ID,
            listed(&never, "; "),
            "the target refuses every write",
            "lower min.insync.replicas on the target topic, or give it more replicas",
        );
    }
    if !not_now.is_empty() {
        return Finding::failed(
            ID,
            listed(&not_now, "; "),
            "the target refuses every write until more brokers are back",
            "start the brokers of the target that are missing, then check again",
        );
    }
    if !all_count.is_empty() {
        return Finding::warning(
            ID,
            listed(&all_count, "; "),
            "brokers from 3.7 on ask for all replicas that there are, those of 3.6 refuse every write",
            "lower min.insync.replicas on the target topic, or give it more replicas",
        );
    }
    if !tight.is_empty() {
        return Finding::warning(
            ID,
            listed(&tight, "; "),
            "the copy stands still whenever one of its brokers is away, and goes on when it is back",
            "set min.insync.replicas one below the number of replicas",
        );
    }
    Finding::success(ID, "the target has replicas enough to acknowledge writes")
}

/// Whether the copy is kept as safely as the original.
pub(crate) fn replication_factor(task: &Task, outline: &Outline, setup: &Setup) -> Finding {
    const ID: &str = "replication_factor";
    let brokers = outline.pair.target.metadata.brokers.len();
    if let Some(wanted) = task.replication_factor
        && usize::from(wanted) > brokers
        && outline
            .routes
            .iter()
            .any(|route| route.target_partitions.is_none())
    {
        return Finding::failed(
            ID,
            format!("the task asks for {wanted} replicas, and the target has {brokers} brokers"),
            "the target topics cannot be created",
            format!("choose --replication-factor {brokers} or less, or add brokers to the target"),
        );
    }
    let mut fewer = Vec::new();
    for (route, found) in outline.routes.iter().zip(&setup.routes) {
        let source = outline
            .pair
            .source
            .metadata
            .topics
            .get(&route.source_topic)
            .and_then(|info| info.partitions.first())
            .map_or(1, |partition| partition.replicas);
        if let Some(replicas) = found.target_replicas().filter(|replicas| *replicas < source) {
            fewer.push(format!(
                "'{}' {} {replicas} replicas, '{}' has {source}",
                route.target_topic,
                if route.target_partitions.is_some() {
                    "has"
                } else {
                    "gets"
                },
                route.source_topic
            ));
        }
    }
    if fewer.is_empty() {
        return Finding::success(
            ID,
            "the target topics have as many replicas as their sources, or more",
        );
    }
    Finding::warning(
        ID,
        listed(&fewer, "; "),
        "the copy is lost with fewer brokers than the original",
        format!(
            "the target has {brokers} brokers: add some, or give the topics more replicas where it has enough (--replication-factor)"
        ),
    )
}
