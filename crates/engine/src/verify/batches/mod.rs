//! Whole stored batches, compared without taking them apart.
//!
//! Identical bytes behind headers that frame them alike are the same records, whatever a client makes of them: a batch
//! that was passed through needs no decompression to be called equal, and no other client than the one that passed it.
//! What is not identical is no difference yet: from there on both sides are compared record by record, until the next
//! place where batches are identical.

mod comparison;
mod log;
mod meeting;
mod pace;
mod reread;
mod stored;
#[cfg(test)]
mod tests;

pub(crate) use comparison::{Batches, RunEnd};
pub(crate) use pace::Pace;
