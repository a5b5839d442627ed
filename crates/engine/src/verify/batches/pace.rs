//! When it is worth to look for identical batches again. Each return to them has a price: what the other clients have
//! fetched ahead is dropped, and they begin again.

/// Bytes of records that are read one by one after a look that found nothing, at first and at most.
const AFTER_MISS: (u64, u64) = (1024 * 1024, 128 * 1024 * 1024);
/// The same after a short run of batches.
const AFTER_SHORT_RUN: (u64, u64) = (4 * 1024 * 1024, 1024 * 1024 * 1024);
/// Bytes of stored batches that are worth a return.
const LONG_RUN: u64 = 32 * 1024 * 1024;

/// Counts what was read record by record, and says when to look again. What is in vain is done half as often each time.
#[derive(Debug, Clone)]
pub(crate) struct Pace {
    read: u64,
    wait: u64,
    after_miss: u64,
    after_short_run: u64,
    is_eager: bool,
}

impl Pace {
    /// For logs of any size.
    pub(crate) fn new() -> Self {
        Self {
            read: 0,
            wait: 0,
            after_miss: AFTER_MISS.0,
            after_short_run: 0,
            is_eager: false,
        }
    }

    /// Looks whenever it can, whatever it costs.
    #[cfg(test)]
    pub(crate) fn eager() -> Self {
        Self {
            is_eager: true,
            ..Self::new()
        }
    }

    /// A record of `bytes` bytes was read.
    pub(crate) fn read(&mut self, bytes: usize) {
        // Framing counts as well, or empty records would never come to anything.
        self.read += bytes as u64 + 16;
    }

    /// Whether enough was read to look again.
    pub(crate) fn is_due(&self) -> bool {
        self.is_eager || self.read >= self.wait
    }

    /// No identical batches were found.
    pub(crate) fn missed(&mut self) {
        (self.read, self.wait) = (0, self.after_miss);
        self.after_miss = self.after_miss.saturating_mul(2).min(AFTER_MISS.1);
    }

    /// A run of identical batches of `bytes` bytes has ended.
    pub(crate) fn ran(&mut self, bytes: u64) {
        if bytes >= LONG_RUN {
            *self = Self {
                is_eager: self.is_eager,
                ..Self::new()
            };
            return;
        }
        (self.read, self.wait) = (0, self.after_short_run);
        self.after_short_run =
            (self.after_short_run.saturating_mul(2)).clamp(AFTER_SHORT_RUN.0, AFTER_SHORT_RUN.1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waits(pace: &mut Pace, then: impl Fn(&mut Pace)) -> Vec<u64> {
        (0..5)
            .map(|_| {
                then(pace);
                pace.wait / 1024 / 1024
            })
            .collect()
    }

    #[test]
    fn what_is_in_vain_is_done_less_and_less_often() {
        assert_eq!(waits(&mut Pace::new(), Pace::missed), [1, 2, 4, 8, 16]);
        assert_eq!(waits(&mut Pace::new(), |pace| pace.ran(1)), [0, 4, 8, 16, 32]);
    }

    #[test]
    fn a_long_run_of_batches_is_worth_an_immediate_return() {
        let mut pace = Pace::new();
        for _ in 0..9 {
            pace.ran(1_000);
            pace.missed();
        }
        pace.read(1_000);
        assert!(!pace.is_due());
        pace.ran(LONG_RUN);
        assert!(pace.is_due());
    }

    #[test]
    fn records_without_bytes_come_to_a_return_as_well() {
        let mut pace = Pace::new();
        pace.missed();
        for _ in 0..AFTER_MISS.0 / 16 {
            pace.read(0);
        }
        assert!(pace.is_due());
    }
}
