//! How fast a copy goes on, and since when it is behind, from looks at it.

use std::collections::VecDeque;

/// Looks that a rate is made of.
const WINDOW_MS: i64 = 10_000;
/// Ends of a log that are remembered: with a look every two seconds, an hour of being behind.
const MOST_ENDS: usize = 1_800;

/// What was copied in the last seconds.
#[derive(Debug, Default)]
pub(super) struct Rate {
    looks: VecDeque<(i64, u64)>,
}

impl Rate {
    /// Takes in what was copied in all by now. Gives how much a second.
    pub(super) fn look(&mut self, now_ms: i64, total: u64) -> f64 {
        self.looks.push_back((now_ms, total));
        while self.looks.len() > 2 && self.looks.front().is_some_and(|(at, _)| now_ms - at > WINDOW_MS) {
            self.looks.pop_front();
        }
        match self.looks.front() {
            Some((at, then)) if now_ms > *at => {
                total.saturating_sub(*then) as f64 * 1000.0 / (now_ms - at) as f64
            }
            _ => 0.0,
        }
    }
}

/// When the ends of a log were seen that are not reached yet.
#[derive(Debug, Default)]
pub(super) struct Behind {
    ends: VecDeque<(i64, i64)>,
    /// What was there when the looks began: since when is not known.
    known_from: Option<i64>,
}

impl Behind {
    /// Takes in the end of the log and the position. Gives for how long, in ms, the position has been behind what was seen;
    /// `None` where that was there before the first look.
    pub(super) fn look(&mut self, now_ms: i64, end: i64, position: i64) -> Option<i64> {
        let known_from = *self.known_from.get_or_insert(end);
        if self.ends.back().is_none_or(|(_, last)| *last < end) && self.ends.len() < MOST_ENDS {
            self.ends.push_back((now_ms, end));
        }
        while self.ends.front().is_some_and(|(_, seen)| *seen <= position) {
            self.ends.pop_front();
        }
        if position >= end {
            return Some(0);
        }
        if position < known_from {
            return None;
        }
        self.ends.front().map(|(at, _)| now_ms - at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_that_of_the_last_seconds() {
        let mut rate = Rate::default();
        assert_eq!(rate.look(0, 0), 0.0);
        assert_eq!(rate.look(2_000, 200), 100.0);
        for second in 2..40 {
            rate.look(second * 1_000, 200);
        }
        assert_eq!(rate.look(40_000, 200), 0.0);
    }

    #[test]
    fn a_delay_is_known_of_what_came_since_the_first_look_alone() {
        let mut behind = Behind::default();
        assert_eq!(
            behind.look(0, 100, 10),
            None,
            "the backlog is older than the looks"
        );
        assert_eq!(behind.look(1_000, 120, 100), Some(0).map(|_| 0));
        assert_eq!(behind.look(3_000, 150, 110), Some(2_000));
        assert_eq!(behind.look(4_000, 150, 120), Some(1_000));
        assert_eq!(behind.look(9_000, 150, 150), Some(0));
        assert_eq!(behind.look(10_000, 151, 150), Some(0));
        assert_eq!(behind.look(12_000, 151, 150), Some(2_000));
    }
}
