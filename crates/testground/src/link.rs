use std::{
    collections::HashMap,
    io::{self, Read, Write},
    net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
    time::Duration,
};

use crate::{Result, error::Doing};

const CONNECT_WITHIN: Duration = Duration::from_secs(5);
const CHUNK: usize = 64 * 1024;

/// What a [`Link`] does with the bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkState {
    /// They pass.
    Up,
    /// Every connection is torn down, new ones are closed at once.
    Cut,
    /// Connections stay and can be made, but nothing passes: what a client sees when a firewall drops packets.
    Stalled,
}

/// The network between clients and one broker: a forwarder on loopback that can be cut.
#[derive(Debug)]
pub struct Link {
    shared: Arc<Shared>,
    entrances: Vec<SocketAddr>,
}

impl Link {
    /// A link that forwards from a free loopback port to `target`.
    ///
    /// # Errors
    /// No port can be had.
    pub fn to(target: SocketAddr) -> Result<Self> {
        let mut link = Self::unconnected();
        link.forward(0, target)?;
        Ok(link)
    }

    pub(crate) fn unconnected() -> Self {
        Self {
            shared: Arc::default(),
            entrances: Vec::new(),
        }
    }

    /// One more way through the same link.
    pub(crate) fn forward(&mut self, port: u16, target: SocketAddr) -> Result<()> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))
            .doing(|| format!("listening on 127.0.0.1:{port} for a link"))?;
        let entrance = listener
            .local_addr()
            .doing(|| "asking for the address of a link".to_owned())?;
        let shared = Arc::clone(&self.shared);
        thread::spawn(move || accept(&listener, target, &shared));
        self.entrances.push(entrance);
        Ok(())
    }

    /// Where clients connect to, if there is one way through (as with [`Link::to`]), or the first of them.
    pub fn address(&self) -> Option<SocketAddr> {
        self.entrances.first().copied()
    }

    /// Tears down every connection and refuses new ones, until [`Link::restore`].
    pub fn cut(&self) {
        self.shared.switch(Switch::State(LinkState::Cut));
    }

    /// Lets nothing pass any more but keeps the connections, until [`Link::restore`].
    pub fn stall(&self) {
        self.shared.switch(Switch::State(LinkState::Stalled));
    }

    /// Lets bytes pass again; what was held back by a stall arrives.
    pub fn restore(&self) {
        self.shared.switch(Switch::State(LinkState::Up));
    }

    /// What the link does at present.
    pub fn state(&self) -> LinkState {
        match self.shared.inner().switch {
            Switch::State(state) => state,
            Switch::Gone => LinkState::Cut,
        }
    }

    /// How many connections go through it now.
    pub fn connections(&self) -> usize {
        self.shared.inner().connections.len()
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.shared.switch(Switch::Gone);
        for entrance in &self.entrances {
            // Wakes the accepting thread, which then sees that the link is gone. If this fails it is awake already.
            drop(TcpStream::connect_timeout(entrance, CONNECT_WITHIN));
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Switch {
    State(LinkState),
    /// The link was dropped; its threads end.
    Gone,
}

#[derive(Debug)]
struct Inner {
    switch: Switch,
    connections: HashMap<u64, [TcpStream; 2]>,
    next_id: u64,
}

#[derive(Debug)]
struct Shared {
    inner: Mutex<Inner>,
    switched: Condvar,
}

impl Default for Shared {
    fn default() -> Self {
        let inner = Inner {
            switch: Switch::State(LinkState::Up),
            connections: HashMap::new(),
            next_id: 0,
        };
        Self {
            inner: Mutex::new(inner),
            switched: Condvar::new(),
        }
    }
}

impl Shared {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn switch(&self, switch: Switch) {
        let mut inner = self.inner();
        inner.switch = switch;
        if matches!(switch, Switch::State(LinkState::Cut) | Switch::Gone) {
            for (_, ends) in inner.connections.drain() {
                tear_down(&ends);
            }
        }
        drop(inner);
        self.switched.notify_all();
    }

    /// Waits while the link is stalled; false when the connection is to end.
    fn may_pass(&self, id: u64) -> bool {
        let inner = self.inner();
        let inner = self
            .switched
            .wait_while(inner, |inner| {
                inner.switch == Switch::State(LinkState::Stalled) && inner.connections.contains_key(&id)
            })
            .unwrap_or_else(PoisonError::into_inner);
        inner.connections.contains_key(&id)
    }

    /// Takes a connection in, unless the link was cut while it was being made.
    fn enter(&self, ends: [TcpStream; 2]) -> Option<u64> {
        let mut inner = self.inner();
        if matches!(inner.switch, Switch::State(LinkState::Cut) | Switch::Gone) {
            return None;
        }
        let id = inner.next_id;
        inner.next_id += 1;
        inner.connections.insert(id, ends);
        Some(id)
    }

    fn leave(&self, id: u64) {
        if let Some(ends) = self.inner().connections.remove(&id) {
            tear_down(&ends);
        }
        // The other direction may be waiting for the end of a stall.
        self.switched.notify_all();
    }
}

fn tear_down(ends: &[TcpStream; 2]) {
    for end in ends {
        // Already closed by the other side is as good.
        drop(end.shutdown(Shutdown::Both));
    }
}

fn accept(listener: &TcpListener, target: SocketAddr, shared: &Arc<Shared>) {
    for client in listener.incoming() {
        if shared.inner().switch == Switch::Gone {
            return;
        }
        let Ok(client) = client else { continue };
        let shared = Arc::clone(shared);
        // Its own thread, so that one slow broker does not hold up the next client.
        thread::spawn(move || {
            if let Err(error) = connect(client, target, &shared) {
                tracing::debug!(%target, %error, "a connection through the link was not made");
            }
        });
    }
}

fn connect(client: TcpStream, target: SocketAddr, shared: &Arc<Shared>) -> io::Result<()> {
    if shared.inner().switch == Switch::State(LinkState::Cut) {
        return Ok(());
    }
    let broker = TcpStream::connect_timeout(&target, CONNECT_WITHIN)?;
    client.set_nodelay(true)?;
    broker.set_nodelay(true)?;
    let ends = [client.try_clone()?, broker.try_clone()?];
    let back = [broker.try_clone()?, client.try_clone()?];
    let Some(id) = shared.enter(ends) else {
        return Ok(());
    };
    let other = Arc::clone(shared);
    thread::spawn(move || {
        let [from, to] = back;
        pump(from, to, id, &other);
    });
    pump(client, broker, id, shared);
    Ok(())
}

/// Moves bytes one way. When one way ends the whole connection ends: Kafka's clients never half-close.
fn pump(mut from: TcpStream, mut to: TcpStream, id: u64, shared: &Shared) {
    let mut chunk = vec![0; CHUNK];
    loop {
        let read = match from.read(&mut chunk) {
            Ok(0) => break,
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(_) => break,
        };
        if !shared.may_pass(id) || to.write_all(&chunk[..read]).is_err() {
            break;
        }
    }
    shared.leave(id);
}
