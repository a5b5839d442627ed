//! `source_topics`, `target_topics`, `topic_configuration`.

use std::collections::BTreeMap;

use sluice_kafka::ErrorCode;
use sluice_model::{Objects, Task, is_internal_topic};

use crate::finding::Finding;
use crate::plan::precheck::facts::{Outline, Setup};
use crate::plan::precheck::words::{counted, listed, quoted};
use crate::plan::structure::TopicDraft;

const SOURCE_TOPICS: &str = "source_topics";
const TARGET_TOPICS: &str = "target_topics";

/// Whether what is to be copied exists, and can be read now.
pub(crate) fn source_topics(task: &Task, outline: &Outline) -> Finding {
    let topics = &outline.pair.source.metadata.topics;
    let mut names: Vec<&str> = outline.routes.iter().map(|r| r.source_topic.as_str()).collect();
    if let Objects::Topics(chosen) = &task.objects {
        if let Some(finding) = missing(chosen, task, outline) {
            return finding;
        }
        names = chosen.iter().map(String::as_str).collect();
    } else if names.is_empty() && outline.invalid.is_none() {
        return Finding::warning(
            SOURCE_TOPICS,
            "no topic of the source matches",
            "nothing is copied until a matching topic is created",
            "check the include and exclude patterns",
        );
    }
    let internal: Vec<&str> = names
        .iter()
        .copied()
        .filter(|name| is_internal_topic(name))
        .collect();
    if !internal.is_empty() {
        return Finding::warning(
            SOURCE_TOPICS,
            format!("{} belong to Kafka itself or to its tools", quoted(&internal)),
            "their content means something only to the cluster that wrote it; the target may take it for its own state, or refuse it",
            "leave them out of the task; for a look at them, copy them under another name",
        );
    }
    let leaderless: Vec<String> = names
        .iter()
        .filter_map(|name| topics.get(*name))
        .flat_map(|info| {
            info.partitions
                .iter()
                .filter(|partition| partition.leader.is_none())
                .map(|partition| format!("{}-{}", info.name, partition.id))
        })
        .collect();
    if !leaderless.is_empty() {
        return Finding::warning(
            SOURCE_TOPICS,
            format!(
                "{} without a leader: {}",
                counted(leaderless.len(), "partition"),
                listed(&leaderless, ", ")
            ),
            "they cannot be read until one of the brokers that hold them is back; the others are copied",
            "start the brokers of the source that hold them",
        );
    }
    Finding::success(SOURCE_TOPICS, format!("{} found", counted(names.len(), "topic")))
}

/// What is said of chosen topics that the source does not have.
fn missing(chosen: &[String], task: &Task, outline: &Outline) -> Option<Finding> {
    // Denied topics are reported under the permissions.
    let missing: Vec<&str> = chosen
        .iter()
        .map(String::as_str)
        .filter(|name| {
            !outline.readable.forbidden.contains(*name)
                && !matches!(
                    outline
                        .pair
                        .source
                        .metadata
                        .topics
                        .get(*name)
                        .map(|info| info.error),
                    Some(ErrorCode::NONE | ErrorCode::TOPIC_AUTHORIZATION_FAILED)
                )
        })
        .collect();
    // Of a pair, the launch of the other task makes them here; then they are followed like any new topic.
    let made_by_partner = task.both_ways.is_some()
        && missing
            .iter()
            .all(|name| outline.pair.target.partition_count(name).is_some());
    if missing.is_empty() {
        return None;
    }
    if made_by_partner {
        return Some(Finding::warning(
            SOURCE_TOPICS,
            format!("the source does not have {} yet", quoted(&missing)),
            "the other task of the pair makes them when it starts, and from then on they are copied",
            "start the other task",
        ));
    }
    Some(Finding::failed(
        SOURCE_TOPICS,
        format!(
            "the source has no topic {} (or this user may not see it)",
            quoted(&missing)
        ),
        "there is nothing to copy",
        "check the spelling, and that the user has DESCRIBE and READ on the topic",
    ))
}

/// Target topics have fewer partitions than their sources. `target` is the first of them, and has to have `wanted`.
fn fewer_partitions(outline: &Outline, cause: &str, target: &str, wanted: usize) -> Finding {
    if outline.launch.is_some() {
        return Finding::warning(
            TARGET_TOPICS,
            cause,
            "the source has grown: its target topic is grown before the new partitions are copied",
            "none needed; the user needs ALTER on the target topic",
        );
    }
    Finding::failed(
        TARGET_TOPICS,
        cause,
        "records could not keep their partitions, and their order by key would be lost",
        format!("grow it on the target: kafka-topics --alter --topic {target} --partitions {wanted}"),
    )
}

/// Whether every target topic is there, or can be made.
pub(crate) fn target_topics(outline: &Outline, setup: &Setup) -> Finding {
    const ID: &str = TARGET_TOPICS;
    let (mut impossible, mut fewer, mut more, mut unsure, mut made) =
        (Vec::new(), Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for (route, found) in outline.routes.iter().zip(&setup.routes) {
        let (source, target) = (&route.source_topic, &route.target_topic);
        let counts = |there: usize| {
            format!(
                "the target topic '{target}' has {there} partitions, its source '{source}' has {}",
                route.partitions
            )
        };
        match (&route.target_partitions, &found.draft) {
            (Some(there), _) if *there < route.partitions => {
                fewer.push((counts(*there), target, route.partitions))
            }
            (Some(there), _) if *there > route.partitions => more.push(counts(*there)),
            (None, Some(Err(reason))) => impossible.push(reason.clone()),
            (None, Some(Ok(draft))) => {
                let creation = format!(
                    "'{target}' will be created with {}, replication factor {}",
                    counted(draft.topic.partitions, "partition"),
                    draft.topic.replication_factor
                );
                if draft.validated {
                    made.push(creation);
                } else {
                    unsure.push(creation);
                }
            }
            _ => {}
        }
    }
    if !impossible.is_empty() {
        return Finding::failed(
            ID,
            listed(&impossible, "; "),
            "nothing can be written",
            "see the cause; or create the topics on the target by hand",
        );
    }
    if let Some((_, target, wanted)) = fewer.first() {
        let causes: Vec<String> = fewer.iter().map(|(cause, ..)| cause.clone()).collect();
        return fewer_partitions(outline, &listed(&causes, "; "), target, *wanted);
    }
    if !more.is_empty() {
        return Finding::warning(
            ID,
            listed(&more, "; "),
            "the partitions that the source does not have stay empty",
            "none needed, unless consumers compute partitions from keys",
        );
    }
    if !unsure.is_empty() {
        return Finding::warning(
            ID,
            format!(
                "{}; the target is too old to say beforehand whether it would",
                listed(&unsure, "; ")
            ),
            "whether it can be created shows at the start, before anything is copied",
            "create the topics on the target by hand to be sure",
        );
    }
    let there = outline.routes.len() - made.len();
    let mut causes = Vec::new();
    if there > 0 {
        causes.push(format!(
            "{} exist with enough partitions",
            counted(there, "topic")
        ));
    }
    if !made.is_empty() {
        causes.push(listed(&made, "; "));
    }
    if causes.is_empty() {
        causes.push("no target topic is needed".to_owned());
    }
    Finding::success(ID, causes.join("; "))
}

/// What is set on created topics because the defaults of both clusters differ: one sentence for each value.
fn inherited_settings(created: &[&TopicDraft]) -> Vec<String> {
    let mut by_value: BTreeMap<(&str, &str, &str), Vec<&str>> = BTreeMap::new();
    for draft in created {
        for found in &draft.inherited {
            by_value
                .entry((&found.key, &found.value, &found.instead_of))
                .or_default()
                .push(&draft.topic.name);
        }
    }
    by_value
        .into_iter()
        .map(|((key, value, instead_of), topics)| {
            format!(
                "'{key}={value}' is set on {}, as at the source: the target's default is {instead_of}",
                quoted(&topics)
            )
        })
        .collect()
}

/// What created topics have differently from their sources.
pub(crate) fn configuration(outline: &Outline, setup: &Setup) -> Finding {
    const ID: &str = "topic_configuration";
    let created: Vec<&TopicDraft> = outline
        .routes
        .iter()
        .zip(&setup.routes)
        .filter(|(route, _)| route.target_partitions.is_none())
        .filter_map(|(_, found)| found.draft.as_ref()?.as_ref().ok())
        .collect();
    let remarks: Vec<String> = created
        .iter()
        .flat_map(|draft| draft.remarks.iter().cloned())
        .collect();
    let inherited = inherited_settings(&created);
    if remarks.is_empty() {
        let mut causes = vec!["topics that are created get the configuration of their sources".to_owned()];
        causes.extend(inherited);
        return Finding::success(ID, causes.join("; "));
    }
    let mut causes = vec![listed(&remarks, "; ")];
    causes.extend(inherited);
    Finding::warning(
        ID,
        causes.join("; "),
        "the created target topics differ from their sources in this",
        "set it on the target by hand if it matters",
    )
}
