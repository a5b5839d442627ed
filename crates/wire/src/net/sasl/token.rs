//! Tokens: fetched by OIDC with client credentials (RFC 6749, section 4.4), or signed for Amazon MSK.

use std::io::Read;
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use sluice_aws::MskSigner;
use sluice_model::{SaslMechanism, Secret};
use ureq::Agent;
use ureq::tls::{Certificate, RootCerts, TlsConfig};

use crate::cancel::CANCEL_INTERVAL;
use crate::error::{Result, WireError};
use crate::net::budget::Budget;

/// How long the endpoint may take.
const DEADLINE: Duration = Duration::from_secs(15);
/// Tokens are some kilobytes at most.
const ANSWER_LIMIT: u64 = 1024 * 1024;
/// A token whose endpoint does not say how long it is valid.
const USUAL_LIFE: Duration = Duration::from_secs(300);

/// Where tokens come from.
#[derive(Debug, Clone)]
pub(crate) struct TokenEndpoint {
    pub(crate) url: String,
    pub(crate) client_id: String,
    pub(crate) client_secret: Secret,
    pub(crate) scope: Option<String>,
    /// PEM of the authorities to trust; none for those of the system.
    pub(crate) authorities: Option<String>,
}

/// Who gives tokens.
#[derive(Debug, Clone)]
pub(crate) enum Issuer {
    /// An endpoint of OIDC.
    Endpoint(TokenEndpoint),
    /// Sluice itself, with credentials of AWS.
    Msk(Arc<MskSigner>),
}

impl Issuer {
    /// Its name for people.
    fn name(&self) -> String {
        match self {
            Self::Endpoint(endpoint) => endpoint.url.clone(),
            Self::Msk(signer) => signer.host(),
        }
    }

    fn issue(&self) -> Result<Token, String> {
        match self {
            Self::Endpoint(endpoint) => fetch(endpoint),
            Self::Msk(signer) => {
                let signed = signer.token().map_err(|error| error.to_string())?;
                let left = signed
                    .expires
                    .duration_since(SystemTime::now())
                    .unwrap_or_default();
                Ok(Token::lasting(signed.token, Instant::now(), left))
            }
        }
    }
}

#[derive(Debug, Clone)]
struct Token {
    token: Secret,
    /// From when on the next one is fetched.
    renew_at: Instant,
    /// Until when this one is taken.
    until: Instant,
}

impl Token {
    fn lasting(token: Secret, from: Instant, life: Duration) -> Self {
        Self {
            token,
            // As Java's client: after 80 % of its life.
            renew_at: from + life * 4 / 5,
            until: from + life,
        }
    }
}

/// Fetches tokens and keeps the current one for all connections to a cluster.
#[derive(Debug)]
pub(crate) struct TokenSource {
    issuer: Issuer,
    current: Mutex<Option<Token>>,
}

impl TokenSource {
    pub(crate) fn new(issuer: Issuer) -> Self {
        Self {
            issuer,
            current: Mutex::new(None),
        }
    }

    /// A token that is valid for some time to come.
    ///
    /// # Errors
    /// The issuer does not give one, or the budget ends first.
    pub(crate) fn token(self: &Arc<Self>, budget: &Budget) -> Result<Secret> {
        if let Some(token) = self.kept(|token| token.renew_at) {
            return Ok(token);
        }
        self.renewed(budget).or_else(|error| match error {
            // The one before is still taken for a while.
            WireError::Authentication { .. } | WireError::NoToken { .. } => {
                self.kept(|token| token.until).ok_or(error)
            }
            other => Err(other),
        })
    }

    fn renewed(self: &Arc<Self>, budget: &Budget) -> Result<Secret> {
        let (sender, receiver) = mpsc::sync_channel(1);
        let issuer = self.issuer.clone();
        let source = Arc::clone(self);
        // The exchange cannot be interrupted: a caller that has enough leaves it to its own deadline.
        let spawned = thread::Builder::new()
            .name("sluice-token".to_owned())
            .spawn(move || {
                let fetched = issuer.issue().map(|token| source.keep(token));
                // The receiver is gone after a cancellation.
                sender.send(fetched).ok();
            });
        spawned.map_err(|error| self.failed(error.to_string()))?;
        let name = self.issuer.name();
        loop {
            budget.check("a token", &name)?;
            match receiver.recv_timeout(CANCEL_INTERVAL) {
                Ok(fetched) => return fetched.map_err(|reason| self.failed(reason)),
                Err(mpsc::RecvTimeoutError::Timeout) => {}
                Err(mpsc::RecvTimeoutError::Disconnected) => {
                    return Err(self.failed("the request broke off".to_owned()));
                }
            }
        }
    }

    /// The current token, if it is not yet the time that `end` says.
    fn kept(&self, end: impl Fn(&Token) -> Instant) -> Option<Secret> {
        let current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        current
            .as_ref()
            .filter(|token| Instant::now() < end(token))
            .map(|token| token.token.clone())
    }

    fn keep(&self, token: Token) -> Secret {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        current.insert(token).token.clone()
    }

    fn failed(&self, reason: String) -> WireError {
        match &self.issuer {
            Issuer::Endpoint(endpoint) => WireError::Authentication {
                address: endpoint.url.clone(),
                mechanism: SaslMechanism::OauthBearer,
                reason,
            },
            Issuer::Msk(_) => WireError::NoToken {
                mechanism: SaslMechanism::AwsMskIam,
                reason,
            },
        }
    }
}

fn fetch(endpoint: &TokenEndpoint) -> Result<Token, String> {
    let agent = agent(endpoint)?;
    let login = STANDARD.encode(format!(
        "{}:{}",
        endpoint.client_id,
        endpoint.client_secret.reveal()
    ));
    let mut form = vec![("grant_type", "client_credentials")];
    if let Some(scope) = &endpoint.scope {
        form.push(("scope", scope));
    }
    let asked = Instant::now();
    let mut response = agent
        .post(&endpoint.url)
        .header("Accept", "application/json")
        .header("Authorization", format!("Basic {login}"))
        .send_form(form)
        .map_err(|error| words(&error))?;
    let status = response.status();
    let mut body = Vec::new();
    response
        .body_mut()
        .as_reader()
        .take(ANSWER_LIMIT)
        .read_to_end(&mut body)
        .map_err(|error| format!("its answer broke off: {error}"))?;
    let json: serde_json::Value = serde_json::from_slice(&body).unwrap_or_default();
    if !status.is_success() {
        let reason = json["error_description"].as_str().or(json["error"].as_str());
        return Err(match reason {
            Some(reason) => format!("the token endpoint answered {}: {reason}", status.as_u16()),
            None => format!("the token endpoint answered {}", status.as_u16()),
        });
    }
    let token = json["access_token"]
        .as_str()
        .filter(|token| !token.is_empty() && !token.contains(|c: char| c.is_control()))
        .ok_or("the token endpoint's answer has no access_token")?;
    let life = json["expires_in"]
        .as_u64()
        .map_or(USUAL_LIFE, Duration::from_secs);
    Ok(Token::lasting(Secret::new(token), asked, life))
}

fn agent(endpoint: &TokenEndpoint) -> Result<Agent, String> {
    let roots = match &endpoint.authorities {
        None => RootCerts::PlatformVerifier,
        Some(pem) => {
            let certificates = CertificateDer::pem_slice_iter(pem.as_bytes())
                .collect::<std::result::Result<Vec<_>, _>>()
                .map_err(|error| format!("https.ca.pem cannot be read: {error}"))?;
            let certificates: Vec<_> = certificates
                .iter()
                .map(|certificate| Certificate::from_der(certificate).to_owned())
                .collect();
            RootCerts::new_with_certs(&certificates)
        }
    };
    let tls = TlsConfig::builder()
        .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .root_certs(roots)
        .build();
    let config = Agent::config_builder()
        .tls_config(tls)
        .timeout_global(Some(DEADLINE))
        .http_status_as_error(false)
        // A secret goes to the address that was entered and nowhere else.
        .max_redirects(0)
        .build();
    Ok(config.into())
}

/// The error of ureq in words, without the URL's query or anything secret.
fn words(error: &ureq::Error) -> String {
    match error {
        ureq::Error::HostNotFound => "the token endpoint's name could not be resolved".to_owned(),
        ureq::Error::Timeout(_) => format!(
            "the token endpoint did not answer within {} s",
            DEADLINE.as_secs()
        ),
        ureq::Error::Io(error) => format!("the token endpoint was not reached: {error}"),
        ureq::Error::Rustls(error) => format!("TLS with the token endpoint failed: {error}"),
        ureq::Error::ConnectionFailed => "the token endpoint was not reached".to_owned(),
        _ => "the request to the token endpoint could not be made".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader, Write};
    use std::net::TcpListener;

    use super::*;
    use crate::Cancel;
    use sluice_aws::{Endpoints, Surroundings};
    use sluice_model::MskLogin;

    /// An endpoint that gives each answer once, and what it was asked.
    fn endpoint(answers: Vec<(&'static str, &'static str)>) -> (TokenEndpoint, mpsc::Receiver<String>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (sender, asked) = mpsc::channel();
        thread::spawn(move || {
            for (status, body) in answers {
                let (stream, _) = listener.accept().unwrap();
                let mut reader = BufReader::new(stream);
                let (mut head, mut length) = (String::new(), 0);
                loop {
                    let mut line = String::new();
                    reader.read_line(&mut line).unwrap();
                    if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                        length = value.trim().parse().unwrap();
                    }
                    if line == "\r\n" {
                        break;
                    }
                    head.push_str(&line);
                }
                let mut form = vec![0; length];
                reader.read_exact(&mut form).unwrap();
                sender.send(head + &String::from_utf8(form).unwrap()).unwrap();
                let answer = format!(
                    "HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
                    body.len()
                );
                reader.get_mut().write_all(answer.as_bytes()).unwrap();
            }
        });
        let endpoint = TokenEndpoint {
            url: format!("http://127.0.0.1:{port}/token"),
            client_id: "app".to_owned(),
            client_secret: Secret::new("hunter2"),
            scope: Some("kafka".to_owned()),
            authorities: None,
        };
        (endpoint, asked)
    }

    fn budget() -> Budget {
        Budget::new(Duration::from_secs(20), &Cancel::new())
    }

    #[test]
    fn a_token_is_fetched_once_and_kept_while_it_is_valid() {
        let (endpoint, asked) = endpoint(vec![("200 OK", r#"{"access_token":"abc","expires_in":3600}"#)]);
        let source = Arc::new(TokenSource::new(Issuer::Endpoint(endpoint)));
        for _ in 0..2 {
            assert_eq!(source.token(&budget()).unwrap().reveal(), "abc");
        }
        let request = asked.recv().unwrap();
        assert!(
            request.contains("grant_type=client_credentials&scope=kafka"),
            "{request}"
        );
        assert!(
            request.to_lowercase().contains("authorization: basic "),
            "{request}"
        );
        assert!(asked.try_recv().is_err());
    }

    #[test]
    fn a_token_near_its_end_is_replaced() {
        let (endpoint, _asked) = endpoint(vec![
            ("200 OK", r#"{"access_token":"first","expires_in":0}"#),
            ("200 OK", r#"{"access_token":"second","expires_in":60}"#),
        ]);
        let source = Arc::new(TokenSource::new(Issuer::Endpoint(endpoint)));
        assert_eq!(source.token(&budget()).unwrap().reveal(), "first");
        assert_eq!(source.token(&budget()).unwrap().reveal(), "second");
    }

    #[test]
    fn a_token_that_is_still_good_stays_while_no_new_one_is_to_be_had() {
        let (endpoint, asked) = endpoint(vec![
            ("200 OK", r#"{"access_token":"first","expires_in":3600}"#),
            ("503 Service Unavailable", "{}"),
        ]);
        let source = Arc::new(TokenSource::new(Issuer::Endpoint(endpoint)));
        source.token(&budget()).unwrap();
        if let Some(token) = source.current.lock().unwrap().as_mut() {
            token.renew_at = Instant::now();
        }
        assert_eq!(source.token(&budget()).unwrap().reveal(), "first");
        assert_eq!(asked.iter().count(), 2, "it was asked for a new one");
    }

    #[test]
    fn refusals_have_the_endpoints_words_and_not_the_secret() {
        for (status, body, word) in [
            (
                "401 Unauthorized",
                r#"{"error":"invalid_client","error_description":"no such client"}"#,
                "no such client",
            ),
            ("500 Oh", "<html>", "500"),
            ("200 OK", "{}", "no access_token"),
            ("302 Found", "", "302"),
        ] {
            let (endpoint, _asked) = endpoint(vec![(status, body)]);
            let source = Arc::new(TokenSource::new(Issuer::Endpoint(endpoint)));
            let error = source.token(&budget()).unwrap_err().to_string();
            assert!(error.contains(word) && !error.contains("hunter2"), "{error}");
            assert!(!format!("{source:?}").contains("hunter2"));
        }
    }
    fn signer(variables: &[(&str, &str)]) -> TokenSource {
        let login = MskLogin {
            region: "eu-west-1".to_owned(),
            profile: None,
            role: None,
        };
        let surroundings = Surroundings {
            variables: variables
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
            home: None,
            endpoints: Endpoints {
                // Nobody listens there.
                metadata: "http://127.0.0.1:1".to_owned(),
                ..Endpoints::default()
            },
        };
        TokenSource::new(Issuer::Msk(Arc::new(MskSigner::within(login, surroundings))))
    }

    #[test]
    fn a_token_for_msk_is_signed_once_and_kept_while_it_is_valid() {
        let source = Arc::new(signer(&[
            ("AWS_ACCESS_KEY_ID", "AKID"),
            ("AWS_SECRET_ACCESS_KEY", "hunter2"),
        ]));
        let first = source.token(&budget()).unwrap();
        assert!(!first.reveal().is_empty());
        assert_eq!(source.token(&budget()).unwrap(), first);
        assert!(!format!("{source:?}").contains("hunter2"));
    }

    #[test]
    fn what_is_missing_for_msk_is_said() {
        let error = Arc::new(signer(&[])).token(&budget()).unwrap_err().to_string();
        assert!(
            error
                .starts_with("there is no token for the login by AWS_MSK_IAM: no AWS credentials were found"),
            "{error}"
        );
    }
}
