//! How records are compressed on their way to each target topic: as the task says, or as the source has them.

mod choice;
mod look;
mod sentence;

pub(crate) use choice::{Choice, Seen, TopicFacts, choose};
pub(crate) use look::{Place, codec_at, look};
pub(crate) use sentence::sentences;
