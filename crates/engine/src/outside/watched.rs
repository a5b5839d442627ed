//! One partition of a copy that another program makes.

use std::time::Duration;

use sluice_model::OffsetRange;

use super::logs::SourceLog;
use super::pace::Behind;
use crate::partition::STUCK;
use crate::position::PartitionState;
use crate::progress::{PartitionCondition, PartitionProgress};

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
    /// Offsets that are lost and that the position has not passed yet.
    pub(super) lost: i64,
    /// Those that it has passed since the last note.
    pub(super) lost_since_note: i64,
    /// Offsets before this are in the ledger where they were lost.
    pub(super) noted_to: i64,
    pub(super) behind: Behind,
    /// When the position last moved, in ms since 1970.
    pub(super) moved_ms: i64,
    /// When the last record on the target was last looked for at the source, in ms since 1970; 0: never.
    pub(super) sought_ms: i64,
    /// A transaction that is open on the target keeps what belongs together from being known, though nothing is copied any more.
    pub(super) is_held: bool,
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
            lost: 0,
            lost_since_note: 0,
            noted_to: state.position,
            behind: Behind::default(),
            moved_ms: now_ms,
            sought_ms: 0,
            is_held: false,
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

    /// Offsets that were passed since the last note, but for what was lost.
    fn copied_since_note(&self) -> u64 {
        u64::try_from(self.position - self.state.position - self.lost_since_note).unwrap_or(0)
    }

    /// Notes that both sides belong together here. Returns the note, where it is another one.
    pub(super) fn note(&mut self, position: i64, target_next: i64) -> Option<PartitionState> {
        let state = &mut self.state;
        if (position, target_next) == (state.position, state.target_next) {
            return None;
        }
        let passed = position - state.position;
        let lost = self.lost_since_note.min(passed);
        self.lost_since_note -= lost;
        state.records += u64::try_from(passed - lost).unwrap_or(0);
        state.position = position;
        state.target_next = target_next;
        Some(state.clone())
    }

    /// Its row in the progress.
    pub(super) fn row(&mut self, now: i64) -> PartitionProgress {
        let reached = self.reached();
        let log = self.log;
        let delay = log.and_then(|log| self.behind.look(now, log.stable, reached));
        let is_caught_up = self.is_caught_up();
        PartitionProgress {
            topic: self.state.key.topic.clone(),
            target_topic: self.state.target_topic.clone(),
            partition: self.state.key.partition,
            condition: match (&self.error, is_caught_up) {
                (Some(_), _) => PartitionCondition::Retrying,
                (None, true) => PartitionCondition::CaughtUp,
                (None, false) => PartitionCondition::Copying,
            },
            start: self.state.start,
            position: self.position,
            target_next: self.state.target_next,
            log_start: log.map(|log| log.low),
            end: log.map(|log| log.high),
            lag: log.map(|log| (log.high - reached).max(0)),
            delay_ms: delay,
            held_by_transaction: log.map_or(0, |log| log.high - log.stable),
            stuck: !is_caught_up
                && Duration::from_millis(u64::try_from(now - self.moved_ms).unwrap_or(0)) >= STUCK,
            still_since_ms: Some(self.moved_ms),
            records: self.state.records + self.copied_since_note(),
            bytes: self.state.bytes,
            error: self.error.clone(),
            ..PartitionProgress::default()
        }
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
