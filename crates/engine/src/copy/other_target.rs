//! Target topics that were deleted, or deleted and created again, while they are copied to. A partition that has nothing to write
//! would not notice, nor would a client that goes by names.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use sluice_kafka::Admin;

use crate::copy::copier::{Copier, LaneFailure, Step};
use crate::copy::recovery_cause::RecoveryCause;
use crate::error::Result;
use crate::lane::Slot;
use crate::partition::{Awaited, Became, Mode, other_target_sentence};

/// How long a partition waits whose target topic is gone: the watcher looks several times before.
const GONE_FOR: Duration = Duration::from_secs(15);
/// How long the target may take to say which topics it has.
const DEADLINE: Duration = Duration::from_secs(6);

impl Copier {
    /// What the watcher has found of target topics, by name.
    pub(super) fn apply_other_targets(&mut self, found: &BTreeMap<String, Became>) -> Result<()> {
        for slot in 0..self.tracks.len() {
            let topic = &self.tracks[slot].state.target_topic;
            let Some(&became) = found.get(topic) else { continue };
            let sentence = other_target_sentence(topic, became);
            let track = &self.tracks[slot];
            let is_open = matches!(track.mode, Mode::Active | Mode::Backoff { .. });
            match became {
                Became::Another if is_open => self.bring_to_rest(slot, Awaited::OtherTarget)?,
                // What is being written meets it by itself.
                Became::Gone if is_open && self.lane.in_flight_of(slot) == 0 && !track.is_ahead() => {
                    self.unassign(&[slot])?;
                    self.tracks[slot].wait(sentence, Instant::now(), GONE_FOR);
                }
                Became::Another | Became::Gone => {}
            }
        }
        Ok(())
    }

    /// Has a partition wait for a person whose target topic is another one.
    pub(super) fn stop_other_target(&mut self, slot: Slot) -> Step {
        let topic = self.tracks[slot].state.target_topic.clone();
        // What is not committed may be in the new topic.
        if self.job.is_transactional() && self.tracks[slot].is_ahead() {
            return Err(LaneFailure::Recover(
                RecoveryCause::OtherTarget { topic },
                Vec::new(),
            ));
        }
        self.stop_partition(slot, other_target_sentence(&topic, Became::Another));
        Ok(self.save()?)
    }

    /// Before a run is called complete: whether all it was copied to is there. A target that does not answer has said nothing
    /// else before.
    pub(super) fn has_its_targets(&mut self) -> Result<bool> {
        let known: BTreeMap<String, String> = self
            .tracks
            .iter()
            .filter(|track| track.mode == Mode::Active)
            .filter_map(|track| {
                let state = &track.state;
                Some((state.target_topic.clone(), state.target_topic_id.clone()?))
            })
            .collect();
        if known.is_empty() {
            // Brokers without ids.
            return Ok(true);
        }
        let names: Vec<&str> = known.keys().map(String::as_str).collect();
        let asked = Admin::new(&self.job.task.target).and_then(|mut admin| {
            admin.set_deadline(DEADLINE);
            admin.topic_ids(&names)
        });
        let Ok(now) = asked else { return Ok(true) };
        let found: BTreeMap<String, Became> = known
            .iter()
            .filter_map(|(topic, then)| {
                Some((
                    topic.clone(),
                    Became::of(then, now.get(topic).map(String::as_str))?,
                ))
            })
            .collect();
        self.apply_other_targets(&found)?;
        Ok(found.is_empty())
    }
}
