//! What all brokers of a cluster share.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use kafka_protocol::messages::ApiKey;
use tokio::sync::Notify;

use crate::faults::Faults;
use crate::model::cluster_state::ClusterState;

/// State, faults and fixed settings of a cluster.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) state: Mutex<ClusterState>,
    /// Wakes fetches that wait for records.
    pub(crate) changed: Notify,
    pub(crate) faults: Mutex<Faults>,
    /// Passwords by user; empty means that no login is needed.
    pub(crate) users: HashMap<String, String>,
    /// Newest version offered of single APIs, where it is not the newest there is.
    pub(crate) version_caps: HashMap<ApiKey, i16>,
}

impl Shared {
    pub(crate) fn state(&self) -> MutexGuard<'_, ClusterState> {
        lock(&self.state)
    }
}

/// Locks, even if a thread has panicked while it held the lock: one failed request must not end the cluster, and a
/// test that provoked it still wants to look inside.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Milliseconds since 1970.
pub(crate) fn now_ms() -> i64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |d| d.as_millis() as i64)
}
