use std::fmt;
use std::str::FromStr;

use thiserror::Error;

/// A host and a port.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address {
    /// A name or an IP address, IPv6 without brackets.
    pub host: String,
    /// The TCP port.
    pub port: u16,
}

/// Why a text is no address, and what would be right.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("{0}")]
pub struct NoAddress(pub(crate) &'static str);

impl Address {
    /// Puts them together; brackets around an IPv6 address are taken off.
    pub fn new(host: &str, port: u16) -> Self {
        let bare = host
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'))
            .unwrap_or(host);
        Self {
            host: bare.to_owned(),
            port,
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

impl FromStr for Address {
    type Err = NoAddress;

    /// Reads `host:port`, an IPv6 address in brackets.
    fn from_str(text: &str) -> Result<Self, NoAddress> {
        let (host, port) = text
            .rsplit_once(':')
            .ok_or(NoAddress("the port is missing; write host:port"))?;
        if host.is_empty() {
            return Err(NoAddress("the host is missing; write host:port"));
        }
        let is_foreign = |c: char| c.is_whitespace() || c.is_control() || matches!(c, '/' | '@' | '=' | ',');
        if host.contains(is_foreign) {
            return Err(NoAddress(
                "the host has characters that no name has; write host:port",
            ));
        }
        if host.contains(':') && !(host.starts_with('[') && host.ends_with(']')) {
            return Err(NoAddress("write an IPv6 address in brackets, as [::1]:9092"));
        }
        match port.parse::<u16>() {
            Ok(port @ 1..) => Ok(Self::new(host, port)),
            _ => Err(NoAddress("the port must be a number from 1 to 65535")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_and_shown_with_and_without_brackets() {
        for text in ["broker:9092", "[::1]:9093", "10.0.0.1:1"] {
            assert_eq!(text.parse::<Address>().unwrap().to_string(), text);
        }
        assert_eq!("[::1]:9093".parse::<Address>().unwrap().host, "::1");
        for text in [
            "broker", ":1", "h:0", "h:x", "::1:9", "h:70000", "h h:1", "h\0:1", "x/y:1",
        ] {
            assert!(text.parse::<Address>().is_err(), "{text}");
        }
    }
}
