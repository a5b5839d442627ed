//! What a new connection does before it is of use: learning the broker's versions (KIP-35, KIP-511) and logging in
//! (KIP-43, KIP-152, KIP-368).

use std::time::{Duration, Instant};

use bytes::Bytes;
use kafka_protocol::messages::{
    ApiKey, ApiVersionsRequest, ApiVersionsResponse, SaslAuthenticateRequest, SaslHandshakeRequest,
};
use kafka_protocol::protocol::StrBytes;

use crate::error::{Result, WireError};
use crate::error_code::ErrorCode;
use crate::net::budget::Budget;
use crate::net::checked_lengths;
use crate::net::connection::{Connection, Outgoing};
use crate::net::frame;
use crate::net::login::Login;
use crate::net::sasl::Step;
use crate::net::turn::TurnGuard;
use crate::versions::ApiVersions;

/// The version of ApiVersions that is asked in first.
const NEWEST: i16 = 3;
/// Brokers refuse to renew a login within a second of the one before (Kafka's SaslServerAuthenticator).
const MIN_SESSION: Duration = Duration::from_millis(1_100);
/// More messages than any mechanism has.
const MAX_MESSAGES: usize = 10;

/// In which version a broker is asked for its versions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Greeting {
    /// In ours; an old broker answers with its range.
    Newest,
    /// In the first one, for those that close the connection otherwise.
    Oldest,
}

/// Asks for the broker's versions.
///
/// # Errors
/// The connection ends, or what answers is not Kafka.
pub(crate) fn versions(
    connection: &Connection,
    turn: &TurnGuard<'_>,
    greeting: Greeting,
    budget: &Budget,
) -> Result<ApiVersions> {
    let mut version = match greeting {
        Greeting::Newest => NEWEST,
        Greeting::Oldest => 0,
    };
    loop {
        let request = ApiVersionsRequest::default()
            .with_client_software_name(StrBytes::from_static_str(if version >= 3 {
                "sluice"
            } else {
                ""
            }))
            .with_client_software_version(StrBytes::from_static_str(if version >= 3 {
                env!("CARGO_PKG_VERSION")
            } else {
                ""
            }));
        let outgoing = Outgoing {
            api: ApiKey::ApiVersions,
            version,
            body: vec![frame::encode(ApiKey::ApiVersions, version, &request)?],
        };
        let answer = connection.exchange(turn, outgoing, budget)?;
        // A refusal comes in version 0, whatever was asked in.
        let refused = answer.starts_with(&ErrorCode::UNSUPPORTED_VERSION.number().to_be_bytes());
        if refused && version > 0 {
            version = offered(&answer).filter(|known| *known < version).unwrap_or(0);
            continue;
        }
        let response = frame::decode::<ApiVersionsRequest>(ApiKey::ApiVersions, version, answer)?;
        WireError::check(ApiKey::ApiVersions, response.error_code, None)?;
        return Ok(ApiVersions::new(
            &connection.address().to_string(),
            &response.api_keys,
        ));
    }
}

/// The greatest version of ApiVersions that a refusal names; brokers before 2.4 name none.
fn offered(answer: &Bytes) -> Option<i16> {
    let response = checked_lengths::decode::<ApiVersionsResponse>(answer, 0).ok()?;
    let own = response
        .api_keys
        .iter()
        .find(|api| api.api_key == ApiKey::ApiVersions as i16)?;
    Some(own.max_version)
}

/// Logs in if the settings have a login, and notes when that must be renewed.
///
/// # Errors
/// The broker refuses, or does not prove that it knows the password.
pub(crate) fn log_in(
    connection: &Connection,
    turn: &TurnGuard<'_>,
    versions: &ApiVersions,
    budget: &Budget,
) -> Result<()> {
    let Some(login) = connection.settings().login.clone() else {
        return Ok(());
    };
    let began = Instant::now();
    let attempt = Attempt {
        connection,
        turn,
        budget,
        login: &login,
    };
    let framed = attempt.announce(versions)?;
    let lifetime = if framed {
        let version = versions.pick(ApiKey::SaslAuthenticate, 0, 2)?;
        attempt.exchange(|message| attempt.authenticate(version, message))?
    } else {
        attempt.exchange(|message| attempt.bare(message))?
    };
    // As Java's client, which renews after 85 to 95 % of the session.
    let renew = (!lifetime.is_zero()).then(|| began + (lifetime * 17 / 20).max(MIN_SESSION));
    connection.logged_in(renew);
    Ok(())
}

struct Attempt<'a> {
    connection: &'a Connection,
    turn: &'a TurnGuard<'a>,
    budget: &'a Budget,
    login: &'a Login,
}

/// An answer to a SASL message, and how long the session lasts; zero without an end.
struct Said {
    message: Bytes,
    session: Duration,
}

impl Attempt<'_> {
    fn refused(&self, reason: impl Into<String>) -> WireError {
        WireError::Authentication {
            address: self.connection.address().to_string(),
            mechanism: self.login.mechanism(),
            reason: reason.into(),
        }
    }

    /// Says which mechanism comes. Returns whether its messages are requests; brokers before 1.0 take them bare.
    fn announce(&self, versions: &ApiVersions) -> Result<bool> {
        let version = versions.pick(ApiKey::SaslHandshake, 0, 1)?;
        let request = SaslHandshakeRequest::default()
            .with_mechanism(StrBytes::from_static_str(self.login.mechanism().as_str()));
        let outgoing = Outgoing {
            api: ApiKey::SaslHandshake,
            version,
            body: vec![frame::encode(ApiKey::SaslHandshake, version, &request)?],
        };
        let answer = self.connection.exchange(self.turn, outgoing, self.budget)?;
        let response = frame::decode::<SaslHandshakeRequest>(ApiKey::SaslHandshake, version, answer)?;
        match ErrorCode::from_wire(response.error_code) {
            None => Ok(version >= 1),
            Some(code) if response.mechanisms.is_empty() => Err(self.refused(code.name())),
            Some(_) => {
                let known: Vec<&str> = response.mechanisms.iter().map(|name| name.as_str()).collect();
                Err(self.refused(format!("it offers {}", known.join(", "))))
            }
        }
    }

    /// Goes through the mechanism's messages. Returns how long the session lasts.
    fn exchange(&self, send: impl Fn(Vec<u8>) -> Result<Said>) -> Result<Duration> {
        let mut exchange = self.login.begin(self.budget)?;
        let mut said: Option<Said> = None;
        for _ in 0..MAX_MESSAGES {
            let step = exchange
                .step(said.as_ref().map(|said| &said.message[..]))
                .map_err(|reason| self.refused(reason))?;
            match step {
                Step::Send(message) => said = Some(send(message)?),
                Step::Done => return Ok(said.map_or(Duration::ZERO, |said| said.session)),
            }
        }
        Err(self.refused("it goes on without an end"))
    }

    fn authenticate(&self, version: i16, message: Vec<u8>) -> Result<Said> {
        let request = SaslAuthenticateRequest::default().with_auth_bytes(message.into());
        let outgoing = Outgoing {
            api: ApiKey::SaslAuthenticate,
            version,
            body: vec![frame::encode(ApiKey::SaslAuthenticate, version, &request)?],
        };
        let answer = self.connection.exchange(self.turn, outgoing, self.budget)?;
        let response = frame::decode::<SaslAuthenticateRequest>(ApiKey::SaslAuthenticate, version, answer)?;
        if let Some(code) = ErrorCode::from_wire(response.error_code) {
            let words = response.error_message.filter(|words| !words.is_empty());
            return Err(self.refused(words.map_or_else(|| code.name(), |words| words.to_string())));
        }
        let session = Duration::from_millis(u64::try_from(response.session_lifetime_ms).unwrap_or(0));
        Ok(Said {
            message: response.auth_bytes,
            session,
        })
    }

    fn bare(&self, message: Vec<u8>) -> Result<Said> {
        let answer = self
            .connection
            .exchange_bare(self.turn, message, self.budget)
            .map_err(|error| match error {
                WireError::Disconnected { .. } => self.refused(
                    "it closed the connection, as brokers before 1.0 do when user or password is wrong",
                ),
                other => other,
            })?;
        Ok(Said {
            message: answer,
            session: Duration::ZERO,
        })
    }
}
