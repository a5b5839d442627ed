//! The guided cut-over of applications from a task's source to its target, and the way back.
//!
//! [`Procedure`] is the state machine: it knows the steps, what may hold each of them, and what is written down before
//! which effect. What a step asks of clusters and tasks is behind [`World`], where it is kept behind [`Journal`], so that
//! every crash can be tried without either. A step that was interrupted is carried out again: each effect can be
//! repeated, and what it will be is kept before it happens.

mod back;
mod clusters;
mod cutovers;
mod drain;
mod fence;
mod fence_rules;
mod group_positions;
mod groups;
mod journal;
mod lineage;
mod open;
mod plan;
mod procedure;
mod prove;
mod question;
mod readers;
mod readiness;
mod record;
mod report;
mod report_page;
mod resting;
mod reverse;
mod routes;
mod stage;
mod step;
#[cfg(test)]
mod tests;
mod torn;
mod window;
mod world;

pub(crate) use clusters::Clusters;
pub(crate) use cutovers::{
    Busy, Cutovers, Doing, meant, none_before_its_switch, none_moves, not_needed, not_under_way, sides,
};
pub(crate) use journal::{Journal, StoreJournal};
pub(crate) use plan::{Wish, is_made_by_one, new_id, plan, silence_ms};
pub(crate) use procedure::Procedure;
pub use question::{CutoverAnswer, CutoverResult};
pub use record::{
    Cutover, CutoverDirection, CutoverState, EndsNoted, FenceEntry, FenceKind, GroupMove, Held, LogLine,
    MovedPosition, Overruled, ReverseTask, TopicPair, VerificationSummary,
};
pub use report::CutoverReport;
pub(crate) use stage::without_topics;
pub use step::{CutoverStep, StepWords};
