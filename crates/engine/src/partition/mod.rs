//! One partition of a running task.

mod committed;
mod halt;
mod offset_runs;
mod pace;
mod recreated;
#[cfg(test)]
mod span_tests;
mod track;

pub(crate) use committed::{take_committed, target_partitions};
pub(crate) use halt::Halt;
pub use offset_runs::OffsetRuns;
pub(crate) use pace::{Pace, STUCK};
pub(crate) use recreated::{
    Became, another_log_sentence, other_target_sentence, recreated_gap, recreated_sentence, restart,
};
pub(crate) use track::{Awaited, Mode, Track};
