//! One partition of a running task: what is committed, what is acknowledged and not yet committed, what is wrong.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use sluice_model::OffsetRange;

use crate::clock::now_ms;
use crate::lane::{LanePartition, MirrorPlace, Passed, Slot, SourceIncident};
use crate::partition::{OffsetRuns, Pace};
use crate::position::{Anchor, GapReason, OffsetRun, PartitionState, RunCut};
use crate::progress::OpenGap;

/// Longest pause between two tries of a partition.
const LONGEST_BACKOFF: Duration = Duration::from_secs(15);

/// How long records may be there and not come before they are requested again.
const STALL: Duration = Duration::from_secs(6);

/// What happens to a partition once nothing of it is in flight any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Awaited {
    /// An incident that needs the final position.
    Incident(SourceIncident),
    /// Its topic was deleted and created again, with this id where the brokers have ids.
    Recreated { id: Option<String> },
    /// Its target topic is another one than it was copied to.
    OtherTarget,
}

/// Whether a partition is being read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Mode {
    Active,
    /// Is not read any more; what is in flight is still acknowledged.
    Draining(Awaited),
    /// Waits for its next try.
    Backoff {
        until: Instant,
    },
    /// Waits for a person.
    Stopped,
}

#[derive(Debug)]
pub(crate) struct Track {
    /// As of the last commit: what a restart continues from.
    pub(crate) state: PartitionState,
    /// As of the last acknowledgement.
    pub(crate) ahead: PartitionState,
    runs: OffsetRuns,
    pub(crate) mode: Mode,
    pub(crate) error: Option<String>,
    /// The gap it has stopped at, while it waits for a person to accept that.
    open_gap: Option<OpenGap>,
    pub(crate) failing_since: Option<Instant>,
    attempts: u32,
    /// At the end of the source, for now.
    pub(crate) at_end: bool,
    /// Was at the end of the source at some time in this run.
    pub(crate) was_at_end: bool,
    /// End of the source when this run began, open transactions included; `None` where it is known only when it is reached.
    pub(crate) end_at_start: Option<i64>,
    /// Who holds back what is behind the last stable offset, as a sentence.
    pub(crate) held_by: Option<String>,
    /// How often it was requested again without an answer.
    pub(crate) stalls: u32,
    /// Position, and since when it has not moved although there is more.
    waiting: Option<(i64, Instant)>,
    /// The position at which the stored format was looked at: once for each.
    pub(crate) examined: Option<i64>,
    /// The gap that was noted since the last record was copied.
    last_gap: Option<(OffsetRange, GapReason)>,
    /// First and end offset, and end of committed records, as last asked for.
    pub(crate) bounds: Option<(i64, i64, i64)>,
    /// Source offsets that the target refused: they are passed over.
    pub(crate) rejected: BTreeSet<i64>,
    /// The target topic is compacted and takes no record without a key.
    pub(crate) keyless_refused: bool,
    /// What the target received behind the last checkpoint is not matched with the source yet: it is before anything is
    /// read.
    pub(crate) unmatched: bool,
    /// How far the target is, where every record must keep its offset.
    pub(crate) mirror: Option<MirrorPlace>,
    /// Saved state differs from `state` for a reason other than a commit.
    pub(crate) dirty: bool,
    hashes: bool,
    pub(crate) pace: Pace,
    /// Time in ms up to which everything at the source is known to be on the target, as of the last commit and as of the
    /// last acknowledgement: when the end was reached, or the timestamp of the last record.
    caught_up_to_ms: Option<i64>,
    ahead_caught_up_to_ms: Option<i64>,
}

impl Track {
    pub(crate) fn new(
        state: PartitionState,
        last_run: Option<OffsetRun>,
        end_at_start: Option<i64>,
        hashes: bool,
    ) -> Self {
        Self {
            pace: Pace::new(state.position, state.records),
            runs: OffsetRuns::new(state.key.clone(), last_run),
            ahead: state.clone(),
            state,
            mode: Mode::Active,
            error: None,
            open_gap: None,
            failing_since: None,
            attempts: 0,
            at_end: false,
            was_at_end: false,
            end_at_start,
            held_by: None,
            stalls: 0,
            waiting: None,
            examined: None,
            last_gap: None,
            bounds: None,
            rejected: BTreeSet::new(),
            keyless_refused: false,
            unmatched: false,
            mirror: None,
            dirty: false,
            hashes,
            caught_up_to_ms: None,
            ahead_caught_up_to_ms: None,
        }
    }

    pub(crate) fn lane_partition(&self, slot: Slot) -> LanePartition {
        LanePartition {
            slot,
            source_topic: self.ahead.key.topic.clone(),
            source_topic_id: self.ahead.source_topic_id.clone(),
            target_topic: self.ahead.target_topic.clone(),
            partition: self.ahead.key.partition,
            position: self.ahead.position,
            leader_epoch: self.ahead.leader_epoch,
            until: self.ahead.until,
            rejected: self.rejected.clone(),
            keyless_refused: self.keyless_refused,
            mirror: self.mirror,
        }
    }

    /// Takes in what passed. Returns the acknowledged records and bytes.
    pub(crate) fn absorb(&mut self, passed: &Passed) -> (u64, u64) {
        // What was on its way when a partition failed says nothing about its next try.
        if self.mode == Mode::Active {
            self.error = None;
            self.failing_since = None;
            self.attempts = 0;
        }
        let counted = self.take_passed(passed);
        if let Some(mirror) = &mut self.mirror {
            // What is reported of a mirrored partition stands on the target at the same offsets, holes included.
            mirror.end = mirror.end.max(self.ahead.position);
            self.ahead.target_next = self.ahead.target_next.max(mirror.end);
        }
        counted
    }

    fn take_passed(&mut self, passed: &Passed) -> (u64, u64) {
        match *passed {
            Passed::Span(span) => {
                self.at_end = false;
                self.stalls = 0;
                self.last_gap = None;
                let records = u64::try_from(span.records).unwrap_or_default();
                let ahead = &mut self.ahead;
                ahead.position = span.end();
                ahead.leader_epoch = span.leader_epoch;
                ahead.records += records;
                ahead.bytes += span.bytes;
                if self.hashes {
                    // A lane that was not asked for hashes leaves none: an anchor of another record would be worse.
                    ahead.anchor = span.anchor.map(|hash| Anchor {
                        offset: span.last(),
                        hash,
                    });
                }
                if let Some(target) = span.target {
                    ahead.target_next = target + span.records;
                }
                if span.greatest_timestamp >= 0 {
                    self.advance_caught_up(span.greatest_timestamp.min(now_ms()));
                }
                self.runs.place(span.source, span.target, span.records);
                (records, span.bytes)
            }
            Passed::Hole { to, .. } => {
                self.move_over_hole(to);
                (0, 0)
            }
            Passed::Skipped { source } => {
                self.move_over_hole(source + 1);
                (0, 0)
            }
            Passed::End { offset } => {
                self.move_over_hole(offset);
                self.at_end = true;
                self.was_at_end = true;
                self.advance_caught_up(now_ms());
                if !self.is_ahead() {
                    self.caught_up_to_ms = self.ahead_caught_up_to_ms;
                }
                (0, 0)
            }
        }
    }

    /// What was in the hole may have had another epoch than the record before it, a marker behind an election: compared by
    /// that record's epoch, the log would seem to be another one.
    fn move_over_hole(&mut self, to: i64) {
        if to > self.ahead.position {
            self.ahead.position = to;
            self.ahead.leader_epoch = None;
        }
    }

    fn advance_caught_up(&mut self, time: i64) {
        self.ahead_caught_up_to_ms = self.ahead_caught_up_to_ms.max(Some(time));
    }

    /// How far the target is behind at most, in ms at `now`, going by what has arrived; `None` before something has.
    pub(crate) fn behind_ms(&self, now: i64) -> Option<i64> {
        self.caught_up_to_ms.map(|until| (now - until).max(0))
    }

    /// Whether something is acknowledged that is not committed.
    pub(crate) fn is_ahead(&self) -> bool {
        self.ahead != self.state
    }

    /// What was acknowledged is committed now. Returns the runs to save.
    pub(crate) fn promote(&mut self) -> Vec<OffsetRun> {
        self.state = self.ahead.clone();
        self.caught_up_to_ms = self.ahead_caught_up_to_ms;
        self.dirty = false;
        self.rejected = self.rejected.split_off(&self.state.position);
        self.runs.commit()
    }

    /// What was acknowledged and not committed is given up.
    pub(crate) fn roll_back(&mut self) {
        self.ahead = self.state.clone();
        self.ahead_caught_up_to_ms = self.caught_up_to_ms;
        self.runs.roll_back();
        self.forget_end();
    }

    /// The end was reached in another log, or with records that may have to be copied again: it counts when it is
    /// reached again.
    pub(crate) fn forget_end(&mut self) {
        self.at_end = false;
        self.was_at_end = false;
    }

    /// From `offset` on, the source has other records than those that were copied.
    pub(crate) fn cut_runs(&mut self, offset: i64) {
        self.runs.cut(offset);
        self.state.incarnation += 1;
        self.ahead.incarnation = self.state.incarnation;
        self.dirty = true;
    }

    /// Notes a gap; whether it is another one than the last, with no record copied since.
    pub(crate) fn note_gap(&mut self, range: OffsetRange, reason: GapReason) -> bool {
        let gap = (range, reason);
        self.last_gap.replace(gap) != Some(gap)
    }

    /// What is to be taken out of the saved runs, once.
    pub(crate) fn take_cut(&mut self) -> Option<RunCut> {
        self.runs.take_cut(self.state.incarnation)
    }

    /// Puts the committed state elsewhere: after a gap was accepted, or when the target knows better.
    pub(crate) fn move_to(&mut self, position: i64) {
        self.state.position = position;
        self.state.leader_epoch = None;
        self.ahead.position = position;
        self.ahead.leader_epoch = None;
        self.forget_end();
        self.dirty = true;
    }

    /// The greatest end of the source that was seen, open transactions included.
    pub(crate) fn known_end(&self) -> Option<i64> {
        self.bounds.map(|(_, high, _)| high).or(self.end_at_start)
    }

    /// As [`Track::known_end`], but no further than it is copied.
    pub(crate) fn copied_end(&self) -> Option<i64> {
        self.known_end().map(|end| self.bounded(end))
    }

    /// An offset of the source's log, or where the copy ends before it.
    pub(crate) fn bounded(&self, offset: i64) -> i64 {
        self.state.until.map_or(offset, |until| offset.min(until))
    }

    /// Whether everything that is to be copied is acknowledged, and nothing will follow.
    pub(crate) fn has_ended(&self) -> bool {
        self.state.until.is_some_and(|until| self.ahead.position >= until)
    }

    /// How long it has been failing, in ms; `None` while it is not.
    pub(crate) fn failing_for_ms(&self) -> Option<i64> {
        self.failing_since
            .map(|since| i64::try_from(since.elapsed().as_millis()).unwrap_or(i64::MAX))
    }

    /// Whether the position lies behind the log that the source was last seen with: it lost records, or what was seen is
    /// old.
    pub(crate) fn is_behind_log(&self) -> bool {
        self.bounds.is_some_and(|(_, high, _)| self.ahead.position > high)
    }

    /// Takes in the offsets that the source was seen with. The client does not report an end that it met while a leader
    /// changed, and its fetches may be lost in the same way. Returns whether to request it again.
    pub(crate) fn watch(&mut self, bounds: (i64, i64, i64), busy: bool) -> bool {
        self.bounds = Some(bounds);
        self.pace
            .see_log_start(bounds.0, self.ahead.position, Instant::now());
        let end = self.bounded(bounds.2);
        if self.mode == Mode::Active && !busy && self.ahead.position >= end && !self.is_behind_log() {
            self.at_end = true;
            self.was_at_end = true;
        }
        let done = self.at_end && self.ahead.position >= end;
        if self.mode != Mode::Active || busy || done {
            self.waiting = None;
            return false;
        }
        match self.waiting {
            Some((position, since)) if position == self.ahead.position => {
                let stalled = since.elapsed() >= STALL;
                if stalled {
                    self.waiting = None;
                    self.stalls += 1;
                }
                stalled
            }
            _ => {
                self.waiting = Some((self.ahead.position, Instant::now()));
                false
            }
        }
    }

    /// Notes an error and sets the next try.
    pub(crate) fn back_off(&mut self, error: String, now: Instant) {
        self.attempts += 1;
        let pause = Duration::from_millis(500)
            .saturating_mul(1 << self.attempts.min(6))
            .min(LONGEST_BACKOFF);
        self.error = Some(error);
        self.failing_since.get_or_insert(now);
        self.at_end = false;
        self.mode = Mode::Backoff { until: now + pause };
    }

    /// Notes an error, and waits until somebody looks again at what brought it.
    pub(crate) fn wait(&mut self, error: String, now: Instant, pause: Duration) {
        self.back_off(error, now);
        self.mode = Mode::Backoff { until: now + pause };
    }

    /// Waits for a person from now on.
    pub(crate) fn stop(&mut self, error: String) {
        self.failing_since.get_or_insert_with(Instant::now);
        self.error = Some(error);
        self.open_gap = None;
        self.mode = Mode::Stopped;
        self.at_end = false;
    }

    /// Waits for a person to accept `gap` from now on.
    pub(crate) fn stop_at_gap(&mut self, error: String, gap: OpenGap) {
        self.stop(error);
        self.open_gap = Some(gap);
    }

    /// The gap it waits at, if it has stopped at one.
    pub(crate) fn open_gap(&self) -> Option<OpenGap> {
        self.open_gap.filter(|_| self.mode == Mode::Stopped)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lane::Span;
    use crate::position::PartitionKey;

    fn track() -> Track {
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
            position: 0,
            leader_epoch: None,
            target_next: 0,
            anchor: None,
            records: 0,
            bytes: 0,
            incarnation: 0,
        };
        Track::new(state, None, Some(0), false)
    }

    fn record(source: i64, target: Option<i64>) -> Passed {
        Passed::Span(Span {
            source,
            records: 1,
            target,
            bytes: 1,
            leader_epoch: None,
            greatest_timestamp: 1_000 + source,
            anchor: None,
        })
    }

    #[test]
    fn the_time_behind_is_that_of_the_last_committed_record_or_of_the_end() {
        let mut track = track();
        assert_eq!(track.behind_ms(5_000), None, "nothing is known yet");
        track.absorb(&record(0, Some(0)));
        assert_eq!(track.behind_ms(5_000), None, "acknowledged is not committed");
        track.promote();
        assert_eq!(track.behind_ms(5_000), Some(4_000));

        track.absorb(&record(1_000, Some(1)));
        track.roll_back();
        track.promote();
        assert_eq!(
            track.behind_ms(5_000),
            Some(4_000),
            "what was given up does not count"
        );

        let before = now_ms();
        track.absorb(&Passed::End { offset: 1 });
        assert!(track.behind_ms(before).is_some_and(|behind| behind == 0));
        let late = now_ms() + 60_000;
        assert!(
            track
                .behind_ms(late)
                .is_some_and(|behind| (60_000..90_000).contains(&behind))
        );
    }

    #[test]
    fn a_position_behind_a_hole_has_no_epoch_to_compare_its_log_by() {
        let mut track = track();
        let mut passed = record(0, Some(0));
        if let Passed::Span(span) = &mut passed {
            span.leader_epoch = Some(5);
        }
        track.absorb(&passed);
        track.absorb(&Passed::End { offset: 1 });
        assert_eq!(track.lane_partition(0).leader_epoch, Some(5));
        track.absorb(&Passed::End { offset: 2 });
        assert_eq!(track.lane_partition(0).leader_epoch, None);
        assert_eq!(track.lane_partition(0).position, 2);
    }

    #[test]
    fn what_was_not_committed_is_forgotten_on_roll_back() {
        let mut track = track();
        track.absorb(&record(0, Some(0)));
        track.promote();
        track.absorb(&record(1, Some(1)));
        track.absorb(&record(2, Some(2)));
        track.roll_back();
        assert_eq!((track.ahead.position, track.ahead.records), (1, 1));
        track.absorb(&record(1, Some(5)));
        let run = track.promote().pop().unwrap();
        assert_eq!((run.source_of(5), run.target_of(1)), (Some(1), Some(5)));
    }
}
