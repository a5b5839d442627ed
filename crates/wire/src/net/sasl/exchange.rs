use std::fmt;

use sluice_model::{SaslMechanism, Secret};

use crate::net::sasl::oauth;
use crate::net::sasl::scram::{Hash, Scram};

/// What to do after a message of the server.
pub(crate) enum Step {
    /// Send this; the server answers.
    Send(Vec<u8>),
    /// The server has said everything it had to prove.
    Done,
}

/// One login from its first message to its end.
pub(crate) enum Exchange {
    /// User and password as they are.
    Plain(Option<Vec<u8>>),
    /// User and password by challenge.
    Scram(Scram),
    /// A token.
    OauthBearer(Option<Vec<u8>>),
}

impl fmt::Debug for Exchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Plain(_) => "Plain(***)",
            Self::Scram(_) => "Scram(***)",
            Self::OauthBearer(_) => "OauthBearer(***)",
        })
    }
}

impl Exchange {
    /// A login with user and password; none for mechanisms without.
    pub(crate) fn password(mechanism: SaslMechanism, user: &str, password: &Secret) -> Option<Self> {
        Some(match mechanism {
            SaslMechanism::Plain => {
                Self::Plain(Some(format!("\0{user}\0{}", password.reveal()).into_bytes()))
            }
            SaslMechanism::ScramSha256 => Self::Scram(Scram::new(Hash::Sha256, user, password)),
            SaslMechanism::ScramSha512 => Self::Scram(Scram::new(Hash::Sha512, user, password)),
            SaslMechanism::OauthBearer | SaslMechanism::AwsMskIam | SaslMechanism::Gssapi => return None,
        })
    }

    /// A login with a token.
    pub(crate) fn token(token: &Secret, extensions: &[(String, String)]) -> Self {
        Self::OauthBearer(Some(oauth::first_message(token, extensions)))
    }

    /// The next message after what the server said; nothing was said before the first one.
    ///
    /// # Errors
    /// The server's message is wrong, or it does not know the password itself; in words.
    pub(crate) fn step(&mut self, server: Option<&[u8]>) -> Result<Step, String> {
        match (self, server) {
            (Self::Plain(first) | Self::OauthBearer(first), None) => first
                .take()
                .map(Step::Send)
                .ok_or_else(|| "the login was begun twice".to_owned()),
            (Self::Plain(_), Some(_)) => Ok(Step::Done),
            (Self::OauthBearer(_), Some(answer)) => oauth::check_answer(answer).map(|()| Step::Done),
            (Self::Scram(scram), None) => Ok(Step::Send(scram.first())),
            (Self::Scram(scram), Some(answer)) => scram.next(answer),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_sends_user_and_password_once() {
        let password = Secret::new("hunter2");
        let mut exchange = Exchange::password(SaslMechanism::Plain, "alice", &password).unwrap();
        assert!(!format!("{exchange:?}").contains("hunter2"));
        let Step::Send(first) = exchange.step(None).unwrap() else {
            panic!("a message")
        };
        assert_eq!(first, b"\0alice\0hunter2");
        assert!(matches!(exchange.step(Some(b"")).unwrap(), Step::Done));
        assert!(exchange.step(None).is_err());
    }
}
