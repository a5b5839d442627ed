//! One partition of a copy that another program makes.

use sluice_model::OffsetRange;

use super::logs::SourceLog;
use super::pace::Behind;
use crate::position::PartitionState;

/// What is known of a partition.
#[derive(Debug)]
pub(super) struct Watched {
    /// Its note: where both sides were known to belong together.
    pub(super) state: PartitionState,
    /// The next offset to copy, as the other program says.
    pub(super) position: i64,
    /// Behind the last offset that is known to hold nothing to copy, from `position` on.
    pub(super) empty_to: i64,
    /// Where the log ended when it was first looked at: what was there when the copy began.
    pub(super) first_end: Option<i64>,
    pub(super) log: Option<SourceLog>,
    /// Offsets before this are in the ledger where they were lost.
    pub(super) noted_to: i64,
    pub(super) behind: Behind,
    /// When the position last moved, in ms since 1970.
    pub(super) moved_ms: i64,
    /// Why it does not go on.
    pub(super) error: Option<String>,
}

/// What is missing of a partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Loss {
    /// These offsets were deleted before they were copied.
    Certain(OffsetRange),
    /// They were deleted while they were being copied; how far that had come is not known.
    Possible(OffsetRange),
}

impl Watched {
    pub(super) fn new(state: PartitionState, now_ms: i64) -> Self {
        Self {
            position: state.position,
            empty_to: state.position,
            first_end: None,
            log: None,
            noted_to: state.position,
            behind: Behind::default(),
            moved_ms: now_ms,
            error: None,
            state,
        }
    }

    /// Behind everything that is copied, or need not be.
    pub(super) fn reached(&self) -> i64 {
        self.position.max(self.empty_to)
    }

    /// Whether everything that is committed at the source is copied.
    pub(super) fn is_caught_up(&self) -> bool {
        self.log.is_some_and(|log| self.reached() >= log.stable)
    }

    /// What the source has deleted before, or while, it was copied. `position`: where the copy stands now; the log is as it
    /// was before that was asked.
    pub(super) fn loss(&self, low: i64, position: i64) -> Option<Loss> {
        let from = self.reached().max(self.noted_to);
        if low <= from {
            return None;
        }
        let now = position.max(self.empty_to);
        if low > now {
            return Some(Loss::Certain(OffsetRange {
                from: now.max(self.noted_to),
                to: low,
            }));
        }
        Some(Loss::Possible(OffsetRange { from, to: low }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::position::PartitionKey;

    fn watched(position: i64) -> Watched {
        let state = PartitionState {
            key: PartitionKey {
                topic: "t".into(),
                partition: 0,
            },
            target_topic: "t".into(),
            source_topic_id: None,
            target_topic_id: None,
            start: 0,
            target_start: 0,
            backlog_end: 0,
            until: None,
            position,
            leader_epoch: None,
            target_next: 0,
            anchor: None,
            records: 0,
            bytes: 0,
            incarnation: 0,
        };
        Watched::new(state, 0)
    }

    #[test]
    fn what_was_deleted_before_the_position_is_no_loss() {
        assert_eq!(watched(100).loss(100, 100), None);
        assert_eq!(watched(100).loss(50, 120), None);
    }

    #[test]
    fn what_was_deleted_behind_the_position_is_lost_for_certain_or_perhaps() {
        let of = |from, to| OffsetRange { from, to };
        assert_eq!(watched(100).loss(150, 100), Some(Loss::Certain(of(100, 150))));
        assert_eq!(watched(100).loss(150, 120), Some(Loss::Certain(of(120, 150))));
        assert_eq!(watched(100).loss(150, 180), Some(Loss::Possible(of(100, 150))));
    }

    #[test]
    fn offsets_without_records_are_no_loss_and_a_loss_is_noted_once() {
        let mut watched = watched(100);
        watched.empty_to = 150;
        assert_eq!(watched.loss(150, 100), None);
        watched.empty_to = 100;
        watched.noted_to = 150;
        assert_eq!(watched.loss(150, 100), None);
        assert_eq!(
            watched.loss(160, 100),
            Some(Loss::Certain(OffsetRange { from: 150, to: 160 }))
        );
    }
}
