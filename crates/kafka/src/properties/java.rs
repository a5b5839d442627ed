//! From the names and values of Java's clients to librdkafka's.

use std::collections::BTreeMap;

use super::error::PropertiesError;
use super::jaas::{self, LoginModule};
use super::placeholders::Placeholders;

type Properties = BTreeMap<String, String>;
type Result<T> = std::result::Result<T, PropertiesError>;

/// Keys of Java's clients that librdkafka does not know and that are translated here.
const TRANSLATED: &[&str] = &[
    "receive.buffer.bytes",
    "sasl.jaas.config",
    "send.buffer.bytes",
    "ssl.keystore.certificate.chain",
    "ssl.keystore.key",
    "ssl.keystore.type",
    "ssl.truststore.certificates",
    "ssl.truststore.location",
    "ssl.truststore.password",
    "ssl.truststore.type",
];

/// Keys of Java's clients that mean nothing here: classes to load, and what a consumer's or a producer's own work needs.
const IGNORED: &[&str] = &[
    "auto.include.jmx.reporter",
    "buffer.memory",
    "client.dns.lookup",
    "config.providers",
    "default.api.timeout.ms",
    "exclude.internal.topics",
    "fetch.max.wait.ms",
    "group.remote.assignor",
    "interceptor.classes",
    "internal.auto.downgrade.txn.commit",
    "key.deserializer",
    "key.serializer",
    "max.block.ms",
    "max.poll.records",
    "max.request.size",
    "metadata.max.idle.ms",
    "metric.reporters",
    "metrics.num.samples",
    "metrics.recording.level",
    "metrics.sample.window.ms",
    "partitioner.adaptive.partitioning.enable",
    "partitioner.availability.timeout.ms",
    "partitioner.class",
    "partitioner.ignore.keys",
    "sasl.client.callback.handler.class",
    "sasl.kerberos.ticket.renew.jitter",
    "sasl.kerberos.ticket.renew.window.factor",
    "sasl.login.callback.handler.class",
    "sasl.login.class",
    "sasl.login.connect.timeout.ms",
    "sasl.login.read.timeout.ms",
    "sasl.login.refresh.buffer.seconds",
    "sasl.login.refresh.min.period.seconds",
    "sasl.login.refresh.window.factor",
    "sasl.login.refresh.window.jitter",
    "sasl.login.retry.backoff.max.ms",
    "sasl.login.retry.backoff.ms",
    "security.providers",
    "socket.connection.setup.timeout.max.ms",
    "ssl.enabled.protocols",
    "ssl.engine.factory.class",
    "ssl.keymanager.algorithm",
    "ssl.protocol",
    "ssl.provider",
    "ssl.secure.random.implementation",
    "ssl.trustmanager.algorithm",
    "value.deserializer",
    "value.serializer",
];

/// Keys that both know, with values that only Java's clients understand.
const IGNORED_VALUES: &[&str] = &["sasl.kerberos.kinit.cmd", "ssl.cipher.suites"];

/// The transactional writer's own time-out is 60 s, and librdkafka refuses one above it.
const LONGEST_REQUEST_MS: u64 = 60_000;

/// Whether a key is one of Java's clients and not of librdkafka.
pub(super) fn knows_alone(key: &str) -> bool {
    // `client.dns.lookup` is known to both with the same values.
    key != "client.dns.lookup" && (TRANSLATED.contains(&key) || IGNORED.contains(&key))
}

/// Translates; keys that are not Java's alone go through as they are.
pub(super) fn translate(
    mut given: Properties,
    placeholders: &Placeholders<'_>,
    notes: &mut Vec<String>,
) -> Result<Properties> {
    let mut out = Properties::new();
    // Before placeholders are resolved: a password with a quote in it must not end the quoted text around it.
    if let Some(text) = given.remove("sasl.jaas.config") {
        let module =
            jaas::parse(&text).map_err(|reason| PropertiesError::value("sasl.jaas.config", reason))?;
        login(module, &given, placeholders, &mut out)?;
    }
    given.retain(|key, _| {
        let ignored = IGNORED.contains(&key.as_str()) || IGNORED_VALUES.contains(&key.as_str());
        if ignored {
            notes.push(format!(
                "'{key}' is left out: it means something to Java's clients only"
            ));
        }
        !ignored
    });
    for (key, value) in &mut given {
        *value = placeholders.resolve(key, value)?;
    }
    for (java, ours) in [
        ("send.buffer.bytes", "socket.send.buffer.bytes"),
        ("receive.buffer.bytes", "socket.receive.buffer.bytes"),
    ] {
        if let Some(value) = given.remove(java) {
            // "As the system likes" is -1 there and 0 here.
            out.insert(
                ours.to_owned(),
                if value == "-1" { "0".to_owned() } else { value },
            );
        }
    }
    if let Some(value) = given.remove("request.timeout.ms") {
        let ms: u64 = value
            .parse()
            .map_err(|_| PropertiesError::value("request.timeout.ms", "must be a number of milliseconds"))?;
        if ms > LONGEST_REQUEST_MS {
            notes.push(format!(
                "'request.timeout.ms' is taken as {LONGEST_REQUEST_MS}, the longest possible"
            ));
        }
        out.insert(
            "socket.timeout.ms".to_owned(),
            ms.min(LONGEST_REQUEST_MS).to_string(),
        );
    }
    out.extend(given);
    Ok(out)
}

fn login(
    module: LoginModule,
    given: &Properties,
    placeholders: &Placeholders<'_>,
    out: &mut Properties,
) -> Result<()> {
    const KEY: &str = "sasl.jaas.config";
    let LoginModule { class, mut options } = module;
    let mut take = |option: &str, property: &str, needed: bool| -> Result<()> {
        match options.remove(option) {
            Some(value) => {
                out.insert(property.to_owned(), placeholders.resolve(KEY, &value)?);
                Ok(())
            }
            None if needed => Err(PropertiesError::value(
                KEY,
                format!("has no {option} for {class}; add {option}=\"…\""),
            )),
            None => Ok(()),
        }
    };
    match class.as_str() {
        "PlainLoginModule" | "ScramLoginModule" => {
            take("username", "sasl.username", true)?;
            take("password", "sasl.password", true)?;
        }
        "Krb5LoginModule" => {
            take("keyTab", "sasl.kerberos.keytab", false)?;
            take("principal", "sasl.kerberos.principal", false)?;
            take("serviceName", "sasl.kerberos.service.name", false)?;
        }
        "OAuthBearerLoginModule" => {
            if !given.contains_key("sasl.oauthbearer.token.endpoint.url") {
                return Err(PropertiesError::value(
                    KEY,
                    "uses OAuth without sasl.oauthbearer.token.endpoint.url: only tokens fetched with client credentials are supported. Add the address of the token endpoint, with clientId and clientSecret in the login module",
                ));
            }
            take("clientId", "sasl.oauthbearer.client.id", true)?;
            take("clientSecret", "sasl.oauthbearer.client.secret", true)?;
            take("scope", "sasl.oauthbearer.scope", false)?;
            let extensions: Vec<String> = options
                .iter()
                .filter_map(|(name, value)| {
                    name.strip_prefix("extension_")
                        .map(|name| format!("{name}={value}"))
                })
                .collect();
            if !extensions.is_empty() {
                out.insert(
                    "sasl.oauthbearer.extensions".to_owned(),
                    placeholders.resolve(KEY, &extensions.join(","))?,
                );
            }
            out.insert("sasl.oauthbearer.method".to_owned(), "oidc".to_owned());
        }
        other => {
            return Err(PropertiesError::value(
                KEY,
                format!(
                    "uses {other}, which has no counterpart outside of Java. Supported are PlainLoginModule, ScramLoginModule, OAuthBearerLoginModule with client credentials, and Krb5LoginModule; use a user with one of them (on Amazon MSK: SASL/SCRAM)"
                ),
            ));
        }
    }
    Ok(())
}
