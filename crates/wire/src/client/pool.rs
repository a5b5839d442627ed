use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::client::broker_slot::BrokerSlot;
use crate::error::{Result, WireError};
use crate::net::{Address, Budget, Connection, Settings};

/// What a connection is to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Node {
    /// One of the addresses that were entered.
    Bootstrap(usize),
    /// A broker by its number.
    Broker(i32),
}

/// The shared connections to a cluster's brokers, at most one to each.
#[derive(Debug)]
pub(crate) struct Pool {
    settings: Arc<Settings>,
    slots: Mutex<HashMap<Node, Arc<BrokerSlot>>>,
    /// The address that is tried first: the last one that worked.
    first: AtomicUsize,
}

impl Pool {
    pub(crate) fn new(settings: Settings) -> Self {
        Self {
            settings: Arc::new(settings),
            slots: Mutex::new(HashMap::new()),
            first: AtomicUsize::new(0),
        }
    }

    pub(crate) fn settings(&self) -> &Arc<Settings> {
        &self.settings
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Node, Arc<BrokerSlot>>> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn slot(&self, node: Node) -> Arc<BrokerSlot> {
        Arc::clone(self.lock().entry(node).or_default())
    }

    /// The connections that are open.
    pub(crate) fn open_ones(&self) -> Vec<Arc<Connection>> {
        self.lock().values().filter_map(|slot| slot.open_one()).collect()
    }

    /// The connection to a broker.
    ///
    /// # Errors
    /// It does not open, or the budget ends first.
    pub(crate) fn broker(&self, id: i32, address: &Address, budget: &Budget) -> Result<Arc<Connection>> {
        let limit = self.settings.connect_timeout;
        self.slot(Node::Broker(id))
            .get(address, &self.settings, limit, budget)
    }

    /// A connection to whichever broker: an open one, or the first of the entered addresses that works.
    ///
    /// # Errors
    /// None opens within the budget; with what the last one said.
    pub(crate) fn any(&self, budget: &Budget) -> Result<Arc<Connection>> {
        let open = self.lock().values().find_map(|slot| slot.open_one());
        if let Some(connection) = open {
            return Ok(connection);
        }
        let addresses = &self.settings.bootstrap;
        let first = self.first.load(Ordering::Relaxed);
        let mut failure = None;
        for turn in 0..addresses.len() {
            let index = (first + turn) % addresses.len();
            // One address that does not answer must not take the time of the others.
            let others = u32::try_from(addresses.len() - turn).unwrap_or(u32::MAX);
            let limit = self.settings.connect_timeout.min(budget.left() / others);
            let slot = self.slot(Node::Bootstrap(index));
            match slot.get(&addresses[index], &self.settings, limit, budget) {
                Ok(connection) => {
                    self.first.store(index, Ordering::Relaxed);
                    return Ok(connection);
                }
                Err(error @ WireError::Cancelled) => return Err(error),
                Err(error) => failure = Some(error),
            }
        }
        Err(failure.unwrap_or_else(|| WireError::Unavailable {
            what: "the cluster".to_owned(),
            role: "broker",
        }))
    }
}
