//! One partition of a running task.

mod committed;
mod offset_runs;
mod pace;
mod recreated;
#[cfg(test)]
mod span_tests;
mod track;

pub(crate) use committed::{take_committed, target_partitions};
pub use offset_runs::OffsetRuns;
pub(crate) use pace::{Pace, STUCK};
pub(crate) use recreated::{recreated_sentence, restart};
pub(crate) use track::{Awaited, Mode, Track};
