//! Two Kafka clusters inside this process, with topics, a backlog and a writer: trying Sluice needs nothing
//! installed. The terminal companion runs them by hand, the window through [`EmbeddedDemo`].

mod clusters;
mod embedded;
mod writer;

pub use clusters::{DemoClusters, DemoError, TOPICS};
pub use embedded::EmbeddedDemo;
