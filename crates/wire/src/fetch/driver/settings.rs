use std::time::Duration;

use crate::client::Isolation;

/// How a [`super::Fetcher`] fetches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FetchSettings {
    /// Whether records of open and aborted transactions come.
    pub isolation: Isolation,
    /// How long a broker may hold an answer back until there is something. A partition that is added or resumed may
    /// wait as long before its broker is asked for it.
    pub max_wait: Duration,
    /// From how many bytes on a broker answers at once.
    pub min_bytes: i32,
    /// The most bytes of one answer.
    pub answer_bytes: usize,
    /// The most bytes of one partition in an answer.
    pub partition_bytes: i32,
    /// The most bytes of everything that is held: answers on their way, by what they may have, and those whose records
    /// are still referenced anywhere. One batch that is larger still comes through, for each broker.
    pub held_bytes: usize,
    /// Whether incremental sessions are used where the broker has them (KIP-227, Kafka 1.1).
    pub sessions: bool,
    /// Whether records are fetched from the replica that the broker names as nearest to the client's rack (KIP-392,
    /// Kafka 2.4).
    pub nearest_replica: bool,
}

impl Default for FetchSettings {
    /// Committed records, half a second, 1 MiB of a partition, 8 MiB of an answer, 32 MiB in all.
    fn default() -> Self {
        Self {
            isolation: Isolation::Committed,
            max_wait: Duration::from_millis(500),
            min_bytes: 1,
            answer_bytes: 8 << 20,
            partition_bytes: 1 << 20,
            held_bytes: 32 << 20,
            sessions: true,
            nearest_replica: false,
        }
    }
}
