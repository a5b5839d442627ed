//! Gaps that a person accepts while the task runs: their partitions go on.

use std::sync::atomic::Ordering;

use sluice_model::{OffsetRange, OutOfRange};

use crate::copy::copier::{Copier, Step};
use crate::lane::Slot;
use crate::lock::lock;
use crate::partition::{Awaited, Mode};
use crate::position::{GapReason, PartitionKey};

impl Copier {
    /// Whether the copy may go on behind this gap: by the task's policy, or because a person has accepted it.
    pub(super) fn accepts_gap(&self, key: &PartitionKey, range: OffsetRange, reason: GapReason) -> bool {
        self.job.task.out_of_range == OutOfRange::Nearest
            || lock(&self.job.shared.accepted)
                .iter()
                .any(|gap| gap.covers(key, range, reason))
    }

    /// Partitions that have stopped at a gap which was accepted since are tried again. They meet their gap again, as it
    /// is now, and pass it if it is still what was accepted.
    pub(super) fn try_accepted(&mut self) -> Step {
        if !self.job.shared.newly_accepted.swap(false, Ordering::AcqRel) {
            return Ok(());
        }
        let mut again: Vec<Slot> = Vec::new();
        for slot in 0..self.tracks.len() {
            let track = &self.tracks[slot];
            let Some(gap) = track.open_gap() else { continue };
            let key = track.state.key.clone();
            if !self.accepts_gap(&key, gap.range, gap.reason) {
                continue;
            }
            if gap.reason == GapReason::Recreated {
                // Nothing of the old topic may be read: its offsets mean nothing in the new one.
                let id = self
                    .source_admin
                    .topic_ids(&[&key.topic])
                    .ok()
                    .and_then(|mut ids| ids.remove(&key.topic));
                self.tracks[slot].mode = Mode::Draining(Awaited::Recreated { id });
            } else {
                self.tracks[slot].mode = Mode::Active;
                again.push(slot);
            }
        }
        if again.is_empty() {
            return Ok(());
        }
        Ok(self.assign(&again)?)
    }
}
