//! Names of client properties, in the spellings that other programs give them.

use sluice_model::{SET_BY_SLUICE, is_client_property};

use super::java;

/// Beginnings that only the properties of a client's security have.
const ROOTS: &[&str] = &["sasl.", "security.", "ssl."];

/// What libraries call properties of their own accord, with dots, and the property.
const ALIASES: &[(&str, &str)] = &[
    ("bootstrap.server", "bootstrap.servers"),
    ("bootstrapservers", "bootstrap.servers"),
    ("broker.list", "bootstrap.servers"),
    ("brokers", "bootstrap.servers"),
    ("sasl.plain.password", "sasl.password"),
    ("sasl.plain.username", "sasl.username"),
    ("sasl.user", "sasl.username"),
    ("ssl.cafile", "ssl.ca.location"),
    ("ssl.certfile", "ssl.certificate.location"),
    ("ssl.check.hostname", "ssl.endpoint.identification.algorithm"),
    ("ssl.keyfile", "ssl.key.location"),
];

/// Names of variables that say nothing of a login but in this place.
const LOGIN_VARIABLES: &[(&str, &str)] = &[
    ("cluster.api.key", "sasl.username"),
    ("cluster.api.secret", "sasl.password"),
    ("kafka.api.key", "sasl.username"),
    ("kafka.api.secret", "sasl.password"),
    ("kafka.password", "sasl.password"),
    ("kafka.username", "sasl.username"),
    ("kafka.user", "sasl.username"),
];

/// Whether clients of Kafka know a property of this name, or it is one of their security.
pub(super) fn is_known(key: &str) -> bool {
    is_client_property(key)
        || SET_BY_SLUICE.contains(&key)
        || java::knows(key)
        || ROOTS.iter().any(|root| key.starts_with(root))
}

/// A key as what stands before the name of a property and that name; `None` if there is no such name in it.
pub(super) fn split(key: &str) -> Option<(&str, &str)> {
    if is_known(key) {
        return Some(("", key));
    }
    key.match_indices('.')
        .map(|(at, _)| (&key[..at], &key[at + 1..]))
        .find(|(_, tail)| is_known(tail))
}

/// A key of JSON, YAML, code or an environment as a property's name, as far as it is one; what stands before it stays.
pub(super) fn property(key: &str) -> String {
    let dotted = dotted(key);
    if dotted == key && split(key).is_some() {
        return dotted;
    }
    for (alias, property) in LOGIN_VARIABLES {
        if dotted == *alias || dotted.ends_with(&format!(".{alias}")) {
            return (*property).to_owned();
        }
    }
    for (alias, property) in ALIASES {
        if dotted == *alias {
            return (*property).to_owned();
        }
        if let Some(prefix) = dotted.strip_suffix(&format!(".{alias}")) {
            let named = format!("{prefix}.{property}");
            // What stands beside it in dots keeps what is before it, and so does this.
            return if dotted == key {
                named
            } else {
                without_program(named)
            };
        }
    }
    if split(&dotted).is_some() {
        return without_program(dotted);
    }
    key.to_owned()
}

/// Programs put their own name before that of a variable.
fn without_program(name: String) -> String {
    let mut parts: Vec<&str> = name.split('.').collect();
    // Not Spring's: its own prefix is taken apart with the others.
    if let Some(at) = parts
        .iter()
        .position(|part| matches!(*part, "kafka" | "connect" | "confluent"))
        && !name.contains("spring.")
        && split(&name).is_some_and(|(prefix, _)| prefix.split('.').count() == at + 1)
    {
        parts.remove(at);
    }
    parts.join(".")
}

/// `BootstrapServers`, `bootstrap_servers` and `bootstrap-servers` with dots.
pub(super) fn dotted(key: &str) -> String {
    let mut out = String::with_capacity(key.len() + 4);
    let mut last_is_small = false;
    for c in key.chars() {
        if c.is_ascii_uppercase() && last_is_small {
            out.push('.');
        }
        last_is_small = c.is_ascii_lowercase() || c.is_ascii_digit();
        match c {
            '_' | '-' => out.push('.'),
            other => out.push(other.to_ascii_lowercase()),
        }
    }
    out.replace("trust.store", "truststore")
        .replace("key.store", "keystore")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_brought_to_those_of_properties() {
        for (key, property_name) in [
            ("bootstrap.servers", "bootstrap.servers"),
            ("bootstrap_servers", "bootstrap.servers"),
            ("BootstrapServers", "bootstrap.servers"),
            ("BOOTSTRAP_SERVERS", "bootstrap.servers"),
            ("KAFKA_BOOTSTRAP_SERVERS", "bootstrap.servers"),
            ("CONNECT_SASL_JAAS_CONFIG", "sasl.jaas.config"),
            (
                "services.app.environment.KAFKA_BROKERS",
                "services.app.environment.bootstrap.servers",
            ),
            ("SPRING_KAFKA_BOOTSTRAP_SERVERS", "spring.kafka.bootstrap.servers"),
            (
                "spring.kafka.ssl.trust-store-location",
                "spring.kafka.ssl.truststore.location",
            ),
            ("spring.kafka.bootstrap-servers", "spring.kafka.bootstrap.servers"),
            ("sasl_plain_password", "sasl.password"),
            ("ssl_check_hostname", "ssl.endpoint.identification.algorithm"),
            ("KAFKA_PASSWORD", "sasl.password"),
            ("DB_PASSWORD", "DB_PASSWORD"),
            ("LOG_LEVEL", "LOG_LEVEL"),
        ] {
            assert_eq!(property(key), property_name, "{key}");
        }
    }

    #[test]
    fn what_stands_before_a_property_is_split_from_it() {
        for (key, parts) in [
            ("sasl.jaas.config", Some(("", "sasl.jaas.config"))),
            ("A.sasl.jaas.config", Some(("A", "sasl.jaas.config"))),
            (
                "src.kafka.bootstrap.servers",
                Some(("src.kafka", "bootstrap.servers")),
            ),
            (
                "sasl.oauthbearer.client.credentials.client.id",
                Some(("", "sasl.oauthbearer.client.credentials.client.id")),
            ),
            ("A->B.topics", None),
            ("link.mode", None),
        ] {
            assert_eq!(split(key), parts, "{key}");
        }
    }
}
