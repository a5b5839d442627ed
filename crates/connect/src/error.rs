use thiserror::Error;

/// Result of a question to Connect.
pub type Result<T> = std::result::Result<T, ConnectError>;

/// Why Connect did not do what it was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ConnectError {
    /// The access cannot be used as it is.
    #[error("{reason}")]
    Setup {
        /// What is wrong and what would be right.
        reason: String,
    },
    /// No worker could be reached.
    #[error(
        "Connect at {address} cannot be reached: {reason}; check the address, and that a worker runs there"
    )]
    Unreachable {
        /// The address that was tried last.
        address: String,
        /// The system's words.
        reason: String,
    },
    /// No answer in time.
    #[error("Connect at {address} has not answered within {seconds} s")]
    TimedOut {
        /// The address.
        address: String,
        /// How long was waited.
        seconds: u64,
    },
    /// The secure connection did not come about.
    #[error(
        "no secure connection to Connect at {address}: {reason}; see that its workers serve https, and give the certificate of their authority where that is a private one"
    )]
    Tls {
        /// The address.
        address: String,
        /// Why.
        reason: String,
    },
    /// The login was refused.
    #[error(
        "Connect at {address} refuses the login (HTTP {status}); correct the user and the password or token"
    )]
    Login {
        /// The address.
        address: String,
        /// 401 or 403.
        status: u16,
    },
    /// There is no such thing.
    #[error("Connect has no {what}")]
    NotFound {
        /// What was asked for.
        what: String,
    },
    /// Nothing answers as Connect does: a worker that starts has its web server before its interface.
    #[error(
        "what answers at {address} does not answer as Kafka Connect does (HTTP 404): a worker that is starting, or something else; wait a moment, or correct the address"
    )]
    NotServing {
        /// The address.
        address: String,
    },
    /// The workers are dividing the work again.
    #[error("Connect is dividing its work among its workers; it is tried again")]
    Rebalancing,
    /// It refuses.
    #[error("Connect refuses (HTTP {status}): {message}")]
    Refused {
        /// The status.
        status: u16,
        /// Its words.
        message: String,
    },
    /// A fault in it.
    #[error("Connect failed (HTTP {status}): {message}; the workers' logs say more")]
    Failed {
        /// The status.
        status: u16,
        /// Its words.
        message: String,
    },
    /// What answers is something else.
    #[error(
        "what answers at {address} is not Kafka Connect: {reason}; give the address of a worker's REST interface"
    )]
    NotConnect {
        /// The address.
        address: String,
        /// What is missing.
        reason: String,
    },
}

impl ConnectError {
    /// Whether it may be over without a person.
    #[must_use]
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Unreachable { .. }
            | Self::TimedOut { .. }
            | Self::NotServing { .. }
            | Self::Rebalancing
            | Self::Failed { .. } => true,
            Self::Setup { .. }
            | Self::Tls { .. }
            | Self::Login { .. }
            | Self::NotFound { .. }
            | Self::Refused { .. }
            | Self::NotConnect { .. } => false,
        }
    }

    /// Whether the login was refused.
    #[must_use]
    pub fn is_login(&self) -> bool {
        matches!(self, Self::Login { .. })
    }

    /// Whether there is no such thing.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::NotFound { .. })
    }
}
