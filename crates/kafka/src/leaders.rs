use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How long an answer counts: a third of the time for which the client library keeps what it has learned
/// (`metadata.max.age.ms`, 15 minutes).
const FRESH: Duration = Duration::from_secs(300);

/// Which partitions have a leader, as one client has last heard: its library knows the same.
#[derive(Debug, Default)]
pub(crate) struct Leaders(Mutex<Option<Heard>>);

#[derive(Debug)]
struct Heard {
    at: Instant,
    topics: HashMap<String, HashMap<i32, bool>>,
}

impl Leaders {
    /// Takes in the answer to a question for all topics: each with its partitions, and whether they have a leader.
    pub(crate) fn learn(&self, topics: HashMap<String, HashMap<i32, bool>>) {
        *self.heard() = Some(Heard {
            at: Instant::now(),
            topics,
        });
    }

    /// Whether each of the partitions had a leader a short while ago.
    pub(crate) fn has_all<'a>(&self, mut partitions: impl Iterator<Item = (&'a str, i32)>) -> bool {
        let heard = self.heard();
        let fresh = heard.as_ref().filter(|heard| heard.at.elapsed() < FRESH);
        fresh.is_some_and(|heard| partitions.all(|place| heard.leader(place) == Some(true)))
    }

    /// Whether the partition has a leader; `None` where it is not known.
    pub(crate) fn leader(&self, place: (&str, i32)) -> Option<bool> {
        self.heard().as_ref().and_then(|heard| heard.leader(place))
    }

    fn heard(&self) -> MutexGuard<'_, Option<Heard>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Heard {
    fn leader(&self, (topic, partition): (&str, i32)) -> Option<bool> {
        self.topics.get(topic)?.get(&partition).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_partition_is_led_leaderless_or_not_known() {
        let leaders = Leaders::default();
        assert!(!leaders.has_all([("t", 0)].into_iter()));
        leaders.learn(HashMap::from([(
            "t".to_owned(),
            HashMap::from([(0, true), (1, false)]),
        )]));
        assert_eq!(leaders.leader(("t", 0)), Some(true));
        assert_eq!(leaders.leader(("t", 1)), Some(false));
        assert_eq!(leaders.leader(("t", 2)), None);
        assert_eq!(leaders.leader(("u", 0)), None);
        assert!(leaders.has_all([("t", 0)].into_iter()));
        assert!(!leaders.has_all([("t", 0), ("t", 1)].into_iter()));
    }
}
