//! What is kept of a cut-over.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use sluice_model::TaskId;
use ts_rs::TS;

use super::question::CutoverAnswer;
use super::step::CutoverStep;

/// Lines of a cut-over's log; the oldest ones of a long wait are left out.
const LOG_LIMIT: usize = 2_000;

/// Which way applications move.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum CutoverDirection {
    /// To where they have not been before.
    Forward,
    /// To where they came from.
    Back,
}

/// Whether a cut-over goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum CutoverState {
    /// It goes on.
    Open,
    /// It is being given up before the switch: what it did is being undone.
    Abandoning,
    /// It was given up before the switch.
    Abandoned,
    /// The way back was given up.
    Closed,
    /// Applications have moved back.
    WentBack,
}

/// How producers are stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum FenceKind {
    /// By a person.
    #[default]
    None,
    /// By rules of access that deny WRITE.
    Acl,
}

/// A topic of a cut-over on both sides.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
pub struct TopicPair {
    /// Its name where applications are.
    pub source: String,
    /// Its name where they go.
    pub target: String,
}

/// The topics of the other direction.
pub(crate) fn turned(topics: &[TopicPair]) -> Vec<TopicPair> {
    topics
        .iter()
        .map(|pair| TopicPair {
            source: pair.target.clone(),
            target: pair.source.clone(),
        })
        .collect()
}

/// A rule of access that denies WRITE on a source topic.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct FenceEntry {
    /// The topic.
    pub topic: String,
    /// Who may not write it, as `User:orders`.
    pub principal: String,
    /// From where; `*` for anywhere.
    pub host: String,
    /// Whether it may stand in the cluster: kept before it is created, and until it is surely gone.
    pub stands: bool,
}

/// Something that a person decided against an answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Overruled {
    /// Which question.
    pub question: String,
    /// In which step.
    pub step: CutoverStep,
    /// What was known then.
    pub evidence: String,
    /// Who.
    pub by: String,
    /// When, in ms since 1970.
    #[ts(type = "number")]
    pub at_ms: i64,
    /// Whether it still counts: a step that is carried out again asks again.
    pub counts: bool,
}

/// Why a cut-over does not go on by itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Held {
    /// The step that is held.
    pub step: CutoverStep,
    /// The question that holds it; the first of `answers`.
    pub question: String,
    /// All answers that hold it.
    pub answers: Vec<CutoverAnswer>,
}

/// A group's position in a partition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct MovedPosition {
    /// Source topic.
    pub topic: String,
    /// Target topic.
    pub target_topic: String,
    /// Partition.
    pub partition: i32,
    /// What the group has committed at the source: the next record that it wants.
    #[ts(type = "number")]
    pub source_offset: i64,
    /// The same place on the target; none where it cannot be known.
    #[ts(type = "number | null")]
    pub target_offset: Option<i64>,
    /// How it was found, in one word, as `exact`.
    pub how: String,
    /// What a person should know of it.
    pub remark: Option<String>,
    /// What the group has committed on the target before.
    #[ts(type = "number | null")]
    pub target_committed: Option<i64>,
    /// The commit's text, which moves with it.
    pub metadata: Option<String>,
}

/// A group that moves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct GroupMove {
    /// The group.
    pub group: String,
    /// Where it stands and will stand.
    pub positions: Vec<MovedPosition>,
    /// When it was committed on the target, in ms since 1970.
    #[ts(type = "number | null")]
    pub moved_ms: Option<i64>,
    /// Whether the record that comes next is the same on both sides, for each position that was compared.
    pub proofs: Vec<Proved>,
}

/// A position that was compared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Proved {
    /// Source topic.
    pub topic: String,
    /// Partition.
    pub partition: i32,
    /// Whether both sides go on with the same record, or both are at their end.
    pub equal: bool,
    /// What was compared, in words.
    pub detail: String,
}

/// Where both logs of a partition ended at the switch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct EndsNoted {
    /// Source topic.
    pub topic: String,
    /// Target topic.
    pub target_topic: String,
    /// Partition.
    pub partition: i32,
    /// End of the source's log; none where the source has no such partition.
    #[ts(type = "number | null")]
    pub source_end: Option<i64>,
    /// End of the target's log: the other direction begins here.
    #[ts(type = "number")]
    pub target_end: i64,
}

/// The task in the other direction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ReverseTask {
    /// Its id, chosen before it is made.
    pub id: TaskId,
    /// Its name.
    pub name: String,
    /// Whether it is made and pinned.
    pub created: bool,
}

/// What the last verification before the switch found of a partition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct PartitionDigest {
    /// Source topic.
    pub topic: String,
    /// Partition.
    pub partition: i32,
    /// Records compared.
    #[ts(type = "number")]
    pub records: u64,
    /// Digest of the source's records.
    pub source_digest: String,
    /// The same of the target's.
    pub target_digest: String,
}

/// The verification before the switch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct VerificationSummary {
    /// When, in ms since 1970.
    #[ts(type = "number")]
    pub at_ms: i64,
    /// The verdict in a sentence.
    pub sentence: String,
    /// Whether nothing differs and nothing is missing.
    pub passes: bool,
    /// Whether there are differences that were said before the start.
    pub accepted: bool,
    /// Each partition.
    pub partitions: Vec<PartitionDigest>,
}

/// A line of a cut-over's log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct LogLine {
    /// When, in ms since 1970.
    #[ts(type = "number")]
    pub at_ms: i64,
    /// In which step.
    pub step: CutoverStep,
    /// Who let it happen.
    pub by: String,
    /// What.
    pub message: String,
}

/// The answers of a step that was asked last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct StepAnswers {
    /// The step.
    pub step: CutoverStep,
    /// The answers, in the order of reports.
    pub answers: Vec<CutoverAnswer>,
}

/// A cut-over, with everything it needs to go on after a crash.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Cutover {
    /// Id, `co-…`.
    pub id: String,
    /// Counts the changes of what is kept of it.
    #[ts(type = "number")]
    pub revision: i64,
    /// The task that copies to where applications go.
    pub task: TaskId,
    /// Its name when this was planned.
    pub task_name: String,
    /// Which way.
    pub direction: CutoverDirection,
    /// Whether it goes on.
    pub state: CutoverState,
    /// The step to be carried out next.
    pub step: CutoverStep,
    /// Tasks that copied these topics before, the oldest first, one in each direction: their maps hold what is older than
    /// this task's start.
    pub through: Vec<TaskId>,
    /// The cut-over whose way back this is.
    pub goes_back_on: Option<String>,
    /// The cut-over that goes back on this one, if one has begun.
    pub back: Option<String>,
    /// Groups that move.
    pub groups: Vec<String>,
    /// Groups that read these topics and stay, with the reason.
    pub staying: Vec<String>,
    /// Their names.
    #[serde(default)]
    pub staying_groups: Vec<String>,
    /// Topics that move.
    pub topics: Vec<TopicPair>,
    /// Whether the task has other topics, which go on.
    pub is_stage: bool,
    /// How producers are stopped.
    pub fence: FenceKind,
    /// The rules that deny WRITE.
    pub fence_entries: Vec<FenceEntry>,
    /// How long the silence of the source is watched, in ms.
    #[ts(type = "number")]
    pub silence_ms: u64,
    /// Whether the old side is to follow in the window.
    pub follow: bool,
    /// The task was brought to rest by this cut-over.
    pub at_rest: bool,
    /// Answers of the steps so far.
    pub answers: Vec<StepAnswers>,
    /// What was overruled.
    pub overruled: Vec<Overruled>,
    /// What holds it.
    pub held: Option<Held>,
    /// The last rehearsal's dry run of the groups.
    pub rehearsed: Vec<GroupMove>,
    /// The verification before the switch.
    pub verification: Option<VerificationSummary>,
    /// Groups as they were moved.
    pub moves: Vec<GroupMove>,
    /// Ends at the switch; empty before it.
    pub ends: Vec<EndsNoted>,
    /// The task in the other direction; none before the switch.
    pub reverse: Option<ReverseTask>,
    /// The copy of these topics has ended.
    pub released: bool,
    /// The copy in the other direction was started in the window.
    pub following: bool,
    /// When it was planned, in ms since 1970.
    #[ts(type = "number")]
    pub created_ms: i64,
    /// When it last changed, in ms since 1970.
    #[ts(type = "number")]
    pub updated_ms: i64,
    /// What happened.
    pub log: Vec<LogLine>,
}

impl Cutover {
    /// One of the task that stands at its beginning: forward, of no topics and groups yet, without a fence.
    pub(crate) fn at_beginning(id: String, task: TaskId, task_name: String, now_ms: i64) -> Self {
        Self {
            id,
            revision: 0,
            task,
            task_name,
            direction: CutoverDirection::Forward,
            state: CutoverState::Open,
            step: CutoverStep::Rehearse,
            through: Vec::new(),
            goes_back_on: None,
            back: None,
            groups: Vec::new(),
            staying: Vec::new(),
            staying_groups: Vec::new(),
            topics: Vec::new(),
            is_stage: false,
            fence: FenceKind::None,
            fence_entries: Vec::new(),
            silence_ms: 0,
            follow: false,
            at_rest: false,
            answers: Vec::new(),
            overruled: Vec::new(),
            held: None,
            rehearsed: Vec::new(),
            verification: None,
            moves: Vec::new(),
            ends: Vec::new(),
            reverse: None,
            released: false,
            following: false,
            created_ms: now_ms,
            updated_ms: now_ms,
            log: Vec::new(),
        }
    }

    /// Names of its topics at the source.
    pub(crate) fn source_topics(&self) -> Vec<String> {
        self.topics.iter().map(|pair| pair.source.clone()).collect()
    }

    /// The groups of which the plan says that they stay: they may read on at the source.
    pub(crate) fn may_run(&self) -> BTreeSet<String> {
        if !self.staying_groups.is_empty() {
            return self.staying_groups.iter().cloned().collect();
        }
        // A plan from before the names were kept.
        let group = |stays: &String| stays.split_once(": ").map(|(group, _)| group.to_owned());
        self.staying.iter().filter_map(group).collect()
    }

    /// Whether the switch has been made.
    pub(crate) fn is_switched(&self) -> bool {
        self.step > CutoverStep::Open
    }

    /// Whether a person may still decide something about it.
    pub fn is_open(&self) -> bool {
        matches!(self.state, CutoverState::Open | CutoverState::Abandoning)
    }

    /// Whether a question is overruled in the step where it stands.
    pub(crate) fn overrules(&self, question: &str) -> bool {
        self.overruled
            .iter()
            .any(|one| one.counts && one.step == self.step && one.question == question)
    }

    /// Keeps the answers of a step instead of earlier ones.
    pub(crate) fn keep_answers(&mut self, step: CutoverStep, answers: Vec<CutoverAnswer>) {
        self.answers.retain(|known| known.step != step);
        self.answers.push(StepAnswers { step, answers });
    }

    /// Adds a line; the same line again only moves its time.
    pub(crate) fn note(&mut self, at_ms: i64, by: &str, message: String) {
        if let Some(last) = self.log.last_mut()
            && last.message == message
            && last.step == self.step
            && last.by == by
        {
            last.at_ms = at_ms;
            return;
        }
        if self.log.len() >= LOG_LIMIT {
            self.log.remove(0);
        }
        self.log.push(LogLine {
            at_ms,
            step: self.step,
            by: by.to_owned(),
            message,
        });
    }
}
