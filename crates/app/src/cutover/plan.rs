//! Groups and topics of a cut-over are chosen.

use std::collections::BTreeSet;

use sluice_model::TaskId;
use uuid::Uuid;

use super::clusters::Clusters;
use super::question::{self, CutoverAnswer};
use super::record::{Cutover, FenceKind, TopicPair};
use super::routes::routes;
use super::step::CutoverStep;
use super::world::World;
use crate::core;
use crate::{AppError, ErrorCode, Result};

/// How long the silence of the source is watched if nothing else is said, in seconds.
pub(crate) const SILENCE_SECONDS: u32 = 15;
/// Longest time it may be watched, in seconds.
const LONGEST_SILENCE_SECONDS: u32 = 600;

/// What a person decides when a cut-over is planned.
pub(crate) struct Wish {
    /// Groups that move; empty for all that can.
    pub(crate) groups: Vec<String>,
    pub(crate) fence: FenceKind,
    pub(crate) silence_seconds: Option<u32>,
    /// Whether the old side is to follow.
    pub(crate) follow: bool,
}

/// A group that reads topics of the task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reader {
    pub(super) group: String,
    /// Topics of the task that it reads.
    pub(super) topics: BTreeSet<String>,
    /// Other topics that it reads.
    pub(super) outside: BTreeSet<String>,
    /// Why it cannot be moved, if it cannot.
    pub(super) why_not: Option<String>,
}

/// A new id of a cut-over.
pub(crate) fn new_id() -> String {
    let id = Uuid::new_v4().simple().to_string();
    format!("co-{}", &id[..12])
}

/// Whether a task with this id of its launch was made by a cut-over, for the way back.
pub(crate) fn is_made_by_one(launch_id: &str) -> bool {
    launch_id.starts_with("co-")
}

/// `seconds` in ms, if silence may be watched so long.
///
/// # Errors
/// It is 0, or too long.
pub(crate) fn silence_ms(seconds: Option<u32>) -> Result<u64> {
    let seconds = seconds.unwrap_or(SILENCE_SECONDS);
    if !(1..=LONGEST_SILENCE_SECONDS).contains(&seconds) {
        return Err(AppError::field(
            "silence_seconds",
            format!("silence is watched for 1 to {LONGEST_SILENCE_SECONDS} seconds"),
        ));
    }
    Ok(u64::from(seconds) * 1000)
}

/// Plans a cut-over of a task; nothing is kept yet.
///
/// # Errors
/// The task has copied nothing, a group does not read it, or transactions tie topics that move to topics that stay.
pub(crate) fn plan(clusters: &Clusters<'_>, task: &TaskId, by: &str, wish: &Wish) -> Result<Cutover> {
    let silence_ms = silence_ms(wish.silence_seconds)?;
    let row = clusters.core.task(task.as_str())?;
    let state = core::state(&row)?;
    if core::require(state, sluice_model::TaskAction::Terminate).is_err() {
        return Err(AppError::new(
            ErrorCode::StateForbids,
            format!("the task is {state}; a cut-over is planned of a task that copies, or that is paused"),
        ));
    }
    let routes = routes(clusters.core, task)?;
    let readers = super::readers::read(clusters, task)?;
    let chosen = chosen(&routes, &readers, &wish.groups)?;
    let mut cutover = Cutover {
        groups: chosen.groups,
        staying: chosen.staying,
        staying_groups: chosen.staying_groups,
        is_stage: chosen.topics.len() < routes.len(),
        topics: chosen.topics,
        fence: wish.fence,
        silence_ms,
        follow: wish.follow,
        ..Cutover::at_beginning(new_id(), task.clone(), row.name, clusters.now_ms())
    };
    let tied = clusters.ask(&cutover, &[question::TIED_TOPICS])?;
    refuse_tied(&cutover, &tied)?;
    cutover.keep_answers(CutoverStep::Plan, tied);
    let (groups, topics) = (cutover.groups.len(), cutover.topics.len());
    let planned = if cutover.is_stage {
        format!("planned: {groups} groups, {topics} topics, the task has others")
    } else {
        format!("planned: {groups} groups, {topics} topics")
    };
    cutover.note(cutover.created_ms, by, planned);
    Ok(cutover)
}

/// What moves.
#[derive(Debug, PartialEq, Eq)]
struct Chosen {
    groups: Vec<String>,
    topics: Vec<TopicPair>,
    /// In words, and their names.
    staying: Vec<String>,
    staying_groups: Vec<String>,
}

/// The groups of `wanted`, or all that can move, with the topics that they read.
fn chosen(routes: &[TopicPair], readers: &[Reader], wanted: &[String]) -> Result<Chosen> {
    let mut groups = Vec::new();
    for name in wanted {
        let Some(reader) = readers.iter().find(|reader| reader.group == *name) else {
            let known: Vec<&str> = readers
                .iter()
                .map(|reader| reader.group.as_str())
                .take(20)
                .collect();
            return Err(AppError::field(
                "groups",
                format!(
                    "no group '{name}' has positions in the task's topics; those that have: {}",
                    if known.is_empty() {
                        "none".to_owned()
                    } else {
                        known.join(", ")
                    }
                ),
            ));
        };
        if let Some(why) = &reader.why_not {
            return Err(AppError::field(
                "groups",
                format!("group '{name}' cannot be moved: {why}"),
            ));
        }
        if !groups.contains(name) {
            groups.push(name.clone());
        }
    }
    if wanted.is_empty() {
        groups = readers
            .iter()
            .filter(|reader| reader.why_not.is_none())
            .map(|reader| reader.group.clone())
            .collect();
    }
    let read: BTreeSet<&String> = readers
        .iter()
        .filter(|reader| groups.contains(&reader.group))
        .flat_map(|reader| &reader.topics)
        .collect();
    let topics: Vec<TopicPair> = routes
        .iter()
        .filter(|pair| wanted.is_empty() || read.contains(&pair.source))
        .cloned()
        .collect();
    let stay: Vec<&Reader> = readers
        .iter()
        .filter(|reader| !groups.contains(&reader.group))
        .filter(|reader| topics.iter().any(|pair| reader.topics.contains(&pair.source)))
        .collect();
    let staying = stay
        .iter()
        .map(|reader| match &reader.why_not {
            Some(why) => format!("{}: {why}", reader.group),
            None => format!(
                "{}: not chosen; it sees what is written to the target only while the old side follows",
                reader.group
            ),
        })
        .collect();
    let staying_groups = stay.iter().map(|reader| reader.group.clone()).collect();
    Ok(Chosen {
        groups,
        topics,
        staying,
        staying_groups,
    })
}

/// Topics that one transaction writes move together or not at all.
fn refuse_tied(cutover: &Cutover, answers: &[CutoverAnswer]) -> Result<()> {
    let tied = answers.iter().find(|answer| {
        answer.question == question::TIED_TOPICS && answer.result == question::CutoverResult::Failed
    });
    match tied {
        Some(answer) if cutover.is_stage => Err(AppError::new(
            ErrorCode::Refused,
            format!(
                "transactions tie topics that move to topics that stay: {}. Choose the groups of those as well",
                answer.evidence
            ),
        )),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(name: &str) -> TopicPair {
        TopicPair {
            source: name.to_owned(),
            target: format!("new.{name}"),
        }
    }

    fn reader(group: &str, topics: &[&str], why_not: Option<&str>) -> Reader {
        Reader {
            group: group.to_owned(),
            topics: topics.iter().map(|topic| (*topic).to_owned()).collect(),
            outside: BTreeSet::new(),
            why_not: why_not.map(str::to_owned),
        }
    }

    fn scene() -> (Vec<TopicPair>, Vec<Reader>) {
        (
            vec![pair("orders"), pair("payments"), pair("unread")],
            vec![
                reader("billing", &["orders", "payments"], None),
                reader("mail", &["orders"], None),
                reader("stock", &["payments"], Some("it is a Streams group")),
            ],
        )
    }

    #[test]
    fn without_a_choice_all_groups_that_can_move_do_with_all_topics() {
        let (routes, readers) = scene();
        let found = chosen(&routes, &readers, &[]).unwrap();
        assert_eq!(found.groups, ["billing", "mail"]);
        assert_eq!(found.topics, routes, "one that nobody reads as well");
        assert_eq!(found.staying, ["stock: it is a Streams group"]);
        assert_eq!(found.staying_groups, ["stock"]);
    }

    #[test]
    fn chosen_groups_move_with_the_topics_that_they_read_and_others_that_read_them_are_named() {
        let (routes, readers) = scene();
        let found = chosen(&routes, &readers, &["mail".to_owned(), "mail".to_owned()]).unwrap();
        assert_eq!(found.groups, ["mail"]);
        assert_eq!(found.topics, [pair("orders")]);
        assert_eq!(found.staying.len(), 1);
        assert!(
            found.staying[0].starts_with("billing: not chosen"),
            "{:?}",
            found.staying
        );
    }

    #[test]
    fn a_group_that_does_not_read_the_topics_or_cannot_move_is_refused_by_name() {
        let (routes, readers) = scene();
        let unknown = chosen(&routes, &readers, &["biling".to_owned()]).unwrap_err();
        assert!(
            unknown.message.contains("'biling'") && unknown.message.contains("billing, mail"),
            "{unknown}"
        );
        let streams = chosen(&routes, &readers, &["stock".to_owned()]).unwrap_err();
        assert!(streams.message.contains("it is a Streams group"), "{streams}");
    }

    #[test]
    fn silence_is_watched_for_a_time_that_makes_sense() {
        assert_eq!(silence_ms(None).unwrap(), 15_000);
        assert_eq!(silence_ms(Some(1)).unwrap(), 1_000);
        for wrong in [0, 601] {
            assert!(silence_ms(Some(wrong)).is_err());
        }
    }

    #[test]
    fn ids_are_short_and_differ() {
        let (one, other) = (new_id(), new_id());
        assert!(one.starts_with("co-") && one.len() == 15 && one != other, "{one}");
        assert!(is_made_by_one(&one) && !is_made_by_one("19ac2f-00ff"));
    }
}
