//! What a Connect cluster can do for a task, found out by asking it.

use std::collections::BTreeMap;

use crate::mirror::SOURCE_CLASS;
use crate::{ConnectClient, ConnectVersion, ConnectorKind, Result};

/// A worker as it says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Worker {
    /// Its version.
    pub version: ConnectVersion,
    /// The id of the Kafka that its cluster stands on; `None` where it does not say.
    pub kafka_cluster_id: Option<String>,
}

/// What the workers' settings allow. `None`: it could not be found out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Support {
    /// `exactly.once.source.support` is on.
    pub exactly_once: Option<bool>,
    /// A connector may tune its producer and consumer.
    pub overrides: Option<bool>,
}

impl ConnectClient {
    /// What the workers say of themselves.
    ///
    /// # Errors
    /// They cannot be asked.
    pub fn worker(&self) -> Result<Worker> {
        let root = self.root()?;
        Ok(Worker {
            version: root.version,
            kafka_cluster_id: root.kafka_cluster_id,
        })
    }

    /// Those of MirrorMaker's connectors that the workers do not have.
    ///
    /// # Errors
    /// They cannot be asked.
    pub fn missing_plugins(&self) -> Result<Vec<&'static str>> {
        let plugins = self.plugins()?;
        Ok(ConnectorKind::ALL
            .into_iter()
            .map(ConnectorKind::class)
            .filter(|class| !plugins.contains_key(*class))
            .collect())
    }

    /// Finds out what the workers' settings allow. Connect does not tell them; it tells what it would refuse.
    ///
    /// # Errors
    /// They cannot be asked.
    pub fn support(&self) -> Result<Support> {
        let mut config: BTreeMap<String, String> = [
            ("name", "sluice-question"),
            ("connector.class", SOURCE_CLASS),
            ("source.cluster.alias", "source"),
            ("target.cluster.alias", "target"),
            ("source.cluster.bootstrap.servers", "localhost:1"),
            ("target.cluster.bootstrap.servers", "localhost:1"),
            ("source.consumer.isolation.level", "read_committed"),
            ("consumer.isolation.level", "read_committed"),
            ("topics", "none"),
            ("exactly.once.support", "required"),
        ]
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .into();
        let refused = self.validate(SOURCE_CLASS, &config)?;
        let exactly_once = match refused.get("exactly.once.support") {
            None => Some(true),
            Some(errors)
                if errors
                    .iter()
                    .any(|error| error.contains("This worker does not have exactly-once")) =>
            {
                Some(false)
            }
            Some(_) => None,
        };
        config.remove("exactly.once.support");
        config.insert("producer.override.linger.ms".to_owned(), "5".to_owned());
        let refused = self.validate(SOURCE_CLASS, &config)?;
        let overrides = !refused.contains_key("producer.override.linger.ms");
        Ok(Support {
            exactly_once,
            overrides: Some(overrides),
        })
    }
}
