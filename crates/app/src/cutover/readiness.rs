//! Questions of readiness, asked for the topics and groups of a cut-over.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use sluice_connect::ConnectorKind;
use sluice_engine::{
    CheckpointStore, Evidence, EvidenceValue, GroupStore, PartitionKey, Question, ReadinessContext,
    ReadinessItem, ReadinessResult, VerificationReport, readiness,
};

use sluice_model::TaskName;

use super::clusters::Clusters;
use super::group_positions;
use super::question::{CutoverAnswer, CutoverResult, GROUP_LAG, TARGET_AHEAD, TIED_TOPICS, TRANSLATION};
use super::record::{Cutover, MovedPosition};
use super::step::CutoverStep;
use crate::Result;
use crate::clock::now_ms;

/// How long a question may take beside the window that is watched.
const ANSWER_TIME: Duration = Duration::from_secs(30);
/// The window that is watched where silence is not the question.
const SHORT_WINDOW_MS: u64 = 2_000;
/// The same in the moment of the switch, in which the copy stands still.
const SWITCH_WINDOW_MS: u64 = 5_000;
/// Pieces of evidence that a sentence takes in.
const PIECES: usize = 5;

/// Asks `questions`; unknown ones are left out.
pub(super) fn ask(
    clusters: &Clusters<'_>,
    cutover: &Cutover,
    questions: &[&str],
) -> Result<Vec<CutoverAnswer>> {
    let asked: Vec<Question> = questions
        .iter()
        .filter_map(|question| Question::of_id(question))
        .collect();
    let store: &dyn GroupStore = clusters.core.store.as_ref();
    let verification: Option<VerificationReport> = clusters
        .core
        .store
        .last_verification(cutover.task.as_str())?
        .and_then(|(_, report)| serde_json::from_value(report).ok());
    let window = Duration::from_millis(window_ms(cutover));
    let context = ReadinessContext {
        only: Some(&asked),
        groups: Some(cutover.groups.iter().cloned().collect()),
        may_run: Some(cutover.may_run()),
        also_ours: Some(ConnectorKind::Source.name_of(cutover.task.as_str())),
        verification: verification.as_ref(),
        window,
        item_deadline: window + ANSWER_TIME,
        ..ReadinessContext::default()
    };
    let task = clusters.engine_task(cutover)?;
    let report = readiness(&task, store, &context, clusters.cancelled, &|_| {})?;
    let mut answers: Vec<CutoverAnswer> = report.items.iter().map(answer).collect();
    if cutover.is_stage {
        judge_ties(clusters, cutover, &report.items, &mut answers)?;
    }
    let by_positions = [TRANSLATION, TARGET_AHEAD, GROUP_LAG];
    if questions.iter().any(|question| by_positions.contains(question)) {
        // What will be committed is what is judged, also where several tasks' maps are needed for it.
        for own in group_answers(clusters, cutover)? {
            if let Some(known) = answers.iter_mut().find(|known| known.question == own.question) {
                *known = own;
            }
        }
    }
    Ok(answers)
}

/// A transaction that ties topics that move to topics that the task keeps holds: one half of it would be on each side.
fn judge_ties(
    clusters: &Clusters<'_>,
    cutover: &Cutover,
    items: &[ReadinessItem],
    answers: &mut [CutoverAnswer],
) -> Result<()> {
    let Some(item) = items.iter().find(|item| item.id.id() == TIED_TOPICS) else {
        return Ok(());
    };
    let moving = cutover.source_topics();
    let store: &dyn CheckpointStore = clusters.core.store.as_ref();
    let staying: BTreeSet<String> = store
        .partitions(&TaskName::new(cutover.task.as_str())?)?
        .into_iter()
        .map(|state| state.key.topic)
        .filter(|topic| !moving.contains(topic))
        .collect();
    let torn = torn_apart(&item.evidence, &staying);
    if let Some(answer) = answers.iter_mut().find(|answer| answer.question == TIED_TOPICS)
        && !torn.is_empty()
    {
        answer.result = CutoverResult::Failed;
        answer.holds = true;
    }
    Ok(())
}

/// Topics of `staying` that a transaction writes together with others that move.
fn torn_apart(evidence: &[Evidence], staying: &BTreeSet<String>) -> BTreeSet<String> {
    evidence
        .iter()
        .filter_map(|row| row.facts.get("topics_outside"))
        .filter_map(|outside| match outside {
            EvidenceValue::Text(topics) => Some(topics),
            _ => None,
        })
        .flat_map(|topics| topics.split(", "))
        .filter(|topic| staying.contains(*topic))
        .map(str::to_owned)
        .collect()
}

/// What the positions of groups come to.
#[derive(Default)]
struct Positions {
    all: usize,
    /// Those without a place on the target.
    open: Vec<String>,
    /// Those before which records are missing on the target.
    lost: Vec<String>,
    /// Those that would be set back.
    ahead: Vec<String>,
    /// Partitions in which a group has committed nothing, of topics that it reads.
    nowhere: Vec<String>,
    /// Positions behind which records stand that the group has not read.
    unread: usize,
}

/// Whether every position translates, and none would be set back.
fn group_answers(clusters: &Clusters<'_>, cutover: &Cutover) -> Result<Vec<CutoverAnswer>> {
    let places = places(clusters, cutover)?;
    let mut found = Positions::default();
    for group in &cutover.groups {
        found.take(group, &group_positions::read(clusters, cutover, group)?, &places);
    }
    let mut answers = vec![found.translation(), found.target_ahead()];
    if found.unread == 0 && found.nowhere.is_empty() {
        // Offsets that are left may be markers and aborted records, which nobody reads.
        answers.push(success(
            GROUP_LAG,
            format!("no record is left to read behind {} positions", found.all),
        ));
    }
    Ok(answers)
}

/// The partitions that the task copies, of the cut-over's topics, and where the next record of each will stand on the target.
fn places(clusters: &Clusters<'_>, cutover: &Cutover) -> Result<BTreeMap<PartitionKey, i64>> {
    let topics = cutover.source_topics();
    let store: &dyn CheckpointStore = clusters.core.store.as_ref();
    Ok(store
        .partitions(&TaskName::new(cutover.task.as_str())?)?
        .into_iter()
        .filter(|state| topics.contains(&state.key.topic))
        .map(|state| (state.key, state.target_next))
        .collect())
}

impl Positions {
    fn take(&mut self, group: &str, positions: &[MovedPosition], places: &BTreeMap<PartitionKey, i64>) {
        if positions.is_empty() {
            // It had some when it was chosen: what it has read since cannot be told from what it has not.
            self.open.push(format!(
                "group '{group}' has no committed offsets in these topics any more, or is no longer of a kind that moves"
            ));
        }
        for position in positions {
            self.all += 1;
            let key = PartitionKey {
                topic: position.topic.clone(),
                partition: position.partition,
            };
            let is_at_end = match (position.target_offset, places.get(&key)) {
                (Some(put), Some(next)) => put >= *next,
                _ => false,
            };
            self.unread += usize::from(!is_at_end);
            let place = format!("group '{group}' in {}-{}", position.topic, position.partition);
            let remark = position.remark.clone().unwrap_or_default();
            match position.target_offset {
                None => self.open.push(format!("{place}: {remark}")),
                Some(_) if position.how == "before_start" => self.lost.push(format!("{place}: {remark}")),
                Some(_) => {}
            }
            if let (Some(put), Some(committed)) = (position.target_offset, position.target_committed)
                && committed > put
            {
                self.ahead.push(format!(
                    "{place} stands at {committed} on the target and would be set back to {put}"
                ));
            }
        }
        let reads = |key: &PartitionKey| positions.iter().any(|position| position.topic == key.topic);
        let has = |key: &PartitionKey| {
            positions
                .iter()
                .any(|position| position.topic == key.topic && position.partition == key.partition)
        };
        self.nowhere.extend(
            places
                .keys()
                .filter(|key| reads(key) && !has(key))
                .map(|key| format!("group '{group}' in {key}")),
        );
    }

    fn translation(&self) -> CutoverAnswer {
        if !self.open.is_empty() {
            return answered(
                TRANSLATION,
                CutoverResult::Failed,
                &self.open,
                "let the task copy on; a position that stays unknown is not committed if this is overruled",
            );
        }
        if !self.lost.is_empty() {
            return answered(
                TRANSLATION,
                CutoverResult::Failed,
                &self.lost,
                "overrule this if the group may go without these records",
            );
        }
        if !self.nowhere.is_empty() {
            let named = listed(&self.nowhere);
            return CutoverAnswer::new(
                TRANSLATION,
                CutoverResult::Warning,
                format!("nothing is committed: {named}"),
                "see that auto.offset.reset of the consumers is what is wanted: there it says where they begin, on the target as at the source",
                now_ms(),
            );
        }
        success(
            TRANSLATION,
            format!("{} positions have their exact place on the target", self.all),
        )
    }

    fn target_ahead(&self) -> CutoverAnswer {
        if self.ahead.is_empty() {
            return success(TARGET_AHEAD, "no position would be set back".to_owned());
        }
        answered(
            TARGET_AHEAD,
            CutoverResult::Failed,
            &self.ahead,
            "see who reads on the target already; if this is overruled, the group is set back and reads again",
        )
    }
}

fn answered(question: &str, result: CutoverResult, found: &[String], remedy: &str) -> CutoverAnswer {
    CutoverAnswer::new(question, result, listed(found), remedy, now_ms())
}

/// The first of `found`, and how many more there are.
fn listed(found: &[String]) -> String {
    let shown: Vec<&str> = found.iter().take(PIECES).map(String::as_str).collect();
    let more = found.len().saturating_sub(PIECES);
    if more > 0 {
        format!("{}; and {more} more", shown.join("; "))
    } else {
        shown.join("; ")
    }
}

fn success(question: &str, evidence: String) -> CutoverAnswer {
    CutoverAnswer::new(question, CutoverResult::Success, evidence, "", now_ms())
}

fn window_ms(cutover: &Cutover) -> u64 {
    match cutover.step {
        CutoverStep::ProveSilence => cutover.silence_ms,
        CutoverStep::Open => cutover.silence_ms.min(SWITCH_WINDOW_MS),
        _ => cutover.silence_ms.min(SHORT_WINDOW_MS),
    }
}

fn answer(item: &ReadinessItem) -> CutoverAnswer {
    CutoverAnswer {
        question: item.id.id().to_owned(),
        result: match item.result {
            ReadinessResult::Success => CutoverResult::Success,
            ReadinessResult::Warning => CutoverResult::Warning,
            ReadinessResult::Failed => CutoverResult::Failed,
            ReadinessResult::Unknown | ReadinessResult::Running => CutoverResult::Unknown,
        },
        evidence: with_evidence(item),
        remedy: item.remedy.clone(),
        holds: item.blocks,
        at_ms: item.asked_at_ms,
    }
}

/// What was found, with the first pieces of what it rests on where something is wrong.
fn with_evidence(item: &ReadinessItem) -> String {
    if item.result == ReadinessResult::Success || item.evidence.is_empty() {
        return item.cause.clone();
    }
    let pieces: Vec<String> = item
        .evidence
        .iter()
        .take(PIECES)
        .map(ToString::to_string)
        .collect();
    let more = item.evidence.len().saturating_sub(PIECES) as u64 + item.more_evidence;
    let more = if more > 0 {
        format!("; and {more} more")
    } else {
        String::new()
    };
    format!("{} ({}{more})", item.cause, pieces.join("; "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn position(partition: i32, target: Option<i64>, committed: Option<i64>, how: &str) -> MovedPosition {
        MovedPosition {
            topic: "orders".to_owned(),
            target_topic: "orders".to_owned(),
            partition,
            source_offset: 5,
            target_offset: target,
            how: how.to_owned(),
            remark: None,
            target_committed: committed,
            metadata: None,
        }
    }

    /// Partitions whose next record will stand at offset 9 of the target.
    fn keys(count: i32) -> BTreeMap<PartitionKey, i64> {
        (0..count)
            .map(|partition| {
                let key = PartitionKey {
                    topic: "orders".to_owned(),
                    partition,
                };
                (key, 9)
            })
            .collect()
    }

    fn found(positions: &[MovedPosition]) -> Positions {
        let mut found = Positions::default();
        found.take("billing", positions, &keys(2));
        found
    }

    #[test]
    fn positions_that_have_no_place_or_would_be_set_back_hold_and_are_named() {
        let pending = found(&[
            position(0, Some(9), None, "exact"),
            position(1, None, None, "pending"),
        ]);
        let answer = pending.translation();
        assert!(
            answer.holds && answer.evidence.contains("'billing' in orders-1"),
            "{answer:?}"
        );
        let lost = found(&[position(0, Some(9), None, "before_start")]).translation();
        assert!(lost.holds, "{lost:?}");
        let ahead = found(&[position(0, Some(9), Some(10), "exact")]).target_ahead();
        assert!(
            ahead.holds && ahead.evidence.contains("would be set back to 9"),
            "{ahead:?}"
        );
        assert!(
            !found(&[position(0, Some(9), Some(9), "exact")])
                .target_ahead()
                .holds
        );
    }

    #[test]
    fn a_position_has_records_behind_it_unless_it_is_the_place_of_the_next_one() {
        let unread = |target| {
            found(&[
                position(0, target, None, "exact"),
                position(1, Some(9), None, "exact"),
            ])
            .unread
        };
        assert_eq!((unread(Some(9)), unread(Some(8)), unread(None)), (0, 1, 1));
    }

    #[test]
    fn topics_that_a_transaction_writes_together_are_torn_apart_only_if_one_of_them_stays() {
        let row = |outside: &str| Evidence {
            about: "an application".to_owned(),
            facts: [(
                "topics_outside".to_owned(),
                EvidenceValue::Text(outside.to_owned()),
            )]
            .into(),
        };
        let staying = BTreeSet::from(["payments".to_owned()]);
        assert!(torn_apart(&[row(""), row("elsewhere, payments.dlq")], &staying).is_empty());
        assert_eq!(torn_apart(&[row("elsewhere, payments")], &staying), staying);
    }

    #[test]
    fn a_partition_in_which_a_group_has_committed_nothing_is_named_and_holds_nothing() {
        let answer = found(&[position(0, Some(9), None, "exact")]).translation();
        assert_eq!(answer.result, CutoverResult::Warning);
        assert!(
            !answer.holds && answer.evidence.contains("orders-1"),
            "{answer:?}"
        );
        let both = [
            position(0, Some(9), None, "exact"),
            position(1, Some(7), None, "exact"),
        ];
        assert_eq!(found(&both).translation().result, CutoverResult::Success);
        let gone = found(&[]).translation();
        assert!(
            gone.holds && gone.evidence.contains("'billing' has no committed"),
            "{gone:?}"
        );
    }
}
