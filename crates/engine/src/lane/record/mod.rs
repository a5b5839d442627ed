//! The record lane: librdkafka's batch consumer into its producer, record by record.

mod faults;
mod missing_time;
mod record_lane;

pub(crate) use missing_time::effective_time;
pub use record_lane::{RecordLane, RecordLaneConfig};
