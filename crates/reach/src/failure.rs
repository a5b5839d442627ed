/// Why no connection was made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConnectFailure {
    /// The name has no address; with the system's words.
    #[error("the name could not be resolved ({0})")]
    NoAddress(String),
    /// The machine answered that nothing listens.
    #[error("connection refused: nothing listens there, check port and broker")]
    Refused,
    /// No answer in time.
    #[error("no answer: a firewall may drop the packets, or the host is down")]
    TimedOut,
    /// There is no way to the machine.
    #[error("unreachable: there is no route from here, check network and VPN")]
    Unreachable,
    /// The address that the map leads to was not reached.
    #[error("the address map leads to {reachable}: {reason}")]
    Mapped {
        /// `host:port` that the map leads to.
        reachable: String,
        /// What stood in the way.
        reason: String,
    },
    /// The proxy does not let the connection through.
    #[error("the SOCKS5 proxy {proxy}: {reason}")]
    Proxy {
        /// `host:port` of the proxy.
        proxy: String,
        /// What it says.
        reason: String,
    },
    /// The caller has cancelled it.
    #[error("cancelled")]
    Cancelled,
    /// Anything else, in the system's words.
    #[error("{0}")]
    Other(String),
}
