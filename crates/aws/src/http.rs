//! Requests to services of AWS: each with its own deadline, none sent on to another address.

use std::io::Read;
use std::sync::Arc;
use std::time::Duration;

use sluice_model::Secret;
use ureq::Agent;
use ureq::http;
use ureq::tls::{RootCerts, TlsConfig};

use crate::error::{AwsError, Result};

/// Answers with credentials are some kilobytes.
const ANSWER_LIMIT: u64 = 1024 * 1024;

/// A request.
pub(crate) struct Asking<'a> {
    /// What is asked, at the beginning of a sentence.
    pub(crate) service: &'a str,
    pub(crate) method: http::Method,
    pub(crate) url: &'a str,
    pub(crate) headers: Vec<(&'static str, Secret)>,
    /// A form, for those that send one.
    pub(crate) form: Option<String>,
    pub(crate) deadline: Duration,
    /// Whether it may go through the proxy that the environment names. What is on this computer or beside it may not.
    pub(crate) may_use_proxy: bool,
}

/// An answer.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }
}

impl Asking<'_> {
    /// Asks. Whatever status comes is an answer.
    ///
    /// # Errors
    /// Nobody answered in time.
    pub(crate) fn ask(self) -> Result<Answer> {
        let failed = |reason: String| AwsError::service(self.service, reason);
        let mut request = http::Request::builder().method(self.method).uri(self.url);
        for (name, value) in &self.headers {
            request = request.header(*name, value.reveal());
        }
        let agent = agent(self.deadline, self.may_use_proxy);
        // The reason would show what could not be sent.
        let unsendable = |_| {
            failed(
                "could not be asked: its address or what is sent to it has characters that none may have"
                    .to_owned(),
            )
        };
        let sent = match self.form {
            Some(form) => agent.run(
                request
                    .header("content-type", "application/x-www-form-urlencoded")
                    .body(form)
                    .map_err(unsendable)?,
            ),
            None => agent.run(request.body(()).map_err(unsendable)?),
        };
        let mut response = sent.map_err(|error| failed(words(&error, self.deadline)))?;
        let mut body = Vec::new();
        response
            .body_mut()
            .as_reader()
            .take(ANSWER_LIMIT)
            .read_to_end(&mut body)
            .map_err(|error| failed(format!("broke its answer off: {error}")))?;
        Ok(Answer {
            status: response.status().as_u16(),
            body: String::from_utf8_lossy(&body).into_owned(),
        })
    }
}

fn agent(deadline: Duration, may_use_proxy: bool) -> Agent {
    let tls = TlsConfig::builder()
        .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .root_certs(RootCerts::PlatformVerifier)
        .build();
    let config = Agent::config_builder()
        .tls_config(tls)
        .timeout_global(Some(deadline))
        .http_status_as_error(false)
        // A secret goes to the address that was meant and nowhere else.
        .max_redirects(0);
    let config = if may_use_proxy { config } else { config.proxy(None) };
    config.build().into()
}

/// The error of ureq in words, without anything of the request.
fn words(error: &ureq::Error, deadline: Duration) -> String {
    match error {
        ureq::Error::HostNotFound => "was not found: its name could not be resolved".to_owned(),
        ureq::Error::Timeout(_) => format!("did not answer within {} s", deadline.as_secs()),
        ureq::Error::Io(error) => format!("was not reached: {error}"),
        ureq::Error::Rustls(error) => format!("was not reached: TLS failed: {error}"),
        ureq::Error::ConnectionFailed => "was not reached".to_owned(),
        _ => "could not be asked".to_owned(),
    }
}
