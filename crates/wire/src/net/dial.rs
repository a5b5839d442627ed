use std::io::ErrorKind;
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::time::Duration;

use socket2::{SockRef, TcpKeepalive};

use crate::error::{ConnectFailure, Result, WireError};
use crate::net::address::Address;
use crate::net::budget::Budget;
use crate::net::socks::{self, Proxy};

/// A quiet peer is asked whether it lives after this time; the systems' default is two hours.
const KEEPALIVE: Duration = Duration::from_secs(30);

/// Which addresses of a name are used.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Family {
    /// All, in the resolver's order.
    #[default]
    Any,
    /// IPv4 alone.
    V4,
    /// IPv6 alone.
    V6,
}

impl Family {
    fn has(self, address: &SocketAddr) -> bool {
        match self {
            Self::Any => true,
            Self::V4 => address.is_ipv4(),
            Self::V6 => address.is_ipv6(),
        }
    }
}

/// Connects to `address`, through `proxy` if there is one. Blocks up to the budget: for a thread that may be left
/// behind, since the system's resolver cannot be interrupted.
pub(crate) fn dial(
    address: &Address,
    family: Family,
    proxy: Option<&Proxy>,
    budget: &Budget,
) -> Result<TcpStream> {
    let first = proxy.map_or(address, |proxy| &proxy.address);
    let failed = |reason| WireError::Connect {
        address: address.to_string(),
        reason: match proxy {
            Some(proxy) => ConnectFailure::Proxy {
                proxy: proxy.address.to_string(),
                reason: ConnectFailure::to_string(&reason),
            },
            None => reason,
        },
    };
    let addresses = resolve(first, family).map_err(failed)?;
    let mut stream = connect(&addresses, budget)?.map_err(failed)?;
    settle(&stream).map_err(|error| failed(ConnectFailure::Other(error.to_string())))?;
    if let Some(proxy) = proxy {
        socks::ask(&mut stream, proxy, address, budget)?;
    }
    Ok(stream)
}

fn resolve(address: &Address, family: Family) -> Result<Vec<SocketAddr>, ConnectFailure> {
    // A trailing dot says that the name is complete, which some resolvers do not know.
    let host = address.host.strip_suffix('.').unwrap_or(&address.host);
    let found: Vec<SocketAddr> = (host, address.port)
        .to_socket_addrs()
        .map_err(|error| ConnectFailure::NoAddress(error.to_string()))?
        .filter(|found| family.has(found))
        .collect();
    if found.is_empty() {
        return Err(ConnectFailure::NoAddress(match family {
            Family::Any => "the name has no address".to_owned(),
            Family::V4 => "the name has no IPv4 address".to_owned(),
            Family::V6 => "the name has no IPv6 address".to_owned(),
        }));
    }
    Ok(found)
}

/// Tries each address for its share of what is left.
fn connect(addresses: &[SocketAddr], budget: &Budget) -> Result<Result<TcpStream, ConnectFailure>> {
    let mut failure = ConnectFailure::TimedOut;
    for (index, address) in addresses.iter().enumerate() {
        budget.cancel.check()?;
        let others = u32::try_from(addresses.len() - index).unwrap_or(u32::MAX);
        let share = budget.left() / others;
        if share.is_zero() {
            break;
        }
        match TcpStream::connect_timeout(address, share) {
            Ok(stream) => return Ok(Ok(stream)),
            Err(error) => failure = classify(&error),
        }
    }
    Ok(Err(failure))
}

fn settle(stream: &TcpStream) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    SockRef::from(stream).set_tcp_keepalive(&TcpKeepalive::new().with_time(KEEPALIVE))
}

fn classify(error: &std::io::Error) -> ConnectFailure {
    match error.kind() {
        ErrorKind::ConnectionRefused => ConnectFailure::Refused,
        ErrorKind::TimedOut | ErrorKind::WouldBlock => ConnectFailure::TimedOut,
        ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable | ErrorKind::NetworkDown => {
            ConnectFailure::Unreachable
        }
        _ => ConnectFailure::Other(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;
    use crate::Cancel;

    fn budget() -> Budget {
        Budget::new(Duration::from_secs(10), &Cancel::new())
    }

    #[test]
    fn the_next_address_of_a_name_is_tried_when_one_refuses() {
        let closed = "127.0.0.1:1".parse().unwrap();
        let open = TcpListener::bind("127.0.0.1:0").unwrap();
        let second = open.local_addr().unwrap();
        let stream = connect(&[closed, second], &budget()).unwrap().unwrap();
        assert_eq!(stream.peer_addr().unwrap(), second);
        let refused = connect(&[closed], &budget()).unwrap();
        assert_eq!(refused.unwrap_err(), ConnectFailure::Refused);
    }

    #[test]
    fn a_trailing_dot_is_no_part_of_the_name() {
        let open = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = Address::new("localhost.", open.local_addr().unwrap().port());
        dial(&address, Family::V4, None, &budget()).unwrap();
    }

    #[test]
    fn a_name_without_an_address_of_the_wanted_family_is_reported() {
        let address = Address::new("127.0.0.1", 1);
        let error = dial(&address, Family::V6, None, &budget()).unwrap_err();
        assert!(error.to_string().contains("no IPv6 address"), "{error}");
    }
}
