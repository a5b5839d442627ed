//! What the fetcher reports, taken into the lane.

use std::time::Instant;

use sluice_wire::{FetchEvent, FetchFrom, FetchSettings, Fetcher, Isolation, WireError};

use crate::error::Side;
use crate::lane::wire::config::WireLaneConfig;
use crate::lane::wire::incidents::{broker_failed, delayed, halted};
use crate::lane::wire::piece::Arrived;
use crate::lane::wire::wire_lane::WireLane;
use crate::lane::{Report, Slot};

/// How long a source broker may hold an answer back until there are records, in ms: a record does not wait for it.
const MAX_WAIT_MS: u64 = 500;
/// Bytes of one partition in an answer: a few batches.
const PARTITION_BYTES: i32 = 1 << 20;
/// Bytes of one answer.
const ANSWER_BYTES: usize = 8 << 20;

pub(super) fn fetch_settings(config: &WireLaneConfig) -> FetchSettings {
    FetchSettings {
        isolation: Isolation::Committed,
        max_wait: std::time::Duration::from_millis(MAX_WAIT_MS),
        min_bytes: 1,
        answer_bytes: ANSWER_BYTES.min(config.fetched_bytes / 2),
        partition_bytes: PARTITION_BYTES,
        held_bytes: config.fetched_bytes,
        sessions: true,
        nearest_replica: false,
    }
}

impl WireLane {
    /// Takes in what has been fetched. Returns whether that was something.
    pub(super) fn receive(&mut self, report: &mut Report) -> Result<bool, WireError> {
        let events = self.fetcher.poll(Instant::now())?;
        let any = !events.is_empty();
        for event in events {
            self.take_fetched(event, report);
        }
        Ok(any)
    }

    fn take_fetched(&mut self, event: FetchEvent, report: &mut Report) {
        match event {
            FetchEvent::Batches(batches) => {
                report.fetched = true;
                self.received_at = Instant::now();
                let Some(slot) = self.slot_of_source(&batches.place) else {
                    return;
                };
                let arrived = Arrived::new(slot, &batches, self.config.pair.as_ref());
                let Some(track) = self.track_mut(slot) else { return };
                track.marks = batches.marks;
                track.waiting += 1;
                self.inbox.push_back(arrived);
            }
            FetchEvent::Marks { place, marks } => {
                if let Some(slot) = self.slot_of_source(&place)
                    && let Some(track) = self.track_mut(slot)
                {
                    track.marks = marks;
                    self.note_end(slot);
                }
            }
            FetchEvent::Halted { place, reason } => {
                if let Some(slot) = self.slot_of_source(&place) {
                    report.incidents.push((slot, halted(&reason)));
                }
            }
            FetchEvent::Delayed { place, error } => {
                if let Some(slot) = self.slot_of_source(&place)
                    && let Some(incident) = delayed(&error)
                {
                    report.incidents.push((slot, incident));
                }
            }
            FetchEvent::BrokerFailed { error, .. } => {
                report.notices.push(broker_failed(Side::Source, &error));
            }
            FetchEvent::Resumed { .. } | FetchEvent::Throttled { .. } => {}
        }
    }

    /// Fetches with a new fetcher, from what was not sent yet.
    pub(super) fn fetch_again(&mut self) {
        self.fetcher = Fetcher::new(&self.source, fetch_settings(&self.config), &self.wake);
        self.inbox.clear();
        if let Some(mirror) = &mut self.mirror {
            mirror.drop_all_parked();
        }
        let from: Vec<FetchFrom> = self
            .tracks
            .iter_mut()
            .flatten()
            .filter(|track| track.is_open())
            .map(|track| {
                track.waiting = 0;
                FetchFrom {
                    place: track.source.clone(),
                    position: track.next,
                    leader_epoch: track.epoch,
                    topic_id: track.topic_id(),
                }
            })
            .collect();
        self.fetcher.add(&from);
    }

    /// Drops what was read of a partition and not sent.
    pub(super) fn drop_unsent(&mut self, slot: Slot) {
        self.inbox.retain(|arrived| arrived.slot != slot);
        if let Some(mirror) = &mut self.mirror {
            mirror.drop_parked(slot);
        }
        if let Some(track) = self.track_mut(slot) {
            track.waiting = 0;
        }
    }
}
