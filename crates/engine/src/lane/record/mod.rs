//! The record lane: librdkafka's batch consumer into its producer, record by record.

mod faults;
mod record_lane;

pub use record_lane::{RecordLane, RecordLaneConfig};
