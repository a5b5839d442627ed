//! Mirroring: every record gets the offset that it has at the source. Batches are sent without transactions, each for the
//! offset where the target's log ends; holes are filled before what follows them is sent, and nothing of their partition
//! is sent meanwhile.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use sluice_wire::format::Codec;
use sluice_wire::{
    Client, FillEvent, FillSettings, GroupOffset, Hole, HoleFiller, TopicPartition, Wake, WireError,
};

use crate::clock::now_ms;
use crate::lane::wire::answers::copied;
use crate::lane::wire::config::{DEFAULT_BATCH_LIMIT, WireLaneConfig};
use crate::lane::wire::framing::{Framed, Framing, FramingError};
use crate::lane::wire::incidents::{fenced, not_opened, target_incident};
use crate::lane::wire::mirror_track::{Filling, MirrorTrack, Wanted};
use crate::lane::wire::piece::{Arrived, Stored};
use crate::lane::wire::sending::first_timestamp;
use crate::lane::wire::wire_lane::{CALL_SLICE, ID_TIMEOUT, WireLane, no_answer};
use crate::lane::{Displaced, LaneError, Refusal, RefusalCause, Report, Slot};

/// What a lane needs that mirrors.
pub(super) struct Mirror {
    filler: HoleFiller,
    /// Where the target's logs end that were written to since the lane was opened or recovered.
    ends: BTreeMap<Slot, i64>,
    /// Answers of partitions whose hole is being filled, in the order in which they came.
    parked: BTreeMap<Slot, Vec<Arrived>>,
    /// Partitions with a hole that waits for acknowledgements.
    wanted: Vec<Slot>,
}

impl Mirror {
    /// Takes the transactional id of the filler, if the lane is to mirror.
    pub(super) fn open(
        config: &WireLaneConfig,
        target: &Client,
        wake: &Wake,
        patience: Duration,
    ) -> Result<Option<Self>, LaneError> {
        let Some(id) = &config.mirror else {
            return Ok(None);
        };
        let settings = FillSettings {
            transactional_id: id.clone(),
            timeout: config.transaction_timeout,
            codec: if config.known_codecs.contains(Codec::Zstd) {
                Codec::Zstd
            } else {
                Codec::Gzip
            },
            batch_limits: config.batch_limits.clone(),
            batch_limit: DEFAULT_BATCH_LIMIT,
        };
        let target = target.with_timeout(ID_TIMEOUT);
        let until = Instant::now() + patience;
        loop {
            match HoleFiller::open(&target, settings.clone(), wake).map_err(|error| not_opened(&error)) {
                Err(LaneError::Retry(_)) if Instant::now() < until => {}
                Err(error) => return Err(error),
                Ok(filler) => {
                    return Ok(Some(Self {
                        filler,
                        ends: BTreeMap::new(),
                        parked: BTreeMap::new(),
                        wanted: Vec::new(),
                    }));
                }
            }
        }
    }

    pub(super) fn park(&mut self, arrived: Arrived) {
        self.parked.entry(arrived.slot).or_default().push(arrived);
    }

    pub(super) fn drop_parked(&mut self, slot: Slot) {
        self.parked.remove(&slot);
    }

    pub(super) fn drop_all_parked(&mut self) {
        self.parked.clear();
    }

    pub(super) fn commit(&self, group: &str, offsets: BTreeMap<TopicPartition, GroupOffset>) {
        self.filler.commit(group, offsets);
    }
}

impl WireLane {
    /// Prepares a partition that was just taken in: who goes on writing it, and what of it is filled at once.
    pub(super) fn begin_mirrored(&mut self, slot: Slot) {
        let Some(mirror) = &self.mirror else { return };
        let known = mirror.ends.get(&slot).copied();
        let target = self.target.clone();
        let Some(track) = self.track_mut(slot) else { return };
        let Some(mut place) = track.partition.mirror else {
            return;
        };
        place.end = known.map_or(place.end, |known| known.max(place.end));
        track.mirror = Some(MirrorTrack::new(place));
        track.acknowledged = Some(place.end);
        let (to, partition) = (track.next.max(place.end), track.target.clone());
        if known.is_none() && place.end > 0 {
            // A request of an earlier run may still be on its way: under the same numbers it is recognized.
            match target.last_batch(&partition, place.end) {
                Ok(Some(last)) => self.producer.resume(&partition, &last),
                Ok(None) => {}
                // Without it such a request would be noticed, and stop the partition.
                Err(error) => tracing::info!(%partition, %error, "looking for the last batch"),
            }
        }
        if place.end < to || place.delete_before.is_some() {
            let wanted = Wanted {
                to,
                timestamp: now_ms(),
                delete_before: place.delete_before,
            };
            self.want_fill(slot, wanted);
        }
    }

    /// Has a hole filled once everything before it is acknowledged.
    fn want_fill(&mut self, slot: Slot, wanted: Wanted) {
        let Some(track) = self.track_mut(slot) else { return };
        let Some(mirror) = &mut track.mirror else { return };
        mirror.filling = Some(Filling::Wanted(wanted));
        track.in_flight += 1;
        if let Some(mirror) = &mut self.mirror {
            mirror.wanted.push(slot);
        }
        self.start_fills();
    }

    /// Begins to fill what waits for nothing any more.
    pub(super) fn start_fills(&mut self) {
        let Some(mirror) = &mut self.mirror else { return };
        let mut waiting = Vec::new();
        for slot in std::mem::take(&mut mirror.wanted) {
            let Some(track) = self.tracks.get_mut(slot).and_then(Option::as_mut) else {
                continue;
            };
            let startable = track.startable();
            let Some(own) = &mut track.mirror else { continue };
            match (startable, own.filling) {
                (Some(wanted), _) => {
                    own.filling = Some(Filling::Started);
                    mirror.filler.fill(Hole {
                        place: track.target.clone(),
                        from: own.end,
                        to: wanted.to,
                        timestamp: wanted.timestamp,
                        delete_before: wanted.delete_before,
                    });
                }
                (None, Some(Filling::Wanted(_))) => waiting.push(slot),
                (None, _) => {}
            }
        }
        mirror.wanted = waiting;
    }

    /// Notes the end of a partition's log, once the target's log ends there as well.
    pub(super) fn note_end(&mut self, slot: Slot) {
        let Some(track) = self.track_mut(slot) else { return };
        if !track.is_at_end() || track.is_filling() {
            return;
        }
        if track.lacks_offsets() {
            let wanted = Wanted {
                to: track.next,
                timestamp: track.last_time.unwrap_or_else(now_ms),
                delete_before: None,
            };
            self.want_fill(slot, wanted);
            return;
        }
        track.note_end();
        self.touched.insert(slot);
    }

    /// What of framed records may be sent now: those up to the next hole. `None` where a hole comes first, which is then
    /// filled. A lane that does not mirror sends them all.
    pub(super) fn without_holes(
        &mut self,
        slot: Slot,
        run: &[Stored],
        framed: Vec<Framed>,
    ) -> Result<Option<Vec<Framed>>, FramingError> {
        let end = self
            .track(slot)
            .and_then(|track| track.mirror.as_ref())
            .map(|mirror| mirror.end);
        let (Some(end), Some(first)) = (end, framed.first()) else {
            return Ok(Some(framed));
        };
        let mut spans = framed.iter().flat_map(|one| &one.spans);
        let Some(begin) = spans.next() else {
            return Ok(Some(framed));
        };
        if begin.source > end {
            let timestamp = Some(first_timestamp(first)).filter(|time| *time >= 0);
            let wanted = Wanted {
                to: begin.source,
                timestamp: timestamp.unwrap_or_else(now_ms),
                delete_before: None,
            };
            self.want_fill(slot, wanted);
            return Ok(None);
        }
        let mut stretch = begin.source + i64::from(begin.len);
        for span in spans {
            if span.source != stretch {
                return Ok(match self.frame(slot, run, stretch)? {
                    Framing::Batches(framed) => Some(framed),
                    Framing::Nothing { .. } => None,
                });
            }
            stretch += i64::from(span.len);
        }
        Ok(Some(framed))
    }

    /// Takes in what was filled.
    pub(super) fn collect_fills(&mut self, report: &mut Report) -> Result<bool, LaneError> {
        let Some(mirror) = &self.mirror else {
            return Ok(false);
        };
        let events = mirror.filler.poll();
        let any = !events.is_empty();
        for event in events {
            match event {
                FillEvent::Filled { place, end } => self.filled(&place, end),
                FillEvent::Displaced {
                    place,
                    expected,
                    found,
                } => {
                    if let Some(slot) = self.slot_of_target(&place) {
                        self.displaced(slot, Displaced { expected, found }, report);
                    }
                }
                FillEvent::Committed => self.committed = true,
                FillEvent::Failed(error) if error.is_fenced() => return Err(fenced()),
                FillEvent::Failed(error) => return Err(LaneError::Recover(target_incident(&error))),
            }
        }
        self.start_fills();
        Ok(any)
    }

    fn filled(&mut self, place: &TopicPartition, end: i64) {
        let Some(slot) = self.slot_of_target(place) else {
            return;
        };
        let Some(mirror) = &mut self.mirror else { return };
        mirror.ends.insert(slot, end);
        let parked = mirror.parked.remove(&slot).unwrap_or_default();
        let Some(track) = self.track_mut(slot) else { return };
        if let Some(own) = &mut track.mirror
            && own.filling.take().is_some()
        {
            own.end = end;
            track.in_flight -= 1;
        }
        track.acknowledged = Some(end);
        for arrived in parked.into_iter().rev() {
            self.inbox.push_front(arrived);
        }
        self.note_end(slot);
    }

    /// Another writer's record stands where the partition's was to be: nothing more of it is sent.
    pub(super) fn displaced(&mut self, slot: Slot, displaced: Displaced, report: &mut Report) {
        let Some(track) = self.track_mut(slot) else { return };
        // What stands before it is in its place.
        track.release(slot, report);
        let given_up = track.give_up();
        let place = track.target.clone();
        self.in_flight_bytes = self.in_flight_bytes.saturating_sub(given_up);
        self.producer.abandon(&place);
        self.drop_unsent(slot);
        report.displaced.push((slot, displaced));
    }

    /// Notes that a mirrored partition's log ends here now.
    pub(super) fn note_mirrored_end(&mut self, slot: Slot, end: i64) {
        if let Some(mirror) = &mut self.mirror {
            mirror.ends.insert(slot, end);
        }
    }

    /// Commits positions in a transaction of their own, as a note to who comes later of who writes here.
    pub(super) fn commit_mirrored(
        &mut self,
        offsets: BTreeMap<TopicPartition, GroupOffset>,
    ) -> Result<(), LaneError> {
        if !self.ending {
            self.committed = false;
            if let Some(mirror) = &self.mirror {
                mirror.commit(&self.config.group, offsets);
            }
            self.ending = true;
        }
        let until = Instant::now() + CALL_SLICE;
        let mut report = Report::default();
        while !self.committed {
            let seen = self.wake.count();
            self.collect_fills(&mut report)?;
            if self.committed {
                break;
            }
            if Instant::now() >= until {
                return Err(LaneError::Retry(no_answer()));
            }
            self.wait(seen, until)?;
        }
        self.ending = false;
        Ok(())
    }

    /// What a mirror does with a record without a key that the compacted target would refuse: it is refused here, so that it is
    /// in the ledger before its offset is filled. Returns whether there was one.
    pub(super) fn refuse_keyless(
        &mut self,
        slot: Slot,
        run: &[Stored],
        report: &mut Report,
    ) -> Result<bool, sluice_wire::format::Fault> {
        let Some(track) = self.tracks.get(slot).and_then(Option::as_ref) else {
            return Ok(false);
        };
        let (next, rejected) = (track.next, &track.partition.rejected);
        let mut refused = Vec::new();
        for (index, stored) in run.iter().enumerate() {
            let read = self.framer.each(&stored.entry()?, |record| {
                if record.key.is_none() && record.offset >= next && !rejected.contains(&record.offset) {
                    refused.push(Refusal {
                        slot,
                        offset: record.offset,
                        cause: RefusalCause::MissingKey,
                        code: sluice_kafka::ErrorCode::INVALID_RECORD,
                        record: Some(Box::new(copied(record))),
                    });
                }
            });
            match read {
                // The run ends before it.
                Err(_) if index > 0 => break,
                read => read?,
            }
        }
        // One at a time: what stands before the next is sent first.
        refused.truncate(1);
        let any = !refused.is_empty();
        report.refused.extend(refused);
        Ok(any)
    }
}

/// What a failed look at a partition's log means.
pub(super) fn unanswered(code: sluice_wire::ErrorCode) -> LaneError {
    let error = WireError::Kafka {
        api: sluice_wire::ApiKey::Produce,
        code,
        message: None,
    };
    LaneError::Recover(target_incident(&error))
}
