use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// How a step of a probe ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum ProbeResult {
    /// As it should be.
    Success,
    /// Usable, with something to look at.
    Warning,
    /// Not usable until a person acts.
    Failed,
    /// Not tried: an earlier step failed, the probe was cancelled, or there is nothing to try.
    Skipped,
}

/// One thing that was tried on the way to a cluster.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ProbeStep {
    /// Which: one of [`PROBE_STEPS`](crate::PROBE_STEPS).
    pub id: String,
    /// How it ended.
    pub result: ProbeResult,
    /// How long it took, in ms.
    #[ts(type = "number")]
    pub duration_ms: u64,
    /// What was found; for a failure the cause and what to do.
    pub message: String,
}

/// A broker as the cluster advertises it, and whether it answers from here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct BrokerFacts {
    /// Node id.
    pub id: i32,
    /// Advertised host.
    pub host: String,
    /// Advertised port.
    pub port: u16,
    /// A connection to it was accepted.
    pub reachable: bool,
}

/// What a cluster tells of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ClusterFacts {
    /// Its id; `None` before 0.10.1.
    pub cluster_id: Option<String>,
    /// Node id of the controller; `None` when the cluster does not tell.
    pub controller: Option<i32>,
    /// Its brokers by id.
    pub brokers: Vec<BrokerFacts>,
    /// How many topics this user may describe, internal ones included.
    #[ts(type = "number")]
    pub topics: usize,
    /// How many partitions these have.
    #[ts(type = "number")]
    pub partitions: usize,
    /// Kafka's version, guessed from the requests that a broker takes; `None` when it is not known.
    pub broker_version: Option<String>,
}

/// The outcome of a probe.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ProbeReport {
    /// All steps, in their order.
    pub steps: Vec<ProbeStep>,
    /// The cluster can be used: no step failed, and none was left out by a cancellation.
    pub ok: bool,
    /// What the cluster answered; `None` when it was not reached.
    pub cluster: Option<ClusterFacts>,
    /// IP addresses of this machine on the way to the brokers, for firewall rules.
    pub local_addresses: Vec<String>,
}
