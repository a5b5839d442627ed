use std::collections::BTreeMap;
use std::net::IpAddr;

use lettre::message::Mailbox;
use serde::{Deserialize, Serialize};
use sluice_model::Secret;
use ts_rs::TS;
use ureq::http::{HeaderName, HeaderValue, Uri};

use crate::rule::check_name;
use crate::{ChannelSecrets, InvalidField, WebhookFormat, trust};

/// The id of the channel that is always there.
pub const DESKTOP_CHANNEL_ID: &str = "desktop";
/// The most recipients of one e-mail channel; more belong into a mailing list.
const MOST_RECIPIENTS: usize = 50;
/// Headers that are not the user's to set, in lower case.
const RESERVED_HEADERS: [&str; 7] = [
    "host",
    "content-length",
    "content-type",
    "transfer-encoding",
    "connection",
    "x-sluice-signature",
    "x-sluice-timestamp",
];

/// How the connection to a mail server is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum EmailSecurity {
    /// Not at all; usual on port 25.
    None,
    /// It begins in clear and must become secure before anything is said; usual on port 587.
    Starttls,
    /// Secure from the beginning; usual on port 465.
    Tls,
}

/// Where messages go. Secrets are kept apart, in [`ChannelSecrets`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ChannelConfig {
    /// A notification of the system.
    Desktop,
    /// An HTTP POST.
    Webhook {
        /// The address; only its scheme and host after [`ChannelConfig::take_secrets`].
        url: String,
        /// What the receiver understands.
        format: WebhookFormat,
        /// Further headers; an empty value is among the secrets.
        #[serde(default)]
        headers: BTreeMap<String, String>,
        /// The certificate of a private authority, PEM; without it the system's authorities count.
        ca_pem: Option<String>,
    },
    /// An e-mail.
    Email {
        /// The mail server.
        host: String,
        /// Its port.
        port: u16,
        /// How the connection is protected.
        security: EmailSecurity,
        /// Who logs in; `None` to send without a login.
        username: Option<String>,
        /// The sender, as `a@b` or `Name <a@b>`.
        from: String,
        /// The recipients, likewise.
        to: Vec<String>,
        /// The certificate of a private authority, PEM; without it the system's authorities count.
        ca_pem: Option<String>,
    },
}

/// A channel with everything that is needed to use it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Channel {
    /// Identifies it.
    pub id: String,
    /// Its name: 1 to 24 characters.
    pub name: String,
    /// Where messages go.
    pub config: ChannelConfig,
    /// What must not be seen.
    pub secrets: ChannelSecrets,
}

impl Channel {
    /// The channel that is always there.
    pub fn desktop() -> Self {
        Self {
            id: DESKTOP_CHANNEL_ID.to_owned(),
            name: "Desktop".to_owned(),
            config: ChannelConfig::Desktop,
            secrets: ChannelSecrets::default(),
        }
    }

    /// Every field that cannot stay as it is, with the names of [`ChannelConfig`] and [`ChannelSecrets`].
    pub fn check(&self) -> Vec<InvalidField> {
        let mut errors: Vec<InvalidField> = check_name(&self.name).into_iter().collect();
        match &self.config {
            ChannelConfig::Desktop => {}
            ChannelConfig::Webhook {
                url,
                format,
                headers,
                ca_pem,
            } => {
                let url = self.secrets.url.as_ref().map_or(url.as_str(), Secret::reveal);
                if let Err(reason) = Address::of(url) {
                    errors.push(InvalidField::new("url", reason));
                }
                errors.extend(self.check_headers(headers));
                errors.extend(check_authority(ca_pem.as_deref()));
                if self.secrets.signing_secret.is_some() && !format.signs() {
                    errors.push(InvalidField::new(
                        "signing_secret",
                        format!(
                            "{} knows no signature: leave the secret out, its address is the secret",
                            format.name()
                        ),
                    ));
                }
            }
            ChannelConfig::Email {
                host,
                port,
                security,
                username,
                from,
                to,
                ca_pem,
            } => {
                if host.trim().is_empty() || host.contains(|c: char| c.is_whitespace() || "/@".contains(c)) {
                    errors.push(InvalidField::new(
                        "host",
                        "enter the mail server's name or address alone, as smtp.example.com",
                    ));
                }
                if *port == 0 {
                    errors.push(InvalidField::new(
                        "port",
                        "enter the mail server's port, usually 587 for STARTTLS and 465 for TLS",
                    ));
                }
                if username.is_some() && *security == EmailSecurity::None && !is_loopback(host) {
                    errors.push(InvalidField::new(
                        "security",
                        "the password would be readable on its way: choose STARTTLS or TLS, or send without a user",
                    ));
                }
                if username.is_some() && self.secrets.password.is_none() {
                    errors.push(InvalidField::new("password", "enter the user's password"));
                }
                errors.extend(check_mailbox("from", from));
                if !(1..=MOST_RECIPIENTS).contains(&to.len()) {
                    errors.push(InvalidField::new(
                        "to",
                        format!("enter 1 to {MOST_RECIPIENTS} recipients"),
                    ));
                }
                errors.extend(to.iter().filter_map(|mailbox| check_mailbox("to", mailbox)));
                errors.extend(check_authority(ca_pem.as_deref()));
            }
        }
        errors
    }

    fn check_headers(&self, headers: &BTreeMap<String, String>) -> Vec<InvalidField> {
        let mut errors = Vec::new();
        for (name, value) in headers {
            let field = format!("headers.{name}");
            if HeaderName::try_from(name.as_str()).is_err() {
                errors.push(InvalidField::new(
                    &field,
                    format!("'{name}' is no name of a header"),
                ));
            } else if RESERVED_HEADERS.contains(&name.to_ascii_lowercase().as_str()) {
                errors.push(InvalidField::new(
                    &field,
                    format!("'{name}' is set by Sluice itself"),
                ));
            }
            let value = match self.secrets.headers.get(name) {
                Some(secret) if value.is_empty() => secret.reveal(),
                _ => value,
            };
            if HeaderValue::try_from(value).is_err() {
                errors.push(InvalidField::new(
                    &field,
                    format!("the value of '{name}' has a character that a header cannot carry"),
                ));
            }
        }
        errors
    }
}

impl ChannelConfig {
    /// The word of the kind of channel, as `webhook`.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Desktop => "desktop",
            Self::Webhook { .. } => "webhook",
            Self::Email { .. } => "email",
        }
    }

    /// Moves what must not be stored in clear into `secrets`: of a webhook's URL everything behind its host, and the
    /// values of headers. What is there already is left when the configuration does not carry a new value. To be called
    /// before a configuration is stored, shown or logged.
    pub fn take_secrets(&mut self, secrets: &mut ChannelSecrets) {
        let Self::Webhook { url, headers, .. } = self else {
            return;
        };
        if let Ok(address) = Address::of(url)
            && address.to_string() != url.trim_end_matches('/')
        {
            secrets.url = Some(Secret::new(std::mem::replace(url, address.to_string())));
        } else if secrets
            .url
            .as_ref()
            .is_some_and(|kept| Address::of(kept.reveal()).map(|kept| kept.to_string()).as_ref() != Ok(url))
        {
            // The user gave another host: the secret part of the old one is not sent there.
            secrets.url = None;
        }
        secrets.headers.retain(|name, _| headers.contains_key(name));
        for (name, value) in headers.iter_mut().filter(|(_, value)| !value.is_empty()) {
            secrets
                .headers
                .insert(name.clone(), Secret::new(std::mem::take(value)));
        }
    }
}

/// The part of a URL that may be seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Address {
    scheme: &'static str,
    host: String,
    port: Option<u16>,
}

impl Address {
    /// # Errors
    /// What is wrong with the URL and what would be right, without the URL.
    pub(crate) fn of(url: &str) -> Result<Self, String> {
        let uri: Uri = url
            .parse()
            .map_err(|_| "this is no address; enter it as https://host/path".to_owned())?;
        let scheme = match uri.scheme_str() {
            Some("https") => "https",
            Some("http") => "http",
            _ => return Err("the address must begin with https:// or http://".to_owned()),
        };
        let authority = uri.authority().map_or("", |authority| authority.as_str());
        if authority.contains('@') {
            return Err(
                "leave user and password out of the address; send them in an Authorization header".to_owned(),
            );
        }
        match uri.host() {
            None | Some("") => Err("the address has no host; enter it as https://host/path".to_owned()),
            Some(host) => Ok(Self {
                scheme,
                host: host.to_owned(),
                port: uri.port_u16(),
            }),
        }
    }

    pub(crate) fn is_loopback(&self) -> bool {
        is_loopback(&self.host)
    }
}

impl std::fmt::Display for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}://{}", self.scheme, self.host)?;
        match self.port {
            Some(port) => write!(f, ":{port}"),
            None => Ok(()),
        }
    }
}

fn is_loopback(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost")
        || host
            .trim_start_matches('[')
            .trim_end_matches(']')
            .parse::<IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

fn check_mailbox(field: &str, text: &str) -> Option<InvalidField> {
    let valid = text
        .parse::<Mailbox>()
        .is_ok_and(|mailbox| mailbox.email.to_string().is_ascii());
    (!valid).then(|| {
        InvalidField::new(
            field,
            format!("'{text}' is no e-mail address; write it as name@example.com or Name <name@example.com>"),
        )
    })
}

fn check_authority(pem: Option<&str>) -> Option<InvalidField> {
    trust::authorities(pem?)
        .err()
        .map(|error| InvalidField::new("ca_pem", error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn webhook(url: &str, format: WebhookFormat) -> Channel {
        Channel {
            id: "c1".into(),
            name: "ops".into(),
            config: ChannelConfig::Webhook {
                url: url.into(),
                format,
                headers: BTreeMap::new(),
                ca_pem: None,
            },
            secrets: ChannelSecrets::default(),
        }
    }

    fn email() -> Channel {
        Channel {
            id: "c2".into(),
            name: "mail".into(),
            config: ChannelConfig::Email {
                host: "smtp.example.com".into(),
                port: 587,
                security: EmailSecurity::Starttls,
                username: Some("sluice".into()),
                from: "Sluice <sluice@example.com>".into(),
                to: vec!["ops@example.com".into()],
                ca_pem: None,
            },
            secrets: ChannelSecrets {
                password: Some(Secret::new("hunter2")),
                ..ChannelSecrets::default()
            },
        }
    }

    fn fields(channel: &Channel) -> Vec<String> {
        channel.check().into_iter().map(|error| error.field).collect()
    }

    #[test]
    fn good_channels_have_no_complaints() {
        assert_eq!(Channel::desktop().check(), []);
        assert_eq!(
            webhook("https://hooks.example.com/T/B/x", WebhookFormat::Slack).check(),
            []
        );
        assert_eq!(email().check(), []);
    }

    #[test]
    fn a_configuration_is_stored_with_its_kind_and_reads_back() {
        let config = email().config;
        let json = serde_json::to_string(&config).unwrap();
        assert_eq!(
            json,
            r#"{"kind":"email","host":"smtp.example.com","port":587,"security":"starttls","username":"sluice","from":"Sluice <sluice@example.com>","to":["ops@example.com"],"ca_pem":null}"#
        );
        assert_eq!(serde_json::from_str::<ChannelConfig>(&json).unwrap(), config);
        let json = serde_json::to_string(&webhook("https://h", WebhookFormat::DingTalk).config).unwrap();
        assert!(json.contains(r#""format":"ding_talk""#), "{json}");
    }

    #[test]
    fn addresses_that_cannot_work_are_refused_without_repeating_them() {
        for (url, word) in [
            ("hooks.example.com/token", "https://"),
            ("ftp://hooks.example.com/token", "https://"),
            ("https://user:token@hooks.example.com/", "Authorization header"),
            ("https:///token", "no address"),
            ("not a url token", "no address"),
        ] {
            let errors = webhook(url, WebhookFormat::Generic).check();
            assert_eq!(errors.len(), 1, "{url}: {errors:?}");
            assert!(
                errors[0].message.contains(word) && !errors[0].message.contains("token"),
                "{errors:?}"
            );
        }
    }

    #[test]
    fn the_secret_part_of_a_url_and_header_values_leave_the_configuration() {
        let mut channel = webhook(
            "https://hooks.example.com:8443/services/T0/token?k=v",
            WebhookFormat::Slack,
        );
        if let ChannelConfig::Webhook { headers, .. } = &mut channel.config {
            headers.insert("Authorization".into(), "Bearer token".into());
        }
        channel.config.take_secrets(&mut channel.secrets);
        let stored = serde_json::to_string(&channel.config).unwrap();
        assert_eq!(
            stored,
            r#"{"kind":"webhook","url":"https://hooks.example.com:8443","format":"slack","headers":{"Authorization":""},"ca_pem":null}"#
        );
        assert!(!format!("{channel:?}").contains("token"), "{channel:?}");
        assert_eq!(
            serde_json::to_string(&channel.secrets).unwrap(),
            r#"{"url":"https://hooks.example.com:8443/services/T0/token?k=v","headers":{"Authorization":"Bearer token"}}"#
        );
        assert_eq!(channel.check(), []);

        let kept = channel.secrets.clone();
        channel.config.take_secrets(&mut channel.secrets);
        assert_eq!(
            channel.secrets, kept,
            "an unchanged configuration keeps its secrets"
        );

        if let ChannelConfig::Webhook { url, .. } = &mut channel.config {
            *url = "https://elsewhere.example.com".into();
        }
        channel.config.take_secrets(&mut channel.secrets);
        assert_eq!(channel.secrets.url, None, "a token does not go to another host");
    }

    #[test]
    fn a_secret_that_a_receiver_cannot_check_is_refused() {
        let mut channel = webhook("https://qyapi.weixin.qq.com/x", WebhookFormat::WeCom);
        channel.secrets.signing_secret = Some(Secret::new("s"));
        assert_eq!(fields(&channel), ["signing_secret"]);
    }

    #[test]
    fn headers_that_break_the_request_are_refused() {
        let mut channel = webhook("https://h/", WebhookFormat::Generic);
        if let ChannelConfig::Webhook { headers, .. } = &mut channel.config {
            headers.insert("Content-Length".into(), "1".into());
            headers.insert("X Y".into(), "1".into());
            headers.insert("X-Z".into(), "a\r\nb".into());
            headers.insert("X-Team".into(), "ops".into());
        }
        assert_eq!(
            fields(&channel),
            ["headers.Content-Length", "headers.X Y", "headers.X-Z"]
        );
    }

    #[test]
    fn a_password_is_not_sent_in_clear_except_on_this_machine() {
        let mut channel = email();
        for (server, expected) in [
            ("mail.example.com", 1),
            ("127.0.0.1", 0),
            ("localhost", 0),
            ("::1", 0),
        ] {
            if let ChannelConfig::Email { security, host, .. } = &mut channel.config {
                *security = EmailSecurity::None;
                *host = server.into();
            }
            assert_eq!(channel.check().len(), expected, "{server}");
        }
    }

    #[test]
    fn every_wrong_field_of_a_mail_channel_is_named() {
        let mut channel = email();
        channel.secrets.password = None;
        if let ChannelConfig::Email {
            host,
            port,
            from,
            to,
            ca_pem,
            ..
        } = &mut channel.config
        {
            *host = "smtp://x".into();
            *port = 0;
            *from = "sluice".into();
            *to = vec!["ops@example.com".into(), "x".into()];
            *ca_pem = Some("x".into());
        }
        assert_eq!(
            fields(&channel),
            ["host", "port", "password", "from", "to", "ca_pem"]
        );
    }
}
