//! Whether a position is committed.

use crate::groups::resolve::Resolved;
use crate::groups::{ProofOutcome, SyncOptions, SyncedPosition};

/// How long a position that is committed again and again may stand on the target without another commit: brokers before 2.1
/// forget committed offsets a day after the commit (`offsets.retention.minutes` = 1440), and later ones those of groups
/// that have had no member after a week.
const COMMIT_AGAIN_MS: i64 = 60 * 60 * 1000;

/// What is done about a position.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Decision {
    /// The translation is committed.
    Commit(i64),
    /// It stands there already.
    Stands,
    /// The target is further, and is not set back.
    Ahead(String),
    /// Nothing is committed, and why.
    Leave(Option<String>),
}

/// Decides about one position of a group that may be moved. `current`: what is committed on the target; `earlier`: what
/// the task has committed before.
pub(crate) fn decide(
    resolved: &Resolved,
    current: Option<i64>,
    earlier: Option<&SyncedPosition>,
    proof: Option<&ProofOutcome>,
    options: &SyncOptions,
    now_ms: i64,
) -> Decision {
    let Some(target) = resolved.target else {
        return Decision::Leave(None);
    };
    if let Some(ProofOutcome::Different { detail }) = proof {
        return Decision::Leave(Some(format!(
            "it is not proved, so nothing is committed: {detail}"
        )));
    }
    if options.exact_only && !resolved.result.is_exact() {
        return Decision::Leave(Some("only exact positions are to be committed".to_owned()));
    }
    match current {
        Some(current) if current > target && !options.rewind => Decision::Ahead(format!(
            "the group stands at offset {current} on the target, {} further than the translation; it is set back only with --rewind",
            current - target
        )),
        Some(current) if current == target && options.continuous => {
            let is_recent = earlier.is_some_and(|earlier| {
                earlier.target_offset == target && now_ms - earlier.at_ms < COMMIT_AGAIN_MS
            });
            if is_recent {
                Decision::Stands
            } else {
                Decision::Commit(target)
            }
        }
        _ => Decision::Commit(target),
    }
}

/// Whether somebody else has committed for the group on the target since the task did.
pub(crate) fn is_foreign(current: Option<i64>, earlier: Option<&SyncedPosition>) -> bool {
    let (Some(current), Some(earlier)) = (current, earlier) else {
        return false;
    };
    current != earlier.target_offset && Some(current) != earlier.before
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::groups::Translated;

    const NOW: i64 = 10_000_000;

    fn resolved(result: Translated, target: Option<i64>) -> Resolved {
        Resolved {
            result,
            target,
            missing: None,
            read_again: None,
            reason: None,
            moved_to_low: false,
        }
    }

    fn decided(target: i64, current: Option<i64>, options: &SyncOptions) -> Decision {
        decide(
            &resolved(Translated::Exact, Some(target)),
            current,
            None,
            None,
            options,
            NOW,
        )
    }

    #[test]
    fn a_position_goes_forward_and_never_back_unless_told() {
        let usual = SyncOptions::default();
        assert_eq!(decided(7, None, &usual), Decision::Commit(7));
        assert_eq!(decided(7, Some(3), &usual), Decision::Commit(7));
        assert!(matches!(decided(7, Some(8), &usual), Decision::Ahead(_)));
        let rewind = SyncOptions {
            rewind: true,
            ..SyncOptions::default()
        };
        assert_eq!(decided(7, Some(8), &rewind), Decision::Commit(7));
    }

    #[test]
    fn what_is_pending_or_not_proved_is_never_committed() {
        let usual = SyncOptions {
            rewind: true,
            ..SyncOptions::default()
        };
        let pending = resolved(Translated::Pending, None);
        assert_eq!(
            decide(&pending, None, None, None, &usual, NOW),
            Decision::Leave(None)
        );
        let different = ProofOutcome::Different {
            detail: "another key".to_owned(),
        };
        let exact = resolved(Translated::Exact, Some(7));
        let decision = decide(&exact, None, None, Some(&different), &usual, NOW);
        assert!(matches!(decision, Decision::Leave(Some(why)) if why.contains("another key")));
        let unread = ProofOutcome::NotRead {
            reason: "gone".to_owned(),
        };
        let decision = decide(&exact, None, None, Some(&unread), &usual, NOW);
        assert_eq!(decision, Decision::Commit(7));
    }

    #[test]
    fn only_exact_positions_are_committed_where_that_is_asked_for() {
        let exact_only = SyncOptions {
            exact_only: true,
            ..SyncOptions::default()
        };
        for (result, commits) in [
            (Translated::Exact, true),
            (Translated::Searched, true),
            (Translated::BeforeStart, false),
            (Translated::Expired, false),
        ] {
            let decision = decide(&resolved(result, Some(7)), None, None, None, &exact_only, NOW);
            assert_eq!(decision == Decision::Commit(7), commits, "{result:?}");
        }
    }

    #[test]
    fn a_position_that_stands_is_committed_again_before_the_target_forgets_it() {
        let continuous = SyncOptions {
            continuous: true,
            ..SyncOptions::default()
        };
        let exact = resolved(Translated::Exact, Some(7));
        let earlier = |at_ms| SyncedPosition {
            source_offset: 5,
            target_offset: 7,
            before: None,
            at_ms,
        };
        let decision = |at_ms| decide(&exact, Some(7), Some(&earlier(at_ms)), None, &continuous, NOW);
        assert_eq!(decision(NOW - 1_000), Decision::Stands);
        assert_eq!(decision(NOW - COMMIT_AGAIN_MS), Decision::Commit(7));
        let forgotten = decide(&exact, None, Some(&earlier(NOW)), None, &continuous, NOW);
        assert_eq!(forgotten, Decision::Commit(7), "the target has forgotten it");
        assert_eq!(
            decided(7, Some(7), &SyncOptions::default()),
            Decision::Commit(7),
            "a person who asks for it gets a new commit"
        );
    }

    #[test]
    fn an_offset_that_the_task_has_not_committed_is_somebody_elses() {
        let earlier = SyncedPosition {
            source_offset: 5,
            target_offset: 7,
            before: Some(3),
            at_ms: 0,
        };
        assert!(!is_foreign(Some(7), Some(&earlier)));
        assert!(
            !is_foreign(Some(3), Some(&earlier)),
            "the commit may have been lost"
        );
        assert!(
            !is_foreign(None, Some(&earlier)),
            "the target may have forgotten it"
        );
        assert!(!is_foreign(Some(9), None), "it was there before the task came");
        assert!(is_foreign(Some(9), Some(&earlier)));
        assert!(is_foreign(Some(4), Some(&earlier)));
    }
}
