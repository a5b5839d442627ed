//! What the watcher found at the source, taken into the copy.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use sluice_model::RateLimits;

use crate::copy::copier::Copier;
use crate::copy::watcher::SourceSnapshot;
use crate::error::Result;
use crate::lane::{Slot, SourceIncident};
use crate::lock::lock;
use crate::partition::{Mode, Track};
use crate::plan::StoredFormats;
use crate::position::{Checkpoint, LaneKind, PartitionKey, PartitionState};
use crate::progress::Event;

/// How long nothing may arrive of any partition, while one has more, before the source's client is replaced.
const STILLNESS: Duration = Duration::from_secs(8);
/// How often a partition is requested again before the source's client is replaced, although others go on.
const STALLS: u32 = 6;

/// How long the copy may be held up by looking at what is stored.
const LOOK_DEADLINE: Duration = Duration::from_secs(5);

/// Why a partition is not copied whose leader is away.
pub(super) const NO_LEADER: &str =
    "the partition has no leader: none of the brokers that hold it is there; it is copied when one is back";

impl Copier {
    pub(super) fn apply_snapshot(&mut self, snapshot: SourceSnapshot) -> Result<()> {
        if snapshot.error.is_none() && self.lane.in_flight() == 0 {
            // The source answers and nothing waits for the target: an earlier error is over. Without records to copy
            // nothing else would show it.
            self.health.task_error = None;
        }
        let stalled = self.stalled(&snapshot);
        self.health.source_error = snapshot.error;
        if self.lane.kind() == LaneKind::Record {
            self.examine_stalled(&stalled);
        }
        self.read_stalled_again(&stalled)?;
        self.mark_leaderless(&snapshot.leaderless)?;
        for (topic, id) in snapshot.recreated {
            self.recreated(&topic, Some(id))?;
        }
        self.apply_other_targets(&snapshot.other_targets)?;
        self.add_partitions(snapshot.new, &snapshot.refusing_keyless)
    }

    /// Partitions whose records do not arrive although there are more.
    fn stalled(&mut self, snapshot: &SourceSnapshot) -> Vec<Slot> {
        let throttled = *lock(&self.job.shared.rate) != RateLimits::default();
        let mut stalled = Vec::new();
        for (slot, track) in self.tracks.iter_mut().enumerate() {
            let Some(&seen) = snapshot.offsets.get(&track.state.key) else {
                continue;
            };
            track.held_by = snapshot.held_by.get(&track.state.key).cloned();
            // A limit lets partitions wait for their turn.
            if track.watch(seen, self.lane.in_flight_of(slot) > 0 || throttled) {
                stalled.push(slot);
            }
        }
        stalled
    }

    /// librdkafka fetches some records in old formats again and again without a word: the wire client looks at what is
    /// stored where a partition stands still.
    fn examine_stalled(&mut self, stalled: &[Slot]) {
        let until = Instant::now() + LOOK_DEADLINE;
        let mut formats = None;
        for &slot in stalled {
            if Instant::now() >= until {
                return;
            }
            let track = &mut self.tracks[slot];
            let (key, position) = (&track.ahead.key, track.ahead.position);
            if track.mode != Mode::Active || track.examined == Some(position) {
                continue;
            }
            let looked = match &mut formats {
                Some(formats) => Ok(formats),
                none => StoredFormats::new(&self.job.task.source, LOOK_DEADLINE).map(|new| none.insert(new)),
            }
            .and_then(|formats| formats.misread_at(key, position));
            match looked {
                Ok(None) => track.examined = Some(position),
                Ok(Some(offset)) => {
                    let incident = SourceIncident::UnsupportedFormat { offset };
                    self.incidents.push_back((slot, incident));
                }
                Err(error) => tracing::info!(%key, position, %error, "looking at what is stored"),
            }
        }
    }

    fn read_stalled_again(&mut self, stalled: &[Slot]) -> Result<()> {
        // A client that receives bytes makes progress, even if it hands over no record: aborted transactions, quotas.
        if stalled.is_empty() || self.lane.received_since(STILLNESS) {
            return Ok(());
        }
        let given_up = stalled.iter().any(|&slot| self.tracks[slot].stalls >= STALLS);
        if given_up || self.health.last_read.elapsed() >= STILLNESS {
            tracing::info!("reading with a new client: partitions with more records stand still");
            for &slot in stalled {
                self.tracks[slot].stalls = 0;
            }
            self.health.last_read = Instant::now();
            return self
                .lane
                .renew_source()
                .map_err(|error| self.job.lane_error(error));
        }
        tracing::info!(partitions = stalled.len(), "requesting stalled partitions again");
        self.unassign(stalled)?;
        self.assign(stalled)
    }

    /// The client does not report a partition without a leader: it waits for one.
    fn mark_leaderless(&mut self, leaderless: &BTreeSet<PartitionKey>) -> Result<()> {
        let now = Instant::now();
        let slots: Vec<Slot> = self
            .active()
            .into_iter()
            .filter(|&slot| leaderless.contains(&self.tracks[slot].state.key))
            .collect();
        if slots.is_empty() {
            return Ok(());
        }
        self.unassign(&slots)?;
        for slot in slots {
            self.tracks[slot].back_off(NO_LEADER.to_owned(), now);
        }
        Ok(())
    }

    /// Takes new source partitions into the copy. Saved before the first record is read, like every start position.
    fn add_partitions(
        &mut self,
        new: Vec<PartitionState>,
        refusing_keyless: &BTreeSet<String>,
    ) -> Result<()> {
        let fresh: Vec<PartitionState> = new
            .into_iter()
            .filter(|state| self.tracks.iter().all(|track| track.state.key != state.key))
            .collect();
        if fresh.is_empty() {
            return Ok(());
        }
        self.job.store.save(
            &self.job.task.name,
            &Checkpoint {
                partitions: fresh.clone(),
                ..Checkpoint::default()
            },
        )?;
        let first = self.tracks.len();
        for state in fresh {
            let sentence = if self.waiting.remove(&state.key).is_some() {
                format!(
                    "{} has a leader again and is copied from offset {}",
                    state.key, state.position
                )
            } else {
                format!(
                    "{} is new at the source and is copied from offset {}",
                    state.key, state.position
                )
            };
            self.emit(Event::Info(sentence));
            let hashes = state.source_topic_id.is_none();
            let end = state.backlog_end;
            let keyless_refused = refusing_keyless.contains(&state.target_topic)
                || self
                    .tracks
                    .iter()
                    .any(|track| track.keyless_refused && track.state.target_topic == state.target_topic);
            let mut track = Track::new(state, None, Some(end), hashes);
            track.keyless_refused = keyless_refused;
            self.tracks.push(track);
        }
        self.meet_ends(first..self.tracks.len())?;
        let added: Vec<Slot> = (first..self.tracks.len())
            .filter(|&slot| self.tracks[slot].mode == Mode::Active)
            .collect();
        self.assign(&added)
    }
}
