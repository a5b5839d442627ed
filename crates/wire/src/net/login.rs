use std::sync::Arc;

use sluice_model::{SaslMechanism, Secret};

use crate::error::Result;
use crate::net::budget::Budget;
use crate::net::sasl::{Exchange, TokenSource};

/// Who logs in, and how.
#[derive(Debug, Clone)]
pub(crate) enum Login {
    /// By PLAIN or SCRAM.
    Password {
        mechanism: SaslMechanism,
        user: String,
        password: Secret,
    },
    /// By tokens.
    OauthBearer {
        source: Arc<TokenSource>,
        extensions: Vec<(String, String)>,
    },
}

impl Login {
    pub(crate) fn mechanism(&self) -> SaslMechanism {
        match self {
            Self::Password { mechanism, .. } => *mechanism,
            Self::OauthBearer { .. } => SaslMechanism::OauthBearer,
        }
    }

    /// Begins a login; fetches a token if there is none.
    ///
    /// # Errors
    /// No token is given, or the budget ends first.
    pub(crate) fn begin(&self, budget: &Budget) -> Result<Exchange> {
        match self {
            Self::Password {
                mechanism,
                user,
                password,
            } => Ok(Exchange::password(*mechanism, user, password)
                .unwrap_or_else(|| Exchange::token(password, &[]))),
            Self::OauthBearer { source, extensions } => {
                Ok(Exchange::token(&source.token(budget)?, extensions))
            }
        }
    }
}
