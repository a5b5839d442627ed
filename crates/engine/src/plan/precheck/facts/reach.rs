use std::collections::BTreeMap;
use std::io::Read;
use std::net::TcpStream;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use sluice_kafka::Metadata;
use sluice_model::{Address, Cluster};
use sluice_reach::{ConnectFailure, Dialer, Patience};

use crate::lock::lock;

/// How long an address may take to accept a connection.
const DEADLINE: Duration = Duration::from_secs(3);
/// How long an accepted connection must stay open to count.
const LINGER: Duration = Duration::from_millis(300);
/// Addresses tried at once.
const AT_ONCE: usize = 8;
/// Addresses tried in all: the copy needs every broker, but a person reads only the first few.
const MOST: usize = 64;

/// How a cluster can be reached from this computer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Reached {
    pub(crate) brokers: usize,
    /// What does not accept a connection, with the reason.
    pub(crate) unreachable: Vec<String>,
    /// Whether none of the addresses that the cluster advertises does: it answers only where it was asked first.
    pub(crate) nowhere: bool,
}

impl Reached {
    /// Tries each address that was given and each that the cluster advertises.
    pub(crate) fn read(
        cluster: &Cluster,
        metadata: &Metadata,
        cancelled: &(dyn Fn() -> bool + Sync),
    ) -> Self {
        // The clients that read the metadata were made by the same properties.
        let dialer = Dialer::of(cluster).unwrap_or_default();
        let mut addresses: BTreeMap<Address, String> = cluster
            .bootstrap()
            .split(',')
            .filter_map(|text| text.parse::<Address>().ok())
            .map(|address| (address, "bootstrap address".to_owned()))
            .collect();
        for broker in &metadata.brokers {
            addresses.insert(
                Address::new(&broker.host, broker.port),
                format!("broker {}", broker.id),
            );
        }
        let addresses: Vec<(Address, String)> = addresses.into_iter().take(MOST).collect();
        let is_advertised = |who: &str| who.starts_with("broker ");
        let advertised = addresses.iter().filter(|(_, who)| is_advertised(who)).count();
        let (next, failures) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
        std::thread::scope(|scope| {
            for _ in 0..AT_ONCE.min(addresses.len()) {
                scope.spawn(|| {
                    while let Some((address, who)) = addresses.get(next.fetch_add(1, Ordering::Relaxed))
                        && !cancelled()
                    {
                        if let Err(why) = try_address(&dialer, address, cancelled) {
                            lock(&failures).push(format!("{who} at {address} ({why})"));
                        }
                    }
                });
            }
        });
        let mut unreachable = failures
            .into_inner()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        unreachable.sort();
        let lost = unreachable.iter().filter(|who| is_advertised(who)).count();
        Self {
            nowhere: advertised > 0 && lost == advertised,
            brokers: metadata.brokers.len(),
            unreachable,
        }
    }
}

fn try_address(
    dialer: &Dialer,
    address: &Address,
    cancelled: &(dyn Fn() -> bool + Sync),
) -> Result<(), String> {
    let mut why = "its name has no address".to_owned();
    for one in dialer.resolve(address).map_err(words)? {
        let patience = Patience::new(Instant::now() + DEADLINE, cancelled);
        match dialer.connect(address, &[one], &patience) {
            Ok(stream) if stays_open(&stream) => return Ok(()),
            // As tunnels and balancers do whose other end is gone.
            Ok(_) => why = "it closes the connection at once".to_owned(),
            Err(failure) => why = words(failure),
        }
    }
    Err(why)
}

fn words(failure: ConnectFailure) -> String {
    match failure {
        ConnectFailure::NoAddress(words) => format!("its name is unknown here: {words}"),
        ConnectFailure::TimedOut => format!("no answer within {} s", DEADLINE.as_secs()),
        failure => failure.to_string(),
    }
}

/// A broker waits for the client to speak first.
fn stays_open(mut stream: &TcpStream) -> bool {
    if stream.set_read_timeout(Some(LINGER)).is_err() {
        return true;
    }
    match stream.read(&mut [0]) {
        Ok(read) => read > 0,
        Err(error) => matches!(
            error.kind(),
            std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut
        ),
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use sluice_kafka::Broker;

    use super::*;

    #[test]
    fn what_does_not_answer_is_named_and_what_does_is_not() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let open = listener.local_addr().unwrap();
        let closed = {
            let gone = TcpListener::bind("127.0.0.1:0").unwrap();
            gone.local_addr().unwrap().port()
        };
        let metadata = Metadata {
            brokers: vec![
                Broker {
                    id: 1,
                    host: open.ip().to_string(),
                    port: open.port(),
                },
                Broker {
                    id: 2,
                    host: "127.0.0.1".into(),
                    port: closed,
                },
            ],
            topics: BTreeMap::new(),
        };
        let cluster = Cluster::new(&open.to_string()).unwrap();
        let reached = Reached::read(&cluster, &metadata, &|| false);
        assert_eq!((reached.brokers, reached.nowhere), (2, false));
        let [one] = reached.unreachable.as_slice() else {
            panic!("{reached:?}");
        };
        assert!(
            one.starts_with(&format!("broker 2 at 127.0.0.1:{closed} (")),
            "{one}"
        );
        let elsewhere = Metadata {
            brokers: metadata.brokers[1..].to_vec(),
            topics: BTreeMap::new(),
        };
        assert!(Reached::read(&cluster, &elsewhere, &|| false).nowhere);
    }
}
