//! The demonstration's clusters, which a program may bring along, and what is kept of them.

mod host;
mod leftovers;

pub use host::{DemoAddresses, DemoHost};
pub(crate) use leftovers::{forget, remember, remove_leftovers, sources, tasks};
