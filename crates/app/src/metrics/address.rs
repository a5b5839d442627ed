use std::fmt;
use std::str::FromStr;

use thiserror::Error;

/// Where numbers are served: a host and a port. A port alone is one of this computer's loopback address, so that nothing
/// is shown to others unless their network is named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MetricsAddress {
    pub(crate) host: String,
    pub(crate) port: u16,
}

/// Why a text is no such address.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("'{0}' is no address to serve metrics at: write HOST:PORT, as 127.0.0.1:9464, or a port alone")]
pub struct NoMetricsAddress(String);

const LOOPBACK: &str = "127.0.0.1";

impl FromStr for MetricsAddress {
    type Err = NoMetricsAddress;

    /// Reads `HOST:PORT`, an IPv6 address in brackets, or a port alone. Port 0 lets the system choose one.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || NoMetricsAddress(text.to_owned());
        let (host, port) = text.trim().rsplit_once(':').unwrap_or(("", text.trim()));
        let port = port.parse().map_err(|_| wrong())?;
        let bare = host
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'))
            .unwrap_or(host);
        let is_bracketed = bare.len() != host.len();
        let is_foreign = |c: char| c.is_whitespace() || c.is_control() || "/@=,".contains(c);
        if bare.contains(is_foreign) || bare.contains(':') != is_bracketed {
            return Err(wrong());
        }
        Ok(Self {
            host: if bare.is_empty() { LOOPBACK } else { bare }.to_owned(),
            port,
        })
    }
}

impl fmt::Display for MetricsAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_alone_is_one_of_this_computer() {
        for (text, shown) in [
            ("9464", "127.0.0.1:9464"),
            (":9464", "127.0.0.1:9464"),
            ("0.0.0.0:1", "0.0.0.0:1"),
            ("[::1]:2", "[::1]:2"),
            ("localhost:0", "localhost:0"),
        ] {
            assert_eq!(text.parse::<MetricsAddress>().unwrap().to_string(), shown);
        }
        for text in ["", "here", "host:", "host:70000", "::1:9", "http://x:1", "a b:1"] {
            let error = text.parse::<MetricsAddress>().unwrap_err().to_string();
            assert!(error.contains("127.0.0.1:9464"), "{text}: {error}");
        }
    }
}
