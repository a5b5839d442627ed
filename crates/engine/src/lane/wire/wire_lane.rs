use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use sluice_kafka::Compression;
use sluice_wire::format::Codec;
use sluice_wire::{
    Cancel, Client, FetchFrom, Fetcher, GroupOffset, ProduceSettings, Producer, TopicPartition,
    TransactionSettings, Wake, WireError,
};

use crate::lane::wire::codecs::Harder;
use crate::lane::wire::config::WireLaneConfig;
use crate::lane::wire::framing::Framer;
use crate::lane::wire::incidents::{not_opened, target_incident, unusable};
use crate::lane::wire::mirror::Mirror;
use crate::lane::wire::piece::Arrived;
use crate::lane::wire::sending::Allowance;
use crate::lane::wire::source::fetch_settings;
use crate::lane::wire::track::Track;
use crate::lane::{
    CommitPosition, Lane, LaneError, LanePartition, Report, Slot, StepLimit, TargetIncident,
    TargetIncidentKind,
};
use crate::position::LaneKind;

/// How long one call to the target may block the lane.
pub(super) const CALL_SLICE: Duration = Duration::from_secs(5);
/// How long the target may take to hand out a producer id: another request would begin again. It is less than a stop
/// waits for.
pub(super) const ID_TIMEOUT: Duration = Duration::from_secs(15);
/// How long [`Lane::recover`] waits for the answers to what is on its way.
const DRAIN_DEADLINE: Duration = Duration::from_secs(10);
/// Bytes of one request to the target.
const REQUEST_BYTES: usize = 8 << 20;

/// See the module.
pub struct WireLane {
    pub(super) config: WireLaneConfig,
    pub(super) source: Client,
    pub(super) target: Client,
    pub(super) wake: Wake,
    cancel: Cancel,
    pub(super) fetcher: Fetcher,
    pub(super) producer: Producer,
    pub(super) framer: Framer,
    pub(super) tracks: Vec<Option<Track>>,
    by_source: HashMap<TopicPartition, Slot>,
    by_target: HashMap<TopicPartition, Slot>,
    /// What was fetched and not sent yet.
    pub(super) inbox: VecDeque<Arrived>,
    /// Partitions that something happened to since the last report.
    pub(super) touched: BTreeSet<Slot>,
    pub(super) in_flight_bytes: usize,
    /// Bytes that may be in flight now.
    pub(super) in_flight_limit: usize,
    pub(super) received_at: Instant,
    /// Target topics whose records are compressed more strongly than usual.
    pub(super) harder: BTreeMap<String, Harder>,
    /// The codec of the batch that was refused last, by target topic.
    pub(super) refused_with: BTreeMap<String, Codec>,
    /// What fills holes, in a lane that mirrors.
    pub(super) mirror: Option<Mirror>,
    transaction_open: bool,
    /// The open transaction has its positions and is being ended: only that may be tried again.
    pub(super) ending: bool,
    pub(super) committed: bool,
    pub(super) transaction_delayed: Option<WireError>,
}

impl WireLane {
    /// Opens the lane. A transactional lane takes its transactional id here, which fences earlier instances.
    ///
    /// # Errors
    /// The wire client lacks what a cluster asks for, a property is wrong, the target refuses transactions, or it did not
    /// answer within `deadline`.
    pub fn open(config: WireLaneConfig, deadline: Duration) -> Result<Self, LaneError> {
        let cancel = Cancel::new();
        let client = |cluster| {
            Client::new(cluster)
                .map(|client| client.with_timeout(CALL_SLICE).with_cancel(cancel.clone()))
                .map_err(|error| unusable(&error))
        };
        let (source, target) = (client(&config.source)?, noting(&config, client(&config.target)?));
        let wake = Wake::new();
        let mirror = Mirror::open(&config, &target, &wake, deadline)?;
        let producer = open_producer(&config, &target, &wake, deadline)?;
        Ok(Self {
            fetcher: Fetcher::new(&source, fetch_settings(&config), &wake),
            in_flight_limit: config.in_flight_bytes,
            config,
            source,
            target,
            wake,
            cancel,
            producer,
            framer: Framer::new(),
            tracks: Vec::new(),
            by_source: HashMap::new(),
            by_target: HashMap::new(),
            inbox: VecDeque::new(),
            touched: BTreeSet::new(),
            in_flight_bytes: 0,
            received_at: Instant::now(),
            harder: BTreeMap::new(),
            refused_with: BTreeMap::new(),
            mirror,
            transaction_open: false,
            ending: false,
            committed: false,
            transaction_delayed: None,
        })
    }

    pub(super) fn track(&self, slot: Slot) -> Option<&Track> {
        self.tracks.get(slot)?.as_ref()
    }

    pub(super) fn track_mut(&mut self, slot: Slot) -> Option<&mut Track> {
        self.tracks.get_mut(slot)?.as_mut()
    }

    /// The slot of a source partition that is read.
    pub(super) fn slot_of_source(&self, place: &TopicPartition) -> Option<Slot> {
        let slot = *self.by_source.get(place)?;
        self.track(slot).filter(|track| track.is_open()).map(|_| slot)
    }

    pub(super) fn slot_of_target(&self, place: &TopicPartition) -> Option<Slot> {
        self.by_target.get(place).copied()
    }

    fn is_transactional(&self) -> bool {
        self.config.transactional_id.is_some()
    }

    /// Opens a transaction for the batch that comes, if there is none.
    pub(super) fn open_transaction(&mut self) {
        if self.is_transactional() && !self.transaction_open {
            match self.producer.begin() {
                Ok(()) => self.transaction_open = true,
                // The batch is not taken without one, and tried again.
                Err(error) => tracing::debug!(%error, "opening a transaction"),
            }
        }
    }

    fn forget_tracks(&mut self) {
        self.tracks.clear();
        self.by_source.clear();
        self.by_target.clear();
        self.inbox.clear();
        self.touched.clear();
        self.in_flight_bytes = 0;
    }

    /// Stops fetching partitions and drops what was read of them and not sent.
    fn stop_reading(&mut self, slots: &[Slot]) {
        let mut places = Vec::new();
        for &slot in slots {
            self.drop_unsent(slot);
            if let Some(track) = self.track_mut(slot) {
                track.reading = false;
                track.forget_wanted();
                places.push(track.source.clone());
            }
        }
        self.fetcher.remove(&places);
    }

    /// What is to be copied of a partition was sent: nothing more of it is fetched.
    pub(super) fn end_partition(&mut self, slot: Slot) {
        self.drop_unsent(slot);
        if let Some(track) = self.track_mut(slot) {
            track.end_here();
            let place = track.source.clone();
            self.touched.insert(slot);
            self.fetcher.remove(&[place]);
        }
    }

    /// Waits for something to happen, until `until`.
    pub(super) fn wait(&self, seen: u64, until: Instant) -> Result<(), LaneError> {
        self.wake
            .wait(seen, until, &self.cancel)
            .map_err(|error| unusable(&error))
    }

    /// Whether an answer is outstanding that may still come.
    fn is_waiting(&self) -> bool {
        self.tracks
            .iter()
            .flatten()
            .any(|track| !track.blocked && track.is_waiting())
    }
}

/// The target's client; one of a task of a pair notes each producer id before it is used.
fn noting(config: &WireLaneConfig, target: Client) -> Client {
    match config.pair.clone() {
        None => target,
        Some(pair) => target.with_id_witness(Arc::new(move |id| {
            pair.note_own(id).map_err(|error| error.to_string())
        })),
    }
}

/// A producer with its transactional id. A cluster that has never had a transaction first makes its internal topic: seconds,
/// and no failure.
fn open_producer(
    config: &WireLaneConfig,
    target: &Client,
    wake: &Wake,
    patience: Duration,
) -> Result<Producer, LaneError> {
    let settings = ProduceSettings {
        transactions: config.transactional_id.as_ref().map(|id| TransactionSettings {
            id: id.clone(),
            timeout: config.transaction_timeout,
        }),
        request_bytes: REQUEST_BYTES,
        queue_bytes: config.in_flight_bytes.saturating_mul(2),
        ..ProduceSettings::default()
    };
    let until = Instant::now() + patience;
    let target = target.clone().with_timeout(ID_TIMEOUT);
    loop {
        match Producer::open(&target, settings.clone(), wake).map_err(|error| not_opened(&error)) {
            Err(LaneError::Retry(_)) if Instant::now() < until => {}
            outcome => return outcome,
        }
    }
}

pub(super) fn no_answer() -> TargetIncident {
    TargetIncident {
        kind: TargetIncidentKind::TimedOut,
        detail: "the target's coordinator did not answer in time".to_owned(),
        code: sluice_kafka::ErrorCode::LOCAL_TIMED_OUT,
    }
}

impl Lane for WireLane {
    fn add(&mut self, partitions: &[LanePartition]) -> Result<(), LaneError> {
        let mut from = Vec::new();
        for partition in partitions {
            let slot = partition.slot;
            self.drop_unsent(slot);
            if self.tracks.len() <= slot {
                self.tracks.resize_with(slot + 1, || None);
            }
            let track = Track::new(partition.clone());
            from.push(FetchFrom {
                place: track.source.clone(),
                position: partition.position,
                leader_epoch: partition.leader_epoch,
                topic_id: track.topic_id(),
            });
            self.by_source.insert(track.source.clone(), slot);
            self.by_target.insert(track.target.clone(), slot);
            self.tracks[slot] = Some(track);
        }
        self.fetcher.add(&from);
        for partition in partitions {
            self.begin_mirrored(partition.slot);
        }
        Ok(())
    }

    fn remove(&mut self, slots: &[Slot]) -> Result<(), LaneError> {
        self.stop_reading(slots);
        Ok(())
    }

    fn drain(&mut self, slot: Slot) -> Result<(), LaneError> {
        self.stop_reading(&[slot]);
        Ok(())
    }

    fn renew_source(&mut self) -> Result<(), LaneError> {
        self.fetch_again();
        Ok(())
    }

    fn kind(&self) -> LaneKind {
        LaneKind::Wire
    }

    fn step(&mut self, limit: StepLimit, report: &mut Report) -> Result<(), LaneError> {
        let until = Instant::now() + limit.wait;
        let allowed = Allowance::of(limit);
        loop {
            let seen = self.wake.count();
            let has_room = self.in_flight_bytes < self.in_flight_limit;
            let received = has_room && self.receive(report).map_err(|error| unusable(&error))?;
            let sent = self.send(allowed, report)?;
            let collected = self.collect(report)?;
            if received || sent || collected || Instant::now() >= until {
                return Ok(());
            }
            self.wait(seen, until)?;
        }
    }

    fn settle(&mut self, wait: Duration, report: &mut Report) -> Result<(), LaneError> {
        let until = Instant::now() + wait;
        loop {
            let seen = self.wake.count();
            let collected = self.collect(report)?;
            if collected || self.in_flight() == 0 || Instant::now() >= until {
                return Ok(());
            }
            self.wait(seen, until)?;
        }
    }

    fn compress_harder(&mut self, target_topic: &str) -> Option<[Compression; 2]> {
        let harder = Harder::of(self.config.known_codecs);
        let usual = self.refused_with.get(target_topic).copied().unwrap_or_default();
        self.harder.insert(target_topic.to_owned(), harder);
        Some(harder.beside(usual))
    }

    fn compress_as_usual(&mut self, target_topic: &str) {
        self.harder.remove(target_topic);
    }

    fn in_flight(&self) -> usize {
        self.tracks.iter().flatten().map(|track| track.in_flight).sum()
    }

    fn in_flight_of(&self, slot: Slot) -> usize {
        self.track(slot).map_or(0, |track| track.in_flight)
    }

    fn in_flight_limit(&self) -> usize {
        self.config.in_flight_bytes
    }

    fn limit_in_flight(&mut self, bytes: usize) {
        self.in_flight_limit = bytes.min(self.config.in_flight_bytes);
    }

    fn received_since(&self, time: Duration) -> bool {
        self.received_at.elapsed() < time
    }

    fn oldest_in_flight(&self, slot: Slot) -> Option<i64> {
        self.track(slot)?.oldest_timestamp()
    }

    fn watermarks(&self, slot: Slot) -> Option<(i64, i64)> {
        let marks = self.track(slot)?.marks;
        Some((marks.log_start?, marks.high_watermark?))
    }

    fn commit(&mut self, positions: &[CommitPosition]) -> Result<(), LaneError> {
        if self.mirror.is_some() {
            return self.commit_mirrored(group_offsets(positions));
        }
        if !self.is_transactional() || (!self.transaction_open && positions.is_empty()) {
            return Ok(());
        }
        // Positions that moved without a record (a gap that was accepted, markers) are kept on the target as well.
        self.open_transaction();
        if !self.ending {
            let offsets = group_offsets(positions);
            self.committed = false;
            if !offsets.is_empty() {
                let sent = self.producer.send_offsets(&self.config.group, offsets);
                sent.map_err(|_| LaneError::Recover(no_answer()))?;
            }
            self.producer
                .commit()
                .map_err(|_| LaneError::Recover(no_answer()))?;
            self.ending = true;
        }
        let until = Instant::now() + CALL_SLICE;
        let mut report = Report::default();
        while !self.committed {
            let seen = self.wake.count();
            self.collect(&mut report)?;
            if self.committed {
                break;
            }
            if Instant::now() >= until {
                let incident = self
                    .transaction_delayed
                    .take()
                    .map_or_else(no_answer, |error| target_incident(&error));
                return Err(LaneError::Retry(incident));
            }
            self.wait(seen, until)?;
        }
        self.ending = false;
        self.transaction_open = false;
        Ok(())
    }

    fn recover(&mut self, report: &mut Report) -> Result<(), LaneError> {
        let until = Instant::now() + DRAIN_DEADLINE;
        self.inbox.clear();
        while !self.is_transactional() && self.is_waiting() && Instant::now() < until {
            let seen = self.wake.count();
            if self.collect(report).is_err() {
                break;
            }
            if self.is_waiting() {
                self.wait(seen, until.min(Instant::now() + Duration::from_millis(50)))?;
            }
        }
        self.fetcher = Fetcher::new(&self.source, fetch_settings(&self.config), &self.wake);
        self.forget_tracks();
        self.transaction_open = false;
        self.ending = false;
        self.transaction_delayed = None;
        if self.config.mirror.is_some() {
            // The earlier filler's thread has ended before another takes its id.
            self.mirror = None;
            self.mirror = Mirror::open(&self.config, &self.target, &self.wake, Duration::ZERO)?;
        }
        // With a new producer under the same id the target gives up what is open.
        self.producer = open_producer(&self.config, &self.target, &self.wake, Duration::ZERO)?;
        Ok(())
    }
}

fn group_offsets(positions: &[CommitPosition]) -> BTreeMap<TopicPartition, GroupOffset> {
    positions
        .iter()
        .map(|position| {
            let place = TopicPartition::new(&position.target_topic, position.partition);
            let offset = GroupOffset {
                offset: position.position,
                leader_epoch: None,
                metadata: position.note.clone(),
            };
            (place, offset)
        })
        .collect()
}

impl Drop for WireLane {
    fn drop(&mut self) {
        self.cancel.cancel();
    }
}
