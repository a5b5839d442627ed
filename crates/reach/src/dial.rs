use std::io::ErrorKind;
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::time::Duration;

use sluice_model::{Address, Cluster, InvalidTask, Proxy, Reach};
use socket2::{SockRef, TcpKeepalive};

use crate::failure::ConnectFailure;
use crate::patience::Patience;
use crate::socks;

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

/// Connects to the brokers of one cluster, as its data source says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Dialer {
    reach: Reach,
    family: Family,
}

impl Dialer {
    /// Connects as `reach` says, to addresses of `family`.
    pub fn new(reach: Reach, family: Family) -> Self {
        Self { reach, family }
    }

    /// Connects as `cluster` says.
    ///
    /// # Errors
    /// A property that says so is wrong.
    pub fn of(cluster: &Cluster) -> Result<Self, InvalidTask> {
        let family = cluster
            .properties()
            .get("broker.address.family")
            .map(|value| value.reveal().trim());
        let family = match family {
            Some("v4") => Family::V4,
            Some("v6") => Family::V6,
            // Another word is refused by whoever makes a client of it.
            Some(_) | None => Family::Any,
        };
        Ok(Self::new(cluster.reach()?, family))
    }

    /// Whether brokers are reached at the addresses that they advertise, and directly.
    pub fn is_direct(&self) -> bool {
        self.reach.is_direct()
    }

    /// The proxy that connections go through.
    pub fn proxy(&self) -> Option<&Proxy> {
        self.reach.proxy.as_ref()
    }

    /// Where the connection to `advertised` leads, through the proxy or directly.
    pub fn reachable<'a>(&'a self, advertised: &'a Address) -> &'a Address {
        self.reach.map.reachable(advertised)
    }

    /// What is connected to first, and is looked up here: the proxy, or else what the map says.
    pub fn first_hop<'a>(&'a self, advertised: &'a Address) -> &'a Address {
        match self.proxy() {
            Some(proxy) => &proxy.address,
            None => self.reachable(advertised),
        }
    }

    /// Looks up the first hop. The system's resolver can be neither stopped nor given a deadline: for a thread that may
    /// be left behind.
    ///
    /// # Errors
    /// The name has no address.
    pub fn resolve(&self, advertised: &Address) -> Result<Vec<SocketAddr>, ConnectFailure> {
        resolve(self.first_hop(advertised), self.family).map_err(|failure| self.told(advertised, failure))
    }

    /// Connects to the first of `addresses` that accepts, and lets the proxy, if there is one, go on to the broker.
    ///
    /// # Errors
    /// What stood in the way; whose fault it is, the failure says.
    pub fn connect(
        &self,
        advertised: &Address,
        addresses: &[SocketAddr],
        patience: &Patience<'_>,
    ) -> Result<TcpStream, ConnectFailure> {
        self.reached(advertised, addresses, patience)
            .map_err(|failure| self.told(advertised, failure))
    }

    /// Both steps.
    ///
    /// # Errors
    /// As they say.
    pub fn dial(&self, advertised: &Address, patience: &Patience<'_>) -> Result<TcpStream, ConnectFailure> {
        self.connect(advertised, &self.resolve(advertised)?, patience)
    }

    /// What is said when `advertised` was not reached in time.
    pub fn out_of_time(&self, advertised: &Address) -> ConnectFailure {
        self.told(advertised, ConnectFailure::TimedOut)
    }

    fn reached(
        &self,
        advertised: &Address,
        addresses: &[SocketAddr],
        patience: &Patience<'_>,
    ) -> Result<TcpStream, ConnectFailure> {
        let mut stream = connect(addresses, patience)?;
        settle(&stream).map_err(|error| ConnectFailure::Other(error.to_string()))?;
        if let Some(proxy) = self.proxy() {
            socks::ask(&mut stream, proxy, self.reachable(advertised), patience)?;
        }
        Ok(stream)
    }

    /// Says where a failure happened, if that is not where the broker advertises itself.
    pub fn told(&self, advertised: &Address, failure: ConnectFailure) -> ConnectFailure {
        if matches!(failure, ConnectFailure::Cancelled | ConnectFailure::Proxy { .. }) {
            return failure;
        }
        if let Some(proxy) = self.proxy() {
            return ConnectFailure::Proxy {
                proxy: proxy.address.to_string(),
                reason: match failure {
                    ConnectFailure::Refused => {
                        "connection refused: nothing listens there, check its address".to_owned()
                    }
                    failure => failure.to_string(),
                },
            };
        }
        let reachable = self.reachable(advertised);
        if reachable == advertised {
            return failure;
        }
        ConnectFailure::Mapped {
            reachable: reachable.to_string(),
            reason: failure.to_string(),
        }
    }
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
fn connect(addresses: &[SocketAddr], patience: &Patience<'_>) -> Result<TcpStream, ConnectFailure> {
    let mut failure = ConnectFailure::TimedOut;
    for (index, address) in addresses.iter().enumerate() {
        let left = match patience.left() {
            Ok(left) => left,
            Err(ConnectFailure::TimedOut) => break,
            Err(ended) => return Err(ended),
        };
        let others = u32::try_from(addresses.len() - index).unwrap_or(u32::MAX);
        let share = left / others;
        if share.is_zero() {
            break;
        }
        match TcpStream::connect_timeout(address, share) {
            Ok(stream) => return Ok(stream),
            Err(error) => failure = classify(&error),
        }
    }
    Err(failure)
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
    use std::time::Instant;

    use super::*;

    fn patience() -> Patience<'static> {
        Patience::new(Instant::now() + Duration::from_secs(10), &|| false)
    }

    fn mapped(advertised: &str, reachable: &Address) -> Dialer {
        let mut reach = Reach::default();
        reach.map.insert(&advertised.parse().unwrap(), reachable.clone());
        Dialer::new(reach, Family::Any)
    }

    #[test]
    fn the_next_address_of_a_name_is_tried_when_one_refuses() {
        let closed = "127.0.0.1:1".parse().unwrap();
        let open = TcpListener::bind("127.0.0.1:0").unwrap();
        let second = open.local_addr().unwrap();
        let stream = connect(&[closed, second], &patience()).unwrap();
        assert_eq!(stream.peer_addr().unwrap(), second);
        let refused = connect(&[closed], &patience());
        assert_eq!(refused.unwrap_err(), ConnectFailure::Refused);
    }

    #[test]
    fn each_error_of_the_system_has_its_failure() {
        for (kind, expected) in [
            (ErrorKind::ConnectionRefused, ConnectFailure::Refused),
            (ErrorKind::TimedOut, ConnectFailure::TimedOut),
            (ErrorKind::HostUnreachable, ConnectFailure::Unreachable),
            (ErrorKind::NetworkUnreachable, ConnectFailure::Unreachable),
        ] {
            assert_eq!(classify(&kind.into()), expected);
        }
    }

    #[test]
    fn a_trailing_dot_is_no_part_of_the_name() {
        let open = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = Address::new("localhost.", open.local_addr().unwrap().port());
        let dialer = Dialer::new(Reach::default(), Family::V4);
        dialer.dial(&address, &patience()).unwrap();
    }

    #[test]
    fn a_name_without_an_address_of_the_wanted_family_is_reported() {
        let dialer = Dialer::new(Reach::default(), Family::V6);
        let error = dialer
            .dial(&Address::new("127.0.0.1", 1), &patience())
            .unwrap_err();
        assert!(error.to_string().contains("no IPv6 address"), "{error}");
    }

    #[test]
    fn a_mapped_broker_is_reached_where_the_map_leads_and_a_failure_says_so() {
        let open = TcpListener::bind("127.0.0.1:0").unwrap();
        let reachable = Address::new("127.0.0.1", open.local_addr().unwrap().port());
        let advertised = Address::new("kafka.invalid", 9092);
        let stream = mapped("kafka.invalid:9092", &reachable)
            .dial(&advertised, &patience())
            .unwrap();
        assert_eq!(stream.peer_addr().unwrap(), open.local_addr().unwrap());

        let closed = Address::new("127.0.0.1", 1);
        let error = mapped("kafka.invalid:9092", &closed)
            .dial(&advertised, &patience())
            .unwrap_err();
        assert_eq!(
            error.to_string(),
            "the address map leads to 127.0.0.1:1: connection refused: nothing listens there, check port and broker"
        );
    }

    #[test]
    fn a_dead_proxy_is_named_and_the_broker_is_not_blamed() {
        let reach = Reach {
            proxy: Some(Proxy {
                address: Address::new("127.0.0.1", 1),
                login: None,
            }),
            ..Reach::default()
        };
        let error = Dialer::new(reach, Family::Any)
            .dial(&Address::new("kafka.invalid", 9092), &patience())
            .unwrap_err();
        assert_eq!(
            error.to_string(),
            "the SOCKS5 proxy 127.0.0.1:1: connection refused: nothing listens there, check its address"
        );
    }
}
