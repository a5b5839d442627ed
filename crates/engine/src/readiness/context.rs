use std::collections::BTreeSet;
use std::time::Duration;

use crate::readiness::question::Question;
use crate::verify::VerificationReport;

/// How long a question may take unless the caller says otherwise.
const ITEM_DEADLINE: Duration = Duration::from_secs(30);
/// How far apart the two looks at the logs are unless the caller says otherwise. The cut-over takes 15 s to prove silence.
const WINDOW: Duration = Duration::from_secs(5);

/// What readiness has to know beside the task. Where the task stands is read from its state, so that it makes no
/// difference whether it runs, is paused or has ended.
#[derive(Debug, Clone)]
pub struct ReadinessContext<'a> {
    /// Asks only these questions; `None` asks all.
    pub only: Option<&'a [Question]>,
    /// The groups that are to move; `None`: all that have positions in the task's topics.
    pub groups: Option<BTreeSet<String>>,
    /// Groups whose consumers may run on at the source, where those of every other group count as well; `None` where
    /// only those of `groups` count, if these are said.
    pub may_run: Option<BTreeSet<String>>,
    /// Groups whose lag at the source is accepted.
    pub accepted_lag: BTreeSet<String>,
    /// How the transactional ids of another program that copied for the task end, before a number: what that one wrote is the
    /// task's own.
    pub also_ours: Option<String>,
    /// The last verification of the task, if there was one.
    pub verification: Option<&'a VerificationReport>,
    /// How far apart the two looks at the logs are, by which it is seen who still writes.
    pub window: Duration,
    /// How long a question may take, from its beginning; the window counts, so it must be shorter.
    pub item_deadline: Duration,
}

impl Default for ReadinessContext<'_> {
    fn default() -> Self {
        Self {
            only: None,
            groups: None,
            may_run: None,
            accepted_lag: BTreeSet::new(),
            also_ours: None,
            verification: None,
            window: WINDOW,
            item_deadline: ITEM_DEADLINE,
        }
    }
}
