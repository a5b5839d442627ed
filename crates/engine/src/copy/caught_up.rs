//! When a run that ends by itself is complete, and what is missing if it is not.

use std::time::{Duration, Instant};

use sluice_model::OffsetRange;

use crate::copy::copier::Copier;
use crate::copy::shared::RunOptions;
use crate::copy::source_state::NO_LEADER;
use crate::partition::{Mode, Track};
use crate::progress::{Incomplete, IncompleteReason};

/// How long a partition that cannot be read holds up the end of a run that is otherwise complete.
const FAULT_PATIENCE: Duration = Duration::from_secs(60);
/// How long a partition whose position is at its end is given to report the end itself.
pub(super) const END_PATIENCE: Duration = Duration::from_secs(5);
/// How long open transactions at the source are waited for if nothing else is said.
const TRANSACTION_PATIENCE: Duration = Duration::from_secs(60);

/// How long a run waits for what holds up its end.
#[derive(Debug)]
pub(super) struct Completion {
    begun: Instant,
    wait_for_transactions: Duration,
    /// Since when nothing but open transactions holds up the end.
    held_since: Option<Instant>,
}

/// How far a partition is from what it had to copy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Settled {
    No,
    Yes,
    /// Everything but what an open transaction at the source holds back.
    Held,
}

impl Completion {
    pub(super) fn new(options: RunOptions, now: Instant) -> Self {
        Self {
            begun: now,
            wait_for_transactions: options.wait_for_transactions.unwrap_or(TRANSACTION_PATIENCE),
            held_since: None,
        }
    }

    /// How long the run has lasted.
    pub(super) fn running_for(&self) -> Duration {
        self.begun.elapsed()
    }

    /// Whether open transactions have been waited for long enough.
    fn is_transaction_patience_over(&mut self, now: Instant) -> bool {
        let since = *self.held_since.get_or_insert(now);
        now.duration_since(since) >= self.wait_for_transactions
    }
}

impl Copier {
    /// Whether everything that was there when the run began is copied, or the rest has been waited for.
    pub(super) fn is_complete(&mut self) -> bool {
        let now = Instant::now();
        let mut held = false;
        if !self.waiting.is_empty() && self.completion.running_for() < FAULT_PATIENCE {
            return false;
        }
        for track in &self.tracks {
            match self.settled(track, now) {
                Settled::No => {
                    self.completion.held_since = None;
                    return false;
                }
                Settled::Held => held = true,
                Settled::Yes => {}
            }
        }
        !held || self.completion.is_transaction_patience_over(now)
    }

    fn settled(&self, track: &Track, now: Instant) -> Settled {
        match track.mode {
            Mode::Stopped => Settled::Yes,
            Mode::Draining(_) => Settled::No,
            Mode::Backoff { .. } => match track.failing_since {
                Some(since) if now.duration_since(since) >= FAULT_PATIENCE => Settled::Yes,
                _ => Settled::No,
            },
            Mode::Active => self.settled_active(track),
        }
    }

    /// Whether a run ends by itself: it was asked to, or every partition has an end.
    pub(super) fn ends_by_itself(&self) -> bool {
        self.job.options.until_caught_up
            || !self.tracks.is_empty() && self.tracks.iter().all(|track| track.state.until.is_some())
    }

    fn settled_active(&self, track: &Track) -> Settled {
        if track.has_ended() {
            return Settled::Yes;
        }
        // An end that the source has not reached yet is waited for, unless the run is to end before.
        if let Some(until) = track.state.until
            && !self.job.options.until_caught_up
        {
            return match track.bounds {
                Some((_, high, stable))
                    if stable < until && high >= until && track.at_end && track.ahead.position >= stable =>
                {
                    Settled::Held
                }
                _ => Settled::No,
            };
        }
        let Some(end) = track.end_at_start else {
            return if track.was_at_end {
                Settled::Yes
            } else {
                Settled::No
            };
        };
        if track.ahead.position >= end {
            let reported = track.was_at_end || (!track.is_behind_log() && self.is_past_end_patience());
            return if reported { Settled::Yes } else { Settled::No };
        }
        if !track.at_end {
            return Settled::No;
        }
        match track.bounds {
            // Read to the last stable offset, and there is more behind it: a transaction is open.
            Some((_, high, stable)) if stable < high && track.ahead.position >= stable => Settled::Held,
            // The log is shorter now than it was: it was cut, and read to its end.
            Some((_, high, _)) if high < end && track.ahead.position >= high => Settled::Yes,
            _ => Settled::No,
        }
    }

    /// What had to be copied and is not, partition by partition.
    pub(super) fn incomplete(&self) -> Vec<Incomplete> {
        let now = Instant::now();
        self.tracks
            .iter()
            .filter_map(|track| {
                let reason = match track.mode {
                    Mode::Stopped | Mode::Backoff { .. } | Mode::Draining(_) => IncompleteReason::Fault {
                        sentence: track.error.clone().unwrap_or_default(),
                    },
                    Mode::Active if self.settled(track, now) == Settled::Held => {
                        IncompleteReason::OpenTransaction {
                            sentence: track.held_by.clone().unwrap_or_else(|| {
                                "an open transaction at the source holds back what is behind it".to_owned()
                            }),
                        }
                    }
                    Mode::Active => return None,
                };
                let end = track.copied_end().unwrap_or(track.state.position);
                Some(Incomplete {
                    key: track.state.key.clone(),
                    range: OffsetRange {
                        from: track.state.position,
                        to: end.max(track.state.position),
                    },
                    reason,
                })
            })
            .chain(self.waiting.keys().map(|key| Incomplete {
                key: key.clone(),
                range: OffsetRange { from: 0, to: 0 },
                reason: IncompleteReason::Fault {
                    sentence: NO_LEADER.to_owned(),
                },
            }))
            .collect()
    }
}
