//! The record lane: librdkafka's batch consumer into its producer, record by record.

mod answers;
mod arrival;
mod compression;
mod config;
mod incidents;
mod intake;
mod proof;
mod reading;
mod record_lane;
mod sampling;
mod sending;
mod track;
mod writer;

pub use compression::{Compressions, TopicCompression};
pub use config::RecordLaneConfig;
pub use intake::Nature;
pub use record_lane::RecordLane;
