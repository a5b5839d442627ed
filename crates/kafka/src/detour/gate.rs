use std::collections::HashMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use sluice_model::Address;
use sluice_reach::{Dialer, Patience};
use socket2::SockRef;

use crate::detour::passage;
use crate::detour::troubles::Troubles;

/// How long closing a gate may take: a connection on loopback.
const CLOSE_DEADLINE: Duration = Duration::from_secs(1);

/// A listener on loopback that only the sockets of one client pass: each is announced by its own port before it
/// connects, and any other connection is turned away. Behind it a thread for each connection dials through the proxy,
/// so that no thread of librdkafka ever waits for one.
///
/// Closed on drop. Connections that are being made are then given up, those that are made end with the client's.
#[derive(Debug)]
pub(super) struct Gate {
    entrance: SocketAddr,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    dialer: Arc<Dialer>,
    troubles: Arc<Troubles>,
    limit: Duration,
    /// The brokers that sockets want to get to, by the sockets' own ports.
    announced: Mutex<HashMap<u16, Address>>,
    closed: AtomicBool,
}

impl Gate {
    /// Opens a gate through which a broker is reached within `limit`, or not.
    ///
    /// # Errors
    /// No port or no thread can be had.
    pub(super) fn open(dialer: &Arc<Dialer>, troubles: &Arc<Troubles>, limit: Duration) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let entrance = listener.local_addr()?;
        let shared = Arc::new(Shared {
            dialer: Arc::clone(dialer),
            troubles: Arc::clone(troubles),
            limit,
            announced: Mutex::default(),
            closed: AtomicBool::new(false),
        });
        let guard = Arc::clone(&shared);
        thread::Builder::new()
            .name("sluice-gate".to_owned())
            .spawn(move || keep(&listener, &guard))?;
        Ok(Self { entrance, shared })
    }

    /// Where sockets connect to.
    pub(super) fn entrance(&self) -> SocketAddr {
        self.entrance
    }

    /// Announces `socket`, which is not bound yet, and connects it. Never waits: on loopback the system makes the
    /// connection by itself.
    ///
    /// # Errors
    /// The system's.
    pub(super) fn enter(&self, socket: &SockRef<'_>, advertised: Address) -> io::Result<()> {
        socket.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).into())?;
        let port = socket
            .local_addr()?
            .as_socket()
            .ok_or_else(|| io::Error::from(io::ErrorKind::AddrNotAvailable))?
            .port();
        self.shared.announced().insert(port, advertised);
        match socket.connect(&self.entrance.into()) {
            Err(error) if !is_under_way(&error) => {
                self.shared.announced().remove(&port);
                Err(error)
            }
            Ok(()) | Err(_) => Ok(()),
        }
    }
}

/// Whether a socket that does not block is being connected.
#[cfg(unix)]
fn is_under_way(error: &io::Error) -> bool {
    error.raw_os_error() == Some(libc::EINPROGRESS)
}

/// Whether a socket that does not block is being connected (WSAEWOULDBLOCK).
#[cfg(not(unix))]
fn is_under_way(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::WouldBlock
}

impl Drop for Gate {
    fn drop(&mut self) {
        self.shared.closed.store(true, Ordering::Relaxed);
        // Wakes the thread that accepts. If it cannot be woken it has ended.
        drop(TcpStream::connect_timeout(&self.entrance, CLOSE_DEADLINE));
    }
}

impl Shared {
    fn announced(&self) -> MutexGuard<'_, HashMap<u16, Address>> {
        self.announced.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Relaxed)
    }

    /// Takes a client's connection on to its broker, until one of them ends it.
    fn lead(&self, client: TcpStream, advertised: &Address) {
        let cancelled = || self.is_closed();
        let patience = Patience::new(Instant::now() + self.limit, &cancelled);
        self.troubles.begin(advertised);
        let dialled = self.dialer.dial(advertised, &patience);
        self.troubles.end(advertised, dialled.as_ref().map(|_| ()));
        // A client whose broker was not reached is hung up on; why, the troubles say.
        let Ok(broker) = dialled else { return };
        if let Err(error) = passage::pass(client, broker) {
            tracing::debug!("the connection to {advertised} ended: {error}");
        }
    }
}

fn keep(listener: &TcpListener, shared: &Arc<Shared>) {
    for client in listener.incoming() {
        if shared.is_closed() {
            return;
        }
        let client = match client {
            Ok(client) => client,
            Err(error) => {
                // As when there are no more files: what is open must end first.
                tracing::debug!("a connection to the proxy was not accepted: {error}");
                thread::sleep(Duration::from_millis(50));
                continue;
            }
        };
        let Some(advertised) = announced(&client, shared) else {
            tracing::warn!("somebody else than this program's client came to the gate, and was turned away");
            continue;
        };
        let for_thread = Arc::clone(shared);
        let spawned = thread::Builder::new()
            .name("sluice-passage".to_owned())
            .spawn(move || for_thread.lead(client, &advertised));
        if let Err(error) = spawned {
            tracing::warn!("no thread for a connection through the proxy: {error}");
        }
    }
}

fn announced(client: &TcpStream, shared: &Shared) -> Option<Address> {
    let peer = client.peer_addr().ok()?;
    shared.announced().remove(&peer.port())
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};

    use sluice_model::{Proxy, Reach};
    use sluice_reach::Family;
    use socket2::{Domain, Socket, Type};

    use super::*;

    fn gate(proxy: SocketAddr) -> (Gate, Arc<Troubles>) {
        let reach = Reach {
            proxy: Some(Proxy {
                address: Address::new("127.0.0.1", proxy.port()),
                login: None,
            }),
            ..Reach::default()
        };
        let (dialer, troubles) = (Arc::new(Dialer::new(reach, Family::Any)), Arc::default());
        let gate = Gate::open(&dialer, &troubles, Duration::from_secs(20)).unwrap();
        (gate, troubles)
    }

    /// A socket as librdkafka makes them: it does not block.
    fn enter(gate: &Gate) -> TcpStream {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        socket.set_nonblocking(true).unwrap();
        gate.enter(&SockRef::from(&socket), Address::new("kafka.invalid", 9092))
            .unwrap();
        socket.set_nonblocking(false).unwrap();
        socket.into()
    }

    #[test]
    fn a_socket_gets_through_the_proxy_to_its_broker_and_both_ways_are_open() {
        let proxy = TcpListener::bind("127.0.0.1:0").unwrap();
        let (gate, troubles) = gate(proxy.local_addr().unwrap());
        let mut client = enter(&gate);
        let (mut met, _) = proxy.accept().unwrap();
        let mut greeting = [0; 3];
        met.read_exact(&mut greeting).unwrap();
        met.write_all(&[5, 0]).unwrap();
        let mut request = [0; 4 + 1 + 13 + 2];
        met.read_exact(&mut request).unwrap();
        assert_eq!(&request[5..18], b"kafka.invalid");
        met.write_all(&[5, 0, 0, 1, 0, 0, 0, 0, 0, 0]).unwrap();
        client.write_all(b"ping").unwrap();
        let mut got = [0; 4];
        met.read_exact(&mut got).unwrap();
        assert_eq!(&got, b"ping");
        met.write_all(b"pong").unwrap();
        drop(met);
        let mut answer = Vec::new();
        client.read_to_end(&mut answer).unwrap();
        assert_eq!(answer, b"pong");
        assert!(troubles.take().is_empty());
    }

    #[test]
    fn whoever_was_not_announced_is_turned_away() {
        let proxy = TcpListener::bind("127.0.0.1:0").unwrap();
        let (gate, _troubles) = gate(proxy.local_addr().unwrap());
        let mut stranger = TcpStream::connect(gate.entrance()).unwrap();
        assert_eq!(stranger.read(&mut [0]).unwrap(), 0);
    }

    #[test]
    fn a_client_is_hung_up_on_when_the_proxy_is_gone_and_the_proxy_is_named() {
        let gone = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let (gate, troubles) = gate(gone);
        let mut client = enter(&gate);
        // An end or a reset; nothing is ever said.
        assert!(client.read(&mut [0]).is_ok_and(|read| read == 0));
        let [sentence] = &troubles.take()[..] else {
            panic!()
        };
        assert!(
            sentence.starts_with(&format!("kafka.invalid:9092: the SOCKS5 proxy {gone}: ")),
            "{sentence}"
        );
    }

    #[test]
    fn a_closed_gate_gives_up_what_a_silent_proxy_keeps_waiting() {
        let silent = TcpListener::bind("127.0.0.1:0").unwrap();
        let (gate, troubles) = gate(silent.local_addr().unwrap());
        let mut client = enter(&gate);
        let (mut met, _) = silent.accept().unwrap();
        met.read_exact(&mut [0; 3]).unwrap();
        drop(gate);
        assert_eq!(client.read(&mut [0]).unwrap(), 0, "the client is let go");
        assert!(troubles.take().is_empty(), "a stop is no trouble");
    }
}
