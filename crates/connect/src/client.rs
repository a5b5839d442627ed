use std::collections::BTreeMap;
use std::io::Read;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use sluice_model::{ConnectAccess, Secret};
use ureq::http::{Method, Request, StatusCode};
use ureq::tls::{Certificate, RootCerts, TlsConfig};
use ureq::{Agent, Proxy};

use crate::access::authorization;
use crate::offsets::from_connect;
use crate::status::WireStatus;
use crate::{ConnectError, ConnectVersion, ConnectorStatus, MirrorOffset, Result};

/// How long connecting may take, TLS included.
const CONNECT_WITHIN: Duration = Duration::from_secs(5);
/// How long an answer may take: workers that divide their work answer late.
const ANSWER_WITHIN: Duration = Duration::from_secs(30);
/// How long it is asked again while the workers divide their work, and after which pauses.
const REBALANCED_WITHIN: Duration = Duration::from_secs(15);
const AGAIN_AFTER: Duration = Duration::from_millis(250);
/// How much of an answer is read: the offsets of ten thousand partitions are 2 MB.
const ANSWER_BYTES: u64 = 32 * 1024 * 1024;
/// What Connect says of a path that it does not have.
const NO_SUCH_PATH: &str = "HTTP 404 Not Found";

/// A client of one Connect cluster.
pub struct ConnectClient {
    agent: Agent,
    urls: Vec<String>,
    authorization: Option<Secret>,
    /// The worker that answered last.
    current: AtomicUsize,
}

/// What a worker says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Root {
    pub(crate) version: ConnectVersion,
    pub(crate) kafka_cluster_id: Option<String>,
}

impl ConnectClient {
    /// A client; asks nothing yet.
    ///
    /// # Errors
    /// The file with the authorities' certificates cannot be used.
    pub fn new(access: &ConnectAccess) -> Result<Self> {
        let roots = match &access.ca_file {
            None => RootCerts::PlatformVerifier,
            Some(file) => RootCerts::new_with_certs(&authorities(file)?),
        };
        let tls = TlsConfig::builder()
            .root_certs(roots)
            .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .build();
        // A proxy cannot reach this machine's own loopback.
        let is_local = access.urls.iter().any(|url| sluice_model::is_loopback_url(url));
        let agent = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .timeout_connect(Some(CONNECT_WITHIN))
            .timeout_global(Some(ANSWER_WITHIN))
            .proxy(if is_local { None } else { Proxy::try_from_env() })
            .tls_config(tls)
            .build()
            .into();
        Ok(Self {
            agent,
            urls: access.urls.clone(),
            authorization: authorization(access),
            current: AtomicUsize::new(0),
        })
    }

    /// What the workers say of themselves.
    pub(crate) fn root(&self) -> Result<Root> {
        let value: Value = self.get("/")?;
        let text = |field: &str| value.get(field).and_then(Value::as_str);
        let version = text("version").ok_or_else(|| ConnectError::NotConnect {
            address: self.address(),
            reason: "it does not give a version".to_owned(),
        })?;
        Ok(Root {
            version: ConnectVersion::new(version),
            kafka_cluster_id: text("kafka_cluster_id").map(str::to_owned),
        })
    }

    /// The version of the workers.
    ///
    /// # Errors
    /// It cannot be asked.
    pub fn version(&self) -> Result<ConnectVersion> {
        Ok(self.root()?.version)
    }

    /// The classes of its plugins, with their versions.
    pub(crate) fn plugins(&self) -> Result<BTreeMap<String, String>> {
        let list: Vec<Value> = self.get("/connector-plugins")?;
        let text = |plugin: &Value, field: &str| {
            plugin
                .get(field)
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned()
        };
        Ok(list
            .iter()
            .map(|plugin| (text(plugin, "class"), text(plugin, "version")))
            .collect())
    }

    /// What is wrong with settings of a plugin, field by field.
    ///
    /// # Errors
    /// It cannot be asked.
    pub fn validate(
        &self,
        plugin: &str,
        config: &BTreeMap<String, String>,
    ) -> Result<BTreeMap<String, Vec<String>>> {
        let path = format!("/connector-plugins/{plugin}/config/validate");
        let answer: Value = self.ask(&Method::PUT, &path, Some(&json!(config)))?;
        let fields = answer.get("configs").and_then(Value::as_array);
        Ok(fields
            .into_iter()
            .flatten()
            .filter_map(|entry| {
                let value = entry.get("value")?;
                let errors: Vec<String> = value
                    .get("errors")?
                    .as_array()?
                    .iter()
                    .filter_map(|error| error.as_str().map(str::to_owned))
                    .collect();
                let name = value.get("name")?.as_str()?.to_owned();
                (!errors.is_empty()).then_some((name, errors))
            })
            .collect())
    }

    /// The settings of a connector; `None` where there is none of this name.
    ///
    /// # Errors
    /// It cannot be asked.
    pub fn config(&self, name: &str) -> Result<Option<BTreeMap<String, String>>> {
        match self.get(&format!("/connectors/{name}/config")) {
            Err(error) if error.is_not_found() => Ok(None),
            other => other.map(Some),
        }
    }

    /// What a connector and its tasks do; `None` where there is none of this name, or it has not begun yet.
    ///
    /// # Errors
    /// It cannot be asked.
    pub fn status(&self, name: &str) -> Result<Option<ConnectorStatus>> {
        match self.get::<WireStatus>(&format!("/connectors/{name}/status")) {
            Err(error) if error.is_not_found() => Ok(None),
            other => Ok(Some(other?.into())),
        }
    }

    /// Makes a connector. `stopped`: it does not begin before it is resumed (from 3.7 on).
    ///
    /// # Errors
    /// It refuses, or there is one of this name.
    pub fn create(&self, name: &str, config: &BTreeMap<String, String>, stopped: bool) -> Result<()> {
        let mut body = json!({"name": name, "config": config});
        if stopped {
            body["initial_state"] = json!("STOPPED");
        }
        self.ask::<Value>(&Method::POST, "/connectors", Some(&body))
            .map(drop)
    }

    /// Gives a connector other settings; it begins again with them.
    ///
    /// # Errors
    /// It refuses.
    pub fn reconfigure(&self, name: &str, config: &BTreeMap<String, String>) -> Result<()> {
        let path = format!("/connectors/{name}/config");
        self.ask::<Value>(&Method::PUT, &path, Some(&json!(config)))
            .map(drop)
    }

    /// Stops a connector: its tasks end, and their offsets are written.
    ///
    /// # Errors
    /// It refuses, or there is no such connector.
    pub fn stop(&self, name: &str) -> Result<()> {
        self.order(&Method::PUT, &format!("/connectors/{name}/stop"))
    }

    /// Lets a connector go on.
    ///
    /// # Errors
    /// It refuses, or there is no such connector.
    pub fn resume(&self, name: &str) -> Result<()> {
        self.order(&Method::PUT, &format!("/connectors/{name}/resume"))
    }

    /// Starts what failed of a connector again.
    ///
    /// # Errors
    /// It refuses, or there is no such connector.
    pub fn restart_failed(&self, name: &str) -> Result<()> {
        let path = format!("/connectors/{name}/restart?includeTasks=true&onlyFailed=true");
        self.order(&Method::POST, &path)
    }

    /// Deletes a connector; its offsets stay. One that is not there is no error.
    ///
    /// # Errors
    /// It refuses.
    pub fn delete(&self, name: &str) -> Result<()> {
        match self.order(&Method::DELETE, &format!("/connectors/{name}")) {
            Err(error) if error.is_not_found() => Ok(()),
            other => other,
        }
    }

    /// Where MirrorMaker's source connector stands at the source of this alias. What was not passed on yet has no entry.
    ///
    /// # Errors
    /// It cannot be asked, or its answer is not understood.
    pub fn offsets(&self, name: &str, alias: &str) -> Result<Vec<MirrorOffset>> {
        let answer: Value = self.get(&format!("/connectors/{name}/offsets"))?;
        from_connect(alias, &answer).map_err(|reason| ConnectError::NotConnect {
            address: self.address(),
            reason,
        })
    }

    /// Changes the positions of a stopped connector.
    ///
    /// # Errors
    /// It refuses: it is not stopped, or its workers do not take positions.
    pub fn set_offsets(&self, name: &str, alias: &str, positions: &[MirrorOffset]) -> Result<()> {
        let offsets = crate::at_connect(alias, positions);
        if offsets["offsets"].as_array().is_none_or(Vec::is_empty) {
            return Ok(());
        }
        let path = format!("/connectors/{name}/offsets");
        self.ask::<Value>(&Method::PATCH, &path, Some(&offsets)).map(drop)
    }

    /// Removes all offsets of a stopped connector.
    ///
    /// # Errors
    /// It refuses: it is not stopped.
    pub fn forget_offsets(&self, name: &str) -> Result<()> {
        self.order(&Method::DELETE, &format!("/connectors/{name}/offsets"))
    }

    /// The addresses at which no worker answers.
    #[must_use]
    pub fn silent_addresses(&self) -> Vec<&str> {
        let answers = |url: &str| self.exchange_with(url, &Method::GET, "/", None).is_ok();
        self.urls
            .iter()
            .map(String::as_str)
            .filter(|url| !answers(url))
            .collect()
    }

    /// The address that is in use.
    #[must_use]
    pub fn address(&self) -> String {
        let current = self.current.load(Ordering::Relaxed);
        self.urls.get(current).cloned().unwrap_or_default()
    }

    fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T> {
        self.ask(&Method::GET, path, None)
    }

    fn order(&self, method: &Method, path: &str) -> Result<()> {
        self.exchange(method, path, None).map(drop)
    }

    fn ask<T: DeserializeOwned>(&self, method: &Method, path: &str, body: Option<&Value>) -> Result<T> {
        let bytes = self.exchange(method, path, body)?;
        // Not the parser's own words: they may quote a setting.
        serde_json::from_slice(&bytes).map_err(|_| ConnectError::NotConnect {
            address: self.address(),
            reason: format!(
                "its answer to {method} {} is not what Connect writes",
                path_alone(path)
            ),
        })
    }

    /// Asks, and asks again while the workers divide their work: nothing has been done then.
    fn exchange(&self, method: &Method, path: &str, body: Option<&Value>) -> Result<Vec<u8>> {
        let until = Instant::now() + REBALANCED_WITHIN;
        loop {
            match self.exchange_once(method, path, body) {
                Err(ConnectError::Rebalancing) if Instant::now() < until => std::thread::sleep(AGAIN_AFTER),
                other => return other,
            }
        }
    }

    /// Asks the worker that answered last, and the others where that one cannot be reached.
    fn exchange_once(&self, method: &Method, path: &str, body: Option<&Value>) -> Result<Vec<u8>> {
        let first = self.current.load(Ordering::Relaxed);
        let mut failure = None;
        for step in 0..self.urls.len() {
            let index = (first + step) % self.urls.len();
            let Some(url) = self.urls.get(index) else { continue };
            match self.exchange_with(url, method, path, body) {
                Err(error @ (ConnectError::Unreachable { .. } | ConnectError::NotServing { .. })) => {
                    failure = Some(error);
                }
                other => {
                    self.current.store(index, Ordering::Relaxed);
                    return other;
                }
            }
        }
        Err(failure.unwrap_or_else(|| ConnectError::Setup {
            reason: "the Connect cluster has no address".to_owned(),
        }))
    }

    fn exchange_with(&self, url: &str, method: &Method, path: &str, body: Option<&Value>) -> Result<Vec<u8>> {
        let mut request = Request::builder()
            .method(method.clone())
            .uri(format!("{url}{path}"))
            .header("Accept", "application/json")
            .header("User-Agent", concat!("Sluice/", env!("CARGO_PKG_VERSION")));
        if let Some(authorization) = &self.authorization {
            request = request.header("Authorization", authorization.reveal());
        }
        let unusable = |_| {
            ConnectError::Setup {
            reason: "the address, the user or the password of the Connect cluster has letters that HTTP does not take"
                .to_owned(),
        }
        };
        let sent = match body {
            Some(body) => {
                let request = request
                    .header("Content-Type", "application/json")
                    .body(body.to_string())
                    .map_err(unusable)?;
                self.agent.run(request)
            }
            None => self.agent.run(request.body(()).map_err(unusable)?),
        };
        let mut response = sent.map_err(|error| failure(&error, url))?;
        let status = response.status();
        let mut bytes = Vec::new();
        response
            .body_mut()
            .as_reader()
            .take(ANSWER_BYTES)
            .read_to_end(&mut bytes)
            .map_err(|error| failure(&ureq::Error::from(error), url))?;
        judge(status, bytes, url, path)
    }
}

fn judge(status: StatusCode, bytes: Vec<u8>, url: &str, path: &str) -> Result<Vec<u8>> {
    if status.is_success() {
        return Ok(bytes);
    }
    let message = || {
        serde_json::from_slice::<Value>(&bytes)
            .ok()
            .and_then(|answer| answer.get("message")?.as_str().map(str::to_owned))
            .unwrap_or_else(|| "it says no reason".to_owned())
    };
    let code = status.as_u16();
    let address = url.to_owned();
    Err(match code {
        401 | 403 => ConnectError::Login {
            address,
            status: code,
        },
        404 => not_found(&bytes, address, path),
        // Also said of a connector that exists already.
        409 if message().contains("already exists") => ConnectError::Refused {
            status: code,
            message: message(),
        },
        409 => ConnectError::Rebalancing,
        500 if message().contains("rebalance") => ConnectError::Rebalancing,
        300..=399 => ConnectError::NotConnect {
            address,
            reason: format!("it sends elsewhere (HTTP {code})"),
        },
        500.. => ConnectError::Failed {
            status: code,
            message: message(),
        },
        _ => ConnectError::Refused {
            status: code,
            message: message(),
        },
    })
}

/// What a 404 means. Only Connect's own words say that a connector is not there; before a worker is ready, and where something
/// else answers, everything is 404.
fn not_found(bytes: &[u8], address: String, path: &str) -> ConnectError {
    let answer: Option<Value> = serde_json::from_slice(bytes).ok();
    let message = answer
        .as_ref()
        .filter(|answer| answer.get("error_code").and_then(Value::as_u64) == Some(404))
        .and_then(|answer| answer.get("message")?.as_str());
    match message {
        Some(NO_SUCH_PATH) => ConnectError::Refused {
            status: 404,
            message: format!("it does not know {}", path_alone(path)),
        },
        Some(_) => ConnectError::NotFound {
            what: path_alone(path).trim_start_matches('/').to_owned(),
        },
        None => ConnectError::NotServing { address },
    }
}

fn path_alone(path: &str) -> &str {
    path.split('?').next().unwrap_or(path)
}

fn authorities(file: &str) -> Result<Vec<Certificate<'static>>> {
    let unusable = |reason: String| ConnectError::Setup {
        reason: format!("the file '{file}' with the certificates to trust {reason}"),
    };
    let pem = std::fs::read(file).map_err(|error| unusable(format!("cannot be read: {error}")))?;
    let found = CertificateDer::pem_slice_iter(&pem)
        .collect::<std::result::Result<Vec<_>, _>>()
        .map_err(|_| unusable("is no PEM".to_owned()))?;
    if found.is_empty() {
        return Err(unusable("has no certificate".to_owned()));
    }
    Ok(found
        .iter()
        .map(|der| Certificate::from_der(der).to_owned())
        .collect())
}

fn failure(error: &ureq::Error, url: &str) -> ConnectError {
    let address = url.to_owned();
    let unreachable = |reason: String| ConnectError::Unreachable {
        address: address.clone(),
        reason,
    };
    match error {
        ureq::Error::HostNotFound => unreachable("the host name was not found".to_owned()),
        ureq::Error::Timeout(ureq::Timeout::Connect | ureq::Timeout::Resolve) => {
            unreachable(format!("no connection within {} s", CONNECT_WITHIN.as_secs()))
        }
        ureq::Error::Timeout(_) => ConnectError::TimedOut {
            address,
            seconds: ANSWER_WITHIN.as_secs(),
        },
        ureq::Error::Rustls(error) => ConnectError::Tls {
            address,
            reason: error.to_string(),
        },
        ureq::Error::Tls(reason) => ConnectError::Tls {
            address,
            reason: (*reason).to_owned(),
        },
        ureq::Error::Io(error) => {
            let tls = error
                .get_ref()
                .and_then(|inner| inner.downcast_ref::<rustls::Error>());
            match tls {
                Some(tls) => ConnectError::Tls {
                    address,
                    reason: tls.to_string(),
                },
                None => unreachable(error.to_string()),
            }
        }
        ureq::Error::ConnectionFailed => unreachable("no connection".to_owned()),
        ureq::Error::Protocol(_) => ConnectError::NotConnect {
            address,
            reason: "its answer is no HTTP".to_owned(),
        },
        // Others may carry the request in their words.
        _ => unreachable("the request could not be made".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_connects_own_words_say_that_something_is_not_there() {
        let of = |body: &str| {
            judge(
                StatusCode::NOT_FOUND,
                body.as_bytes().to_vec(),
                "http://w:1",
                "/connectors/x/status?y",
            )
        };
        let absent = of(r#"{"error_code":404,"message":"No status found for connector x"}"#).unwrap_err();
        assert_eq!(
            absent,
            ConnectError::NotFound {
                what: "connectors/x/status".to_owned()
            }
        );
        for other in [
            "<html><title>Error 404 Not Found</title></html>",
            "",
            r#"{"message":"no route"}"#,
            r#"{"error_code":"404","message":"no route"}"#,
        ] {
            let error = of(other).unwrap_err();
            assert!(
                error.is_passing() && matches!(error, ConnectError::NotServing { .. }),
                "{other}: {error}"
            );
        }
        let path = of(r#"{"error_code":404,"message":"HTTP 404 Not Found"}"#).unwrap_err();
        assert!(
            !path.is_not_found() && !path.is_passing(),
            "an interface without this path"
        );
    }
}
