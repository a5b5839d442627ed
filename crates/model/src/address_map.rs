use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use thiserror::Error;

use crate::{Address, NoAddress};

/// Where brokers are reached that advertise addresses which are of no use from here: the advertised address and the
/// one to connect to. TLS and logins go on with the advertised host name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AddressMap(BTreeMap<Address, Address>);

/// An entry of a map that says nothing. No part of it that may be a password is shown.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("line {line}: {fault}")]
pub struct AddressMapError {
    /// The line it stands on, from 1.
    pub line: usize,
    /// What is wrong with it.
    #[source]
    pub fault: AddressMapFault,
}

/// What is wrong with an entry of a map.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum AddressMapFault {
    /// It has no `=`.
    #[error("'{0}' leads nowhere: write the advertised and the reachable address as host:port=host:port")]
    NoTarget(String),
    /// One side of it is no address.
    #[error("'{text}' is no address: {reason}")]
    Address {
        /// The side as it was written.
        text: String,
        /// Why.
        reason: NoAddress,
    },
    /// The address has been mapped before.
    #[error("'{0}' is mapped twice: leave one of the two")]
    Twice(Address),
}

impl AddressMap {
    /// Adds one address; `false` if it was in the map already, and leads elsewhere now.
    pub fn insert(&mut self, advertised: &Address, reachable: Address) -> bool {
        self.0.insert(as_compared(advertised), reachable).is_none()
    }

    /// Where to connect for `advertised`: to itself if it is not in the map.
    pub fn reachable<'a>(&'a self, advertised: &'a Address) -> &'a Address {
        self.0.get(&as_compared(advertised)).unwrap_or(advertised)
    }

    /// Whether it leads every address to itself.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Reads `advertised=reachable` entries with commas or line breaks between them.
    ///
    /// # Errors
    /// Every entry that says nothing.
    pub fn read(text: &str) -> Result<Self, Vec<AddressMapError>> {
        let (mut map, mut errors) = (Self::default(), Vec::new());
        for (index, line) in text.lines().enumerate() {
            for entry in line.split(',').map(str::trim).filter(|entry| !entry.is_empty()) {
                let outcome = read_entry(entry).and_then(|(advertised, reachable)| {
                    if map.insert(&advertised, reachable) {
                        Ok(())
                    } else {
                        Err(AddressMapFault::Twice(advertised))
                    }
                });
                errors.extend(outcome.err().map(|fault| AddressMapError {
                    line: index + 1,
                    fault,
                }));
            }
        }
        if errors.is_empty() { Ok(map) } else { Err(errors) }
    }
}

/// Names are the same however their letters are written, and with a dot at their end (RFC 4343; RFC 1034, section 3.1).
fn as_compared(address: &Address) -> Address {
    let host = address.host.strip_suffix('.').unwrap_or(&address.host);
    Address {
        host: host.to_ascii_lowercase(),
        port: address.port,
    }
}

fn read_entry(entry: &str) -> Result<(Address, Address), AddressMapFault> {
    let (advertised, reachable) = entry
        .split_once('=')
        .ok_or_else(|| AddressMapFault::NoTarget(shown(entry)))?;
    Ok((side(advertised)?, side(reachable)?))
}

fn side(text: &str) -> Result<Address, AddressMapFault> {
    let text = text.trim();
    Address::from_str(text).map_err(|reason| AddressMapFault::Address {
        text: shown(text),
        reason,
    })
}

/// Without what stands before a host: somebody may have written a password there.
fn shown(text: &str) -> String {
    match text.rsplit_once('@') {
        Some((_, last)) => format!("***@{last}"),
        None => text.to_owned(),
    }
}

impl fmt::Display for AddressMap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (advertised, reachable)) in self.0.iter().enumerate() {
            let comma = if index == 0 { "" } else { "," };
            write!(f, "{comma}{advertised}={reachable}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mapped_address_is_replaced_and_others_stay() {
        let map =
            AddressMap::read("b1.internal:9092=bastion:19092, b2.internal:9092=[::1]:19093\n\n  c:1 = d:2 ")
                .unwrap();
        let reached = |text: &str| map.reachable(&text.parse().unwrap()).to_string();
        assert_eq!(reached("b1.internal:9092"), "bastion:19092");
        assert_eq!(reached("b2.internal:9092"), "[::1]:19093");
        assert_eq!(reached("b1.internal:9093"), "b1.internal:9093");
        assert_eq!(reached("c:1"), "d:2");
        assert_eq!(
            map.to_string(),
            "b1.internal:9092=bastion:19092,b2.internal:9092=[::1]:19093,c:1=d:2"
        );
        assert!(AddressMap::read(" \n").unwrap().is_empty());
    }

    #[test]
    fn a_name_is_found_however_it_is_written() {
        let map = AddressMap::read("Kafka-1.Internal:9092=x:1").unwrap();
        for text in ["kafka-1.internal:9092", "KAFKA-1.internal.:9092"] {
            assert_eq!(map.reachable(&text.parse().unwrap()).to_string(), "x:1");
        }
    }

    #[test]
    fn each_line_that_is_wrong_has_its_own_error() {
        let errors =
            AddressMap::read("a:1=b:1\nb1:9092\na=b:2\nc:1=me:hunter2@b:70000\nA:1=c:3\n").unwrap_err();
        let said: Vec<String> = errors.iter().map(AddressMapError::to_string).collect();
        assert_eq!(
            said,
            [
                "line 2: 'b1:9092' leads nowhere: write the advertised and the reachable address as host:port=host:port",
                "line 3: 'a' is no address: the port is missing; write host:port",
                "line 4: '***@b:70000' is no address: the host has characters that no name has; write host:port",
                "line 5: 'A:1' is mapped twice: leave one of the two",
            ]
        );
    }
}
