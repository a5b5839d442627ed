//! What a step asks of clusters and tasks.

use std::time::Duration;

use sluice_model::{TaskId, TaskState};

use super::question::CutoverAnswer;
use super::record::{Cutover, EndsNoted, FenceEntry, GroupMove, MovedPosition, Proved, VerificationSummary};
use super::torn::TornGroup;
use crate::Result;

/// What is known of a task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TaskCondition {
    /// Its state; none if it is gone.
    pub(crate) state: Option<TaskState>,
    /// Whether this program runs it.
    pub(crate) is_live: bool,
}

/// What is not copied of a cut-over's topics.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Lag {
    /// Offsets between the saved positions and the ends of the source.
    pub(crate) offsets: i64,
    /// The partition that is furthest behind, in words.
    pub(crate) worst: Option<String>,
}

/// Groups of which a cut-over does not take care.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct UnplannedGroups {
    /// Those that have read its topics since the plan, which knows nothing of them.
    pub(crate) new: Vec<String>,
    /// Those that move with it and also read topics of other stages, which do not move with them.
    pub(crate) torn: Vec<TornGroup>,
}

/// A fence that can be raised.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct PlannedFence {
    /// Its rules.
    pub(crate) entries: Vec<FenceEntry>,
    /// The principal of this program that may write these topics as well, and is not denied: the copy back needs it.
    pub(crate) spared: Option<String>,
}

/// Clusters and tasks, as far as a cut-over concerns them. Every effect can be repeated: one that has been done already
/// succeeds and changes nothing.
pub(crate) trait World {
    /// Now, in ms since 1970.
    fn now_ms(&self) -> i64;

    /// Waits; gives up when the program ends.
    fn wait(&self, time: Duration) -> Result<()>;

    /// Answers to questions, in their order. A cluster that cannot be asked is an answer, too: unknown.
    fn ask(&self, cutover: &Cutover, questions: &[&str]) -> Result<Vec<CutoverAnswer>>;

    /// A task's state.
    fn condition(&self, task: &TaskId) -> Result<TaskCondition>;

    /// Whether there is a task of this name.
    fn is_task_named(&self, name: &str) -> Result<bool>;

    /// Source topics that the task copies and that are not the cut-over's.
    fn other_topics(&self, cutover: &Cutover) -> Result<Vec<String>>;

    /// Groups of which the plan takes no care, or which it tears from topics of other stages.
    fn unplanned_groups(&self, cutover: &Cutover) -> Result<UnplannedGroups>;

    /// What is not copied of the topics.
    fn lag(&self, cutover: &Cutover) -> Result<Lag>;

    /// Compares what is newer than the last verification; all of it where there was none.
    fn verify(&self, cutover: &Cutover) -> Result<VerificationSummary>;

    /// What the target holds that the task has not copied there, in a sentence; none where that is nothing. Its whole copy is
    /// compared.
    fn foreign_records(&self, cutover: &Cutover) -> Result<Option<String>>;

    /// Where a group stands, and where that is on the target.
    fn group_positions(&self, cutover: &Cutover, group: &str) -> Result<Vec<MovedPosition>>;

    /// Commits a group's positions on the target, those that are known.
    fn commit_group(&self, cutover: &Cutover, moved: &GroupMove) -> Result<()>;

    /// Compares the record that comes next on both sides, for each position that is known.
    fn prove_group(&self, cutover: &Cutover, moved: &GroupMove) -> Result<Vec<Proved>>;

    /// Where both logs of each partition end.
    fn ends(&self, cutover: &Cutover) -> Result<Vec<EndsNoted>>;

    /// Brings a task to rest at a saved position, and waits for it.
    fn bring_to_rest(&self, task: &TaskId) -> Result<()>;

    /// Lets a task go on that is at rest.
    fn resume(&self, task: &TaskId) -> Result<()>;

    /// Ends the copy of the cut-over's topics for good: the whole task where it has no others.
    fn release(&self, cutover: &Cutover) -> Result<()>;

    /// Makes the task in the other direction, at rest and pinned at the noted ends.
    fn create_reverse(&self, cutover: &Cutover) -> Result<()>;

    /// Removes a task that never ran.
    fn remove_task(&self, task: &TaskId) -> Result<()>;

    /// Ends a task for good.
    fn terminate(&self, task: &TaskId) -> Result<()>;

    /// The rules that would stop every producer of the topics; refused where that cannot be done by rules.
    fn plan_fence(&self, cutover: &Cutover) -> Result<PlannedFence>;

    /// Which of the rules stand in the source cluster.
    fn standing(&self, cutover: &Cutover, entries: &[FenceEntry]) -> Result<Vec<bool>>;

    /// Creates a rule in the source cluster.
    fn deny(&self, cutover: &Cutover, entry: &FenceEntry) -> Result<()>;

    /// Deletes a rule from the source cluster.
    fn allow(&self, cutover: &Cutover, entry: &FenceEntry) -> Result<()>;

    /// Whether a rule would also stop the copy in the other direction, which writes these topics.
    fn denies_the_copy(&self, cutover: &Cutover, entry: &FenceEntry) -> bool;
}
