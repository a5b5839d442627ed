//! How librdkafka reaches brokers by an address map or through a SOCKS5 proxy, of which it knows neither: it asks for
//! the addresses of a broker here, and with a proxy it connects to a gate on loopback, which goes on from there
//! (`docs/adr/0010-librdkafka-behind-a-gate.md`). The broker's name stays the advertised one for TLS and logins.

mod addrinfo;
mod callbacks;
mod gate;
mod passage;
mod troubles;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use sluice_model::Address;
use sluice_reach::{ConnectFailure, Dialer};

pub(crate) use addrinfo::AddrInfo;
pub(crate) use callbacks::{on_connect, on_resolve};
use gate::Gate;
use troubles::Troubles;

/// The way of one client to its brokers.
#[derive(Debug)]
pub(crate) struct Detour {
    dialer: Arc<Dialer>,
    /// The entrance to the proxy, if there is one.
    gate: Option<Gate>,
    troubles: Arc<Troubles>,
}

impl Detour {
    /// A way as `dialer` says, on which a proxy may take `limit` to reach a broker.
    ///
    /// # Errors
    /// No port of loopback can be had, or no thread.
    pub(crate) fn open(dialer: &Dialer, limit: Duration) -> io::Result<Self> {
        let (dialer, troubles) = (Arc::new(dialer.clone()), Arc::<Troubles>::default());
        let gate = match dialer.proxy() {
            Some(_) => Some(Gate::open(&dialer, &troubles, limit)?),
            None => None,
        };
        Ok(Self {
            dialer,
            gate,
            troubles,
        })
    }

    /// Whether sockets are to be connected by it, and not only names to be looked up.
    pub(crate) fn connects(&self) -> bool {
        self.gate.is_some()
    }

    /// Where a socket for `advertised` connects to. Blocks as long as the system's resolver does, as librdkafka's own
    /// look-up would.
    fn resolve(&self, advertised: &Address) -> Result<Vec<SocketAddr>, ConnectFailure> {
        if let Some(gate) = &self.gate {
            return Ok(vec![gate.entrance()]);
        }
        self.dialer.resolve(advertised).inspect_err(|failure| {
            self.troubles.note(advertised, failure);
        })
    }

    /// What has gone wrong on the way since the last call, a sentence for each broker.
    pub(crate) fn take_troubles(&self) -> Vec<String> {
        self.troubles.take()
    }

    /// What is still being waited for.
    pub(crate) fn unanswered(&self) -> Option<String> {
        let advertised = self.troubles.awaited()?;
        Some(format!("{advertised}: {}", self.dialer.out_of_time(&advertised)))
    }
}
