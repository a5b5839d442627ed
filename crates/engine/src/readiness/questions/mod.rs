//! The questions, a file for each family.

mod groups;
mod lag;
mod ledgers;
mod listeners;
mod members;
mod parity;
mod producers;
mod retention;
mod silence;
mod target;
mod transactions;
mod verification;

use crate::readiness::answer::Answer;
use crate::readiness::facts::Facts;
use crate::readiness::question::Question;

/// Asks one question.
pub(crate) fn ask(question: Question, facts: &Facts<'_>) -> Answer {
    let answered = match question {
        Question::LagZero => lag::zero(facts),
        Question::SourceSilent => silence::silent(facts),
        Question::SourceProducers => producers::still_writing(facts),
        Question::OpenTransactions => transactions::open(facts),
        Question::TiedTopics => transactions::tied(facts),
        Question::TargetOnlyOurs => target::only_ours(facts),
        Question::RetentionKeeps => retention::keeps(facts),
        Question::VerificationCurrent => verification::current(facts),
        Question::TargetListeners => listeners::reachable(facts),
        Question::NoGaps => ledgers::no_gaps(facts),
        Question::QuarantineEmpty => ledgers::quarantine_empty(facts),
        Question::GroupInventory => groups::inventory(facts),
        Question::GroupsDrained => groups::drained(facts),
        Question::NoMembers => members::none(facts),
        Question::OffsetsTranslate => groups::translate(facts),
        Question::TargetGroupsNotAhead => groups::not_ahead(facts),
        Question::PositionsProved => groups::proved(facts),
        Question::TopicParity => parity::topics(facts),
        Question::AclParity => parity::acls(facts),
    };
    answered.unwrap_or_else(|unknown| unknown.answer())
}
