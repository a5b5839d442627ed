use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::{InvalidTask, Result};

/// How connections to brokers are secured.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum SecurityProtocol {
    /// Neither encryption nor login.
    #[default]
    Plaintext,
    /// TLS; a client certificate may log in.
    Ssl,
    /// Login without encryption.
    SaslPlaintext,
    /// Login over TLS.
    SaslSsl,
}

impl SecurityProtocol {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Plaintext, Self::Ssl, Self::SaslPlaintext, Self::SaslSsl];

    /// Kafka's word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Plaintext => "PLAINTEXT",
            Self::Ssl => "SSL",
            Self::SaslPlaintext => "SASL_PLAINTEXT",
            Self::SaslSsl => "SASL_SSL",
        }
    }

    /// Whether the connection is encrypted.
    pub fn has_tls(self) -> bool {
        matches!(self, Self::Ssl | Self::SaslSsl)
    }

    /// Whether somebody logs in.
    pub fn has_sasl(self) -> bool {
        matches!(self, Self::SaslPlaintext | Self::SaslSsl)
    }
}

impl fmt::Display for SecurityProtocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for SecurityProtocol {
    type Err = InvalidTask;

    /// Reads Kafka's word, in capital or small letters.
    fn from_str(text: &str) -> Result<Self> {
        find(&Self::ALL, Self::as_str, text).ok_or_else(|| InvalidTask::Word {
            what: "security protocol",
            known: words(&Self::ALL, Self::as_str),
        })
    }
}

/// How a client logs in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
pub enum SaslMechanism {
    /// User and password as they are.
    #[serde(rename = "PLAIN")]
    Plain,
    /// User and password, by challenge with SHA-256.
    #[serde(rename = "SCRAM-SHA-256")]
    ScramSha256,
    /// User and password, by challenge with SHA-512.
    #[serde(rename = "SCRAM-SHA-512")]
    ScramSha512,
    /// A token fetched with client credentials (OIDC).
    #[serde(rename = "OAUTHBEARER")]
    OauthBearer,
    /// An identity of AWS, at Amazon MSK. Brokers get a token by OAUTHBEARER.
    #[serde(rename = "AWS_MSK_IAM")]
    AwsMskIam,
    /// Kerberos.
    #[serde(rename = "GSSAPI")]
    Gssapi,
}

impl SaslMechanism {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Plain,
        Self::ScramSha256,
        Self::ScramSha512,
        Self::OauthBearer,
        Self::AwsMskIam,
        Self::Gssapi,
    ];

    /// Kafka's word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Plain => "PLAIN",
            Self::ScramSha256 => "SCRAM-SHA-256",
            Self::ScramSha512 => "SCRAM-SHA-512",
            Self::OauthBearer => "OAUTHBEARER",
            Self::AwsMskIam => "AWS_MSK_IAM",
            Self::Gssapi => "GSSAPI",
        }
    }

    /// Whether it needs a user and a password.
    pub fn has_password(self) -> bool {
        matches!(self, Self::Plain | Self::ScramSha256 | Self::ScramSha512)
    }
}

impl fmt::Display for SaslMechanism {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for SaslMechanism {
    type Err = InvalidTask;

    /// Reads Kafka's word, in capital or small letters.
    fn from_str(text: &str) -> Result<Self> {
        find(&Self::ALL, Self::as_str, text).ok_or_else(|| InvalidTask::Word {
            what: "SASL mechanism",
            known: words(&Self::ALL, Self::as_str),
        })
    }
}

fn find<T: Copy>(all: &[T], word: fn(T) -> &'static str, text: &str) -> Option<T> {
    all.iter()
        .copied()
        .find(|one| word(*one).eq_ignore_ascii_case(text.trim()))
}

fn words<T: Copy>(all: &[T], word: fn(T) -> &'static str) -> String {
    all.iter().map(|one| word(*one)).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_see_kafkas_words() {
        for protocol in SecurityProtocol::ALL {
            let json = serde_json::to_string(&protocol).unwrap();
            assert_eq!(json, format!("\"{protocol}\""));
            assert_eq!(serde_json::from_str::<SecurityProtocol>(&json).unwrap(), protocol);
        }
        for mechanism in SaslMechanism::ALL {
            let json = serde_json::to_string(&mechanism).unwrap();
            assert_eq!(json, format!("\"{mechanism}\""));
            assert_eq!(serde_json::from_str::<SaslMechanism>(&json).unwrap(), mechanism);
        }
    }

    #[test]
    fn small_letters_are_read_too() {
        assert_eq!(
            "sasl_ssl".parse::<SecurityProtocol>().unwrap(),
            SecurityProtocol::SaslSsl
        );
        assert_eq!(
            "scram-sha-512".parse::<SaslMechanism>().unwrap(),
            SaslMechanism::ScramSha512
        );
    }

    #[test]
    fn other_words_are_refused_with_those_that_exist() {
        let error = "TLS".parse::<SecurityProtocol>().unwrap_err().to_string();
        assert!(
            error.contains("PLAINTEXT, SSL, SASL_PLAINTEXT, SASL_SSL"),
            "{error}"
        );
        let error = "DIGEST-MD5".parse::<SaslMechanism>().unwrap_err().to_string();
        assert!(
            error.contains("SCRAM-SHA-256") && error.contains("GSSAPI"),
            "{error}"
        );
    }
}
