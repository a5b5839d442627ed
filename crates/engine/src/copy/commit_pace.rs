use std::time::Duration;

/// Longest time a transaction stays open while there is a backlog, where a commit takes next to no time.
const LEAST: Duration = Duration::from_millis(700);
/// The same, however long a commit takes: what a crash has to copy again, and readers of committed records wait for.
const MOST: Duration = Duration::from_secs(3);
/// A transaction stays open for this many times what its commit takes, so that commits take a twentieth of the time.
const TIMES: u32 = 20;
/// The same when everything was read: what its commit takes, at least and at most so long. Readers of committed records wait
/// for it.
const LEAST_IDLE: Duration = Duration::from_millis(15);
const MOST_IDLE: Duration = Duration::from_millis(50);
/// As [`TIMES`], while nothing is sent for want of records.
const TIMES_STARVED: u32 = 4;
/// Bytes in a transaction of the shortest time, after which it is committed before that time.
const LEAST_BYTES: u64 = 128 * 1024 * 1024;

/// How long a transaction stays open while there is a backlog. Nothing is sent while one is committed, so that the time of
/// commits is to stay a small part of the whole.
#[derive(Debug, Default)]
pub(super) struct CommitPace {
    /// What the last commit with records took.
    took: Duration,
}

impl CommitPace {
    /// A commit that had something to commit took so long.
    pub(super) fn committed(&mut self, took: Duration) {
        self.took = took;
    }

    /// A transaction that is open for so long is committed.
    pub(super) fn open_for(&self) -> Duration {
        (self.took * TIMES).clamp(LEAST, MOST)
    }

    /// A transaction that is open for so long is committed when there is nothing more to copy for now.
    pub(super) fn idle_for(&self) -> Duration {
        self.took.clamp(LEAST_IDLE, MOST_IDLE)
    }

    /// The same when there is more to copy and nothing of it is here: the source, a limit or a line is slower than the
    /// target.
    pub(super) fn starved_for(&self) -> Duration {
        (self.took * TIMES_STARVED).clamp(MOST_IDLE, LEAST)
    }

    /// A transaction with so many bytes is committed.
    pub(super) fn bytes(&self) -> u64 {
        let times = self.open_for().as_secs_f64() / LEAST.as_secs_f64();
        (LEAST_BYTES as f64 * times) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(millis: u64) -> CommitPace {
        let mut pace = CommitPace::default();
        pace.committed(Duration::from_millis(millis));
        pace
    }

    #[test]
    fn commits_take_a_twentieth_of_the_time() {
        assert_eq!(after(100).open_for(), Duration::from_secs(2));
        assert_eq!(after(100).bytes(), LEAST_BYTES * 20 / 7);
    }

    #[test]
    fn a_transaction_is_never_open_for_less_or_more_than_is_sensible() {
        assert_eq!(CommitPace::default().open_for(), LEAST);
        assert_eq!(CommitPace::default().bytes(), LEAST_BYTES);
        assert_eq!(after(1).open_for(), LEAST);
        assert_eq!(after(20_000).open_for(), MOST);
        assert_eq!(after(1).idle_for(), LEAST_IDLE);
        assert_eq!(after(30).idle_for(), Duration::from_millis(30));
        assert_eq!(after(20_000).idle_for(), MOST_IDLE);
        assert_eq!(after(1).starved_for(), MOST_IDLE);
        assert_eq!(after(100).starved_for(), Duration::from_millis(400));
        assert_eq!(after(20_000).starved_for(), LEAST);
    }
}
