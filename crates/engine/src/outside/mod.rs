//! A copy that another program makes, as Kafka Connect: launched here, watched from here, and noted where it stands.

mod last_copied;
mod logs;
mod other_topics;
mod outside_copy;
mod pace;
mod seen;
mod watched;

pub use outside_copy::OutsideCopy;
pub use seen::Positions;
