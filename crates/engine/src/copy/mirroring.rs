//! What a copy does only when it mirrors: it begins at the ends of the target's logs, and stops a partition whose offsets can no
//! longer be equal.

use std::time::Instant;

use sluice_kafka::Admin;

use crate::copy::copier::Copier;
use crate::copy::mirror_end::meet_end;
use crate::copy::mirror_tail::foreign;
use crate::copy::reconcile::UNMATCHED;
use crate::error::{EngineError, Result, Side};
use crate::lane::Slot;
use crate::partition::Mode;
use crate::progress::Event;

impl Copier {
    /// Stops mirrored partitions that another program has written to.
    pub(super) fn stop_displaced(&mut self) -> Result<()> {
        for (slot, displaced) in std::mem::take(&mut self.displaced) {
            let Some(track) = self.tracks.get(slot) else {
                continue;
            };
            let sentence = foreign(
                &track.state.target_topic,
                track.state.key.partition,
                displaced.expected,
            );
            tracing::warn!(key = %track.state.key, found = displaced.found, "{sentence}");
            self.unassign(&[slot])?;
            self.stop_partition(slot, sentence);
        }
        Ok(())
    }

    /// Has a partition wait for a person.
    pub(super) fn stop_partition(&mut self, slot: Slot, sentence: String) {
        let track = &mut self.tracks[slot];
        if track.mode == Mode::Stopped {
            return;
        }
        let key = track.state.key.clone();
        track.stop(sentence.clone());
        self.emit(Event::PartitionStopped {
            key,
            reason: sentence,
            range: None,
        });
    }

    /// Moves mirrored partitions to the ends of their targets' logs. Those without an answer wait for it.
    pub(super) fn meet_ends(&mut self, slots: impl IntoIterator<Item = Slot>) -> Result<()> {
        if !self.job.mirrors() {
            return Ok(());
        }
        let target = Admin::new(&self.job.task.target).map_err(|error| EngineError::Cluster {
            side: Side::Target,
            what: "connecting".into(),
            error,
        })?;
        for slot in slots {
            let job = &self.job;
            let track = &mut self.tracks[slot];
            if track.mode == Mode::Stopped {
                continue;
            }
            match meet_end(&target, &job.task, job.store.as_ref(), track, &job.observer) {
                Ok(()) => track.unmatched = false,
                Err(EngineError::Refused(sentence)) => self.stop_partition(slot, sentence),
                Err(error @ EngineError::Store(_)) => return Err(error),
                Err(error) => {
                    tracing::info!(key = %track.state.key, %error, "reading where the target ends");
                    track.unmatched = true;
                    track.back_off(UNMATCHED.to_owned(), Instant::now());
                }
            }
        }
        Ok(())
    }
}
