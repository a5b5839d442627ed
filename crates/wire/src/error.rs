use std::time::Duration;

use kafka_protocol::messages::ApiKey;
use sluice_model::SaslMechanism;
use sluice_reach::ConnectFailure;

use crate::error_code::ErrorCode;
use crate::topic_partition::TopicPartition;

/// What this crate's calls return.
pub type Result<T, E = WireError> = std::result::Result<T, E>;

/// Why a call to a cluster failed. No secret appears in it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WireError {
    /// The cluster answered with an error code.
    #[error("{api:?} was answered with {code}{}", note(message.as_deref()))]
    Kafka {
        /// The request.
        api: ApiKey,
        /// Kafka's code.
        code: ErrorCode,
        /// What the broker adds in words, if anything.
        message: Option<String>,
    },
    /// The cluster refused a request because of some of the partitions in it.
    #[error("{api:?} was answered with {code} for {}", listed(places))]
    Partitions {
        /// The request.
        api: ApiKey,
        /// Kafka's code.
        code: ErrorCode,
        /// The partitions that have it.
        places: Vec<TopicPartition>,
    },
    /// This client or the cluster cannot do it; asking again is useless.
    #[error(transparent)]
    Unsupported(#[from] Unsupported),
    /// No connection was made.
    #[error("{address}: {reason}")]
    Connect {
        /// `host:port`.
        address: String,
        /// What stood in the way.
        reason: ConnectFailure,
    },
    /// TLS was not agreed on.
    #[error("{address}: {reason}")]
    Tls {
        /// `host:port`.
        address: String,
        /// What stood in the way.
        reason: TlsFailure,
    },
    /// The cluster does not take the login.
    #[error("{address} refuses the login by {mechanism}: {reason}")]
    Authentication {
        /// `host:port`.
        address: String,
        /// How it was tried.
        mechanism: SaslMechanism,
        /// What the broker or the token endpoint says.
        reason: String,
    },
    /// There is nothing to log in with.
    #[error("there is no token for the login by {mechanism}: {reason}")]
    NoToken {
        /// How it would have been tried.
        mechanism: SaslMechanism,
        /// What stood in the way.
        reason: String,
    },
    /// The connection ended before the answer came: whether the request was carried out is not known.
    #[error("the connection to {address} ended: {reason}")]
    Disconnected {
        /// `host:port`.
        address: String,
        /// By what.
        reason: String,
    },
    /// No answer in time: whether the request was carried out is not known.
    #[error("{what} got no answer from {address} within {} ms", after.as_millis())]
    Timeout {
        /// What was asked for.
        what: String,
        /// `host:port`.
        address: String,
        /// How long it was waited for.
        after: Duration,
    },
    /// The answer is not what Kafka's protocol says.
    #[error("the answer to {what} is malformed: {reason}")]
    Malformed {
        /// What was asked for.
        what: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A property of the data source is wrong.
    #[error("{property}: {reason}")]
    Settings {
        /// The property's name.
        property: String,
        /// What is wrong, without its value if that is secret.
        reason: String,
    },
    /// The cluster has no broker for it at present.
    #[error("{what} has no {role} at present")]
    Unavailable {
        /// What it was asked for.
        what: String,
        /// `leader`, `coordinator`, `controller` or `broker`.
        role: &'static str,
    },
    /// A producer id was given and may not be used, because it cannot be kept.
    #[error("the producer id {id} cannot be noted, and nothing is written under it: {reason}")]
    Unwitnessed {
        /// It.
        id: i64,
        /// Why it cannot be kept.
        reason: String,
    },
    /// The caller has cancelled it.
    #[error("cancelled")]
    Cancelled,
}

impl WireError {
    /// The error of an answer's code field, if it has one.
    ///
    /// # Errors
    /// [`WireError::Kafka`] for every code but 0.
    pub(crate) fn check(api: ApiKey, code: i16, message: Option<&str>) -> Result<()> {
        match ErrorCode::from_wire(code) {
            None => Ok(()),
            Some(code) => Err(Self::Kafka {
                api,
                code,
                message: message.filter(|text| !text.is_empty()).map(str::to_owned),
            }),
        }
    }

    /// Kafka's error code, if the cluster answered with one.
    pub fn code(&self) -> Option<ErrorCode> {
        match self {
            Self::Kafka { code, .. } | Self::Partitions { code, .. } => Some(*code),
            _ => None,
        }
    }

    /// Whether the cluster does not take the login, or there is nothing to log in with.
    pub fn is_authentication(&self) -> bool {
        matches!(self, Self::Authentication { .. } | Self::NoToken { .. })
    }

    /// Whether the same call may succeed later.
    pub fn is_retriable(&self) -> bool {
        match self {
            Self::Kafka { code, .. } | Self::Partitions { code, .. } => code.is_retriable(),
            Self::Connect { .. }
            | Self::Disconnected { .. }
            | Self::Timeout { .. }
            | Self::Unavailable { .. } => true,
            Self::Tls { reason, .. } => matches!(reason, TlsFailure::Interrupted(_)),
            Self::Unsupported(_)
            | Self::Authentication { .. }
            | Self::NoToken { .. }
            | Self::Malformed { .. }
            | Self::Settings { .. }
            | Self::Unwitnessed { .. }
            | Self::Cancelled => false,
        }
    }

    /// Whether the connection itself failed, so that another broker may be asked.
    pub(crate) fn is_connection(&self) -> bool {
        matches!(
            self,
            Self::Connect { .. } | Self::Disconnected { .. } | Self::Timeout { .. } | Self::Tls { .. }
        )
    }
}

/// Partitions that a sentence names.
const NAMED: usize = 3;

fn listed(places: &[TopicPartition]) -> String {
    let named: Vec<String> = places.iter().take(NAMED).map(ToString::to_string).collect();
    let more = places.len().saturating_sub(NAMED);
    let rest = if more > 0 {
        format!(" and {more} more")
    } else {
        String::new()
    };
    format!("{}{rest}", named.join(", "))
}

fn note(message: Option<&str>) -> String {
    message.map(|text| format!(" ({text})")).unwrap_or_default()
}

/// Something that cannot be done, with the reason.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unsupported {
    /// The broker does not offer the request in a version that does what is needed.
    #[error("{}", api_sentence(*api, broker, *offered, *needed, *since))]
    Api {
        /// The request.
        api: ApiKey,
        /// `host:port` of the broker.
        broker: String,
        /// The versions it offers; none if it does not know the request.
        offered: Option<(i16, i16)>,
        /// The versions that would do.
        needed: (i16, i16),
        /// The first version of Kafka with them.
        since: Option<&'static str>,
    },
    /// A setting that this client does not have; librdkafka may.
    #[error("{what} is not supported by this client: {reason}")]
    Setting {
        /// The setting, as its user knows it.
        what: String,
        /// Why not.
        reason: String,
    },
}

fn api_sentence(
    api: ApiKey,
    broker: &str,
    offered: Option<(i16, i16)>,
    (low, high): (i16, i16),
    since: Option<&str>,
) -> String {
    let has = match offered {
        None => format!("the broker {broker} does not know the request {api:?}"),
        Some((from, to)) => {
            format!(
                "the broker {broker} knows {api:?} in versions {from} to {to} only, needed is one of {low} to {high}"
            )
        }
    };
    match since {
        Some(since) => format!("{has}; Kafka {since} and newer do"),
        None => has,
    }
}

/// Why TLS was not agreed on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TlsFailure {
    /// The certificate is not signed by a trusted authority.
    #[error("the certificate is not signed by a trusted authority; name the CA file of this cluster")]
    UnknownIssuer,
    /// The certificate's time is over, or has not begun.
    #[error("the certificate is not valid at this time; check its dates and this computer's clock")]
    NotValidNow,
    /// The certificate is for another host.
    #[error("the certificate is made for another host name than {0}")]
    OtherHost(String),
    /// The other side did not take ours.
    #[error("the broker refused the TLS connection ({0}); it may ask for a client certificate")]
    Refused(String),
    /// The other side speaks TLS, and we did not.
    #[error(
        "the other side speaks TLS: choose an encrypted protocol for this port, or its port without encryption"
    )]
    Expected,
    /// The other side does not speak TLS.
    #[error("the other side does not speak TLS: the port may be one without encryption")]
    NotTls,
    /// The connection ended in between.
    #[error("the connection ended while TLS was being agreed on: {0}")]
    Interrupted(String),
    /// Anything else, in the TLS library's words.
    #[error("{0}")]
    Other(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_api_that_is_missing_is_reported_with_the_offered_and_the_needed_range() {
        let error = |offered| Unsupported::Api {
            api: ApiKey::DescribeProducers,
            broker: "b:1".to_owned(),
            offered,
            needed: (0, 0),
            since: Some("2.8"),
        };
        assert_eq!(
            error(None).to_string(),
            "the broker b:1 does not know the request DescribeProducers; Kafka 2.8 and newer do"
        );
        assert!(error(Some((1, 2))).to_string().contains("versions 1 to 2 only"));
    }

    #[test]
    fn an_error_code_is_shown_with_its_name_and_the_brokers_words() {
        let error = WireError::check(ApiKey::Metadata, 29, Some("no")).unwrap_err();
        assert_eq!(
            error.to_string(),
            "Metadata was answered with TOPIC_AUTHORIZATION_FAILED (no)"
        );
        assert!(error.code().is_some_and(ErrorCode::is_authorization));
        assert_eq!(WireError::check(ApiKey::Metadata, 0, None), Ok(()));
    }
}
