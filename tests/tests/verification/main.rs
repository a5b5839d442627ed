//! The verification finds what is wrong with a copy, names it rightly, and is silent about what is not wrong.

mod compaction;
mod differences;
mod ground;
#[cfg(target_os = "linux")]
mod memory;
mod no_false_alarm;
mod retention;
