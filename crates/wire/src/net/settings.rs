use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use rustls::ClientConfig;
use sluice_aws::MskSigner;
use sluice_model::{Address, Cluster, InvalidTask, PropertyValue, SaslMechanism, Secret, SecurityProtocol};
use sluice_reach::{Dialer, Family};

use crate::error::{Result, WireError};
use crate::net::connection::unsupported;
use crate::net::login::Login;
use crate::net::sasl::{Issuer, TokenEndpoint, TokenSource, extensions};
use crate::net::tls::{Check, Identity, TlsSettings, read_pem};

/// How long connecting may take, TLS and login included; librdkafka's default.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(30);
/// Java's default, a minute below the brokers' 10.
const IDLE_LIMIT: Duration = Duration::from_secs(9 * 60);

/// Everything a connection to a cluster needs: its data source's properties, read and checked.
pub struct Settings {
    pub(crate) bootstrap: Vec<Address>,
    pub(crate) client_id: String,
    pub(crate) rack: Option<String>,
    pub(crate) tls: Option<Arc<ClientConfig>>,
    pub(crate) login: Option<Login>,
    pub(crate) connect_timeout: Duration,
    pub(crate) idle_limit: Duration,
    pub(crate) dialer: Dialer,
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("bootstrap", &self.bootstrap)
            .field("client_id", &self.client_id)
            .field("tls", &self.tls.is_some())
            .field("login", &self.login.as_ref().map(Login::mechanism))
            .field("dialer", &self.dialer)
            .finish_non_exhaustive()
    }
}

/// Security settings that only librdkafka has: leaving one out without a word would weaken what its user asked for.
const LIBRDKAFKA_ONLY: &[(&str, &str)] = &[
    (
        "ssl.keystore.location",
        "PKCS #12 stores are not read; convert it to PEM files",
    ),
    ("ssl.crl.location", "revocation lists are not read"),
    ("ssl.cipher.suites", "TLS ciphers are rustls's own choice"),
    ("ssl.curves.list", "TLS curves are rustls's own choice"),
    ("ssl.sigalgs.list", "TLS signatures are rustls's own choice"),
    ("ssl.providers", "OpenSSL is not used"),
    ("ssl.engine.location", "OpenSSL is not used"),
    (
        "ssl.ca.certificate.stores",
        "the system's stores cannot be chosen by name",
    ),
];

/// A cluster's properties by librdkafka's names.
struct Properties<'a>(&'a BTreeMap<String, PropertyValue>);

impl Properties<'_> {
    fn get(&self, name: &str) -> Option<&str> {
        self.0
            .get(name)
            .map(PropertyValue::reveal)
            .map(str::trim)
            .filter(|value| !value.is_empty())
    }

    /// A secret as it is: blanks may belong to it.
    fn secret(&self, name: &str) -> Option<Secret> {
        self.0
            .get(name)
            .map(PropertyValue::reveal)
            .filter(|value| !value.is_empty())
            .map(Secret::new)
    }

    fn milliseconds(&self, name: &str, usual: Duration) -> Result<Duration> {
        match self.get(name) {
            None => Ok(usual),
            Some(text) => text
                .parse()
                .map(Duration::from_millis)
                .map_err(|_| wrong(name, &format!("'{text}' is not a number of milliseconds"))),
        }
    }

    /// A PEM text from one property, or from the file that another names; with the name of the one it came from.
    fn pem(&self, text: &str, file: &str) -> Result<Option<(String, String)>> {
        if let Some(pem) = self.get(text) {
            return Ok(Some((text.to_owned(), pem.to_owned())));
        }
        match self.get(file) {
            None => Ok(None),
            Some(path) => Ok(Some((file.to_owned(), read_pem(file, path)?))),
        }
    }

    fn needed(&self, name: &str, mechanism: SaslMechanism) -> Result<String> {
        self.get(name)
            .map(str::to_owned)
            .ok_or_else(|| wrong(name, &format!("it is missing, and {mechanism} needs it")))
    }
}

fn wrong(property: &str, reason: &str) -> WireError {
    WireError::Settings {
        property: property.to_owned(),
        reason: reason.to_owned(),
    }
}

impl Settings {
    /// Reads a cluster's properties and the files they name.
    ///
    /// # Errors
    /// A property or file is wrong, or asks for something that this client does not have
    /// ([`WireError::Unsupported`]).
    pub fn new(cluster: &Cluster) -> Result<Self> {
        let properties = Properties(cluster.properties());
        let protocol = match properties.get("security.protocol") {
            None => SecurityProtocol::Plaintext,
            Some(word) => word
                .parse()
                .map_err(|error: sluice_model::InvalidTask| wrong("security.protocol", &error.to_string()))?,
        };
        let bootstrap = cluster
            .bootstrap()
            .split(',')
            .map(|text| {
                text.parse::<Address>()
                    .map_err(|reason| wrong("bootstrap.servers", &format!("'{text}': {reason}")))
            })
            .collect::<Result<Vec<Address>>>()?;
        let reach = cluster.reach().map_err(|error| match error {
            InvalidTask::Reach { property, reason } => wrong(&property, &reason),
            other => wrong("sluice", &other.to_string()),
        })?;
        let family = match properties.get("broker.address.family") {
            None | Some("any") => Family::Any,
            Some("v4") => Family::V4,
            Some("v6") => Family::V6,
            Some(other) => {
                return Err(wrong(
                    "broker.address.family",
                    &format!("'{other}' is none of any, v4, v6"),
                ));
            }
        };
        let idle_limit = properties.milliseconds("connections.max.idle.ms", IDLE_LIMIT)?;
        Ok(Self {
            bootstrap,
            client_id: properties.get("client.id").unwrap_or("sluice").to_owned(),
            rack: properties.get("client.rack").map(str::to_owned),
            tls: match protocol.has_tls() {
                true => Some(tls(&properties)?.build()?),
                false => None,
            },
            login: match protocol.has_sasl() {
                true => Some(login(cluster, &properties)?),
                false => None,
            },
            connect_timeout: properties
                .milliseconds("socket.connection.setup.timeout.ms", CONNECT_TIMEOUT)?,
            // Librdkafka's 0 is "no limit".
            idle_limit: if idle_limit.is_zero() {
                Duration::MAX
            } else {
                idle_limit
            },
            dialer: Dialer::new(reach, family),
        })
    }
}

fn tls(properties: &Properties<'_>) -> Result<TlsSettings> {
    for (name, reason) in LIBRDKAFKA_ONLY {
        if properties.get(name).is_some() {
            return Err(unsupported(name, reason));
        }
    }
    let authorities = match properties.get("ssl.ca.location") {
        // Librdkafka's word for looking for the system's certificates.
        Some("probe") => None,
        _ => properties.pem("ssl.ca.pem", "ssl.ca.location")?,
    };
    let certificates = properties.pem("ssl.certificate.pem", "ssl.certificate.location")?;
    let identity = match certificates {
        None => None,
        Some(certificates) => {
            let (from, key) = properties
                .pem("ssl.key.pem", "ssl.key.location")?
                .ok_or_else(|| wrong("ssl.key.location", "the client's certificate has no private key"))?;
            Some(Identity {
                certificates,
                key: (from, Secret::new(key)),
                password: properties.secret("ssl.key.password"),
            })
        }
    };
    let check = if properties.get("enable.ssl.certificate.verification") == Some("false") {
        Check::Off
    } else {
        match properties.get("ssl.endpoint.identification.algorithm") {
            None | Some("https") => Check::Full,
            Some("none") => Check::Chain,
            Some(other) => {
                return Err(wrong(
                    "ssl.endpoint.identification.algorithm",
                    &format!("'{other}' is neither https nor none"),
                ));
            }
        }
    };
    Ok(TlsSettings {
        authorities: authorities.into_iter().collect(),
        identity,
        check,
    })
}

fn login(cluster: &Cluster, properties: &Properties<'_>) -> Result<Login> {
    let word = properties
        .get("sasl.mechanism")
        .or_else(|| properties.get("sasl.mechanisms"))
        // Librdkafka's default.
        .unwrap_or("GSSAPI");
    let mechanism = word.parse().map_err(|_| {
        unsupported(
            &format!("the SASL mechanism {word}"),
            "it knows PLAIN, SCRAM-SHA-256, SCRAM-SHA-512, OAUTHBEARER and AWS_MSK_IAM",
        )
    })?;
    match mechanism {
        SaslMechanism::Gssapi => Err(unsupported(
            "GSSAPI (Kerberos)",
            "it needs the system's Kerberos library, which librdkafka uses",
        )),
        SaslMechanism::OauthBearer => oauth(properties),
        SaslMechanism::AwsMskIam => msk(cluster),
        SaslMechanism::Plain | SaslMechanism::ScramSha256 | SaslMechanism::ScramSha512 => {
            Ok(Login::Password {
                mechanism,
                user: properties.needed("sasl.username", mechanism)?,
                password: properties.secret("sasl.password").ok_or_else(|| {
                    wrong(
                        "sasl.password",
                        &format!("it is missing, and {mechanism} needs it"),
                    )
                })?,
            })
        }
    }
}

/// Amazon MSK takes AWS's signatures as tokens.
fn msk(cluster: &Cluster) -> Result<Login> {
    let login = cluster.msk_login().map_err(|error| match error {
        InvalidTask::MskLogin { property, reason } => wrong(&property, &reason),
        other => wrong("sasl.mechanism", &other.to_string()),
    })?;
    let login = login.ok_or_else(|| wrong("sasl.mechanism", "it is none of Amazon MSK"))?;
    Ok(Login::OauthBearer {
        source: Arc::new(TokenSource::new(Issuer::Msk(Arc::new(MskSigner::new(login))))),
        extensions: Vec::new(),
    })
}

fn oauth(properties: &Properties<'_>) -> Result<Login> {
    const MECHANISM: SaslMechanism = SaslMechanism::OauthBearer;
    if properties.get("sasl.oauthbearer.method") != Some("oidc") {
        return Err(unsupported(
            "OAUTHBEARER without a token endpoint",
            "tokens are fetched with client credentials (sasl.oauthbearer.method=oidc)",
        ));
    }
    if let Some(grant) = properties
        .get("sasl.oauthbearer.grant.type")
        .filter(|grant| *grant != "client_credentials")
    {
        return Err(unsupported(
            &format!("the OAuth grant {grant}"),
            "tokens are fetched with client credentials",
        ));
    }
    let client_id = properties
        .get("sasl.oauthbearer.client.credentials.client.id")
        .map_or_else(
            || properties.needed("sasl.oauthbearer.client.id", MECHANISM),
            |id| Ok(id.to_owned()),
        )?;
    let client_secret = properties
        .secret("sasl.oauthbearer.client.credentials.client.secret")
        .or_else(|| properties.secret("sasl.oauthbearer.client.secret"))
        .ok_or_else(|| {
            wrong(
                "sasl.oauthbearer.client.secret",
                "it is missing, and OAUTHBEARER needs it",
            )
        })?;
    let endpoint = TokenEndpoint {
        url: properties.needed("sasl.oauthbearer.token.endpoint.url", MECHANISM)?,
        client_id,
        client_secret,
        scope: properties.get("sasl.oauthbearer.scope").map(str::to_owned),
        authorities: properties
            .pem("https.ca.pem", "https.ca.location")?
            .map(|(_, pem)| pem),
    };
    Ok(Login::OauthBearer {
        source: Arc::new(TokenSource::new(Issuer::Endpoint(endpoint))),
        extensions: extensions(properties.get("sasl.oauthbearer.extensions").unwrap_or_default())?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Unsupported;

    fn read(pairs: &[(&str, &str)]) -> Result<Settings> {
        let mut cluster = Cluster::new("a:1,[::1]:2").unwrap();
        for (name, value) in pairs {
            cluster.set(*name, *value);
        }
        Settings::new(&cluster)
    }

    #[test]
    fn a_plain_cluster_needs_its_addresses_alone() {
        let settings = read(&[]).unwrap();
        let shown: Vec<String> = settings.bootstrap.iter().map(Address::to_string).collect();
        assert_eq!(shown, ["a:1", "[::1]:2"]);
        assert!(settings.tls.is_none() && settings.login.is_none());
        assert_eq!(settings.client_id, "sluice");
    }

    #[test]
    fn map_and_proxy_are_the_clusters_own() {
        let settings = read(&[
            ("sluice.address.map", "a:1=b:2"),
            ("sluice.proxy", "p:1080"),
            ("sluice.proxy.user", "me"),
            ("sluice.proxy.password", "hunter2"),
        ])
        .unwrap();
        let advertised = Address::new("a", 1);
        assert_eq!(settings.dialer.reachable(&advertised), &Address::new("b", 2));
        assert_eq!(settings.dialer.first_hop(&advertised), &Address::new("p", 1080));
        assert!(!format!("{settings:?}").contains("hunter2"));
    }

    #[test]
    fn passwords_do_not_show_and_their_blanks_stay() {
        let settings = read(&[
            ("security.protocol", "sasl_plaintext"),
            ("sasl.mechanism", "SCRAM-SHA-512"),
            ("sasl.username", "alice"),
            ("sasl.password", " hunter2 "),
        ])
        .unwrap();
        assert!(!format!("{settings:?}").contains("hunter2"));
        let Some(Login::Password {
            mechanism, password, ..
        }) = &settings.login
        else {
            panic!("a login with a password")
        };
        assert_eq!(
            (*mechanism, password.reveal()),
            (SaslMechanism::ScramSha512, " hunter2 ")
        );
    }

    #[test]
    fn what_only_librdkafka_has_is_unsupported_with_the_reason() {
        for (pairs, word) in [
            (
                vec![
                    ("security.protocol", "SASL_SSL"),
                    ("sasl.mechanism", "GSSAPI"),
                    ("ssl.ca.location", "probe"),
                ],
                "Kerberos",
            ),
            (
                vec![
                    ("security.protocol", "SASL_PLAINTEXT"),
                    ("sasl.mechanism", "DIGEST-MD5"),
                ],
                "DIGEST-MD5",
            ),
            (
                vec![
                    ("security.protocol", "SASL_PLAINTEXT"),
                    ("sasl.mechanism", "OAUTHBEARER"),
                ],
                "client credentials",
            ),
            (
                vec![("security.protocol", "SSL"), ("ssl.crl.location", "/x")],
                "revocation",
            ),
            (
                vec![("security.protocol", "SSL"), ("ssl.keystore.location", "/x.p12")],
                "PKCS #12",
            ),
        ] {
            let error = read(&pairs).unwrap_err();
            assert!(
                matches!(error, WireError::Unsupported(Unsupported::Setting { .. })),
                "{error}"
            );
            assert!(error.to_string().contains(word), "{error}");
        }
    }

    #[test]
    fn settings_that_are_wrong_name_their_property() {
        for (pairs, property) in [
            (vec![("security.protocol", "TLS")], "security.protocol"),
            (
                vec![("security.protocol", "SSL"), ("ssl.ca.location", "/nowhere.pem")],
                "ssl.ca.location",
            ),
            (
                vec![("security.protocol", "SSL"), ("ssl.ca.pem", "hello")],
                "ssl.ca.pem",
            ),
            (
                vec![
                    ("security.protocol", "SASL_PLAINTEXT"),
                    ("sasl.mechanism", "PLAIN"),
                    ("sasl.username", "u"),
                ],
                "sasl.password",
            ),
            (
                vec![("connections.max.idle.ms", "soon")],
                "connections.max.idle.ms",
            ),
            (vec![("broker.address.family", "v5")], "broker.address.family"),
            (
                vec![
                    ("security.protocol", "SASL_SSL"),
                    ("ssl.ca.location", "probe"),
                    ("sasl.mechanism", "AWS_MSK_IAM"),
                ],
                "sluice.aws.region",
            ),
            (vec![("sluice.address.map", "a:1")], "sluice.address.map"),
            (vec![("sluice.proxy", "http://p:1")], "sluice.proxy"),
        ] {
            let WireError::Settings { property: found, .. } = read(&pairs).unwrap_err() else {
                panic!("{property}")
            };
            assert_eq!(found, property);
        }
    }
}
