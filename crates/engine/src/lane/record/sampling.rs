use std::time::Instant;

/// Chooses the records whose latency is measured: asking the clock for each would cost too much.
#[derive(Default)]
pub(super) struct Sampling {
    pub(super) read_at: Option<Instant>,
    /// Records until the next one.
    pub(super) left: usize,
    pub(super) batches: usize,
}

impl Sampling {
    const ONE_IN: usize = 256;

    /// A batch was handed over. The first to be measured lies at another place each time: what is sent late waits longer.
    pub(super) fn begin(&mut self, records: usize) {
        if records > 0 {
            self.read_at = Some(Instant::now());
            self.batches = self.batches.wrapping_add(1);
            // An odd step visits every place.
            self.left = self.batches.wrapping_mul(97) % records.min(Self::ONE_IN);
        }
    }

    pub(super) fn next(&mut self) -> Option<Instant> {
        if self.left > 0 {
            self.left -= 1;
            return None;
        }
        self.left = Self::ONE_IN - 1;
        self.read_at
    }
}
