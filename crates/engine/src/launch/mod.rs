//! Starts: the first, which pins every position, every later one, and changes between two of them.

mod again;
mod first;
mod foreseen;
mod modify;
mod pin;
mod pinned;

pub(crate) use again::again;
pub(crate) use first::first;
pub use foreseen::{Foreseen, ForeseenTopic, TopicFate, foresee};
pub use modify::{Modification, WantedObjects, modify};
pub(crate) use pin::pin;
pub use pinned::launch_pinned;
