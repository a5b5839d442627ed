use std::io::Read;
use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use ureq::Agent;
use ureq::tls::{RootCerts, TlsConfig};

use super::UpdateAddress;
use crate::{AppError, ErrorCode, Result};

/// How long the answer may take.
const WITHIN: Duration = Duration::from_secs(10);
/// The answer is a few lines.
const ANSWER_LIMIT: u64 = 64 * 1024;

/// What is said of the newest version.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Newest {
    /// Its number, as `1.2.3`.
    pub(crate) version: String,
    /// Where it can be had.
    #[serde(default)]
    pub(crate) page: Option<String>,
}

impl Newest {
    /// Whether it is newer than `present`; none where one of them is no number of a version.
    pub(crate) fn is_newer_than(&self, present: &str) -> Option<bool> {
        Some(numbers(&self.version)? > numbers(present)?)
    }
}

/// A version's three numbers, and whether it is a final one: `1.2.0-rc1` comes before `1.2.0`.
fn numbers(version: &str) -> Option<([u64; 3], bool)> {
    let (core, before) = match version.trim().split_once('-') {
        Some((core, _)) => (core, true),
        None => (version.trim(), false),
    };
    let mut numbers = core.split('.').map(|part| part.parse::<u64>().ok());
    let three = [numbers.next()??, numbers.next()??, numbers.next()??];
    numbers.next().is_none().then_some((three, !before))
}

/// Asks what the newest version is. Nothing is sent but the request itself.
///
/// # Errors
/// The address does not answer in time, or not as it should.
pub(crate) fn newest(address: &UpdateAddress) -> Result<Newest> {
    let failed = |reason: String| {
        AppError::new(
            ErrorCode::Refused,
            format!("no newer version could be looked for at {address}: {reason}"),
        )
    };
    let tls = TlsConfig::builder()
        .root_certs(RootCerts::PlatformVerifier)
        .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .build();
    let agent: Agent = Agent::config_builder()
        .tls_config(tls)
        .timeout_global(Some(WITHIN))
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .build()
        .into();
    let mut response = agent
        .get(address.to_string())
        .call()
        .map_err(|error| failed(error.to_string()))?;
    if response.status().as_u16() != 200 {
        return Err(failed(format!("it answered {}", response.status().as_u16())));
    }
    let mut body = Vec::new();
    response
        .body_mut()
        .as_reader()
        .take(ANSWER_LIMIT)
        .read_to_end(&mut body)
        .map_err(|error| failed(error.to_string()))?;
    let found: Newest = serde_json::from_slice(&body)
        .map_err(|_| failed("its answer is not JSON with a \"version\"".to_owned()))?;
    // It is shown as a link.
    let page = found
        .page
        .filter(|page| page.starts_with("https://") && !page.contains(char::is_whitespace));
    Ok(Newest { page, ..found })
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::net::TcpListener;

    use super::*;

    /// A server of this computer that answers one request with `answer`.
    fn answering(answer: &'static str) -> UpdateAddress {
        let server = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}/newest", server.local_addr().unwrap());
        std::thread::spawn(move || {
            let (mut caller, _) = server.accept().unwrap();
            let mut request = Vec::new();
            while !request.ends_with(b"\r\n\r\n") {
                let mut byte = [0];
                caller.read_exact(&mut byte).unwrap();
                request.push(byte[0]);
            }
            caller.write_all(answer.as_bytes()).unwrap();
        });
        address.parse().unwrap()
    }

    #[test]
    fn the_newest_version_is_read_and_a_page_without_tls_is_left_out() {
        let found = newest(&answering(
            "HTTP/1.1 200 OK\r\ncontent-length: 53\r\n\r\n{\"version\": \"9.1.0\", \"page\": \"https://example.org/x\"}",
        ));
        assert_eq!(
            found.unwrap(),
            Newest {
                version: "9.1.0".to_owned(),
                page: Some("https://example.org/x".to_owned()),
            }
        );
        let found = newest(&answering(
            "HTTP/1.1 200 OK\r\ncontent-length: 51\r\n\r\n{\"version\": \"9.1.0\", \"page\": \"javascript:alert(1)\"}",
        ));
        assert_eq!(found.unwrap().page, None);
    }

    #[test]
    fn an_answer_that_says_nothing_of_a_version_is_an_error() {
        for (answer, says) in [
            ("HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n", "404"),
            (
                "HTTP/1.1 302 Found\r\nlocation: https://example.org/\r\ncontent-length: 0\r\n\r\n",
                "302",
            ),
            ("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi", "not JSON"),
        ] {
            let error = newest(&answering(answer)).unwrap_err();
            assert!(error.message.contains(says), "{}", error.message);
        }
    }

    #[test]
    fn versions_are_compared_by_their_numbers() {
        let newer = |found: &str, present: &str| {
            let newest = Newest {
                version: found.to_owned(),
                page: None,
            };
            newest.is_newer_than(present)
        };
        assert_eq!(newer("0.10.0", "0.9.9"), Some(true));
        assert_eq!(newer("0.1.0", "0.1.0"), Some(false));
        assert_eq!(newer("1.0.0-rc1", "1.0.0"), Some(false));
        assert_eq!(newer("1.0.0", "1.0.0-rc1"), Some(true));
        assert_eq!(newer("1.0", "0.1.0"), None);
        assert_eq!(newer("latest", "0.1.0"), None);
    }
}
