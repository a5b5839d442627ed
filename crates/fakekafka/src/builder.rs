//! Setting up a cluster.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};

use kafka_protocol::messages::ApiKey;
use tokio::sync::Notify;
use uuid::Uuid;

use crate::cluster::FakeCluster;
use crate::error::FakeError;
use crate::faults::Faults;
use crate::model::cluster_state::ClusterState;
use crate::model::settings::{BrokerSettings, check, find};
use crate::model::settings_table::BROKER_SETTINGS;
use crate::shared::Shared;

/// Brokers a cluster may have: each holds a socket and a task.
const MAX_BROKERS: usize = 64;
/// Replicas a topic gets by default, if there are as many brokers.
const USUAL_REPLICAS: usize = 3;

/// Collects what a [`FakeCluster`] is to be like.
#[derive(Debug, Clone)]
pub struct FakeClusterBuilder {
    brokers: usize,
    cluster_id: Option<String>,
    users: HashMap<String, String>,
    settings: BTreeMap<String, String>,
    version_caps: HashMap<ApiKey, i16>,
    threads: usize,
}

impl Default for FakeClusterBuilder {
    fn default() -> Self {
        FakeClusterBuilder {
            brokers: 1,
            cluster_id: None,
            users: HashMap::new(),
            settings: BTreeMap::new(),
            version_caps: HashMap::new(),
            threads: 1,
        }
    }
}

impl FakeClusterBuilder {
    /// How many brokers; 1 unless set, 64 at most. Their ids are 1, 2, …
    #[must_use]
    pub fn brokers(mut self, count: usize) -> Self {
        self.brokers = count;
        self
    }

    /// The cluster id; random unless set.
    #[must_use]
    pub fn cluster_id(mut self, id: impl Into<String>) -> Self {
        self.cluster_id = Some(id.into());
        self
    }

    /// Adds a user for SASL PLAIN. As soon as there is one, everybody must log in.
    #[must_use]
    pub fn sasl_plain_user(mut self, user: impl Into<String>, password: impl Into<String>) -> Self {
        self.users.insert(user.into(), password.into());
        self
    }

    /// Gives all brokers a setting, for example `message.max.bytes`.
    #[must_use]
    pub fn broker_config(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.settings.insert(name.into(), value.into());
        self
    }

    /// Whether a Metadata request may create topics; off unless set. Same as the setting
    /// `auto.create.topics.enable`.
    #[must_use]
    pub fn auto_create_topics(self, on: bool) -> Self {
        self.broker_config("auto.create.topics.enable", if on { "true" } else { "false" })
    }

    /// Offers no newer version of an API than this, as an older broker would; -1 takes the API away.
    #[must_use]
    pub fn max_version(mut self, api: ApiKey, version: i16) -> Self {
        self.version_caps.insert(api, version);
        self
    }

    /// How many threads serve the cluster; 1 unless set.
    #[must_use]
    pub fn threads(mut self, count: usize) -> Self {
        self.threads = count.max(1);
        self
    }

    /// Starts the brokers on free ports of 127.0.0.1.
    ///
    /// # Errors
    /// If a setting is unknown or wrong, or the operating system refuses a thread or a port.
    pub fn start(self) -> Result<FakeCluster, FakeError> {
        if !(1..=MAX_BROKERS).contains(&self.brokers) {
            return Err(FakeError::Settings(format!(
                "{} brokers, but 1 to {MAX_BROKERS} are possible",
                self.brokers
            )));
        }
        for (name, value) in &self.settings {
            let setting = find(BROKER_SETTINGS, name)
                .ok_or_else(|| FakeError::Settings(format!("unknown broker setting {name}")))?;
            check(setting, value).map_err(FakeError::Settings)?;
        }
        let mut fixed = self.settings;
        fixed
            .entry("default.replication.factor".to_owned())
            .or_insert_with(|| self.brokers.min(USUAL_REPLICAS).to_string());
        let cluster_id = self.cluster_id.unwrap_or_else(random_cluster_id);
        let state = ClusterState {
            cluster_id,
            settings: BrokerSettings {
                fixed,
                ..BrokerSettings::default()
            },
            ..ClusterState::default()
        };
        let shared = Shared {
            state: Mutex::new(state),
            changed: Notify::new(),
            faults: Mutex::new(Faults::default()),
            users: self.users,
            version_caps: self.version_caps,
        };
        FakeCluster::launch(Arc::new(shared), self.brokers, self.threads)
    }
}

/// 22 characters, as long as the ids real clusters give themselves.
fn random_cluster_id() -> String {
    let mut id = Uuid::new_v4().simple().to_string();
    id.truncate(22);
    id
}
