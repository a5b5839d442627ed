//! How to reach a cluster in the words of Java's client, which MirrorMaker's connectors have.

use std::collections::BTreeMap;

use sluice_model::{Cluster, PropertyValue, SaslMechanism, SecurityProtocol};

use crate::NotCarried;

/// A property of Java's client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct JavaProperty {
    pub(crate) value: String,
    /// Whether a secret is in it.
    pub(crate) is_secret: bool,
}

/// What Java's client needs to reach `cluster`.
///
/// # Errors
/// It logs in, or is reached, in a way that cannot be handed to another program.
pub(crate) fn java_properties(cluster: &Cluster) -> Result<BTreeMap<String, JavaProperty>, NotCarried> {
    let given = |name: &str| cluster.properties().get(name).map(PropertyValue::reveal);
    let mut java = Java::default();
    java.set("bootstrap.servers", cluster.bootstrap());
    let protocol: SecurityProtocol = given("security.protocol")
        .and_then(|word| word.parse().ok())
        .unwrap_or_default();
    java.set("security.protocol", protocol.as_str());
    if protocol.has_tls() {
        tls(&mut java, &given)?;
    }
    if protocol.has_sasl() {
        login(&mut java, &given)?;
    }
    Ok(java.0)
}

#[derive(Default)]
struct Java(BTreeMap<String, JavaProperty>);

impl Java {
    fn set(&mut self, name: &str, value: impl Into<String>) {
        self.put(name, value.into(), false);
    }

    fn set_secret(&mut self, name: &str, value: impl Into<String>) {
        self.put(name, value.into(), true);
    }

    fn put(&mut self, name: &str, value: String, is_secret: bool) {
        self.0.insert(name.to_owned(), JavaProperty { value, is_secret });
    }
}

fn file(path: &str) -> Result<String, NotCarried> {
    std::fs::read_to_string(path).map_err(|error| {
        NotCarried(format!(
            "the file '{path}' of the data source cannot be read: {error}"
        ))
    })
}

fn tls<'a>(java: &mut Java, given: &impl Fn(&str) -> Option<&'a str>) -> Result<(), NotCarried> {
    let authorities = match given("ssl.ca.location") {
        Some(path) => Some(file(path)?),
        None => given("ssl.ca.pem").map(str::to_owned),
    };
    if let Some(pem) = authorities {
        java.set("ssl.truststore.type", "PEM");
        java.set("ssl.truststore.certificates", pem);
    }
    let certificate = match given("ssl.certificate.location") {
        Some(path) => Some(file(path)?),
        None => given("ssl.certificate.pem").map(str::to_owned),
    };
    let key = match given("ssl.key.location") {
        Some(path) => Some(file(path)?),
        None => given("ssl.key.pem").map(str::to_owned),
    };
    if let (Some(certificate), Some(key)) = (certificate, key) {
        if !key.contains("BEGIN PRIVATE KEY") && !key.contains("BEGIN ENCRYPTED PRIVATE KEY") {
            return Err(NotCarried(
                "the client's private key is in a form that Java does not read; convert it: openssl pkcs8 -topk8 -in KEY -out NEW"
                    .to_owned(),
            ));
        }
        java.set("ssl.keystore.type", "PEM");
        java.set("ssl.keystore.certificate.chain", certificate);
        java.set_secret("ssl.keystore.key", key);
        if let Some(password) = given("ssl.key.password") {
            java.set_secret("ssl.key.password", password);
        }
    }
    if given("ssl.endpoint.identification.algorithm") == Some("none") {
        java.set("ssl.endpoint.identification.algorithm", "");
    }
    Ok(())
}

fn login<'a>(java: &mut Java, given: &impl Fn(&str) -> Option<&'a str>) -> Result<(), NotCarried> {
    let mechanism = given("sasl.mechanism")
        .or_else(|| given("sasl.mechanisms"))
        .and_then(|word| word.parse::<SaslMechanism>().ok());
    let Some(mechanism) = mechanism else {
        return Err(NotCarried(
            "the data source does not say how to log in".to_owned(),
        ));
    };
    java.set("sasl.mechanism", mechanism.as_str());
    let module = |name: &str| format!("org.apache.kafka.common.security.{name} required");
    match mechanism {
        SaslMechanism::Plain | SaslMechanism::ScramSha256 | SaslMechanism::ScramSha512 => {
            let module = if mechanism == SaslMechanism::Plain {
                module("plain.PlainLoginModule")
            } else {
                module("scram.ScramLoginModule")
            };
            let user = quoted(given("sasl.username").unwrap_or_default());
            let password = quoted(given("sasl.password").unwrap_or_default());
            java.set_secret(
                "sasl.jaas.config",
                format!("{module} username={user} password={password};"),
            );
            Ok(())
        }
        SaslMechanism::OauthBearer => {
            let of = |name: &str| given(&format!("sasl.oauthbearer.{name}")).unwrap_or_default();
            java.set("sasl.oauthbearer.token.endpoint.url", of("token.endpoint.url"));
            java.set(
                "sasl.login.callback.handler.class",
                "org.apache.kafka.common.security.oauthbearer.secured.OAuthBearerLoginCallbackHandler",
            );
            let mut jaas = format!(
                "{} clientId={} clientSecret={}",
                module("oauthbearer.OAuthBearerLoginModule"),
                quoted(of("client.id")),
                quoted(of("client.secret"))
            );
            if !of("scope").is_empty() {
                jaas.push_str(&format!(" scope={}", quoted(of("scope"))));
            }
            jaas.push(';');
            java.set_secret("sasl.jaas.config", jaas);
            Ok(())
        }
        SaslMechanism::AwsMskIam | SaslMechanism::Gssapi => Err(NotCarried(format!(
            "a login with {mechanism} rests on files and programs of this computer, which the workers do not have; use SCRAM, PLAIN or OAUTHBEARER for a task that runs on Connect"
        ))),
    }
}

/// As a JAAS configuration takes a value.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn properties(pairs: &[(&str, &str)]) -> Result<BTreeMap<String, JavaProperty>, NotCarried> {
        let mut cluster = Cluster::new("a:1,b:2").unwrap();
        for (name, value) in pairs {
            cluster.set(*name, *value);
        }
        java_properties(&cluster)
    }

    #[test]
    fn a_password_is_quoted_and_known_as_a_secret() {
        let java = properties(&[
            ("security.protocol", "SASL_SSL"),
            ("sasl.mechanism", "SCRAM-SHA-512"),
            ("sasl.username", "me"),
            ("sasl.password", "a\"b\\c"),
            ("ssl.endpoint.identification.algorithm", "none"),
        ])
        .unwrap();
        let jaas = &java["sasl.jaas.config"];
        assert!(jaas.is_secret);
        assert_eq!(
            jaas.value,
            r#"org.apache.kafka.common.security.scram.ScramLoginModule required username="me" password="a\"b\\c";"#
        );
        assert_eq!(java["bootstrap.servers"].value, "a:1,b:2");
        assert_eq!(java["ssl.endpoint.identification.algorithm"].value, "");
        assert!(!java["security.protocol"].is_secret);
    }

    #[test]
    fn what_rests_on_this_computer_is_refused() {
        let refused = properties(&[
            ("security.protocol", "SASL_PLAINTEXT"),
            ("sasl.mechanism", "GSSAPI"),
        ])
        .unwrap_err();
        assert!(refused.0.contains("GSSAPI"), "{}", refused.0);
    }
}
