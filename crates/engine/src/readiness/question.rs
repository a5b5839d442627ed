use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// A question of readiness. Its word (`lag_zero`) is its id for scripts and is never changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Question {
    /// Everything at the source is copied, open transactions included, and it stays so.
    LagZero,
    /// No end of a source partition moves.
    SourceSilent,
    /// Who wrote to the source last, and whether they still do.
    SourceProducers,
    /// No transaction is open at the source.
    OpenTransactions,
    /// Topics that open transactions tie together are all in the task.
    TiedTopics,
    /// Which groups read these topics, of which kind, and which other topics they read.
    GroupInventory,
    /// Each group has read everything, or its lag is accepted.
    GroupsDrained,
    /// No group has members, on either side.
    NoMembers,
    /// Each position of a group has an exact translation.
    OffsetsTranslate,
    /// No group is further on the target than its translation.
    TargetGroupsNotAhead,
    /// The record that comes next is the same on both sides, for each position that was moved.
    PositionsProved,
    /// Only the task wrote to its target topics.
    TargetOnlyOurs,
    /// Topics are set up alike on both sides.
    TopicParity,
    /// Principals that may read and write at the source may on the target.
    AclParity,
    /// Retention deletes nothing of the copy before or soon after the switch.
    RetentionKeeps,
    /// A verification covers everything up to the positions.
    VerificationCurrent,
    /// Every broker of the target can be reached at the address that it advertises.
    TargetListeners,
    /// No records are missing because the source lost them.
    NoGaps,
    /// No record waits in quarantine for a decision.
    QuarantineEmpty,
}

/// All questions, in the order of a report.
pub const QUESTIONS: [Question; 19] = [
    Question::LagZero,
    Question::SourceSilent,
    Question::SourceProducers,
    Question::OpenTransactions,
    Question::TiedTopics,
    Question::GroupInventory,
    Question::GroupsDrained,
    Question::NoMembers,
    Question::OffsetsTranslate,
    Question::TargetGroupsNotAhead,
    Question::PositionsProved,
    Question::TargetOnlyOurs,
    Question::TopicParity,
    Question::AclParity,
    Question::RetentionKeeps,
    Question::VerificationCurrent,
    Question::TargetListeners,
    Question::NoGaps,
    Question::QuarantineEmpty,
];

impl Question {
    /// Its id.
    pub fn id(self) -> &'static str {
        match self {
            Self::LagZero => "lag_zero",
            Self::SourceSilent => "source_silent",
            Self::SourceProducers => "source_producers",
            Self::OpenTransactions => "open_transactions",
            Self::TiedTopics => "tied_topics",
            Self::GroupInventory => "group_inventory",
            Self::GroupsDrained => "groups_drained",
            Self::NoMembers => "no_members",
            Self::OffsetsTranslate => "offsets_translate",
            Self::TargetGroupsNotAhead => "target_groups_not_ahead",
            Self::PositionsProved => "positions_proved",
            Self::TargetOnlyOurs => "target_only_ours",
            Self::TopicParity => "topic_parity",
            Self::AclParity => "acl_parity",
            Self::RetentionKeeps => "retention_keeps",
            Self::VerificationCurrent => "verification_current",
            Self::TargetListeners => "target_listeners",
            Self::NoGaps => "no_gaps",
            Self::QuarantineEmpty => "quarantine_empty",
        }
    }

    /// The question of an id.
    pub fn of_id(id: &str) -> Option<Self> {
        QUESTIONS.into_iter().find(|question| question.id() == id)
    }

    /// Whether it is asked again in the moment of the switch: what it looks at may change from one second to the next.
    pub fn is_asked_at_switch(self) -> bool {
        matches!(
            self,
            Self::LagZero
                | Self::SourceSilent
                | Self::SourceProducers
                | Self::OpenTransactions
                | Self::NoMembers
                | Self::TargetGroupsNotAhead
                | Self::TargetOnlyOurs
        )
    }

    /// Whether a switch must not happen while its answer is unknown: records or positions would be lost without a word.
    /// The others are a person's to look at, because old brokers and clients without the right never answer them.
    pub fn must_be_known(self) -> bool {
        match self {
            Self::LagZero
            | Self::SourceSilent
            | Self::OpenTransactions
            | Self::NoMembers
            | Self::OffsetsTranslate
            | Self::TargetGroupsNotAhead
            | Self::TargetOnlyOurs
            | Self::TargetListeners
            | Self::NoGaps
            | Self::QuarantineEmpty => true,
            Self::SourceProducers
            | Self::TiedTopics
            | Self::GroupInventory
            | Self::GroupsDrained
            | Self::PositionsProved
            | Self::TopicParity
            | Self::AclParity
            | Self::RetentionKeeps
            | Self::VerificationCurrent => false,
        }
    }
}

impl std::fmt::Display for Question {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.id())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_question_has_one_id_everywhere() {
        for question in QUESTIONS {
            assert_eq!(serde_json::to_value(question).unwrap(), question.id());
            assert_eq!(Question::of_id(question.id()), Some(question));
        }
        let mut sorted = QUESTIONS.to_vec();
        sorted.sort();
        sorted.dedup();
        assert_eq!(sorted, QUESTIONS, "each once, in the order of their declaration");
    }
}
