use std::collections::BTreeMap;

use crate::reach::PROXY_PASSWORD;
use crate::{Address, InvalidTask, NoAddress, Result, Secret, SecurityProtocol};

/// The value of one client property.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PropertyValue {
    /// May be shown.
    Plain(String),
    /// Passwords, keys and tokens: never shown.
    Secret(Secret),
}

impl PropertyValue {
    /// The value in clear, for the client library alone.
    pub fn reveal(&self) -> &str {
        match self {
            Self::Plain(text) => text,
            Self::Secret(secret) => secret.reveal(),
        }
    }
}

/// How to reach one Kafka cluster: a data source. Properties carry librdkafka's names
/// (`security.protocol`, `sasl.username`, `ssl.ca.location`, …); other syntaxes are translated before they get here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cluster {
    bootstrap: String,
    properties: BTreeMap<String, PropertyValue>,
}

/// Properties whose values are secret, by librdkafka's names.
const SECRET_PROPERTIES: &[&str] = &[
    "sasl.password",
    "ssl.key.password",
    "ssl.keystore.password",
    "ssl.key.pem",
    "sasl.oauthbearer.assertion.private.key.passphrase",
    "sasl.oauthbearer.assertion.private.key.pem",
    "sasl.oauthbearer.client.credentials.client.secret",
    "sasl.oauthbearer.client.secret",
    "sasl.oauthbearer.config",
    "ssl_key",
    PROXY_PASSWORD,
];

/// Whether the value of a property must not be seen.
pub(crate) fn is_secret_property(name: &str) -> bool {
    SECRET_PROPERTIES.contains(&name)
}

impl Cluster {
    /// A cluster reached through `bootstrap`, a comma-separated list of `host:port` (IPv6 in brackets).
    ///
    /// # Errors
    /// The list is empty, an entry has no host or no port between 1 and 65535, or somebody wrote a user into it.
    pub fn new(bootstrap: &str) -> Result<Self> {
        // Before the list is taken apart: a password may have commas in it, and no part of it may be shown.
        if let Some((_, last)) = bootstrap.rsplit_once('@') {
            return Err(InvalidTask::Bootstrap {
                text: format!("***@{last}"),
                reason: "write host:port alone; user and password have their own places",
            });
        }
        bootstrap_protocol(bootstrap)?;
        let mut addresses: Vec<&str> = Vec::new();
        for address in entries(bootstrap) {
            let bare = address.split_once("://").map_or(address, |(_, rest)| rest);
            check_address(bare)?;
            if !addresses.contains(&bare) {
                addresses.push(bare);
            }
        }
        if addresses.is_empty() {
            return Err(InvalidTask::Bootstrap {
                text: bootstrap.to_owned(),
                reason: "give at least one broker as host:port",
            });
        }
        Ok(Self {
            bootstrap: addresses.join(","),
            properties: BTreeMap::new(),
        })
    }

    /// The comma-separated bootstrap list, without duplicates.
    pub fn bootstrap(&self) -> &str {
        &self.bootstrap
    }

    /// Sets a property; known secret names are kept as secrets.
    pub fn set(&mut self, key: impl Into<String>, value: impl Into<String>) {
        let key = key.into();
        let value = if is_secret_property(&key) {
            PropertyValue::Secret(Secret::new(value))
        } else {
            PropertyValue::Plain(value.into())
        };
        self.properties.insert(key, value);
    }

    /// The properties by name.
    pub fn properties(&self) -> &BTreeMap<String, PropertyValue> {
        &self.properties
    }
}

/// The security protocol that schemes before the addresses name, as `SASL_SSL://host:port`; `kafka://` names none.
///
/// # Errors
/// A scheme is none of Kafka's, or two of them differ: all brokers of a cluster are reached in one way.
pub fn bootstrap_protocol(bootstrap: &str) -> Result<Option<SecurityProtocol>> {
    let mut protocol = None;
    for address in entries(bootstrap) {
        let Some((scheme, _)) = address.split_once("://") else {
            continue;
        };
        let invalid = |reason| InvalidTask::Bootstrap {
            // Behind an unknown scheme may stand anything, so only what follows the last '@' is shown.
            text: address.rsplit('@').next().unwrap_or_default().to_owned(),
            reason,
        };
        if scheme.eq_ignore_ascii_case("kafka") {
            continue;
        }
        // Heroku's word for TLS.
        let word = if scheme.eq_ignore_ascii_case("kafka+ssl") {
            "SSL"
        } else {
            scheme
        };
        let named = word.parse::<SecurityProtocol>().map_err(|_| {
            invalid("its scheme is unknown; write host:port, or PLAINTEXT://, SSL://, SASL_PLAINTEXT:// or SASL_SSL:// before it")
        })?;
        if protocol.is_some_and(|before| before != named) {
            return Err(invalid(
                "its scheme is another than that of the addresses before it; all brokers of a cluster have one security protocol",
            ));
        }
        protocol = Some(named);
    }
    Ok(protocol)
}

fn entries(bootstrap: &str) -> impl Iterator<Item = &str> {
    bootstrap
        .split(|c: char| c == ',' || c == ';' || c.is_whitespace())
        .filter(|entry| !entry.is_empty())
}

fn check_address(address: &str) -> Result<()> {
    let invalid = |NoAddress(reason)| InvalidTask::Bootstrap {
        text: address.to_owned(),
        reason,
    };
    address.parse::<Address>().map(drop).map_err(invalid)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bootstrap_lists_are_trimmed_and_deduplicated() {
        let cluster = Cluster::new(" a:9092, b:9092,a:9092,[::1]:9093,PLAINTEXT://c:1 ").unwrap();
        assert_eq!(cluster.bootstrap(), "a:9092,b:9092,[::1]:9093,c:1");
    }

    #[test]
    fn malformed_addresses_are_refused_with_the_reason() {
        for (text, word) in [
            ("", "at least one"),
            ("host", "port is missing"),
            (":1", "host is missing"),
            ("h:0", "1 to 65535"),
            ("h:x", "1 to 65535"),
            ("::1:92", "brackets"),
        ] {
            let error = Cluster::new(text).unwrap_err().to_string();
            assert!(error.contains(word), "{text}: {error}");
        }
    }

    #[test]
    fn schemes_before_addresses_name_the_security_protocol() {
        for (list, protocol) in [
            ("a:1,b:2", None),
            ("kafka://a:1", None),
            ("SASL_SSL://a:1, b:2", Some(SecurityProtocol::SaslSsl)),
            ("ssl://a:1,SSL://b:2", Some(SecurityProtocol::Ssl)),
            ("kafka+ssl://a:1", Some(SecurityProtocol::Ssl)),
            ("PLAINTEXT://a:1", Some(SecurityProtocol::Plaintext)),
        ] {
            assert_eq!(bootstrap_protocol(list).unwrap(), protocol, "{list}");
        }
        for (list, word) in [
            ("SSL://a:1,SASL_SSL://b:2", "one security protocol"),
            ("http://a:1", "scheme is unknown"),
            ("SASL_SLL://a:1", "scheme is unknown"),
        ] {
            let error = Cluster::new(list).unwrap_err().to_string();
            assert!(error.contains(word), "{list}: {error}");
        }
    }

    #[test]
    fn a_password_in_the_address_is_refused_and_not_shown() {
        for text in [
            "kafka://u:hunter2@h:1",
            "u:hun,ter2@h:1,i:2",
            "a:1,u:hunter2 @h:1",
        ] {
            let error = Cluster::new(text).unwrap_err().to_string();
            assert!(error.contains("user and password"), "{error}");
            assert!(!error.contains("hun") && !error.contains("ter2"), "{error}");
        }
    }

    #[test]
    fn passwords_do_not_show_in_debug_output() {
        let mut cluster = Cluster::new("a:1").unwrap();
        cluster.set("sasl.password", "hunter2");
        assert!(!format!("{cluster:?}").contains("hunter2"));
    }
}
