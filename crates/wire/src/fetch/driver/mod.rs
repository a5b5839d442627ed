//! Fetching many partitions of one cluster at once.

mod answers;
mod brokers;
mod epochs;
mod event;
mod fetcher;
mod held;
mod partition;
mod session;
#[cfg(test)]
mod session_model;
mod settings;

pub use event::{FetchEvent, FetchHalt, FetchedBatches, LogMarks};
pub use fetcher::{FetchFrom, Fetcher};
pub use settings::FetchSettings;
