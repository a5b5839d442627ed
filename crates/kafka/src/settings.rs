use std::time::Duration;

use sluice_model::Cluster;

use crate::error::{ErrorCode, KafkaError, Result};

/// Properties that decide whether a copy is right. A cluster's own properties may not touch them.
const OWNED: &[&str] = &[
    "bootstrap.servers",
    "metadata.broker.list",
    "enable.auto.commit",
    "enable.auto.offset.store",
    "auto.offset.reset",
    "enable.idempotence",
    "transactional.id",
    "group.id",
    "acks",
    "request.required.acks",
    "isolation.level",
    "check.crcs",
    "message.timeout.ms",
    "delivery.timeout.ms",
    "max.in.flight",
    "max.in.flight.requests.per.connection",
    "enable.gapless.guarantee",
    "enable.partition.eof",
    "allow.auto.create.topics",
    "partitioner",
    "delivery.report.only.error",
    "debug",
    "plugin.library.paths",
];

/// Librdkafka settings under construction: the cluster's properties first, what we need after them.
#[derive(Debug, Clone)]
pub(crate) struct Settings(Vec<(String, String)>);

impl Settings {
    /// Settings to reach `cluster`.
    ///
    /// # Errors
    /// The cluster sets a property that decides correctness and is therefore ours.
    pub(crate) fn new(cluster: &Cluster) -> Result<Self> {
        let mut settings = Self(Vec::new());
        for (key, value) in cluster.properties() {
            if OWNED.contains(&key.as_str()) {
                return Err(KafkaError::new(
                    ErrorCode::LOCAL_INVALID_ARG,
                    format!(
                        "the client property '{key}' is set by Sluice itself, because the copy's correctness depends on it; remove it"
                    ),
                ));
            }
            settings.set(key, value.reveal());
        }
        settings.set("bootstrap.servers", cluster.bootstrap());
        let has = |key: &str| cluster.properties().contains_key(key);
        if !has("client.id") {
            settings.set("client.id", "sluice");
        }
        // The vendored OpenSSL would otherwise look for certificates in the place it was built in.
        if !has("ssl.ca.location") && !has("ssl.ca.pem") && !has("ssl.ca.certificate.stores") {
            settings.set("ssl.ca.location", "probe");
        }
        // A broker that went away is tried again soon: the default grows to 10 s.
        if !has("reconnect.backoff.max.ms") {
            settings.set("reconnect.backoff.max.ms", "2000");
        }
        if !has("socket.keepalive.enable") {
            settings.set("socket.keepalive.enable", "true");
        }
        // Brokers close idle connections after 10 minutes; that is not worth an error line.
        settings.set("log.connection.close", "false");
        Ok(settings)
    }

    pub(crate) fn set(&mut self, key: impl Into<String>, value: impl Into<String>) -> &mut Self {
        let (key, value) = (key.into(), value.into());
        self.0.retain(|(known, _)| *known != key);
        self.0.push((key, value));
        self
    }

    pub(crate) fn pairs(&self) -> &[(String, String)] {
        &self.0
    }
}

/// How long a call that asks a cluster may take unless its caller knows better.
pub const CALL_DEADLINE: Duration = Duration::from_secs(30);
