use std::{
    collections::{BTreeMap, BTreeSet},
    io::{self, Read, Write},
    net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use crate::{Result, error::Doing};

const CONNECT_WITHIN: Duration = Duration::from_secs(5);

const NO_LOGIN: u8 = 0;
const PASSWORD: u8 = 2;
const NOTHING_FITS: u8 = 0xff;
const GRANTED: u8 = 0;
const FORBIDDEN: u8 = 2;
const UNREACHABLE: u8 = 4;
const REFUSED: u8 = 5;

/// A SOCKS5 proxy (RFC 1928) on loopback that knows the names of brokers, which nobody else does.
///
/// It ends, with all its connections, when it is dropped.
#[derive(Debug)]
pub struct SocksProxy {
    address: SocketAddr,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    routes: BTreeMap<String, SocketAddr>,
    login: Option<(String, String)>,
    forbids: AtomicBool,
    gone: AtomicBool,
    asked: Mutex<BTreeSet<String>>,
    open: Mutex<Vec<TcpStream>>,
}

impl SocksProxy {
    /// A proxy that leads each `host:port` of `routes` to its address, and knows nothing else. With a `login` it lets in
    /// nobody but that user with that password.
    ///
    /// # Errors
    /// No port can be had.
    pub fn start(
        routes: impl IntoIterator<Item = (String, SocketAddr)>,
        login: Option<(&str, &str)>,
    ) -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .doing(|| "listening on 127.0.0.1 as a proxy".to_owned())?;
        let address = listener
            .local_addr()
            .doing(|| "asking for the address of a proxy".to_owned())?;
        let shared = Arc::new(Shared {
            routes: routes.into_iter().collect(),
            login: login.map(|(user, password)| (user.to_owned(), password.to_owned())),
            forbids: AtomicBool::new(false),
            gone: AtomicBool::new(false),
            asked: Mutex::default(),
            open: Mutex::default(),
        });
        let for_thread = Arc::clone(&shared);
        thread::spawn(move || accept(&listener, &for_thread));
        Ok(Self { address, shared })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Lets nobody go anywhere any more. Connections that were made stay.
    pub fn forbid(&self) {
        self.shared.forbids.store(true, Ordering::Relaxed);
    }

    /// Tears down the connections that go through it; new ones can be made.
    pub fn cut(&self) {
        for stream in lock(&self.shared.open).drain(..) {
            // Already closed by the other side is as good.
            drop(stream.shutdown(Shutdown::Both));
        }
    }

    /// The addresses it was asked for, as `host:port`.
    pub fn asked(&self) -> BTreeSet<String> {
        lock(&self.shared.asked).clone()
    }
}

impl Drop for SocksProxy {
    fn drop(&mut self) {
        self.shared.gone.store(true, Ordering::Relaxed);
        self.cut();
        // Wakes the accepting thread, which then sees that the proxy is gone. If this fails it is awake already.
        drop(TcpStream::connect_timeout(&self.address, CONNECT_WITHIN));
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn accept(listener: &TcpListener, shared: &Arc<Shared>) {
    for client in listener.incoming() {
        if shared.gone.load(Ordering::Relaxed) {
            return;
        }
        let Ok(client) = client else { continue };
        let shared = Arc::clone(shared);
        thread::spawn(move || {
            if let Err(error) = serve(client, &shared) {
                tracing::debug!(%error, "a connection through the proxy was not made");
            }
        });
    }
}

fn serve(mut client: TcpStream, shared: &Shared) -> io::Result<()> {
    if !greet(&mut client, shared)? {
        return Ok(());
    }
    let target = requested(&mut client)?;
    lock(&shared.asked).insert(target.clone());
    let answer = |client: &mut TcpStream, code: u8| client.write_all(&[5, code, 0, 1, 0, 0, 0, 0, 0, 0]);
    if shared.forbids.load(Ordering::Relaxed) {
        return answer(&mut client, FORBIDDEN);
    }
    let Some(address) = shared.routes.get(&target) else {
        return answer(&mut client, UNREACHABLE);
    };
    let Ok(broker) = TcpStream::connect_timeout(address, CONNECT_WITHIN) else {
        return answer(&mut client, REFUSED);
    };
    answer(&mut client, GRANTED)?;
    client.set_nodelay(true)?;
    broker.set_nodelay(true)?;
    lock(&shared.open).extend([client.try_clone()?, broker.try_clone()?]);
    if shared.gone.load(Ordering::Relaxed) {
        return Ok(());
    }
    let back = [broker.try_clone()?, client.try_clone()?];
    thread::spawn(move || {
        let [from, to] = back;
        pump(from, to);
    });
    pump(client, broker);
    Ok(())
}

/// Whether the client is let in.
fn greet(client: &mut TcpStream, shared: &Shared) -> io::Result<bool> {
    let [_, count] = read::<2>(client)?;
    let mut offered = vec![0; usize::from(count)];
    client.read_exact(&mut offered)?;
    let Some((user, password)) = &shared.login else {
        client.write_all(&[5, NO_LOGIN])?;
        return Ok(true);
    };
    if !offered.contains(&PASSWORD) {
        client.write_all(&[5, NOTHING_FITS])?;
        return Ok(false);
    }
    client.write_all(&[5, PASSWORD])?;
    let [_] = read::<1>(client)?;
    let fits = [user, password].map(|known| text(client).map(|given| given == *known));
    let [user, password] = fits;
    let welcome = user? && password?;
    client.write_all(&[1, u8::from(!welcome)])?;
    Ok(welcome)
}

fn requested(client: &mut TcpStream) -> io::Result<String> {
    let [_, _, _, kind] = read::<4>(client)?;
    let host = match kind {
        1 => Ipv4Addr::from(read::<4>(client)?).to_string(),
        3 => text(client)?,
        4 => format!("[{}]", std::net::Ipv6Addr::from(read::<16>(client)?)),
        _ => return Err(io::ErrorKind::InvalidData.into()),
    };
    Ok(format!("{host}:{}", u16::from_be_bytes(read(client)?)))
}

/// A length and as many bytes.
fn text(client: &mut TcpStream) -> io::Result<String> {
    let [length] = read::<1>(client)?;
    let mut bytes = vec![0; usize::from(length)];
    client.read_exact(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn read<const N: usize>(client: &mut TcpStream) -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    client.read_exact(&mut bytes)?;
    Ok(bytes)
}

/// Moves bytes one way. When one way ends the whole connection ends.
fn pump(mut from: TcpStream, mut to: TcpStream) {
    // Whatever ended it, both sides see that it has.
    drop(io::copy(&mut from, &mut to));
    drop(from.shutdown(Shutdown::Both));
    drop(to.shutdown(Shutdown::Both));
}
