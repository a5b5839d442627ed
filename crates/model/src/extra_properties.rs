//! Which properties of librdkafka a data source may carry beside its fields.

use crate::FieldError;
use crate::cluster::is_secret_property;

/// Properties that decide whether a copy is right. Sluice sets them itself, and the user may not.
pub const SET_BY_SLUICE: &[&str] = &[
    "acks",
    "allow.auto.create.topics",
    "auto.commit.enable",
    "auto.commit.interval.ms",
    "auto.offset.reset",
    "batch.num.messages",
    "batch.size",
    "check.crcs",
    "debug",
    "delivery.report.only.error",
    "delivery.timeout.ms",
    "enable.auto.commit",
    "enable.auto.offset.store",
    "enable.gapless.guarantee",
    "enable.idempotence",
    "enable.partition.eof",
    "fetch.error.backoff.ms",
    "fetch.max.bytes",
    "fetch.message.max.bytes",
    "fetch.queue.backoff.ms",
    "fetch.wait.max.ms",
    "group.id",
    "group.instance.id",
    "isolation.level",
    "linger.ms",
    "max.in.flight",
    "max.in.flight.requests.per.connection",
    "max.partition.fetch.bytes",
    "message.timeout.ms",
    "partition.assignment.strategy",
    "partitioner",
    "plugin.library.paths",
    "queued.max.messages.kbytes",
    "queued.min.messages",
    "request.required.acks",
    "retry.backoff.max.ms",
    "retry.backoff.ms",
    "topic.metadata.refresh.interval.ms",
    "transactional.id",
];

/// Properties of connections and tuning, by the names in librdkafka's CONFIGURATION.md of 2.12.
const ALLOWED: &[&str] = &[
    "api.version.request.timeout.ms",
    "broker.address.family",
    "broker.address.ttl",
    "client.dns.lookup",
    "client.rack",
    "connections.max.idle.ms",
    "enable.metrics.push",
    "enable.ssl.certificate.verification",
    "fetch.min.bytes",
    "https.ca.location",
    "https.ca.pem",
    "metadata.max.age.ms",
    "metadata.recovery.rebootstrap.trigger.ms",
    "metadata.recovery.strategy",
    "reconnect.backoff.max.ms",
    "reconnect.backoff.ms",
    "request.timeout.ms",
    "sasl.kerberos.kinit.cmd",
    "sasl.kerberos.min.time.before.relogin",
    "sasl.oauthbearer.extensions",
    "socket.connection.setup.timeout.ms",
    "socket.keepalive.enable",
    "socket.max.fails",
    "socket.nagle.disable",
    "socket.receive.buffer.bytes",
    "socket.send.buffer.bytes",
    "socket.timeout.ms",
    "ssl.ca.certificate.stores",
    "ssl.ca.pem",
    "ssl.certificate.pem",
    "ssl.cipher.suites",
    "ssl.crl.location",
    "ssl.curves.list",
    "ssl.providers",
    "ssl.sigalgs.list",
    "topic.metadata.propagation.max.ms",
    "topic.metadata.refresh.fast.interval.ms",
    "topic.metadata.refresh.sparse",
];

/// Properties and the fields of a data source that set them.
const FIELDS: &[(&str, &str)] = &[
    ("bootstrap.servers", "bootstrap"),
    ("client.id", "client_id"),
    ("metadata.broker.list", "bootstrap"),
    ("sasl.kerberos.keytab", "kerberos.keytab"),
    ("sasl.kerberos.principal", "kerberos.principal"),
    ("sasl.kerberos.service.name", "kerberos.service_name"),
    ("sasl.mechanism", "mechanism"),
    ("sasl.mechanisms", "mechanism"),
    ("sasl.oauthbearer.client.credentials.client.id", "oauth.client_id"),
    (
        "sasl.oauthbearer.client.credentials.client.secret",
        "oauth_client_secret",
    ),
    ("sasl.oauthbearer.client.id", "oauth.client_id"),
    ("sasl.oauthbearer.client.secret", "oauth_client_secret"),
    ("sasl.oauthbearer.method", "mechanism"),
    ("sasl.oauthbearer.scope", "oauth.scope"),
    ("sasl.oauthbearer.token.endpoint.url", "oauth.token_endpoint"),
    ("sasl.password", "password"),
    ("sasl.username", "username"),
    ("security.protocol", "protocol"),
    ("sluice.address.map", "address_map"),
    ("sluice.aws.profile", "aws.profile"),
    ("sluice.aws.region", "aws.region"),
    ("sluice.aws.role.arn", "aws.role_arn"),
    ("sluice.aws.role.external.id", "aws.external_id"),
    ("sluice.aws.role.session.name", "aws.session_name"),
    ("sluice.proxy", "proxy"),
    ("sluice.proxy.password", "proxy_password"),
    ("sluice.proxy.user", "proxy_user"),
    ("ssl.ca.location", "ca_file"),
    ("ssl.certificate.location", "certificate_file"),
    ("ssl.endpoint.identification.algorithm", "verify_host_name"),
    ("ssl.key.location", "key_file"),
    ("ssl.key.password", "key_password"),
];

/// How PEM says that what follows is secret.
const PRIVATE_KEY: &str = "PRIVATE KEY-----";

/// Checks one extra property of a data source. The error's field is `extra.` and the property's name; no value
/// appears in it.
///
/// # Errors
/// Sluice sets the property itself, it has a field of its own, it is secret, it is not among those that are allowed
/// (with the closest one that is), it has no value, or its value holds a private key.
pub fn check_extra_property(name: &str, value: &str) -> Result<(), FieldError> {
    // Somebody who writes `sasl.password=…` where the name belongs must not read it in a message.
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    if name.is_empty() || name.len() > 100 || !name.bytes().all(is_name) {
        return Err(FieldError::new(
            "extra",
            "the name of a client property has 1 to 100 letters, digits, '.', '_' and '-'; write its value apart from it",
        ));
    }
    let refuse = |message: String| Err(FieldError::new(format!("extra.{name}"), message));
    if SET_BY_SLUICE.contains(&name) {
        return refuse(format!(
            "'{name}' is set by Sluice itself, because the copy's correctness depends on it; remove it"
        ));
    }
    if let Some((_, field)) = FIELDS.iter().find(|(property, _)| *property == name) {
        return refuse(format!(
            "'{name}' has a field of its own: set it in the field {field} and remove it here"
        ));
    }
    if is_secret_property(name) {
        return refuse(format!(
            "'{name}' is secret, and extra properties are kept and shown in clear; remove it. A private key belongs in a PEM file that the field key_file names, its password in the field key_password"
        ));
    }
    if !ALLOWED.contains(&name) {
        return refuse(match closest_property(name) {
            Some(known) => format!("'{name}' cannot be set here; did you mean '{known}'?"),
            None => format!(
                "'{name}' cannot be set here: only librdkafka's properties of connections and tuning can; remove it"
            ),
        });
    }
    if value.trim().is_empty() {
        return refuse(format!("'{name}' has no value; give one or remove the property"));
    }
    if value.contains(PRIVATE_KEY) {
        return refuse(format!(
            "'{name}' holds a private key, and extra properties are kept and shown in clear: leave only certificates there. The key belongs in a PEM file that the field key_file names"
        ));
    }
    if value.contains('\0') {
        return refuse(format!("the value of '{name}' has a zero byte in it; remove it"));
    }
    Ok(())
}

/// Whether a data source has a field or a place for a property of this name.
pub fn is_client_property(name: &str) -> bool {
    ALLOWED.contains(&name) || FIELDS.iter().any(|(property, _)| *property == name)
}

/// The name that `name` is most likely a slip of.
pub fn closest_property(name: &str) -> Option<&'static str> {
    // A third of a name may differ; beyond that a suggestion is a guess.
    let limit = (name.len() / 3).clamp(1, 6);
    let lower = name.to_ascii_lowercase();
    ALLOWED
        .iter()
        .copied()
        .chain(FIELDS.iter().map(|(property, _)| *property))
        .map(|known| (distance(&lower, known), known))
        .min()
        .filter(|(distance, _)| *distance <= limit)
        .map(|(_, known)| known)
}

/// Whether `name` is most likely meant to be `of`: but for capitals, at most two letters differ, one in short names.
pub fn is_slip(name: &str, of: &str) -> bool {
    let limit = if of.len() < 12 { 1 } else { 2 };
    name != of && name.len().abs_diff(of.len()) <= limit && distance(&name.to_ascii_lowercase(), of) <= limit
}

/// How many letters must be added, removed or replaced to turn `a` into `b` (Levenshtein).
fn distance(a: &str, b: &str) -> usize {
    let b = b.as_bytes();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.bytes().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, to) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(from != *to);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(name: &str) -> FieldError {
        check_extra_property(name, "hunter2").unwrap_err()
    }

    #[test]
    fn a_private_key_among_certificates_is_refused_and_not_shown() {
        let text = "-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n-----BEGIN RSA PRIVATE KEY-----\nhunter2\n";
        let message = check_extra_property("ssl.ca.pem", text).unwrap_err().message;
        assert!(
            message.contains("holds a private key") && !message.contains("hunter2"),
            "{message}"
        );
    }

    #[test]
    fn properties_of_connections_and_tuning_are_allowed() {
        for name in ALLOWED {
            assert_eq!(check_extra_property(name, "1"), Ok(()), "{name}");
        }
    }

    #[test]
    fn the_lists_are_sorted_and_no_property_is_in_two_of_them() {
        let fields: Vec<&str> = FIELDS.iter().map(|(property, _)| *property).collect();
        for list in [SET_BY_SLUICE, ALLOWED, &fields] {
            assert!(list.is_sorted(), "{list:?}");
        }
        for name in ALLOWED {
            assert!(
                !SET_BY_SLUICE.contains(name) && !fields.contains(name) && !is_secret_property(name),
                "{name}"
            );
        }
        for name in fields {
            assert!(!SET_BY_SLUICE.contains(&name), "{name}");
        }
    }

    #[test]
    fn what_sluice_sets_itself_is_refused() {
        for name in SET_BY_SLUICE {
            let error = refused(name);
            assert_eq!(error.field, format!("extra.{name}"));
            assert!(error.message.contains("set by Sluice itself"), "{error:?}");
        }
    }

    #[test]
    fn what_has_a_field_names_the_field() {
        for (name, field) in FIELDS {
            let error = refused(name);
            assert!(
                error.message.contains(&format!("in the field {field} ")),
                "{error:?}"
            );
            assert!(!error.message.contains("hunter2"), "{error:?}");
        }
    }

    #[test]
    fn secrets_are_refused_without_showing_them() {
        for name in [
            "ssl.key.pem",
            "ssl.keystore.password",
            "sasl.oauthbearer.config",
            "sasl.oauthbearer.assertion.private.key.pem",
        ] {
            let error = refused(name);
            assert!(error.message.contains("is secret"), "{error:?}");
            assert!(!error.message.contains("hunter2"), "{error:?}");
        }
    }

    #[test]
    fn slips_get_the_name_that_was_meant() {
        for (slip, meant) in [
            ("socket.timeout", "socket.timeout.ms"),
            ("socket.keep.alive.enable", "socket.keepalive.enable"),
            ("Client.Rack", "client.rack"),
            ("reconnect-backoff-ms", "reconnect.backoff.ms"),
            ("sasl.user.name", "sasl.username"),
        ] {
            let error = refused(slip);
            assert!(
                error.message.contains(&format!("did you mean '{meant}'")),
                "{error:?}"
            );
        }
        for far in ["x", "statistics.interval.ms", "log.cleaner.threads"] {
            let error = refused(far);
            assert!(!error.message.contains("did you mean"), "{error:?}");
            assert!(error.message.contains("cannot be set here"), "{error:?}");
        }
    }

    #[test]
    fn a_value_written_into_the_name_is_not_shown() {
        for name in [
            "sasl.password=hunter2",
            "sasl.password hunter2",
            "",
            &"hunter2".repeat(20),
        ] {
            let error = refused(name);
            assert_eq!(error.field, "extra");
            assert!(!error.message.contains("hunter2"), "{error:?}");
        }
    }

    #[test]
    fn a_property_without_a_usable_value_is_refused() {
        for value in ["", "  ", "a\0b"] {
            let error = check_extra_property("client.rack", value).unwrap_err();
            assert_eq!(error.field, "extra.client.rack");
        }
    }
}
