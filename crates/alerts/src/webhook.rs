use std::collections::BTreeMap;
use std::io::Read;
use std::sync::Arc;
use std::time::Duration;

use sluice_model::Secret;
use ureq::http::header::LOCATION;
use ureq::http::{Response, StatusCode};
use ureq::tls::{Certificate, RootCerts, TlsConfig};
use ureq::{Agent, Body, Proxy};

use crate::channel::Address;
use crate::redaction::Redaction;
use crate::webhook_body::{Stamp, body};
use crate::{
    ChannelError, ChannelSecrets, Message, Result, WebhookFormat, network_failure, signature, trust,
};

/// How long connecting may take, TLS included.
const CONNECT_WITHIN: Duration = Duration::from_secs(5);
/// How long the whole exchange may take.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);
/// How much of an answer is read; those of the known receivers have less than 1 kB.
const ANSWER_BYTES: u64 = 16 * 1024;
/// How big the head of an answer may be.
const HEAD_BYTES: usize = 16 * 1024;

/// A webhook, ready to be called.
pub(crate) struct Webhook<'a> {
    pub(crate) url: &'a str,
    pub(crate) format: WebhookFormat,
    pub(crate) headers: &'a BTreeMap<String, String>,
    pub(crate) ca_pem: Option<&'a str>,
    pub(crate) secrets: &'a ChannelSecrets,
}

/// What is sent.
#[derive(Debug, PartialEq, Eq)]
struct Prepared {
    url: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Webhook<'_> {
    /// Sends a message and judges the answer.
    ///
    /// # Errors
    /// What failed, without the secret part of the URL.
    pub(crate) fn send(&self, message: &Message, now_ms: i64) -> Result<()> {
        let address = Address::of(self.whole_url()).map_err(|reason| ChannelError::Setup { reason })?;
        let prepared = self.prepare(message, now_ms)?;
        let agent = self.agent(&address)?;
        let shown = address.to_string();
        let mut request = agent.post(&prepared.url);
        for (name, value) in &prepared.headers {
            request = request.header(name, value);
        }
        let mut response = request
            .send(&prepared.body)
            .map_err(|error| failure(&error, &shown))?;
        self.judge(&mut response, &shown)
    }

    fn whole_url(&self) -> &str {
        self.secrets.url.as_ref().map_or(self.url, Secret::reveal)
    }

    fn prepare(&self, message: &Message, now_ms: i64) -> Result<Prepared> {
        let seconds = now_ms.div_euclid(1_000);
        let secret = self.secrets.signing_secret.as_ref();
        let mut url = self.whole_url().to_owned();
        let mut headers = vec![
            (
                "Content-Type".to_owned(),
                "application/json; charset=utf-8".to_owned(),
            ),
            (
                "User-Agent".to_owned(),
                concat!("Sluice/", env!("CARGO_PKG_VERSION")).to_owned(),
            ),
        ];
        for (name, value) in self.headers {
            let value = match self.secrets.headers.get(name) {
                Some(secret) if value.is_empty() => secret.reveal(),
                _ => value,
            };
            headers.push((name.clone(), value.to_owned()));
        }
        let stamp = match (self.format, secret) {
            (WebhookFormat::Feishu, Some(secret)) => Some(Stamp {
                timestamp: seconds,
                sign: signature::feishu(secret, seconds)?,
            }),
            _ => None,
        };
        let body = body(self.format, message, stamp)?;
        match (self.format, secret) {
            (WebhookFormat::Generic, Some(secret)) => {
                headers.push(("X-Sluice-Timestamp".to_owned(), seconds.to_string()));
                headers.push((
                    "X-Sluice-Signature".to_owned(),
                    signature::generic(secret, seconds, &body)?,
                ));
            }
            (WebhookFormat::DingTalk, Some(secret)) => {
                let sign = signature::ding_talk(secret, now_ms)?;
                let join = if url.contains('?') { '&' } else { '?' };
                url = format!("{url}{join}timestamp={now_ms}&sign={sign}");
            }
            _ => {}
        }
        Ok(Prepared { url, headers, body })
    }

    fn agent(&self, address: &Address) -> Result<Agent> {
        let roots = match self.ca_pem {
            None => RootCerts::PlatformVerifier,
            Some(pem) => {
                let certificates: Vec<Certificate<'static>> = trust::authorities(pem)?
                    .iter()
                    .map(|der| Certificate::from_der(der).to_owned())
                    .collect();
                RootCerts::new_with_certs(&certificates)
            }
        };
        let tls = TlsConfig::builder()
            .root_certs(roots)
            .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .build();
        // A proxy cannot reach this machine's own loopback.
        let proxy = if address.is_loopback() {
            None
        } else {
            Proxy::try_from_env()
        };
        Ok(Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .max_response_header_size(HEAD_BYTES)
            .timeout_connect(Some(CONNECT_WITHIN))
            .timeout_global(Some(ANSWER_WITHIN))
            .proxy(proxy)
            .tls_config(tls)
            .build()
            .into())
    }

    fn judge(&self, response: &mut Response<Body>, address: &str) -> Result<()> {
        let status = response.status();
        if status.is_redirection() {
            let to = response
                .headers()
                .get(LOCATION)
                .and_then(|location| location.to_str().ok())
                .and_then(|location| Address::of(location).ok())
                .map_or_else(|| "another address".to_owned(), |to| to.to_string());
            return Err(ChannelError::Redirected {
                address: address.to_owned(),
                status: status.as_u16(),
                to,
            });
        }
        let mut bytes = Vec::new();
        let read = response
            .body_mut()
            .as_reader()
            .take(ANSWER_BYTES)
            .read_to_end(&mut bytes);
        let answer = String::from_utf8_lossy(&bytes);
        // What counts is the status, and for the providers a short text: an answer cut off later changes nothing.
        if let Err(error) = read
            && bytes.is_empty()
            && status.is_success()
            && self.format != WebhookFormat::Generic
        {
            return Err(failure(&ureq::Error::from(error), address));
        }
        self.verdict(status, &answer, address)
    }

    fn verdict(&self, status: StatusCode, answer: &str, address: &str) -> Result<()> {
        let shown = || self.redaction().shown(answer);
        if !status.is_success() {
            return Err(ChannelError::Status {
                address: address.to_owned(),
                status: status.as_u16(),
                answer: shown(),
            });
        }
        let code = match self.format {
            // Slack says what is wrong by the status.
            WebhookFormat::Generic | WebhookFormat::Slack => return Ok(()),
            // The newer bots say `code`, the older ones `StatusCode`.
            WebhookFormat::Feishu => number(answer, &["code", "StatusCode"]),
            WebhookFormat::DingTalk | WebhookFormat::WeCom => number(answer, &["errcode"]),
        };
        let receiver = self.format.name();
        let address = address.to_owned();
        match code {
            Some(0) => Ok(()),
            Some(code) => Err(ChannelError::Refused {
                receiver,
                address,
                code,
                answer: shown(),
                later: passes(self.format, code),
            }),
            None => Err(ChannelError::NotUnderstood {
                receiver,
                address,
                answer: shown(),
            }),
        }
    }

    fn redaction(&self) -> Redaction {
        let mut redaction = Redaction::default();
        redaction.hide_url(self.whole_url());
        let secrets = self.secrets;
        secrets
            .headers
            .values()
            .chain(&secrets.signing_secret)
            .for_each(|secret| redaction.hide(secret));
        self.headers.values().for_each(|value| redaction.hide_text(value));
        redaction
    }
}

/// The first of these fields of a JSON object that is a number.
fn number(answer: &str, fields: &[&str]) -> Option<i64> {
    let json: serde_json::Value = serde_json::from_str(answer).ok()?;
    fields.iter().find_map(|field| json.get(field)?.as_i64())
}

/// Whether a provider's error code says "too often" or "busy".
fn passes(format: WebhookFormat, code: i64) -> bool {
    match format {
        WebhookFormat::Generic | WebhookFormat::Slack => false,
        WebhookFormat::Feishu => code == 11_232,
        WebhookFormat::DingTalk => matches!(code, -1 | 130_101 | 410_100),
        WebhookFormat::WeCom => matches!(code, -1 | 45_009),
    }
}

fn failure(error: &ureq::Error, address: &str) -> ChannelError {
    let shown = address.to_owned();
    match error {
        ureq::Error::HostNotFound => ChannelError::NameNotResolved { address: shown },
        ureq::Error::Timeout(ureq::Timeout::Connect | ureq::Timeout::Resolve) => ChannelError::TimedOut {
            address: shown,
            seconds: CONNECT_WITHIN.as_secs(),
        },
        ureq::Error::Timeout(_) => ChannelError::TimedOut {
            address: shown,
            seconds: ANSWER_WITHIN.as_secs(),
        },
        ureq::Error::Io(error) => network_failure::describe(error, address, ANSWER_WITHIN.as_secs()),
        ureq::Error::Rustls(error) => ChannelError::Tls {
            address: shown,
            reason: error.to_string(),
        },
        ureq::Error::Tls(reason) => ChannelError::Tls {
            address: shown,
            reason: (*reason).to_owned(),
        },
        ureq::Error::ConnectionFailed => ChannelError::NotConnected {
            address: shown,
            reason: "no connection".to_owned(),
        },
        ureq::Error::ConnectProxyFailed(_) | ureq::Error::InvalidProxyUrl => ChannelError::NotConnected {
            address: shown,
            reason: "the proxy of this machine's environment (HTTPS_PROXY) refuses or does not work"
                .to_owned(),
        },
        ureq::Error::Protocol(reason) => ChannelError::Broken {
            address: shown,
            reason: format!("its answer is no HTTP ({reason})"),
        },
        ureq::Error::LargeResponseHeader(..) => ChannelError::Broken {
            address: shown,
            reason: "the head of its answer is too big".to_owned(),
        },
        // Others may carry the URL in their words.
        _ => ChannelError::Broken {
            address: shown,
            reason: "the request could not be made".to_owned(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Language;

    fn message() -> Message {
        Message::test("ops", Language::English, 1_700_000_000_123)
    }

    fn secrets(signing: Option<&str>) -> ChannelSecrets {
        ChannelSecrets {
            signing_secret: signing.map(Secret::new),
            ..ChannelSecrets::default()
        }
    }

    fn with<T>(
        format: WebhookFormat,
        url: &str,
        secrets: &ChannelSecrets,
        f: impl Fn(&Webhook<'_>) -> T,
    ) -> T {
        f(&Webhook {
            url,
            format,
            headers: &BTreeMap::new(),
            ca_pem: None,
            secrets,
        })
    }

    fn prepared(format: WebhookFormat, url: &str, signing: Option<&str>) -> Prepared {
        with(format, url, &secrets(signing), |webhook| {
            webhook.prepare(&message(), 1_700_000_000_000).unwrap()
        })
    }

    fn verdict(format: WebhookFormat, status: u16, answer: &str) -> Result<()> {
        with(format, "https://h/hook", &secrets(None), |webhook| {
            webhook.verdict(StatusCode::from_u16(status).unwrap(), answer, "https://h")
        })
    }

    #[test]
    fn dingtalk_is_signed_in_its_url_and_only_with_a_secret() {
        let url = "https://oapi.dingtalk.com/robot/send?access_token=t";
        let signed = prepared(WebhookFormat::DingTalk, url, Some("SEC-demo"));
        assert_eq!(
            signed.url,
            format!(
                "{url}&timestamp=1700000000000&sign=D%2FxDN%2BjQpSknk8%2BPAQJ9%2BQrB8UoyJMfIh%2BtA1ge3QFE%3D"
            )
        );
        assert_eq!(prepared(WebhookFormat::DingTalk, url, None).url, url);
    }

    #[test]
    fn feishu_is_signed_in_its_body() {
        let signed = prepared(WebhookFormat::Feishu, "https://h/hook", Some("SEC-demo"));
        assert_eq!(
            String::from_utf8(signed.body).unwrap(),
            r#"{"timestamp":"1700000000","sign":"+PPsErHfNsqRl8dBb4WM9FnNlfMMS9PZkDhbiPj54Ck=","msg_type":"text","content":{"text":"Test message from Sluice\nAlerts to the channel \"ops\" arrive here."}}"#
        );
        assert_eq!(signed.url, "https://h/hook");
    }

    #[test]
    fn a_success_by_status_is_none_if_the_provider_says_otherwise() {
        use WebhookFormat::{DingTalk, Feishu, Generic, Slack, WeCom};
        for (format, answer) in [
            (Generic, ""),
            (Slack, "ok"),
            (Feishu, r#"{"code":0,"msg":"success","data":{}}"#),
            (Feishu, r#"{"StatusCode":0,"StatusMessage":"success"}"#),
            (DingTalk, r#"{"errcode":0,"errmsg":"ok"}"#),
            (WeCom, r#"{"errcode":0,"errmsg":"ok"}"#),
        ] {
            assert_eq!(verdict(format, 200, answer), Ok(()), "{answer}");
        }
        for (format, answer, words, later) in [
            (
                Feishu,
                r#"{"code":19021,"msg":"sign match fail"}"#,
                "Feishu at https://h refused the message with code 19021",
                false,
            ),
            (
                Feishu,
                r#"{"code":11232,"msg":"frequency limited"}"#,
                "11232",
                true,
            ),
            (
                DingTalk,
                r#"{"errcode":310000,"errmsg":"sign not match"}"#,
                "code 310000",
                false,
            ),
            (DingTalk, r#"{"errcode":130101}"#, "130101", true),
            (
                WeCom,
                r#"{"errcode":93000,"errmsg":"invalid webhook url"}"#,
                "93000",
                false,
            ),
            (WeCom, r#"{"errcode":45009}"#, "45009", true),
            (WeCom, "<html>hello</html>", "did not answer as WeCom does", false),
            (Feishu, "{}", "did not answer as Feishu does", false),
        ] {
            let error = verdict(format, 200, answer).unwrap_err();
            assert!(error.to_string().contains(words), "{error}");
            assert_eq!(error.is_transient(), later, "{error}");
        }
    }

    #[test]
    fn an_answer_that_repeats_the_token_is_told_without_it() {
        let secrets = ChannelSecrets {
            url: Some(Secret::new("https://h/services/T000/abcdefghijklmnop99")),
            signing_secret: Some(Secret::new("sign-me")),
            ..ChannelSecrets::default()
        };
        let error = with(WebhookFormat::Slack, "https://h", &secrets, |webhook| {
            webhook.verdict(
                StatusCode::FORBIDDEN,
                "no team abcdefghijklmnop99 with sign-me",
                "https://h",
            )
        })
        .unwrap_err();
        assert_eq!(
            error,
            ChannelError::Status {
                address: "https://h".into(),
                status: 403,
                answer: "no team *** with ***".into()
            }
        );
    }
}
