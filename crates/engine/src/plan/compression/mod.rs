//! How records are compressed on their way to each target topic: as the task says, or as the source has them.

mod choice;
mod look;
mod sentence;

/// The setting of a topic that says how its brokers store records.
pub(crate) const COMPRESSION_TYPE: &str = "compression.type";

pub(crate) use choice::{Choice, Seen, TopicFacts, choose};
pub(crate) use look::{Look, Place, codec_at, look};
pub(crate) use sentence::sentences;
