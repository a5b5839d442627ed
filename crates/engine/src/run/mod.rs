//! A running task.

mod compression;
mod handle;
mod lanes;
mod start;

pub use handle::Running;
pub(crate) use start::make_ready;
pub use start::{start, start_unless};
