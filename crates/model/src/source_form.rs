use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::{
    Cluster, Environment, FieldError, SaslMechanism, Secret, SecurityProtocol, SourceSecrets,
    check_extra_property,
};

/// The longest name of a data source in characters.
const LONGEST_NAME: usize = 64;

/// Everything about a data source that a page may show: what a user enters to reach a cluster, but for the secrets
/// (see [`SourceSecrets`]). What the chosen protocol does not need is kept and left unused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(default, deny_unknown_fields)]
pub struct SourceForm {
    /// 1 to 64 characters, unlike any other data source's.
    pub name: String,
    /// What it is for.
    pub environment: Environment,
    /// Whatever the user wants to remember.
    pub note: String,
    /// `host:port` of one or more brokers, with commas or line breaks between them.
    pub bootstrap: String,
    /// How connections are secured.
    pub protocol: SecurityProtocol,
    /// How to log in; needed with a SASL protocol.
    pub mechanism: Option<SaslMechanism>,
    /// Who logs in with PLAIN or SCRAM.
    pub username: Option<String>,
    /// How to fetch tokens for OAUTHBEARER.
    pub oauth: OauthSettings,
    /// How to log in with GSSAPI.
    pub kerberos: KerberosSettings,
    /// A PEM file with the certificates to trust; without one, those of the system.
    pub ca_file: Option<String>,
    /// A PEM file with the client's certificate.
    pub certificate_file: Option<String>,
    /// A PEM file with the client's private key.
    pub key_file: Option<String>,
    /// Whether the broker's certificate must be made out to its host name.
    pub verify_host_name: bool,
    /// The name brokers see in their logs and quotas; `sluice` without one.
    pub client_id: Option<String>,
    /// More of librdkafka's properties (see [`check_extra_property`]).
    pub extra: BTreeMap<String, String>,
}

/// How to fetch tokens for OAUTHBEARER: OIDC with client credentials.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(default, deny_unknown_fields)]
pub struct OauthSettings {
    /// The URL tokens are fetched from.
    pub token_endpoint: Option<String>,
    /// The client's public name.
    pub client_id: Option<String>,
    /// The scope asked for, if the endpoint needs one.
    pub scope: Option<String>,
}

/// How to log in with Kerberos.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(default, deny_unknown_fields)]
pub struct KerberosSettings {
    /// The principal name brokers run as, without host and realm; `kafka` without one.
    pub service_name: Option<String>,
    /// The client's principal.
    pub principal: Option<String>,
    /// The file with the principal's keys.
    pub keytab: Option<String>,
}

impl Default for SourceForm {
    fn default() -> Self {
        Self {
            name: String::new(),
            environment: Environment::default(),
            note: String::new(),
            bootstrap: String::new(),
            protocol: SecurityProtocol::default(),
            mechanism: None,
            username: None,
            oauth: OauthSettings::default(),
            kerberos: KerberosSettings::default(),
            ca_file: None,
            certificate_file: None,
            key_file: None,
            verify_host_name: true,
            client_id: None,
            extra: BTreeMap::new(),
        }
    }
}

impl SourceForm {
    /// The form as it is kept: without blanks around its texts, and what is blank left out.
    #[must_use]
    pub fn trimmed(mut self) -> Self {
        for text in [
            &mut self.name,
            &mut self.environment.name,
            &mut self.environment.colour,
            &mut self.note,
            &mut self.bootstrap,
        ] {
            *text = text.trim().to_owned();
        }
        for text in [
            &mut self.username,
            &mut self.oauth.token_endpoint,
            &mut self.oauth.client_id,
            &mut self.oauth.scope,
            &mut self.kerberos.service_name,
            &mut self.kerberos.principal,
            &mut self.kerberos.keytab,
            &mut self.ca_file,
            &mut self.certificate_file,
            &mut self.key_file,
            &mut self.client_id,
        ] {
            *text = given(text).map(str::to_owned);
        }
        self
    }

    /// Everything that cannot stay as it is and can be told without the secrets.
    pub fn check(&self) -> Vec<FieldError> {
        let mut errors = self.own_errors();
        if let Err(error) = Cluster::new(&self.bootstrap) {
            errors.push(FieldError::new("bootstrap", error.to_string()));
        }
        errors
    }

    /// What a client needs to reach the cluster, in librdkafka's properties.
    ///
    /// # Errors
    /// Everything that [`SourceForm::check`] finds, and the secrets that are missing.
    pub fn cluster(&self, secrets: &SourceSecrets) -> Result<Cluster, Vec<FieldError>> {
        let mut errors = self.own_errors();
        errors.extend(self.missing_secrets(secrets));
        let mut cluster = match Cluster::new(&self.bootstrap) {
            Ok(cluster) if errors.is_empty() => cluster,
            Ok(_) => return Err(errors),
            Err(error) => {
                errors.push(FieldError::new("bootstrap", error.to_string()));
                return Err(errors);
            }
        };
        for (name, value) in &self.extra {
            cluster.set(name, value.trim());
        }
        cluster.set("security.protocol", self.protocol.as_str());
        set(&mut cluster, "client.id", given(&self.client_id));
        if self.protocol.has_tls() {
            self.set_tls(&mut cluster, secrets);
        }
        if let Some(mechanism) = self.mechanism.filter(|_| self.protocol.has_sasl()) {
            self.set_login(&mut cluster, mechanism, secrets);
        }
        Ok(cluster)
    }

    fn set_tls(&self, cluster: &mut Cluster, secrets: &SourceSecrets) {
        set(cluster, "ssl.ca.location", given(&self.ca_file));
        set(cluster, "ssl.certificate.location", given(&self.certificate_file));
        set(cluster, "ssl.key.location", given(&self.key_file));
        if given(&self.key_file).is_some() {
            set(cluster, "ssl.key.password", secret(&secrets.key_password));
        }
        cluster.set(
            "ssl.endpoint.identification.algorithm",
            if self.verify_host_name { "https" } else { "none" },
        );
    }

    fn set_login(&self, cluster: &mut Cluster, mechanism: SaslMechanism, secrets: &SourceSecrets) {
        cluster.set("sasl.mechanism", mechanism.as_str());
        match mechanism {
            SaslMechanism::Plain | SaslMechanism::ScramSha256 | SaslMechanism::ScramSha512 => {
                set(cluster, "sasl.username", given(&self.username));
                set(cluster, "sasl.password", secret(&secrets.password));
            }
            SaslMechanism::OauthBearer => {
                cluster.set("sasl.oauthbearer.method", "oidc");
                for (name, value) in [
                    ("token.endpoint.url", given(&self.oauth.token_endpoint)),
                    ("client.id", given(&self.oauth.client_id)),
                    ("client.secret", secret(&secrets.oauth_client_secret)),
                    ("scope", given(&self.oauth.scope)),
                ] {
                    set(cluster, &format!("sasl.oauthbearer.{name}"), value);
                }
            }
            SaslMechanism::Gssapi => {
                for (name, value) in [
                    ("service.name", given(&self.kerberos.service_name)),
                    ("principal", given(&self.kerberos.principal)),
                    ("keytab", given(&self.kerberos.keytab)),
                ] {
                    set(cluster, &format!("sasl.kerberos.{name}"), value);
                }
            }
        }
    }

    fn own_errors(&self) -> Vec<FieldError> {
        let mut errors = Vec::new();
        let length = self.name.trim().chars().count();
        if !(1..=LONGEST_NAME).contains(&length) {
            errors.push(FieldError::new(
                "name",
                format!("the name must have 1 to {LONGEST_NAME} characters, this one has {length}"),
            ));
        }
        errors.extend(
            self.environment
                .check()
                .into_iter()
                .map(|error| FieldError::new(format!("environment.{}", error.field), error.message)),
        );
        if self.protocol.has_sasl() {
            errors.extend(self.login_errors());
        }
        if self.protocol.has_tls() {
            errors.extend(self.tls_errors());
        }
        for (field, text) in self.optional_texts() {
            // The client library takes its values as C strings.
            if given(text).is_some_and(|text| text.contains('\0')) {
                errors.push(FieldError::new(
                    field,
                    "there is a zero byte in it; enter it again",
                ));
            }
        }
        for (name, value) in &self.extra {
            errors.extend(check_extra_property(name, value).err());
        }
        errors
    }

    fn login_errors(&self) -> Vec<FieldError> {
        let mut errors = Vec::new();
        let Some(mechanism) = self.mechanism else {
            errors.push(FieldError::new(
                "mechanism",
                format!("choose how to log in: {} needs a mechanism", self.protocol),
            ));
            return errors;
        };
        if mechanism.has_password() && given(&self.username).is_none() {
            errors.push(FieldError::new(
                "username",
                format!("give the user: {mechanism} logs in with user and password"),
            ));
        }
        if mechanism == SaslMechanism::OauthBearer {
            match given(&self.oauth.token_endpoint) {
                None => errors.push(FieldError::new(
                    "oauth.token_endpoint",
                    "give the URL that tokens are fetched from",
                )),
                Some(url) => {
                    if let Err(reason) = check_endpoint(url) {
                        errors.push(FieldError::new("oauth.token_endpoint", reason));
                    }
                }
            }
            if given(&self.oauth.client_id).is_none() {
                errors.push(FieldError::new(
                    "oauth.client_id",
                    "give the client id that tokens are fetched with",
                ));
            }
        }
        errors
    }

    fn tls_errors(&self) -> Vec<FieldError> {
        let mut errors = Vec::new();
        for (field, text, property) in [
            ("ca_file", &self.ca_file, "ssl.ca.pem"),
            ("certificate_file", &self.certificate_file, "ssl.certificate.pem"),
        ] {
            if given(text).is_some() && self.extra.contains_key(property) {
                errors.push(FieldError::new(
                    format!("extra.{property}"),
                    format!("the field {field} is set too: leave one of them"),
                ));
            }
        }
        let certificate =
            given(&self.certificate_file).is_some() || self.extra.contains_key("ssl.certificate.pem");
        match (certificate, given(&self.key_file).is_some()) {
            (true, false) => errors.push(FieldError::new(
                "key_file",
                "give the private key of the client's certificate, or leave out both",
            )),
            (false, true) => errors.push(FieldError::new(
                "certificate_file",
                "give the certificate that the private key belongs to, or leave out both",
            )),
            (true, true) | (false, false) => {}
        }
        errors
    }

    fn missing_secrets(&self, secrets: &SourceSecrets) -> Option<FieldError> {
        let mechanism = self.mechanism.filter(|_| self.protocol.has_sasl())?;
        if mechanism.has_password() && secret(&secrets.password).is_none() {
            return Some(FieldError::new(
                "password",
                format!("give the password: {mechanism} logs in with user and password"),
            ));
        }
        if mechanism == SaslMechanism::OauthBearer && secret(&secrets.oauth_client_secret).is_none() {
            return Some(FieldError::new(
                "oauth_client_secret",
                "give the client secret that tokens are fetched with",
            ));
        }
        None
    }

    fn optional_texts(&self) -> [(&'static str, &Option<String>); 11] {
        [
            ("username", &self.username),
            ("oauth.token_endpoint", &self.oauth.token_endpoint),
            ("oauth.client_id", &self.oauth.client_id),
            ("oauth.scope", &self.oauth.scope),
            ("kerberos.service_name", &self.kerberos.service_name),
            ("kerberos.principal", &self.kerberos.principal),
            ("kerberos.keytab", &self.kerberos.keytab),
            ("ca_file", &self.ca_file),
            ("certificate_file", &self.certificate_file),
            ("key_file", &self.key_file),
            ("client_id", &self.client_id),
        ]
    }
}

/// The text of a field that is not blank.
fn given(text: &Option<String>) -> Option<&str> {
    text.as_deref().map(str::trim).filter(|text| !text.is_empty())
}

fn secret(secret: &Option<Secret>) -> Option<&str> {
    secret
        .as_ref()
        .map(Secret::reveal)
        .filter(|secret| !secret.is_empty())
}

fn set(cluster: &mut Cluster, name: &str, value: Option<&str>) {
    if let Some(value) = value {
        cluster.set(name, value);
    }
}

/// A client secret is sent there: in clear only to this computer.
fn check_endpoint(url: &str) -> Result<(), &'static str> {
    const SHAPE: &str =
        "write the URL of the token endpoint, for example https://login.example.com/oauth2/token";
    let (scheme, rest) = url.split_once("://").ok_or(SHAPE)?;
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if url.contains(|c: char| c.is_whitespace() || c.is_control()) {
        return Err(SHAPE);
    }
    if authority.contains('@') {
        return Err(
            "leave user and password out of the URL: client id and client secret have their own fields",
        );
    }
    let host = match authority.strip_prefix('[') {
        Some(bracketed) => bracketed.split_once(']').ok_or(SHAPE)?.0,
        None => authority.split(':').next().unwrap_or_default(),
    };
    if host.is_empty() {
        return Err(SHAPE);
    }
    let is_loopback = host.eq_ignore_ascii_case("localhost")
        || host
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback());
    match scheme.to_ascii_lowercase().as_str() {
        "https" => Ok(()),
        "http" if is_loopback => Ok(()),
        "http" => {
            Err("use https: the client secret would be sent in clear (http is allowed to this computer only)")
        }
        _ => Err(SHAPE),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form() -> SourceForm {
        SourceForm {
            name: "orders".to_owned(),
            bootstrap: "a:9092, b:9092\na:9092".to_owned(),
            ..SourceForm::default()
        }
    }

    fn sasl(mechanism: SaslMechanism) -> SourceForm {
        SourceForm {
            protocol: SecurityProtocol::SaslSsl,
            mechanism: Some(mechanism),
            username: Some("alice".to_owned()),
            ..form()
        }
    }

    fn some(text: &str) -> Option<String> {
        Some(text.to_owned())
    }

    fn secrets() -> SourceSecrets {
        SourceSecrets {
            password: Some(Secret::new("hunter2")),
            key_password: Some(Secret::new("hunter3")),
            oauth_client_secret: Some(Secret::new("hunter4")),
        }
    }

    fn fields(errors: &[FieldError]) -> Vec<&str> {
        errors.iter().map(|error| error.field.as_str()).collect()
    }

    fn properties(form: &SourceForm) -> Vec<(String, String)> {
        let cluster = form.cluster(&secrets()).unwrap();
        cluster
            .properties()
            .iter()
            .map(|(name, value)| (name.clone(), value.reveal().to_owned()))
            .collect()
    }

    #[track_caller]
    fn assert_properties(form: &SourceForm, expected: &[(&str, &str)]) {
        let found = properties(form);
        let found: Vec<(&str, &str)> = found.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn names_are_counted_in_characters_without_the_blanks_around_them() {
        let named = |name: String| SourceForm { name, ..form() }.check();
        assert_eq!(named("中".repeat(64)), []);
        assert_eq!(named(format!(" {} ", "中".repeat(64))), []);
        let errors = named("中".repeat(65));
        assert_eq!(fields(&errors), ["name"]);
        assert!(errors[0].message.contains("65"), "{errors:?}");
        assert_eq!(fields(&named("  ".to_owned())), ["name"]);
    }

    #[test]
    fn all_mistakes_are_told_at_once() {
        let wrong = SourceForm {
            name: String::new(),
            environment: Environment {
                name: String::new(),
                colour: "red".to_owned(),
            },
            bootstrap: "nowhere".to_owned(),
            protocol: SecurityProtocol::SaslSsl,
            key_file: some("key.pem"),
            extra: BTreeMap::from([
                ("acks".to_owned(), "1".to_owned()),
                ("soket.timeout.ms".to_owned(), "1".to_owned()),
            ]),
            ..form()
        };
        assert_eq!(
            fields(&wrong.check()),
            [
                "name",
                "environment.name",
                "environment.colour",
                "mechanism",
                "certificate_file",
                "extra.acks",
                "extra.soket.timeout.ms",
                "bootstrap",
            ]
        );
        assert_eq!(wrong.cluster(&secrets()).unwrap_err(), wrong.check());
    }

    #[test]
    fn a_plain_connection_needs_nothing_but_addresses() {
        let plain = SourceForm {
            mechanism: Some(SaslMechanism::Plain),
            username: some("left over"),
            ca_file: some("left-over.pem"),
            ..form()
        };
        let cluster = plain.cluster(&SourceSecrets::default()).unwrap();
        assert_eq!(cluster.bootstrap(), "a:9092,b:9092");
        assert_properties(&plain, &[("security.protocol", "PLAINTEXT")]);
    }

    #[test]
    fn tls_files_and_the_check_of_host_names_become_properties() {
        let tls = SourceForm {
            protocol: SecurityProtocol::Ssl,
            ca_file: some(" /ca.pem "),
            certificate_file: some("/c.pem"),
            key_file: some("/k.pem"),
            client_id: some("me"),
            ..form()
        };
        assert_properties(
            &tls,
            &[
                ("client.id", "me"),
                ("security.protocol", "SSL"),
                ("ssl.ca.location", "/ca.pem"),
                ("ssl.certificate.location", "/c.pem"),
                ("ssl.endpoint.identification.algorithm", "https"),
                ("ssl.key.location", "/k.pem"),
                ("ssl.key.password", "hunter3"),
            ],
        );
        let unchecked = SourceForm {
            protocol: SecurityProtocol::Ssl,
            verify_host_name: false,
            ..form()
        };
        assert_properties(
            &unchecked,
            &[
                ("security.protocol", "SSL"),
                ("ssl.endpoint.identification.algorithm", "none"),
            ],
        );
    }

    #[test]
    fn users_with_passwords_become_properties() {
        for mechanism in [
            SaslMechanism::Plain,
            SaslMechanism::ScramSha256,
            SaslMechanism::ScramSha512,
        ] {
            let form = SourceForm {
                protocol: SecurityProtocol::SaslPlaintext,
                ..sasl(mechanism)
            };
            assert_properties(
                &form,
                &[
                    ("sasl.mechanism", mechanism.as_str()),
                    ("sasl.password", "hunter2"),
                    ("sasl.username", "alice"),
                    ("security.protocol", "SASL_PLAINTEXT"),
                ],
            );
        }
    }

    #[test]
    fn client_credentials_become_properties() {
        let mut form = sasl(SaslMechanism::OauthBearer);
        form.oauth = OauthSettings {
            token_endpoint: some("https://id.example/token"),
            client_id: some("c"),
            scope: some("kafka"),
        };
        assert_properties(
            &form,
            &[
                ("sasl.mechanism", "OAUTHBEARER"),
                ("sasl.oauthbearer.client.id", "c"),
                ("sasl.oauthbearer.client.secret", "hunter4"),
                ("sasl.oauthbearer.method", "oidc"),
                ("sasl.oauthbearer.scope", "kafka"),
                ("sasl.oauthbearer.token.endpoint.url", "https://id.example/token"),
                ("security.protocol", "SASL_SSL"),
                ("ssl.endpoint.identification.algorithm", "https"),
            ],
        );
    }

    #[test]
    fn kerberos_becomes_properties() {
        let mut form = sasl(SaslMechanism::Gssapi);
        form.kerberos = KerberosSettings {
            service_name: some("kafka"),
            principal: some("me@REALM"),
            keytab: some("/me.keytab"),
        };
        assert_properties(
            &form,
            &[
                ("sasl.kerberos.keytab", "/me.keytab"),
                ("sasl.kerberos.principal", "me@REALM"),
                ("sasl.kerberos.service.name", "kafka"),
                ("sasl.mechanism", "GSSAPI"),
                ("security.protocol", "SASL_SSL"),
                ("ssl.endpoint.identification.algorithm", "https"),
            ],
        );
    }

    #[test]
    fn extra_properties_go_along_and_a_clash_is_an_error() {
        let mut form = form();
        form.extra.insert("client.rack".to_owned(), "r1".to_owned());
        assert_properties(
            &form,
            &[("client.rack", "r1"), ("security.protocol", "PLAINTEXT")],
        );
        for (name, word) in [
            ("enable.idempotence", "set by Sluice itself"),
            ("security.protocol", "in the field protocol"),
            ("sasl.password", "in the field password"),
            ("ssl.key.pem", "is secret"),
            ("client.rak", "did you mean 'client.rack'"),
        ] {
            let mut clash = form.clone();
            clash.extra.insert(name.to_owned(), "hunter2".to_owned());
            let errors = clash.cluster(&secrets()).unwrap_err();
            assert_eq!(fields(&errors), [format!("extra.{name}")]);
            assert!(errors[0].message.contains(word), "{errors:?}");
            assert!(!errors[0].message.contains("hunter2"), "{errors:?}");
        }
    }

    #[test]
    fn certificates_are_given_as_file_or_as_text_not_both() {
        let mut tls = SourceForm {
            protocol: SecurityProtocol::Ssl,
            ..form()
        };
        tls.extra.insert("ssl.ca.pem".to_owned(), "-----BEGIN".to_owned());
        assert_eq!(tls.check(), []);
        tls.ca_file = some("ca.pem");
        assert_eq!(fields(&tls.check()), ["extra.ssl.ca.pem"]);
        tls.ca_file = None;
        tls.certificate_file = some("c.pem");
        assert_eq!(fields(&tls.check()), ["key_file"]);
    }

    #[test]
    fn what_a_mechanism_needs_is_asked_for() {
        let none = SourceSecrets::default();
        let blank = SourceSecrets {
            password: Some(Secret::new("")),
            ..SourceSecrets::default()
        };
        let mut plain = sasl(SaslMechanism::Plain);
        assert_eq!(plain.check(), [], "the password is not part of the form");
        assert_eq!(fields(&plain.cluster(&none).unwrap_err()), ["password"]);
        assert_eq!(fields(&plain.cluster(&blank).unwrap_err()), ["password"]);
        plain.username = some(" ");
        assert_eq!(
            fields(&plain.cluster(&none).unwrap_err()),
            ["username", "password"]
        );
        let oauth = sasl(SaslMechanism::OauthBearer);
        assert_eq!(
            fields(&oauth.cluster(&none).unwrap_err()),
            ["oauth.token_endpoint", "oauth.client_id", "oauth_client_secret"]
        );
    }

    #[test]
    fn client_secrets_go_over_https_or_to_this_computer() {
        for good in [
            "https://id.example/token",
            "HTTPS://id.example:8443/t?x=1",
            "http://localhost:8080/t",
            "http://127.0.0.1/t",
            "http://[::1]:80/t",
        ] {
            assert_eq!(check_endpoint(good), Ok(()), "{good}");
        }
        for (bad, word) in [
            ("id.example/token", "for example"),
            ("https:///token", "for example"),
            ("https://id example/", "for example"),
            ("ftp://id.example/", "for example"),
            ("http://id.example/token", "https"),
            ("http://localhost.example/token", "https"),
            ("http://localhost@id.example/", "leave user"),
            ("https://c:hunter2@id.example/", "leave user"),
        ] {
            let reason = check_endpoint(bad).unwrap_err();
            assert!(
                reason.contains(word) && !reason.contains("hunter2"),
                "{bad}: {reason}"
            );
        }
    }

    #[test]
    fn a_zero_byte_is_told_with_its_field() {
        let mut form = sasl(SaslMechanism::Plain);
        form.username = some("a\0b");
        assert_eq!(fields(&form.check()), ["username"]);
    }

    #[test]
    fn blanks_are_left_out_of_what_is_kept() {
        let kept = SourceForm {
            name: " orders ".to_owned(),
            username: some(" alice "),
            client_id: some("  "),
            ..form()
        }
        .trimmed();
        assert_eq!(kept.name, "orders");
        assert_eq!(kept.username.as_deref(), Some("alice"));
        assert_eq!(kept.client_id, None);
    }

    #[test]
    fn a_form_may_be_short_but_has_no_unknown_fields() {
        let read: SourceForm = serde_json::from_str(
            r#"{"name":"n","bootstrap":"a:1","protocol":"SASL_SSL","mechanism":"SCRAM-SHA-512"}"#,
        )
        .unwrap();
        assert_eq!(read.mechanism, Some(SaslMechanism::ScramSha512));
        assert!(
            read.verify_host_name,
            "host names are verified unless somebody says no"
        );
        assert_eq!(read.environment, Environment::development());
        let again: SourceForm = serde_json::from_str(&serde_json::to_string(&read).unwrap()).unwrap();
        assert_eq!(again, read);
        let error = serde_json::from_str::<SourceForm>(r#"{"password":"hunter2"}"#)
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("password") && !error.contains("hunter2"),
            "{error}"
        );
    }

    #[test]
    fn no_secret_is_seen_in_what_is_made_of_a_form() {
        let mut form = sasl(SaslMechanism::ScramSha512);
        form.certificate_file = some("c.pem");
        form.key_file = some("k.pem");
        let cluster = form.cluster(&secrets()).unwrap();
        assert_eq!(cluster.properties()["sasl.password"].reveal(), "hunter2");
        let shown = format!("{cluster:?} {form:?} {}", serde_json::to_string(&form).unwrap());
        assert!(!shown.contains("hunter"), "{shown}");
    }
}
