//! `source_permission`, `target_permission`.

use sluice_kafka::{ErrorCode, Right, TopicRights};
use sluice_model::{ExistingData, Objects, Task};

use crate::finding::Finding;
use crate::plan::precheck::facts::{KnownRights, Offsets, Outline, Sample, Setup, bound};
use crate::plan::precheck::words::{counted, quoted};

fn missing(rights: Option<&TopicRights>, right: Right) -> bool {
    rights.is_some_and(|known| {
        known.error == ErrorCode::TOPIC_AUTHORIZATION_FAILED
            || known.rights.is_some_and(|rights| !rights.allow(right))
    })
}

fn proven(rights: Option<&TopicRights>, right: Right) -> bool {
    rights.is_some_and(|known| known.rights.is_some_and(|rights| rights.allow(right)))
}

/// Whether this user may read what is to be copied: as the brokers say, or proved by reading.
pub(crate) fn source(
    task: &Task,
    outline: &Outline,
    rights: Option<&KnownRights>,
    sample: Option<&Sample>,
) -> Finding {
    const ID: &str = "source_permission";
    let topics = &outline.pair.source.metadata.topics;
    let mut denied: Vec<&str> = Vec::new();
    if let Objects::Topics(chosen) = &task.objects {
        denied.extend(chosen.iter().map(String::as_str).filter(|name| {
            topics
                .get(*name)
                .is_some_and(|info| info.error == ErrorCode::TOPIC_AUTHORIZATION_FAILED)
        }));
    }
    let (mut told, mut read, mut open) = (0, 0, Vec::new());
    for route in &outline.routes {
        let name = route.source_topic.as_str();
        let known = rights.and_then(|rights| rights.source.get(name));
        let sampled = sample.and_then(|sample| sample.topics.get(name));
        if missing(known, Right::Read)
            || sample.is_some_and(|sample| sample.denied.iter().any(|topic| topic == name))
        {
            denied.push(name);
        } else if sampled.is_some() {
            read += 1;
        } else if proven(known, Right::Read) {
            told += 1;
        } else {
            open.push(name);
        }
    }
    if !denied.is_empty() {
        return Finding::failed(
            ID,
            format!("this user may not read {} at the source", quoted(&denied)),
            "there is nothing to copy",
            "give the user DESCRIBE and READ on the topic (kafka-acls --add --operation Read --topic NAME)",
        );
    }
    // A launch asks only what the metadata says.
    if !open.is_empty() && rights.is_some() {
        return Finding::warning(
            ID,
            format!(
                "whether this user may read {} could not be found out: the source does not tell (before 2.3), and no record was there to be read in time",
                quoted(&open)
            ),
            "without the right the topic waits with its error, and the others are copied",
            "make sure that the user has READ on the topic",
        );
    }
    Finding::success(
        ID,
        format!(
            "this user may read {}: {read} proved by reading, {told} as the brokers say",
            counted(outline.routes.len(), "topic")
        ),
    )
}

/// Whether this user may write to the target topics. Only brokers from 2.3 on tell; nothing is written to find out.
pub(crate) fn target(
    task: &Task,
    outline: &Outline,
    offsets: Option<&Offsets>,
    setup: &Setup,
    rights: Option<&KnownRights>,
) -> Finding {
    const ID: &str = "target_permission";
    let (mut hidden, mut unwritable, mut undeletable, mut open, mut unmade) =
        (Vec::new(), Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for (index, route) in outline.routes.iter().enumerate() {
        let name = route.target_topic.as_str();
        if route.target_denied {
            hidden.push(name);
            continue;
        }
        let Some(rights) = rights else { continue };
        if route.target_partitions.is_none() {
            if setup
                .routes
                .get(index)
                .is_some_and(|found| matches!(found.draft, Some(Ok(_))))
            {
                unmade.push(name);
            }
            continue;
        }
        let known = rights.target.get(name);
        let to_clear = task.existing == ExistingData::Rewrite
            && outline.launch.is_none()
            && offsets
                .and_then(|offsets| offsets.routes.get(index))
                .is_some_and(|found| found.target_records() > 0);
        if missing(known, Right::Write) {
            unwritable.push(name);
        } else if to_clear && missing(known, Right::Delete) {
            undeletable.push(name);
        } else if !proven(known, Right::Write) {
            open.push(name);
        }
    }
    hidden.extend(unwritable);
    if !hidden.is_empty() {
        return Finding::failed(
            ID,
            format!("this user may not write to {} on the target", quoted(&hidden)),
            "nothing can be written",
            "give the user DESCRIBE and WRITE on the topic (kafka-acls --add --operation Write --topic NAME)",
        );
    }
    if !undeletable.is_empty() {
        return Finding::failed(
            ID,
            format!(
                "this user may not delete the records of {} on the target",
                quoted(&undeletable)
            ),
            "the existing data cannot be deleted first, as the task says",
            "give the user DELETE on the topic, or choose --existing append",
        );
    }
    let restricted = rights.is_some_and(|rights| bound(rights.cluster));
    if restricted {
        open.extend(unmade);
    }
    if !open.is_empty() {
        return Finding::warning(
            ID,
            format!(
                "whether this user may write to {} cannot be found out without writing: the target does not tell (before 2.3), or the topic does not exist yet",
                quoted(&open)
            ),
            "without the right the topic waits with its error, and the others are copied",
            "make sure that the user has DESCRIBE and WRITE on the topic",
        );
    }
    let nothing_denied = "no target topic is closed to this user";
    Finding::success(
        ID,
        if rights.is_some() {
            format!(
                "this user may write to {}, as the brokers say",
                counted(outline.routes.len(), "topic")
            )
        } else {
            nothing_denied.to_owned()
        },
    )
}
