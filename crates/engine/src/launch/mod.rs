//! Starts: the first, which pins every position, every later one, and changes between two of them.

mod again;
mod first;
mod modify;
mod pin;

pub(crate) use again::again;
pub(crate) use first::first;
pub use modify::{Modification, modify};
pub(crate) use pin::pin;
