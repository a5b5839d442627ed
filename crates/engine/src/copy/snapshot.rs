//! The snapshot of a run that shells show.

use std::time::Instant;

use sluice_model::RateLimits;

use crate::clock::now_ms;
use crate::copy::copier::Copier;
use crate::copy::meters::Rates;
use crate::copy::source_state::NO_LEADER;
use crate::lane::Slot;
use crate::lock::lock;
use crate::partition::{Mode, STUCK, Track};
use crate::position::PartitionKey;
use crate::progress::{PartitionCondition, PartitionProgress, Progress, Stage};

impl Copier {
    /// Makes a snapshot, with the rates of the last seconds.
    pub(crate) fn publish(&mut self) {
        let now = Instant::now();
        self.published = now;
        let rates = self.meters.sample(now);
        let at_ms = now_ms();
        for track in &mut self.tracks {
            track
                .pace
                .step(track.state.position, track.state.records, now, at_ms);
        }
        *lock(&self.job.shared.progress) = self.snapshot(rates);
    }

    /// Mean bytes of a copied record: of this run, or of all before it has copied any.
    fn mean_record_bytes(&self) -> Option<f64> {
        let total = self.meters.total;
        let (records, bytes) = if total.written > 0 {
            (total.written, total.bytes)
        } else {
            self.tracks.iter().fold((0, 0), |(records, bytes), track| {
                (records + track.state.records, bytes + track.state.bytes)
            })
        };
        (records > 0).then(|| bytes as f64 / records as f64)
    }

    fn snapshot(&self, rates: Rates) -> Progress {
        let now = now_ms();
        let partitions: Vec<PartitionProgress> = self
            .tracks
            .iter()
            .enumerate()
            .map(|(slot, track)| self.partition_progress(slot, track, now))
            .chain(
                self.waiting
                    .iter()
                    .map(|(key, target)| waiting_progress(key, target)),
            )
            .collect();
        let caught_up = !partitions.is_empty()
            && partitions
                .iter()
                .all(|row| row.condition == PartitionCondition::CaughtUp);
        let lag_records = partitions.iter().map(|row| row.lag).sum::<Option<i64>>();
        let (backlog, copied) = self.backlog();
        let full_percent = if backlog == 0 {
            100.0
        } else {
            copied as f64 * 100.0 / backlog as f64
        };
        let error = self.health.error(self.lane.in_flight() > 0);
        let total = self.meters.total;
        Progress {
            task: self.job.task.name.to_string(),
            stage: if copied < backlog && !caught_up {
                Stage::Full
            } else {
                Stage::Incremental
            },
            delivery: self.job.delivery.describe().to_owned(),
            notes_are_exact: true,
            full_percent: if caught_up { 100.0 } else { full_percent },
            caught_up,
            read_records: total.read,
            read_bytes: total.read_bytes,
            written_records: total.written,
            written_bytes: total.bytes,
            read_rate: rates.read,
            read_bytes_rate: rates.read_bytes,
            write_rate: rates.write,
            write_bytes_rate: rates.write_bytes,
            latency: self.meters.latency.read(Instant::now()),
            lag_records,
            lag_bytes_estimate: match lag_records {
                Some(0) => Some(0),
                Some(lag) => self.mean_record_bytes().map(|mean| (lag as f64 * mean) as u64),
                None => None,
            },
            retention_left_seconds: self
                .tracks
                .iter()
                .zip(&partitions)
                .filter(|(_, row)| row.lag.is_some_and(|lag| lag > 0))
                .filter_map(|(track, _)| track.pace.retention_left_seconds())
                .min(),
            delay_ms: partitions.iter().filter_map(|row| row.delay_ms).max(),
            // The rate of the last seconds says nothing about a copy that is held up.
            eta_seconds: lag_records
                .filter(|&lag| lag > 0 && rates.write >= 1.0 && error.is_none())
                .map(|lag| (lag as f64 / rates.write).ceil() as u64),
            gaps: total.gaps,
            quarantined: total.quarantined,
            stopped_partitions: self
                .tracks
                .iter()
                .filter(|track| track.mode == Mode::Stopped)
                .count() as u64,
            error,
            partitions,
        }
    }

    /// Offsets of the backlog at launch, and how many of them are behind the positions.
    fn backlog(&self) -> (i64, i64) {
        self.tracks.iter().fold((0i64, 0i64), |(backlog, copied), track| {
            let size = (track.state.backlog_end - track.state.start).max(0);
            (
                backlog + size,
                copied
                    + (track.state.position.min(track.state.backlog_end) - track.state.start).clamp(0, size),
            )
        })
    }

    fn partition_progress(&self, slot: Slot, track: &Track, now: i64) -> PartitionProgress {
        let cached = self.lane.watermarks(slot);
        let position = track.state.position;
        let end = cached.map(|(_, high)| high).max(track.known_end());
        let end = end.map(|end| track.bounded(end));
        let held = track.bounds.map_or(0, |(_, high, stable)| {
            (track.bounded(high) - stable.max(position)).max(0)
        });
        let caught_up = track.mode == Mode::Active
            && (track.at_end || track.has_ended())
            && !track.is_ahead()
            && end.is_none_or(|end| end - held <= position);
        let end = end.or(caught_up.then_some(position));
        let lag = if caught_up {
            Some(held)
        } else {
            end.map(|end| (end - position).max(0))
        };
        let held_back = if track.at_end { held } else { 0 };
        // A task that has read nothing for as long although its limits allow it does not wait for their sake.
        let throttled = *lock(&self.job.shared.rate) != RateLimits::default()
            && (self.throttle.is_spent() || self.health.last_read.elapsed() < STUCK);
        // An open transaction holds back what is behind it: its age counts as delay.
        let is_current = caught_up && held == 0;
        PartitionProgress {
            topic: track.state.key.topic.clone(),
            target_topic: track.state.target_topic.clone(),
            partition: track.state.key.partition,
            condition: match track.mode {
                Mode::Stopped => PartitionCondition::Stopped,
                Mode::Backoff { .. } => PartitionCondition::Retrying,
                Mode::Active if caught_up => PartitionCondition::CaughtUp,
                Mode::Active | Mode::Draining(_) => PartitionCondition::Copying,
            },
            start: track.state.start,
            position,
            target_next: track.state.target_next,
            log_start: track.bounds.map(|(low, _, _)| low).or(cached.map(|(low, _)| low)),
            end,
            lag,
            delay_ms: if is_current || (lag == Some(0) && track.mode != Mode::Active) {
                Some(0)
            } else {
                self.lane
                    .oldest_in_flight(slot)
                    .filter(|&timestamp| timestamp >= 0)
                    .map(|timestamp| (now - timestamp).max(0))
                    .or_else(|| track.behind_ms(now))
                    .or_else(|| track.failing_for_ms())
            },
            held_by_transaction: held_back,
            held_by: track.held_by.clone().filter(|_| held_back > 0),
            rate: track.pace.rate(),
            stuck: lag.is_some_and(|lag| lag > held_back)
                && !throttled
                && track.mode != Mode::Stopped
                && track.pace.is_still(Instant::now()),
            still_since_ms: track.pace.still_since_ms(),
            records: track.state.records,
            bytes: track.state.bytes,
            next_try_ms: match track.mode {
                Mode::Backoff { until } => {
                    let left = until.saturating_duration_since(Instant::now());
                    Some(now.saturating_add(i64::try_from(left.as_millis()).unwrap_or(i64::MAX)))
                }
                _ => None,
            },
            error: track.error.clone(),
            gap: track.open_gap(),
        }
    }
}

/// A partition of which nothing is known until its leader is back.
fn waiting_progress(key: &PartitionKey, target_topic: &str) -> PartitionProgress {
    PartitionProgress {
        topic: key.topic.clone(),
        target_topic: target_topic.to_owned(),
        partition: key.partition,
        condition: PartitionCondition::Retrying,
        error: Some(NO_LEADER.to_owned()),
        ..PartitionProgress::default()
    }
}
