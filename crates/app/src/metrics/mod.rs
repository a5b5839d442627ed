//! Numbers of tasks for Prometheus, and what serves them.

mod address;
mod exposition;
mod server;

pub use address::{MetricsAddress, NoMetricsAddress};
pub(crate) use exposition::exposition;
pub(crate) use server::MetricsServer;

/// Setting: where numbers are served; null or blank for nowhere.
pub(crate) const METRICS_SETTING: &str = "metrics_address";
