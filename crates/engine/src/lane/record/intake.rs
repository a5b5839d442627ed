//! How much is asked of the source at once, so that what is fetched ahead stays within its budget in memory.
//!
//! librdkafka looks at what it holds only between two answers, and counts values alone. What an answer becomes in memory
//! is therefore measured, and its size and the number of records held are chosen by that. They are fixed when a reader is
//! opened; one whose source has changed much is replaced.

use std::time::{Duration, Instant};

use sluice_kafka::ReaderTuning;

/// What a source's records are like.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Nature {
    /// Bytes of memory that a record takes: key, value, headers, book-keeping.
    pub record_bytes: f64,
    /// Bytes of memory for each byte of an answer, of which compressed ones take more.
    pub expansion: f64,
}

impl Nature {
    /// Of a source that holds no records yet: no worse than text that repeats itself much.
    pub const EXPECTED: Self = Self {
        record_bytes: 64.0 * 1024.0,
        expansion: 64.0,
    };
    /// Of a source that holds records and could not be looked at: half of what one repeated letter makes of zstd.
    const UNKNOWN: Self = Self {
        record_bytes: 64.0 * 1024.0,
        expansion: 2_048.0,
    };
}

/// The least answer that is asked for; brokers send one whole batch in any case.
const LEAST_ANSWER: f64 = 1024.0;
/// The most records fetched ahead.
const MOST_RECORDS: f64 = 100_000.0;
/// Records taken over from the reader at once may fill this part of the budget.
const PART_AT_ONCE: f64 = 8.0;
/// A reader is replaced when it asks for so many times too much, …
const TOO_MUCH: f64 = 4.0;
/// … or for so many times too little, after it has delivered its budget and run so long.
const TOO_LITTLE: f64 = 8.0;
const SEEN_FOR: Duration = Duration::from_secs(10);
/// A reader is judged by no less than this part of the budget.
const PART_TO_JUDGE: f64 = 8.0;
/// What was measured counts half after so many budgets.
const FORGET_AFTER: f64 = 16.0;

/// See the module.
pub(super) struct Intake {
    /// Bytes of memory for what is fetched ahead.
    budget: f64,
    /// Brokers of the source: each may send an answer at the same time.
    brokers: f64,
    nature: Nature,
    /// Measured since the reader was opened.
    records: f64,
    memory: f64,
    /// Bytes of answers up to now, and those that do not count any more.
    fetched: f64,
    forgotten: f64,
    delivered: f64,
    since: Instant,
}

impl Intake {
    pub(super) fn new(prefetch_kib: u32, brokers: usize, nature: Option<Nature>) -> Self {
        Self {
            budget: f64::from(prefetch_kib) * 1024.0,
            brokers: brokers.max(1) as f64,
            nature: nature.unwrap_or(Nature::UNKNOWN),
            records: 0.0,
            memory: 0.0,
            fetched: 0.0,
            forgotten: 0.0,
            delivered: 0.0,
            since: Instant::now(),
        }
    }

    /// What a reader is to ask for; never more than `most` says.
    pub(super) fn tuning(&self, most: ReaderTuning) -> ReaderTuning {
        self.tuning_for(self.nature, most)
    }

    fn tuning_for(&self, nature: Nature, most: ReaderTuning) -> ReaderTuning {
        // Half of the budget may come on top of it: the reader asks for more while it holds less than all of it.
        let answer = self.budget / 2.0 / self.brokers / nature.expansion.max(1.0);
        let answer = (answer.max(LEAST_ANSWER) as u32).min(most.fetch_max_bytes);
        let records = (self.budget / nature.record_bytes.max(1.0)).clamp(1.0, MOST_RECORDS) as u32;
        ReaderTuning {
            fetch_max_bytes: answer,
            partition_fetch_kib: most.partition_fetch_kib.min(answer.div_ceil(1024)).max(1),
            prefetch_records: records.min(most.prefetch_records),
            ..most
        }
    }

    /// Records to take over from the reader at once.
    pub(super) fn at_once(&self, wanted: usize) -> usize {
        let nature = self.measured().unwrap_or(self.nature);
        let fitting = self.budget / PART_AT_ONCE / nature.record_bytes.max(1.0);
        wanted.min(fitting.max(1.0) as usize)
    }

    /// Takes in what was handed over, and how many bytes of answers have arrived in all.
    pub(super) fn note(&mut self, records: usize, memory: usize, fetched: u64) {
        self.records += records as f64;
        self.memory += memory as f64;
        self.delivered += memory as f64;
        self.fetched = fetched as f64 - self.forgotten;
        if self.memory > FORGET_AFTER * self.budget {
            self.forgotten += self.fetched / 2.0;
            self.fetched /= 2.0;
            self.records /= 2.0;
            self.memory /= 2.0;
        }
    }

    /// What the source turned out to be like, once enough was seen.
    fn measured(&self) -> Option<Nature> {
        let enough = self.memory >= self.budget / PART_TO_JUDGE && self.records > 0.0 && self.fetched > 0.0;
        enough.then(|| Nature {
            record_bytes: self.memory / self.records,
            // Less than it is as long as more is fetched than was handed over, which it is at first.
            expansion: self.memory / self.fetched,
        })
    }

    /// Whether a reader that was opened with `current` asks for far too much, or too little. If so, what was measured
    /// counts for the next one.
    pub(super) fn must_change(&mut self, current: ReaderTuning, most: ReaderTuning) -> bool {
        let Some(measured) = self.measured() else {
            return false;
        };
        let wanted = self.tuning_for(measured, most);
        let answer = f64::from(current.fetch_max_bytes) / f64::from(wanted.fetch_max_bytes);
        let records = f64::from(current.prefetch_records) / f64::from(wanted.prefetch_records);
        let too_much = answer.max(records) >= TOO_MUCH;
        let too_little = answer.min(records) * TOO_LITTLE <= 1.0
            && answer.max(records) <= 1.0
            && self.delivered >= self.budget
            && self.since.elapsed() >= SEEN_FOR;
        if too_much || too_little {
            self.nature = measured;
        }
        too_much || too_little
    }

    /// A new reader was opened.
    pub(super) fn begin_again(&mut self) {
        *self = Self {
            records: 0.0,
            memory: 0.0,
            fetched: 0.0,
            forgotten: 0.0,
            delivered: 0.0,
            since: Instant::now(),
            ..*self
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: usize = 1024 * 1024;

    fn most() -> ReaderTuning {
        ReaderTuning::default()
    }

    fn intake(record_bytes: f64, expansion: f64) -> Intake {
        let nature = Nature {
            record_bytes,
            expansion,
        };
        Intake::new(32 * 1024, 1, Some(nature))
    }

    #[test]
    fn ordinary_records_are_asked_for_without_restraint() {
        let tuning = intake(1_500.0, 1.5).tuning(most());
        assert_eq!(tuning.partition_fetch_kib, 1024);
        assert!(tuning.fetch_max_bytes > 10_000_000, "{tuning:?}");
        assert!(tuning.prefetch_records > 20_000, "{tuning:?}");
        assert_eq!(intake(1_500.0, 1.5).at_once(500), 500);
    }

    #[test]
    fn what_expands_a_thousandfold_is_asked_for_a_thousandth_at_a_time() {
        let tuning = intake(500_000.0, 4_000.0).tuning(most());
        assert!(tuning.fetch_max_bytes <= 4_194, "{tuning:?}");
        assert!(tuning.partition_fetch_kib <= 5, "{tuning:?}");
    }

    #[test]
    fn of_large_records_fewer_are_fetched_ahead_and_taken_over_whatever_they_are_large_by() {
        let tuning = intake(128_000.0, 2.0).tuning(most());
        assert_eq!(tuning.prefetch_records, 262);
        assert_eq!(intake(128_000.0, 2.0).at_once(10_000), 32);
        assert_eq!(intake(1e9, 1.0).at_once(10_000), 1);
    }

    #[test]
    fn a_reader_that_was_opened_for_small_records_is_replaced_when_large_ones_come() {
        let mut intake = intake(300.0, 1.0);
        let current = intake.tuning(most());
        intake.note(10_000, 3 * MIB, 3_000_000);
        assert!(!intake.must_change(current, most()), "not enough was seen");
        intake.note(1_000, 2 * MIB, 5_000_000);
        assert!(!intake.must_change(current, most()), "the mean is still small");
        intake.begin_again();
        intake.note(200, 26 * MIB, 26_000_000);
        assert!(intake.must_change(current, most()));
        assert!(intake.tuning(most()).prefetch_records < 300);
    }

    #[test]
    fn a_reader_is_replaced_when_answers_expand_more_than_was_thought() {
        let mut intake = intake(500_000.0, 1.0);
        let current = intake.tuning(most());
        intake.note(100, 50 * MIB, 100_000);
        assert!(intake.must_change(current, most()));
        let next = intake.tuning(most());
        assert!(next.fetch_max_bytes < 50_000, "{next:?}");
        intake.begin_again();
        assert!(!intake.must_change(next, most()), "nothing was seen of it yet");
    }
}
