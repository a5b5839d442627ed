//! The record lane: librdkafka's batch consumer into its producer, record by record.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::time::{Duration, Instant};

use sluice_kafka::{
    Compression, Guarantee, KafkaError, Message, PartitionOffset, Reader, ReaderTuning, Writer,
};

use crate::lane::record::arrival::Arrival;
use crate::lane::record::config::RecordLaneConfig;
use crate::lane::record::incidents::{source_unusable, target_incident};
use crate::lane::record::intake::Intake;
use crate::lane::record::proof::Proof;
use crate::lane::record::sampling::Sampling;
use crate::lane::record::track::{Fate, Track};
use crate::lane::record::writer::{CALL_SLICE, lane_error, new_writer, open_writer, take_id};
use crate::lane::{CommitPosition, Lane, LaneError, LanePartition, Report, Slot, StepLimit};
use crate::position::LaneKind;

/// How long [`Lane::recover`] waits for the answers to what is on its way.
const DRAIN_DEADLINE: Duration = Duration::from_secs(10);
/// How long a new client tries to take its transactional id before another one does.
const OPENING_PATIENCE: Duration = Duration::from_secs(30);

/// Least bytes that a limited source is asked for at once: 10 s of the smallest quota that makes sense (25 kB/s).
const LEAST_FETCH: u32 = 256 * 1024;

/// See the module.
pub struct RecordLane {
    pub(super) config: RecordLaneConfig,
    // Before the reader, and so dropped before it: a client that is closed waits for the messages it gave out.
    pub(super) inbox: VecDeque<Message>,
    /// Messages of partitions that wait for their first acknowledgement, in their order.
    pub(super) held: Vec<Message>,
    pub(super) reader: Reader,
    /// The reader has not been given partitions yet.
    pub(super) fresh: bool,
    pub(super) writer: Writer,
    pub(super) tracks: Vec<Option<Track>>,
    pub(super) routes: HashMap<(usize, i32), Slot>,
    pub(super) by_name: HashMap<(String, i32), Slot>,
    pub(super) last_route: Option<((usize, i32), Slot)>,
    pub(super) sampling: Sampling,
    pub(super) arrival: Arrival,
    pub(super) intake: Intake,
    /// What the reader was opened with.
    pub(super) asked: ReaderTuning,
    /// Partitions whose ends were reached: they are read no longer.
    pub(super) ended: Vec<PartitionOffset>,
    pub(super) in_flight: usize,
    pub(super) in_flight_bytes: usize,
    /// Bytes that may be in flight now.
    pub(super) in_flight_limit: usize,
    pub(super) transaction_open: bool,
    /// The open transaction has its positions and is being ended: only that may be tried again.
    ending: bool,
    pub(super) broken: Option<KafkaError>,
    /// The writer that is to be the next and has not taken its transactional id yet, and since when it tries.
    opening: Option<(Writer, Instant)>,
}

impl RecordLane {
    /// Opens the lane. A transactional lane takes its transactional id here, which fences earlier instances.
    ///
    /// # Errors
    /// A refused property, the target refuses transactions, or it did not answer within `deadline`.
    pub fn open(config: RecordLaneConfig, deadline: Duration) -> Result<Self, LaneError> {
        let intake = Intake::new(config.reader.prefetch_kib, config.source_brokers, config.nature);
        let asked = intake.tuning(config.reader);
        let reader = Reader::new(&config.source, asked).map_err(source_unusable)?;
        let writer = open_writer(&config, deadline)?;
        Ok(Self {
            in_flight_limit: config.in_flight_bytes,
            config,
            reader,
            fresh: true,
            writer,
            tracks: Vec::new(),
            routes: HashMap::new(),
            by_name: HashMap::new(),
            last_route: None,
            inbox: VecDeque::new(),
            held: Vec::new(),
            sampling: Sampling::default(),
            arrival: Arrival::new(),
            intake,
            asked,
            ended: Vec::new(),
            in_flight: 0,
            in_flight_bytes: 0,
            transaction_open: false,
            ending: false,
            broken: None,
            opening: None,
        })
    }

    fn transactional(&self) -> bool {
        matches!(self.config.writer.guarantee, Guarantee::Transactional(_))
    }

    /// The target topics that a failure may be about: those of the lane's partitions, and of positions that are committed.
    pub(super) fn topics(&self, positions: &[CommitPosition]) -> Vec<String> {
        let lane = self.tracks.iter().flatten();
        let topics: BTreeSet<&str> = lane
            .map(|track| track.partition.target_topic.as_str())
            .chain(positions.iter().map(|position| position.target_topic.as_str()))
            .collect();
        topics.into_iter().map(str::to_owned).collect()
    }

    fn forget_tracks(&mut self) {
        self.tracks.clear();
        self.routes.clear();
        self.by_name.clear();
        self.last_route = None;
        self.inbox.clear();
        self.held.clear();
        self.in_flight = 0;
        self.in_flight_bytes = 0;
    }
}

impl Lane for RecordLane {
    fn add(&mut self, partitions: &[LanePartition]) -> Result<(), LaneError> {
        let mut assigned = Vec::with_capacity(partitions.len());
        let alone = self.config.writer.guarantee == Guarantee::Idempotent;
        for partition in partitions {
            let compression = self.config.compression.of(&partition.target_topic);
            let target = self
                .writer
                .topic(&partition.target_topic, compression)
                .map_err(|error| LaneError::Fatal(target_incident(error, &[])))?;
            if self.tracks.len() <= partition.slot {
                self.tracks.resize_with(partition.slot + 1, || None);
            }
            let mut entry = PartitionOffset::new(
                partition.source_topic.clone(),
                partition.partition,
                partition.position,
            );
            entry.leader_epoch = partition.leader_epoch;
            assigned.push(entry);
            self.by_name.insert(
                (partition.source_topic.clone(), partition.partition),
                partition.slot,
            );
            self.tracks[partition.slot] = Some(Track {
                partition: partition.clone(),
                target,
                queue: VecDeque::new(),
                front: 0,
                next: partition.position,
                epoch: partition.leader_epoch,
                proof: Proof::of_assigned(partition.leader_epoch, self.fresh),
                reading: true,
                blocked: false,
                last_time: None,
                alone,
            });
        }
        self.fresh &= assigned.is_empty();
        self.reader.assign(&assigned).map_err(source_unusable)
    }

    fn remove(&mut self, slots: &[Slot]) -> Result<(), LaneError> {
        // Should it come back, its log may be another one than this was read from.
        self.forget_unsent(slots);
        let mut gone = Vec::new();
        for &slot in slots {
            if let Some(track) = self.tracks.get_mut(slot).and_then(Option::as_mut)
                && track.reading
            {
                track.reading = false;
                gone.push(PartitionOffset::new(
                    track.partition.source_topic.clone(),
                    track.partition.partition,
                    track.next,
                ));
            }
        }
        self.reader.unassign(&gone).map_err(source_unusable)
    }

    fn drain(&mut self, slot: Slot) -> Result<(), LaneError> {
        self.remove(&[slot])
    }

    fn renew_source(&mut self) -> Result<(), LaneError> {
        // A source that answers without records limits this client: the next one asks for less at a time.
        if self.arrival.empty > 0 {
            let less = self.config.reader.fetch_max_bytes / 4;
            self.config.reader.fetch_max_bytes = less.max(LEAST_FETCH);
        }
        self.reopen_reader()
    }

    fn kind(&self) -> LaneKind {
        LaneKind::Record
    }

    fn step(&mut self, limit: StepLimit, report: &mut Report) -> Result<(), LaneError> {
        let nothing_read = self.inbox.is_empty() && self.held.is_empty();
        if nothing_read && self.intake.must_change(self.asked, self.config.reader) {
            tracing::info!("reading with a new client, which asks for another amount at a time");
            self.reopen_reader()?;
        }
        if nothing_read && self.in_flight_bytes < self.in_flight_limit {
            // With acknowledgements outstanding, waiting long for new records would delay their collection.
            let wait = if self.in_flight > 0 {
                limit.wait.min(Duration::from_millis(5))
            } else {
                limit.wait
            };
            self.receive(StepLimit { wait, ..limit }, report)?;
            self.send(Some(limit), report)?;
            self.collect(Duration::ZERO, report);
        } else {
            self.collect(Duration::from_millis(5), report);
            self.send(Some(limit), report)?;
        }
        self.check_writer(report)
    }

    fn settle(&mut self, wait: Duration, report: &mut Report) -> Result<(), LaneError> {
        self.send(None, report)?;
        self.collect(wait, report);
        self.check_writer(report)
    }

    fn compress_harder(&mut self, target_topic: &str) -> Option<[Compression; 2]> {
        self.config.compression.harder(target_topic)
    }

    fn compress_as_usual(&mut self, target_topic: &str) {
        self.config.compression.as_usual(target_topic);
    }

    fn in_flight(&self) -> usize {
        self.in_flight + self.inbox.len() + self.held.len()
    }

    fn in_flight_of(&self, slot: Slot) -> usize {
        self.tracks
            .get(slot)
            .and_then(Option::as_ref)
            .map_or(0, |track| track.queue.len())
    }

    fn in_flight_limit(&self) -> usize {
        self.config.in_flight_bytes
    }

    fn limit_in_flight(&mut self, bytes: usize) {
        self.in_flight_limit = bytes.min(self.config.in_flight_bytes);
    }

    fn received_since(&self, time: Duration) -> bool {
        self.arrival.at.elapsed() < time
    }

    fn oldest_in_flight(&self, slot: Slot) -> Option<i64> {
        let front = self.tracks.get(slot)?.as_ref()?.queue.front()?;
        (!matches!(front.fate, Fate::End)).then_some(front.timestamp)
    }

    fn watermarks(&self, slot: Slot) -> Option<(i64, i64)> {
        let track = self.tracks.get(slot)?.as_ref()?;
        self.reader
            .cached_watermarks(&track.partition.source_topic, track.partition.partition)
    }

    fn commit(&mut self, positions: &[CommitPosition]) -> Result<(), LaneError> {
        if !self.transaction_open {
            if positions.is_empty() {
                return Ok(());
            }
            // Positions that moved without a record (a gap that was accepted, markers) are kept on the target as well.
            let begun = self.writer.begin();
            begun.map_err(|error| lane_error(error, &self.topics(positions)))?;
            self.transaction_open = true;
        }
        let offsets: Vec<PartitionOffset> = positions
            .iter()
            .map(|position| {
                let mut entry = PartitionOffset::new(
                    position.target_topic.clone(),
                    position.partition,
                    position.position,
                );
                entry.metadata = Some(position.note.clone());
                entry
            })
            .collect();
        if !self.ending {
            self.writer
                .send_positions(&self.config.group, &offsets, CALL_SLICE)
                .map_err(|error| lane_error(error, &self.topics(positions)))?;
            self.ending = true;
        }
        self.writer
            .commit(CALL_SLICE)
            .map_err(|error| lane_error(error, &self.topics(positions)))?;
        self.ending = false;
        self.transaction_open = false;
        Ok(())
    }

    fn recover(&mut self, report: &mut Report) -> Result<(), LaneError> {
        let transactional = self.transactional();
        if !transactional && let Err(error) = self.writer.purge_queue() {
            // Dropping the queue only keeps what is doubled small: an abort empties it by itself.
            tracing::debug!(%error, "purging the queue");
        }
        let until = Instant::now() + DRAIN_DEADLINE;
        self.inbox.clear();
        self.held.clear();
        while !transactional && self.waiting() && Instant::now() < until {
            self.collect(Duration::from_millis(50), report);
        }
        // A transaction is given up with its writer: the next one takes the same id, which aborts what is open. Aborting
        // and going on with the same writer ends in skipped sequence numbers after a refused batch (librdkafka 2.12.1).
        self.broken = None;
        let reading = self.reading();
        self.reader.unassign(&reading).map_err(source_unusable)?;
        self.forget_tracks();
        self.transaction_open = false;
        self.ending = false;
        let (writer, since) = match self.opening.take() {
            Some((writer, since)) if since.elapsed() < OPENING_PATIENCE => (writer, since),
            _ => (new_writer(&self.config)?, Instant::now()),
        };
        if let Err(error) = take_id(&self.config, &writer) {
            if matches!(error, LaneError::Retry(_)) {
                self.opening = Some((writer, since));
            }
            return Err(error);
        }
        let stale = std::mem::replace(&mut self.writer, writer);
        // Closing may take as long as what it is waiting for.
        std::thread::spawn(move || drop(stale));
        Ok(())
    }
}
