//! `source_permission`, `target_permission`.

use std::collections::BTreeSet;

use sluice_kafka::{ErrorCode, Right, TopicRights};
use sluice_model::{ExistingData, ForbiddenTopics, Task};

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

/// Whether this user may read what is to be copied: as the brokers say, or proved by reading. A launch has no `sample`.
pub(crate) fn source(task: &Task, outline: &Outline, sample: Option<&Sample>) -> Finding {
    const ID: &str = "source_permission";
    let readable = &outline.readable;
    let mut denied: BTreeSet<&str> = readable.forbidden.iter().map(String::as_str).collect();
    denied.extend(
        sample
            .into_iter()
            .flat_map(|sample| sample.denied.iter().map(String::as_str)),
    );
    let (mut granted, mut read, mut open) = (0, 0, Vec::new());
    for route in &outline.routes {
        let name = route.source_topic.as_str();
        if denied.contains(name) {
            continue;
        }
        let sampled = sample.is_some_and(|sample| sample.topics.contains_key(name));
        if sampled || readable.proved.contains(name) {
            read += 1;
        } else if proven(readable.rights.get(name), Right::Read) {
            granted += 1;
        } else {
            open.push(name);
        }
    }
    if !denied.is_empty() {
        return forbidden(task, outline, &denied.into_iter().collect::<Vec<_>>());
    }
    // A launch asks no more than it must.
    if !open.is_empty() && sample.is_some() {
        return Finding::warning(
            ID,
            format!(
                "whether this user may read {} could not be found out: the source does not report rights (before 2.3), and no record was there to be read in time",
                quoted(&open)
            ),
            "without the right the topic waits with its error, and the others are copied",
            "make sure that the user has READ on the topic",
        );
    }
    Finding::success(
        ID,
        format!(
            "this user may read {}: {read} proved by reading, {granted} as the brokers say",
            counted(outline.routes.len(), "topic")
        ),
    )
}

/// What becomes of a task with topics that this user may not read.
fn forbidden(task: &Task, outline: &Outline, denied: &[&str]) -> Finding {
    const ID: &str = "source_permission";
    const GRANT: &str =
        "give the user DESCRIBE and READ on the topic (kafka-acls --add --operation Read --topic NAME)";
    let cause = format!("this user may not read {} at the source", quoted(denied));
    if outline.launch.is_some() {
        return Finding::warning(
            ID,
            cause,
            "without the right the topic waits with its error, and the others are copied",
            GRANT,
        );
    }
    let others = outline
        .routes
        .iter()
        .any(|route| !denied.contains(&route.source_topic.as_str()));
    match task.forbidden_topics {
        ForbiddenTopics::LeaveOut if others => Finding::warning(
            ID,
            cause,
            "they are left out until the right is granted, as the task says; the others are copied",
            GRANT,
        ),
        ForbiddenTopics::Stop if others => Finding::failed(
            ID,
            cause,
            "not everything that was chosen can be copied",
            format!("{GRANT}, or leave such topics out with --forbidden-topics leave-out"),
        ),
        ForbiddenTopics::LeaveOut | ForbiddenTopics::Stop => {
            Finding::failed(ID, cause, "there is nothing to copy", GRANT)
        }
    }
}

/// Whether this user may write to the target topics. Only brokers from 2.3 on report it; nothing is written to find out.
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
            let found = setup.routes.get(index);
            if found.is_some_and(|found| matches!(found.draft, Some(Ok(_)))) {
                unmade.push(name);
            }
            continue;
        }
        let known = rights.target.get(name);
        let to_clear = is_to_be_cleared(task, outline, offsets, index);
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
                "whether this user may write to {} cannot be found out without writing: the target does not report rights (before 2.3), or the topic does not exist yet",
                quoted(&open)
            ),
            "without the right the topic waits with its error, and the others are copied",
            "make sure that the user has DESCRIBE and WRITE on the topic",
        );
    }
    if rights.is_none() {
        return Finding::success(ID, "no target topic is closed to this user");
    }
    let topics = counted(outline.routes.len(), "topic");
    Finding::success(ID, format!("this user may write to {topics}, as the brokers say"))
}

/// Whether the launch deletes what the target topic of a route holds.
fn is_to_be_cleared(task: &Task, outline: &Outline, offsets: Option<&Offsets>, route: usize) -> bool {
    task.existing == ExistingData::Rewrite
        && outline.launch.is_none()
        && offsets
            .and_then(|offsets| offsets.routes.get(route))
            .is_some_and(|found| found.target_offsets() > 0)
}
