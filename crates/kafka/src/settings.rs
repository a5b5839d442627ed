use std::sync::Arc;
use std::time::Duration;

use sluice_aws::MskSigner;
use sluice_model::{Cluster, PropertyValue, SaslMechanism, is_own_property};
use sluice_reach::Dialer;

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

/// How long a proxy may take to reach a broker at most: a call that waits for a cluster then still hears of it.
const LONGEST_DETOUR: Duration = Duration::from_secs(10);

/// Librdkafka settings under construction: the cluster's properties first, what we need after them. And how the
/// cluster is reached, which librdkafka has no properties for.
#[derive(Debug, Clone, Default)]
pub(crate) struct Settings {
    pairs: Vec<(String, String)>,
    dialer: Dialer,
    setup_timeout: Option<Duration>,
    msk: Option<Arc<MskSigner>>,
}

impl Settings {
    /// Settings to reach `cluster`.
    ///
    /// # Errors
    /// The cluster sets a property that decides correctness and is therefore ours.
    pub(crate) fn new(cluster: &Cluster) -> Result<Self> {
        let invalid = |words: String| KafkaError::new(ErrorCode::LOCAL_INVALID_ARG, words);
        let mut settings = Self {
            pairs: Vec::new(),
            dialer: Dialer::of(cluster).map_err(|error| invalid(error.to_string()))?,
            setup_timeout: cluster
                .properties()
                .get("socket.connection.setup.timeout.ms")
                .map(PropertyValue::reveal)
                .and_then(|text| text.trim().parse().ok())
                .map(Duration::from_millis),
            msk: cluster
                .msk_login()
                .map_err(|error| invalid(error.to_string()))?
                .map(|login| Arc::new(MskSigner::new(login))),
        };
        for (key, value) in cluster.properties() {
            if is_own_property(key) {
                continue;
            }
            if OWNED.contains(&key.as_str()) {
                return Err(invalid(format!(
                    "the client property '{key}' is set by Sluice itself, because the copy's correctness depends on it; remove it"
                )));
            }
            settings.set(key, value.reveal());
        }
        if settings.msk.is_some() {
            // Brokers of Amazon MSK take the same signature as a token, which librdkafka can carry.
            settings.pairs.retain(|(key, _)| key != "sasl.mechanisms");
            settings.set("sasl.mechanism", SaslMechanism::OauthBearer.as_str());
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
        self.pairs.retain(|(known, _)| *known != key);
        self.pairs.push((key, value));
        self
    }

    pub(crate) fn pairs(&self) -> &[(String, String)] {
        &self.pairs
    }

    /// How brokers are reached.
    pub(crate) fn dialer(&self) -> &Dialer {
        &self.dialer
    }

    /// Who signs tokens for the login, if it is that of Amazon MSK.
    pub(crate) fn msk(&self) -> Option<&Arc<MskSigner>> {
        self.msk.as_ref()
    }

    /// How long a proxy may take to reach a broker: less than librdkafka waits for a connection to be set up, so that the
    /// proxy's reason is known first.
    pub(crate) fn detour_limit(&self) -> Duration {
        let setup = self.setup_timeout.unwrap_or(LONGEST_DETOUR * 2);
        (setup / 10 * 9).min(LONGEST_DETOUR)
    }
}

/// How long a call that asks a cluster may take unless its caller knows better.
pub const CALL_DEADLINE: Duration = Duration::from_secs(30);

#[cfg(test)]
mod tests {
    use super::*;

    fn of(pairs: &[(&str, &str)]) -> Result<Settings> {
        let mut cluster = Cluster::new("kafka.invalid:9092").unwrap();
        for (name, value) in pairs {
            cluster.set(*name, *value);
        }
        Settings::new(&cluster)
    }

    #[test]
    fn how_a_cluster_is_reached_is_kept_from_librdkafka_which_knows_no_such_properties() {
        let settings = of(&[
            ("sluice.address.map", "kafka.invalid:9092=b:1"),
            ("sluice.proxy", "p:1080"),
            ("sluice.proxy.user", "me"),
            ("sluice.proxy.password", "hunter2"),
        ])
        .unwrap();
        assert!(
            !settings
                .pairs()
                .iter()
                .any(|(name, _)| name.starts_with("sluice"))
        );
        assert!(!settings.dialer().is_direct());
        assert!(!format!("{settings:?}").contains("hunter2"));
        let refused = of(&[("sluice.proxy", "http://p:1")]).unwrap_err();
        assert_eq!(refused.code, ErrorCode::LOCAL_INVALID_ARG);
        assert!(refused.message.contains("sluice.proxy: "), "{refused}");
    }

    #[test]
    fn an_identity_of_aws_logs_in_with_tokens_and_needs_a_region() {
        let msk = [
            ("security.protocol", "SASL_SSL"),
            ("sasl.mechanism", "AWS_MSK_IAM"),
        ];
        let settings = of(&[&msk[..], &[("sluice.aws.region", "eu-west-1")]].concat()).unwrap();
        assert!(
            settings
                .pairs()
                .contains(&("sasl.mechanism".to_owned(), "OAUTHBEARER".to_owned()))
        );
        assert!(
            !settings
                .pairs()
                .iter()
                .any(|(name, _)| name.starts_with("sluice"))
        );
        assert_eq!(settings.msk().unwrap().host(), "kafka.eu-west-1.amazonaws.com");
        let refused = of(&msk).unwrap_err();
        assert!(
            refused.message.contains("sluice.aws.region: it is missing"),
            "{refused}"
        );
    }

    #[test]
    fn a_proxy_is_given_up_before_librdkafka_gives_the_connection_up() {
        assert_eq!(of(&[]).unwrap().detour_limit(), LONGEST_DETOUR);
        let short = of(&[("socket.connection.setup.timeout.ms", "2000")]).unwrap();
        assert_eq!(short.detour_limit(), Duration::from_millis(1_800));
    }
}
