use std::time::Instant;

use sluice_kafka::Fetched;

/// When bytes of records last arrived.
pub(super) struct Arrival {
    pub(super) seen: Fetched,
    pub(super) at: Instant,
    /// Answers without records since then.
    pub(super) empty: u64,
}

impl Arrival {
    /// Bytes of an empty answer, and of each partition in it: rounded up.
    const EMPTY: u64 = 512;
    const PARTITION: u64 = 96;

    pub(super) fn new() -> Self {
        Self {
            seen: Fetched::default(),
            at: Instant::now(),
            empty: 0,
        }
    }

    /// Brokers answer without records, too: only what is more than that has arrived.
    pub(super) fn look(&mut self, now: Fetched, partitions: usize) {
        let responses = now.responses.saturating_sub(self.seen.responses);
        if responses == 0 {
            return;
        }
        let bytes = now.bytes.saturating_sub(self.seen.bytes);
        if bytes > responses.saturating_mul(Self::EMPTY + Self::PARTITION * partitions as u64) {
            self.at = Instant::now();
            self.empty = 0;
        } else {
            self.empty += responses;
        }
        self.seen = now;
    }
}
