//! What may hold a cut-over, by name.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::step::CutoverStep;

/// How a question is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum CutoverResult {
    /// As it should be.
    Success,
    /// It may go on; a person should know.
    Warning,
    /// It must not go on.
    Failed,
    /// The clusters do not say.
    Unknown,
}

impl CutoverResult {
    /// The word in tables.
    pub fn word(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Warning => "warning",
            Self::Failed => "failed",
            Self::Unknown => "unknown",
        }
    }
}

/// An answer to a question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct CutoverAnswer {
    /// Which question, as it is named to overrule it.
    pub question: String,
    /// How it is answered.
    pub result: CutoverResult,
    /// What was found, with numbers.
    pub evidence: String,
    /// What to do; empty where nothing is to be done.
    pub remedy: String,
    /// Whether a step that depends on it must not go on: it failed, or it is not known and must be.
    pub holds: bool,
    /// When it was asked, in ms since 1970.
    #[ts(type = "number")]
    pub at_ms: i64,
}

impl CutoverAnswer {
    /// An answer of the procedure itself, which holds where it failed or is not known.
    pub(crate) fn new(
        question: &str,
        result: CutoverResult,
        evidence: impl Into<String>,
        remedy: impl Into<String>,
        at_ms: i64,
    ) -> Self {
        Self {
            question: question.to_owned(),
            result,
            evidence: evidence.into(),
            remedy: remedy.into(),
            holds: matches!(result, CutoverResult::Failed | CutoverResult::Unknown),
            at_ms,
        }
    }
}

// The ids of readiness, which are the same everywhere.

/// Everything committed at the source is copied.
pub(crate) const LAG: &str = "lag_zero";
/// The ends of the source do not move.
pub(crate) const SOURCE_SILENT: &str = "source_silent";
/// No producer is active at the source.
pub(crate) const WRITERS: &str = "source_producers";
/// No transaction is open at the source.
pub(crate) const TRANSACTIONS: &str = "open_transactions";
/// Topics that transactions tie together move together.
pub(crate) const TIED_TOPICS: &str = "tied_topics";
/// Which groups read the topics.
pub(crate) const GROUPS: &str = "group_inventory";
/// The groups have read what is there.
pub(crate) const GROUP_LAG: &str = "groups_drained";
/// The groups have no members.
pub(crate) const MEMBERS: &str = "no_members";
/// Every position translates.
pub(crate) const TRANSLATION: &str = "offsets_translate";
/// No group stands further on the target than it would be put.
pub(crate) const TARGET_AHEAD: &str = "target_groups_not_ahead";
/// The record that comes next is the same on both sides.
pub(crate) const PROOF: &str = "positions_proved";
/// Nothing but the copy writes the target.
pub(crate) const TARGET_WRITERS: &str = "target_only_ours";
/// Both sides' topics are alike.
pub(crate) const TOPIC_PARITY: &str = "topic_parity";
/// Both sides' rights are alike.
pub(crate) const ACL_PARITY: &str = "acl_parity";
/// Retention takes nothing that is needed.
pub(crate) const RETENTION: &str = "retention_keeps";
/// Clients reach the target's listeners.
pub(crate) const LISTENERS: &str = "target_listeners";
/// No records are missing because the source lost them.
pub(crate) const GAPS: &str = "no_gaps";
/// No record waits in quarantine.
pub(crate) const QUARANTINE: &str = "quarantine_empty";
/// Both sides are equal up to the copy's position.
pub(crate) const VERIFICATION: &str = "verification_current";

/// The task runs. Asked by the procedure itself, as those below.
pub(crate) const RUNNING: &str = "running";
/// With the copy at rest, its positions are the ends of the source, and what is noted of the target is still true.
pub(crate) const POSITIONS: &str = "positions";
/// The fence is what was planned.
pub(crate) const FENCE: &str = "fence";
/// Nothing but the copy back was written to the old side since the switch.
pub(crate) const OLD_SIDE: &str = "old_side_silent";
/// The way back is given up.
pub(crate) const WAY_BACK: &str = "way_back";

/// Questions that are put to the clusters, in the order of reports.
pub(crate) const ASKED: [&str; 19] = [
    LAG,
    SOURCE_SILENT,
    WRITERS,
    TRANSACTIONS,
    TIED_TOPICS,
    GROUPS,
    GROUP_LAG,
    MEMBERS,
    TRANSLATION,
    TARGET_AHEAD,
    PROOF,
    TARGET_WRITERS,
    TOPIC_PARITY,
    ACL_PARITY,
    RETENTION,
    VERIFICATION,
    LISTENERS,
    GAPS,
    QUARANTINE,
];

/// Questions that a step puts to the clusters.
pub(crate) fn asked(step: CutoverStep) -> &'static [&'static str] {
    match step {
        CutoverStep::Rehearse => &ASKED,
        CutoverStep::ProveSilence => &[LAG, SOURCE_SILENT, WRITERS, TRANSACTIONS],
        CutoverStep::Drain => &[LAG, GROUP_LAG],
        CutoverStep::MoveGroups => &[MEMBERS, TRANSLATION, TARGET_AHEAD],
        CutoverStep::Open => &[
            LAG,
            SOURCE_SILENT,
            WRITERS,
            TRANSACTIONS,
            MEMBERS,
            TARGET_WRITERS,
            VERIFICATION,
        ],
        _ => &[],
    }
}

/// Questions that hold a step unless they pass or are overruled. The rehearsal is not held by what applications change
/// when they stop.
pub(crate) fn binding(step: CutoverStep) -> &'static [&'static str] {
    match step {
        CutoverStep::Rehearse => &[
            TIED_TOPICS,
            GROUPS,
            TOPIC_PARITY,
            ACL_PARITY,
            RETENTION,
            LISTENERS,
            GAPS,
            QUARANTINE,
            FENCE,
        ],
        CutoverStep::StopProducers => &[FENCE],
        CutoverStep::ProveSilence => &[SOURCE_SILENT, WRITERS, TRANSACTIONS],
        CutoverStep::Drain => &[RUNNING, LAG, GROUP_LAG],
        CutoverStep::Verify => &[VERIFICATION],
        CutoverStep::MoveGroups => &[GROUPS, MEMBERS, TRANSLATION, TARGET_AHEAD, PROOF],
        CutoverStep::Open => &[
            LAG,
            SOURCE_SILENT,
            WRITERS,
            TRANSACTIONS,
            GROUPS,
            MEMBERS,
            TARGET_WRITERS,
            VERIFICATION,
            PROOF,
            POSITIONS,
        ],
        CutoverStep::Window => &[WAY_BACK, OLD_SIDE],
        CutoverStep::Plan | CutoverStep::Close => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_in_a_step_holds_it_unless_it_is_only_reported() {
        for step in CutoverStep::ALL {
            for question in asked(step) {
                let only_reported =
                    step == CutoverStep::Rehearse || (step == CutoverStep::ProveSilence && *question == LAG);
                assert!(
                    only_reported || binding(step).contains(question),
                    "{question} is asked in {step} and holds nothing"
                );
            }
        }
    }

    #[test]
    fn the_switch_asks_again_what_may_have_changed_since() {
        for question in [
            LAG,
            SOURCE_SILENT,
            WRITERS,
            TRANSACTIONS,
            MEMBERS,
            PROOF,
            TARGET_WRITERS,
            VERIFICATION,
        ] {
            assert!(binding(CutoverStep::Open).contains(&question), "{question}");
        }
    }
}
