use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use crate::error::WireError;

/// A host and a port.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address {
    /// A name or an IP address, IPv6 without brackets.
    pub host: String,
    /// The TCP port.
    pub port: u16,
}

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
    type Err = WireError;

    /// Reads `host:port`, an IPv6 address in brackets.
    fn from_str(text: &str) -> Result<Self, WireError> {
        let invalid = |reason: &str| WireError::Settings {
            property: "address".to_owned(),
            reason: format!("'{text}' {reason}"),
        };
        let (host, port) = text
            .rsplit_once(':')
            .ok_or_else(|| invalid("has no port; write host:port"))?;
        if host.is_empty() {
            return Err(invalid("has no host; write host:port"));
        }
        if host.contains(':') && !(host.starts_with('[') && host.ends_with(']')) {
            return Err(invalid("needs brackets around its IPv6 address, as [::1]:9092"));
        }
        match port.parse::<u16>() {
            Ok(port @ 1..) => Ok(Self::new(host, port)),
            _ => Err(invalid("needs a port from 1 to 65535")),
        }
    }
}

/// Where brokers are reached that advertise addresses which are of no use from here: the advertised address and the
/// one to connect to. TLS goes on checking the advertised host name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AddressMap(BTreeMap<Address, Address>);

impl AddressMap {
    /// Adds one address.
    pub fn insert(&mut self, advertised: Address, reachable: Address) {
        self.0.insert(advertised, reachable);
    }

    /// Where to connect for `advertised`: to itself if it is not in the map.
    pub fn reachable<'a>(&'a self, advertised: &'a Address) -> &'a Address {
        self.0.get(advertised).unwrap_or(advertised)
    }
}

impl FromStr for AddressMap {
    type Err = WireError;

    /// Reads `advertised=reachable` entries with commas or line breaks between them.
    fn from_str(text: &str) -> Result<Self, WireError> {
        let mut map = Self::default();
        for entry in text
            .split([',', '\n'])
            .map(str::trim)
            .filter(|entry| !entry.is_empty())
        {
            let (advertised, reachable) = entry.split_once('=').ok_or_else(|| WireError::Settings {
                property: "address map".to_owned(),
                reason: format!("'{entry}' must be advertised-host:port=reachable-host:port"),
            })?;
            map.insert(advertised.trim().parse()?, reachable.trim().parse()?);
        }
        Ok(map)
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
        for text in ["broker", ":1", "h:0", "h:x", "::1:9", "h:70000"] {
            assert!(text.parse::<Address>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_mapped_address_is_replaced_and_others_stay() {
        let map: AddressMap = "b1.internal:9092=bastion:19092, b2.internal:9092=[::1]:19093\n"
            .parse()
            .unwrap();
        let reached = |text: &str| map.reachable(&text.parse().unwrap()).to_string();
        assert_eq!(reached("b1.internal:9092"), "bastion:19092");
        assert_eq!(reached("b2.internal:9092"), "[::1]:19093");
        assert_eq!(reached("b1.internal:9093"), "b1.internal:9093");
        assert!("b1:1".parse::<AddressMap>().is_err());
    }
}
