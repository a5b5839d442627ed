use std::io::ErrorKind;
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

/// A host and a port that brokers may be found at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) host: String,
    pub(crate) port: u16,
}

impl Place {
    /// Reads `host:port`, an IPv6 address in brackets.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (host, port) = text.rsplit_once(':')?;
        Some(Self {
            host: host.trim_start_matches('[').trim_end_matches(']').to_owned(),
            port: port.parse().ok()?,
        })
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

/// Why a connection was not made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// The name has no address; with the system's words.
    NoAddress(String),
    /// The machine answered that no program listens.
    Refused,
    /// No answer within the deadline.
    TimedOut,
    /// There is no way to the machine.
    Unreachable,
    /// Anything else, in the system's words.
    Other(String),
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NoAddress(words) => write!(f, "the name could not be resolved ({words})"),
            Self::Refused => f.write_str("connection refused: nothing listens there, check port and broker"),
            Self::TimedOut => f.write_str("no answer: a firewall may drop the packets, or the host is down"),
            Self::Unreachable => {
                f.write_str("unreachable: there is no route from here, check network and VPN")
            }
            Self::Other(words) => f.write_str(words),
        }
    }
}

/// Looks up all names at once and waits until `deadline` for them.
///
/// The system's resolver can be neither stopped nor given a deadline, so the threads that ask it are left to end by
/// themselves: they hold nothing but their name.
pub(crate) fn resolve(places: &[Place], deadline: Duration) -> Vec<Result<Vec<SocketAddr>, Refusal>> {
    let until = Instant::now() + deadline;
    let (found, answers) = mpsc::channel();
    for (index, place) in places.iter().enumerate() {
        let (found, place) = (found.clone(), place.clone());
        let spawned = thread::Builder::new().name("resolve".to_owned()).spawn(move || {
            let addresses = (place.host.as_str(), place.port).to_socket_addrs();
            // The receiver is gone once the deadline has passed.
            found
                .send((index, addresses.map(Iterator::collect::<Vec<_>>)))
                .ok();
        });
        if let Err(error) = spawned {
            tracing::warn!("a name is not looked up, because no thread could be started: {error}");
        }
    }
    drop(found);
    let mut outcomes =
        vec![Err(Refusal::NoAddress("no answer from the name server".to_owned())); places.len()];
    while let Ok((index, answer)) = answers.recv_timeout(until.saturating_duration_since(Instant::now())) {
        outcomes[index] = match answer {
            Ok(addresses) if addresses.is_empty() => {
                Err(Refusal::NoAddress("the name has no address".to_owned()))
            }
            Ok(addresses) => Ok(addresses),
            Err(error) => Err(Refusal::NoAddress(error.to_string())),
        };
    }
    outcomes
}

/// Connects to the first of `addresses` that accepts, trying each for its share of what is left of `deadline`.
pub(crate) fn dial(addresses: &[SocketAddr], deadline: Duration) -> Result<TcpStream, Refusal> {
    let until = Instant::now() + deadline;
    let mut refusal = Refusal::TimedOut;
    for (index, address) in addresses.iter().enumerate() {
        let left = until.saturating_duration_since(Instant::now());
        let others = u32::try_from(addresses.len() - index).unwrap_or(u32::MAX);
        let share = left / others;
        if share.is_zero() {
            break;
        }
        match TcpStream::connect_timeout(address, share) {
            Ok(stream) => return Ok(stream),
            Err(error) => refusal = classify(&error),
        }
    }
    Err(refusal)
}

/// [`dial`]s all places at once.
pub(crate) fn dial_all(
    places: &[Result<Vec<SocketAddr>, Refusal>],
    deadline: Duration,
) -> Vec<Result<TcpStream, Refusal>> {
    thread::scope(|scope| {
        let dials: Vec<_> = places
            .iter()
            .map(|place| {
                scope.spawn(move || match place {
                    Ok(addresses) => dial(addresses, deadline),
                    Err(refusal) => Err(refusal.clone()),
                })
            })
            .collect();
        dials
            .into_iter()
            .map(|dial| {
                dial.join()
                    .unwrap_or_else(|_| Err(Refusal::Other("the connection attempt broke off".to_owned())))
            })
            .collect()
    })
}

fn classify(error: &std::io::Error) -> Refusal {
    match error.kind() {
        ErrorKind::ConnectionRefused => Refusal::Refused,
        ErrorKind::TimedOut | ErrorKind::WouldBlock => Refusal::TimedOut,
        ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable | ErrorKind::NetworkDown => {
            Refusal::Unreachable
        }
        _ => Refusal::Other(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn places_are_read_and_shown_with_and_without_brackets() {
        for text in ["broker:9092", "[::1]:9093", "10.0.0.1:1"] {
            assert_eq!(Place::parse(text).unwrap().to_string(), text);
        }
        assert_eq!(Place::parse("[::1]:9093").unwrap().host, "::1");
        assert_eq!(Place::parse("broker"), None);
    }

    #[test]
    fn each_error_of_the_system_has_its_refusal() {
        for (kind, expected) in [
            (ErrorKind::ConnectionRefused, Refusal::Refused),
            (ErrorKind::TimedOut, Refusal::TimedOut),
            (ErrorKind::HostUnreachable, Refusal::Unreachable),
            (ErrorKind::NetworkUnreachable, Refusal::Unreachable),
        ] {
            assert_eq!(classify(&kind.into()), expected);
        }
    }

    #[test]
    fn the_next_address_of_a_name_is_tried_when_one_refuses() {
        let closed = "127.0.0.1:1".parse().unwrap();
        let open = TcpListener::bind("127.0.0.1:0").unwrap();
        let second = open.local_addr().unwrap();
        let stream = dial(&[closed, second], Duration::from_secs(5)).unwrap();
        assert_eq!(stream.peer_addr().unwrap(), second);
        assert_eq!(
            dial(&[closed], Duration::from_secs(5)).unwrap_err(),
            Refusal::Refused
        );
    }

    #[test]
    fn a_name_without_an_address_is_reported_beside_one_that_has_it() {
        let places = ["127.0.0.1:1", "no-such-host.invalid:1"].map(|text| Place::parse(text).unwrap());
        let found = resolve(&places, Duration::from_secs(20));
        assert_eq!(found[0], Ok(vec!["127.0.0.1:1".parse().unwrap()]));
        assert!(matches!(found[1], Err(Refusal::NoAddress(_))), "{found:?}");
    }
}
