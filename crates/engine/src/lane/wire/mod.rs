//! The wire lane: batches travel as they are stored, from Fetch to Produce. Only what the target would not take that way is
//! framed again.

mod answers;
mod codecs;
mod config;
mod framing;
mod incidents;
mod mirror;
mod mirror_track;
mod piece;
mod sending;
mod source;
mod track;
mod wire_lane;

pub use config::WireLaneConfig;
pub use wire_lane::WireLane;
