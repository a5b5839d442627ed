//! From the names and values of Java's clients to librdkafka's.

use std::collections::BTreeMap;

use super::error::PropertiesError;
use super::findings::Findings;
use super::jaas::{self, LoginModule};
use super::msk;
use super::parts::shown;
use super::placeholders::Placeholders;

type Properties = BTreeMap<String, String>;

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
    "sasl.kerberos.ticket.renew.jitter",
    "sasl.kerberos.ticket.renew.window.factor",
    "sasl.login.connect.timeout.ms",
    "sasl.login.read.timeout.ms",
    "sasl.login.refresh.buffer.seconds",
    "sasl.login.refresh.min.period.seconds",
    "sasl.login.refresh.window.factor",
    "sasl.login.refresh.window.jitter",
    "sasl.login.retry.backoff.max.ms",
    "sasl.login.retry.backoff.ms",
    "sasl.oauthbearer.clock.skew.seconds",
    "sasl.oauthbearer.expected.audience",
    "sasl.oauthbearer.expected.issuer",
    "sasl.oauthbearer.header.urlencode",
    "sasl.oauthbearer.iat.validation.enabled",
    "sasl.oauthbearer.jwks.endpoint.refresh.ms",
    "sasl.oauthbearer.jwks.endpoint.retry.backoff.max.ms",
    "sasl.oauthbearer.jwks.endpoint.retry.backoff.ms",
    "sasl.oauthbearer.jwks.endpoint.url",
    "sasl.oauthbearer.jwt.validator.class",
    "sasl.oauthbearer.scope.claim.name",
    "sasl.oauthbearer.sub.claim.name",
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

/// What fetches tokens with client credentials, and needs no counterpart.
const USUAL_CLASSES: &[&str] = &[
    "ClientCredentialsJwtRetriever",
    "DefaultJwtRetriever",
    "JaasClientOauthLoginCallbackHandler",
    "OAuthBearerLoginCallbackHandler",
];

/// Keys that name a class which logs in.
const LOGIN_CLASSES: &[&str] = &[
    "sasl.client.callback.handler.class",
    "sasl.login.callback.handler.class",
    "sasl.login.class",
    "sasl.oauthbearer.jwt.retriever.class",
];

/// Properties that a login module may have as options.
const LOGIN: &[&str] = &[
    "sasl.kerberos.keytab",
    "sasl.kerberos.principal",
    "sasl.kerberos.service.name",
    "sasl.oauthbearer.client.id",
    "sasl.oauthbearer.client.secret",
    "sasl.oauthbearer.scope",
    "sasl.oauthbearer.token.endpoint.url",
    "sasl.password",
    "sasl.username",
];

/// The transactional writer's own time-out is 60 s, and librdkafka refuses one above it.
const LONGEST_REQUEST_MS: u64 = 60_000;

/// Whether a key is one of Java's clients and not of librdkafka.
pub(super) fn knows_alone(key: &str) -> bool {
    // `client.dns.lookup` is known to both with the same values.
    key != "client.dns.lookup" && knows(key)
}

/// Whether a key is one of Java's clients, and perhaps of librdkafka too.
pub(super) fn knows(key: &str) -> bool {
    TRANSLATED.contains(&key) || IGNORED.contains(&key) || LOGIN_CLASSES.contains(&key)
}

/// Translates; keys that are not Java's alone go through as they are. `is_java` is for keys that both have with
/// different meanings.
pub(super) fn translate(
    mut given: Properties,
    is_java: bool,
    placeholders: &Placeholders<'_>,
    findings: &mut Findings,
) -> Properties {
    let mut out = Properties::new();
    let mut is_msk = login_classes(&mut given, findings);
    given.retain(|key, _| {
        let ignored = IGNORED.contains(&key.as_str()) && (is_java || key != "client.dns.lookup")
            || is_java && IGNORED_VALUES.contains(&key.as_str());
        if ignored {
            findings.note(format!(
                "'{key}' is left out: it means something to Java's clients only"
            ));
        }
        !ignored
    });
    // Before placeholders are resolved: a password with a quote in it must not end the quoted text around it.
    if let Some(text) = given.remove("sasl.jaas.config") {
        match jaas::parse(&text) {
            Ok(module) => {
                is_msk |= module.class == msk::LOGIN_MODULE;
                let mut login = Login {
                    given: &given,
                    placeholders,
                    findings,
                    out: &mut out,
                };
                if is_msk {
                    login.msk(module);
                } else {
                    login.translate(module);
                }
            }
            Err(reason) => findings.fault(PropertiesError::value("sasl.jaas.config", reason)),
        }
    }
    if is_msk {
        msk::settle_mechanism(&mut given);
    }
    given.retain(|key, value| {
        let resolved = findings.resolved(key, placeholders.resolve(key, value));
        let is_known = resolved.is_some();
        *value = resolved.unwrap_or_default();
        is_known
    });
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
    for (theirs, ours) in [
        (
            "sasl.oauthbearer.client.credentials.client.id",
            "sasl.oauthbearer.client.id",
        ),
        (
            "sasl.oauthbearer.client.credentials.client.secret",
            "sasl.oauthbearer.client.secret",
        ),
    ] {
        if let Some(value) = given.remove(theirs) {
            findings.agree(&mut out, ours, value, theirs, KEY);
        }
    }
    if is_java && let Some(value) = given.remove("request.timeout.ms") {
        request_timeout(&value, &mut out, findings);
    }
    join(given, &mut out, findings);
    out
}

/// Adds what stands in lines of its own, which must be what the options of a login module are.
fn join(given: Properties, out: &mut Properties, findings: &mut Findings) {
    for (key, value) in given {
        if LOGIN.contains(&key.as_str()) {
            let kafka41 = key.replace("oauthbearer.client.", "oauthbearer.client.credentials.client.");
            let is_kafka41 = kafka41 != key && findings.places.contains_key(&kafka41);
            let other = if is_kafka41 { &kafka41 } else { KEY };
            findings.agree(out, &key, value, &key, other);
        } else {
            out.insert(key, value);
        }
    }
}

fn request_timeout(value: &str, out: &mut Properties, findings: &mut Findings) {
    const KEY: &str = "request.timeout.ms";
    let Ok(ms) = value.trim().parse::<u64>() else {
        findings.fault(PropertiesError::value(KEY, "must be a number of milliseconds"));
        return;
    };
    if ms > LONGEST_REQUEST_MS {
        findings.note(format!(
            "'request.timeout.ms' is taken as {LONGEST_REQUEST_MS}, the longest possible"
        ));
    }
    out.insert(
        "socket.timeout.ms".to_owned(),
        ms.min(LONGEST_REQUEST_MS).to_string(),
    );
}

/// Classes that log in by themselves: the usual ones are left out, others have no counterpart. Returns whether one of them
/// logs in to Amazon MSK.
fn login_classes(given: &mut Properties, findings: &mut Findings) -> bool {
    let mut is_msk = false;
    for key in LOGIN_CLASSES {
        let Some(class) = given.remove(*key) else {
            continue;
        };
        let name = class.rsplit(['.', '$']).next().unwrap_or_default().trim();
        if msk::CALLBACK_HANDLERS.contains(&name) {
            is_msk = true;
        } else if !name.is_empty() && !USUAL_CLASSES.contains(&name) {
            findings.fault(PropertiesError::value(key, no_counterpart(shown(name))));
        }
    }
    is_msk
}

fn no_counterpart(class: &str) -> String {
    format!(
        "uses {class}, which has no counterpart outside of Java. Supported are PlainLoginModule, ScramLoginModule, OAuthBearerLoginModule with client credentials, Krb5LoginModule, and IAMLoginModule of Amazon MSK; use a user with one of them"
    )
}

pub(super) const KEY: &str = "sasl.jaas.config";

/// The translation of one login module.
pub(super) struct Login<'a, 'b> {
    given: &'a Properties,
    placeholders: &'a Placeholders<'b>,
    pub(super) findings: &'a mut Findings,
    out: &'a mut Properties,
}

impl Login<'_, '_> {
    fn translate(&mut self, module: LoginModule) {
        let LoginModule { class, mut options } = module;
        match class.as_str() {
            "PlainLoginModule" => self.password("PLAIN", &class, &mut options),
            "ScramLoginModule" => {
                if options
                    .get("tokenauth")
                    .is_some_and(|value| value.eq_ignore_ascii_case("true"))
                {
                    self.findings.fault(PropertiesError::value(
                        KEY,
                        "is the login of a delegation token (tokenauth=\"true\"), which only Java's clients can use: write the name and the password of a SCRAM user instead",
                    ));
                    return;
                }
                if !self.has_mechanism() {
                    self.findings.gap(
                        "sasl.mechanism",
                        "is left open: the login module is that of SCRAM, with SHA-256 or with SHA-512. Write the one that the brokers use".to_owned(),
                    );
                }
                self.password("", &class, &mut options);
            }
            "Krb5LoginModule" => self.kerberos(&mut options),
            "OAuthBearerLoginModule" => self.oauth(&mut options),
            other => {
                let reason = no_counterpart(shown(other));
                self.findings.fault(PropertiesError::value(KEY, reason));
            }
        }
    }

    fn has_mechanism(&self) -> bool {
        ["sasl.mechanism", "sasl.mechanisms"].iter().any(|name| {
            self.given
                .get(*name)
                .is_some_and(|value| !value.trim().is_empty())
        })
    }

    /// The only mechanism that the module can have, where the file names none.
    fn mechanism(&mut self, name: &str) {
        if !name.is_empty() && !self.has_mechanism() {
            self.out.insert("sasl.mechanism".to_owned(), name.to_owned());
        }
    }

    /// Takes an option as a property; returns whether it was there.
    pub(super) fn take(
        &mut self,
        options: &mut BTreeMap<String, String>,
        option: &str,
        property: &str,
    ) -> bool {
        let Some(value) = options.remove(option) else {
            return false;
        };
        let resolved = self.placeholders.resolve(property, &value);
        if let Some(value) = self.findings.resolved(property, resolved) {
            self.out.insert(property.to_owned(), value);
        }
        true
    }

    fn missing(&mut self, option: &str, class: &str) {
        self.findings.fault(PropertiesError::value(
            KEY,
            format!("has no {option} for {class}; add {option}=\"…\""),
        ));
    }

    fn password(&mut self, mechanism: &str, class: &str, options: &mut BTreeMap<String, String>) {
        self.mechanism(mechanism);
        for (option, property) in [("username", "sasl.username"), ("password", "sasl.password")] {
            if !self.take(options, option, property) && !self.given.contains_key(property) {
                self.missing(option, class);
            }
        }
    }

    fn kerberos(&mut self, options: &mut BTreeMap<String, String>) {
        self.mechanism("GSSAPI");
        self.take(options, "keyTab", "sasl.kerberos.keytab");
        self.take(options, "principal", "sasl.kerberos.principal");
        self.take(options, "serviceName", "sasl.kerberos.service.name");
        if let Some(path) = self.out.get_mut("sasl.kerberos.keytab")
            && let Some(bare) = path.strip_prefix("file:")
        {
            *path = bare.trim_start_matches("//").to_owned();
        }
    }

    /// Client credentials, as options of the module or, from Kafka 4.1 on, as properties of their own.
    fn oauth(&mut self, options: &mut BTreeMap<String, String>) {
        self.mechanism("OAUTHBEARER");
        // Strimzi's names mean the same.
        for (ours, strimzi, property) in [
            (
                "",
                "oauth.token.endpoint.uri",
                "sasl.oauthbearer.token.endpoint.url",
            ),
            ("clientId", "oauth.client.id", "sasl.oauthbearer.client.id"),
            (
                "clientSecret",
                "oauth.client.secret",
                "sasl.oauthbearer.client.secret",
            ),
            ("scope", "oauth.scope", "sasl.oauthbearer.scope"),
        ] {
            if !self.take(options, ours, property) {
                self.take(options, strimzi, property);
            }
        }
        let has_endpoint = self.has("sasl.oauthbearer.token.endpoint.url");
        if !has_endpoint {
            self.findings.fault(PropertiesError::value(
                KEY,
                "uses OAuth without sasl.oauthbearer.token.endpoint.url: only tokens fetched with client credentials are supported. Add the address of the token endpoint, with clientId and clientSecret in the login module",
            ));
        }
        for (option, property, kafka41) in [
            (
                "clientId",
                "sasl.oauthbearer.client.id",
                "sasl.oauthbearer.client.credentials.client.id",
            ),
            (
                "clientSecret",
                "sasl.oauthbearer.client.secret",
                "sasl.oauthbearer.client.credentials.client.secret",
            ),
        ] {
            // Without an endpoint it is another kind of login, and that was said already.
            if has_endpoint && !self.has(property) && !self.has(kafka41) {
                self.missing(option, "OAuthBearerLoginModule");
            }
        }
        let mut extensions = Vec::new();
        for (name, value) in options.iter() {
            if let Some(name) = name.strip_prefix("extension_") {
                extensions.push(format!("{name}={value}"));
            } else if name.starts_with("oauth.") {
                self.findings.note(format!(
                    "the option '{}' of the login module is left out",
                    shown(name)
                ));
            }
        }
        if !extensions.is_empty() {
            const EXTENSIONS: &str = "sasl.oauthbearer.extensions";
            let resolved = self.placeholders.resolve(EXTENSIONS, &extensions.join(","));
            if let Some(value) = self.findings.resolved(EXTENSIONS, resolved) {
                self.out.insert(EXTENSIONS.to_owned(), value);
            }
        }
        self.out
            .insert("sasl.oauthbearer.method".to_owned(), "oidc".to_owned());
    }

    /// Whether a property is given, or left open by its placeholder.
    fn has(&self, property: &str) -> bool {
        self.given.contains_key(property)
            || self.out.contains_key(property)
            || self.findings.gaps.iter().any(|gap| gap.key == property)
    }
}
