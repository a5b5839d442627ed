//! Logging in with SASL PLAIN.

use bytes::Bytes;
use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::{
    ApiKey, SaslAuthenticateRequest, SaslAuthenticateResponse, SaslHandshakeRequest, SaslHandshakeResponse,
};

use crate::request::{Request, code, text};

const MECHANISM: &str = "PLAIN";

/// How far a connection has come in logging in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Login {
    /// Not required.
    NotNeeded,
    /// No mechanism chosen yet.
    Awaited,
    /// PLAIN chosen, no password yet.
    Chosen,
    /// The password was right.
    Done,
    /// The password was wrong: the connection ends with that answer.
    Failed,
}

impl Login {
    pub(crate) fn new(needed: bool) -> Self {
        if needed { Login::Awaited } else { Login::NotNeeded }
    }

    /// Whether a request may be answered now.
    pub(crate) fn allows(self, api: ApiKey) -> bool {
        match self {
            Login::NotNeeded | Login::Done => true,
            Login::Awaited | Login::Chosen => {
                matches!(
                    api,
                    ApiKey::ApiVersions | ApiKey::SaslHandshake | ApiKey::SaslAuthenticate
                )
            }
            Login::Failed => false,
        }
    }

    pub(crate) fn has_failed(self) -> bool {
        self == Login::Failed
    }
}

pub(crate) fn handshake(
    cx: &Request<'_>,
    login: &mut Login,
    q: &SaslHandshakeRequest,
) -> SaslHandshakeResponse {
    let result = cx.fault().and_then(|()| match login {
        // Version 0 would go on with frames outside the protocol.
        Login::Awaited | Login::Chosen if cx.version == 0 => Err(ResponseError::UnsupportedVersion),
        Login::Awaited | Login::Chosen if q.mechanism.as_str() == MECHANISM => {
            *login = Login::Chosen;
            Ok(())
        }
        Login::Awaited | Login::Chosen => Err(ResponseError::UnsupportedSaslMechanism),
        Login::NotNeeded | Login::Done | Login::Failed => Err(ResponseError::IllegalSaslState),
    });
    SaslHandshakeResponse::default()
        .with_error_code(code(&result))
        .with_mechanisms(vec![text(MECHANISM)])
}

pub(crate) fn authenticate(
    cx: &Request<'_>,
    login: &mut Login,
    q: &SaslAuthenticateRequest,
) -> SaslAuthenticateResponse {
    let result = cx.fault().and_then(|()| match login {
        Login::Chosen if is_known(cx, &q.auth_bytes) => Ok(()),
        Login::Chosen => Err(ResponseError::SaslAuthenticationFailed),
        Login::NotNeeded | Login::Awaited | Login::Done | Login::Failed => {
            Err(ResponseError::IllegalSaslState)
        }
    });
    *login = if result.is_ok() {
        Login::Done
    } else {
        Login::Failed
    };
    let message = result
        .is_err()
        .then(|| text("Authentication failed: Invalid username or password"));
    SaslAuthenticateResponse::default()
        .with_error_code(code(&result))
        .with_error_message(message)
        .with_auth_bytes(Bytes::new())
}

/// PLAIN sends identity, user and password with a zero byte between them; the identity may be empty.
fn is_known(cx: &Request<'_>, token: &Bytes) -> bool {
    let mut parts = token.split(|b| *b == 0);
    let (Some(identity), Some(user), Some(password), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return false;
    };
    let (Ok(user_name), Ok(password)) = (std::str::from_utf8(user), std::str::from_utf8(password)) else {
        return false;
    };
    (identity.is_empty() || identity == user)
        && cx
            .shared
            .users
            .get(user_name)
            .is_some_and(|known| known == password)
}
