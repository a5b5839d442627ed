use std::collections::HashMap;
use std::sync::{MutexGuard, PoisonError};

use kafka_protocol::messages::{ApiKey, FindCoordinatorRequest};

use crate::client::cluster_info::BrokerInfo;
use crate::client::core::Client;
use crate::client::text::text;
use crate::error::{Result, WireError};
use crate::net::{Address, Budget, Connection};

/// The first version that asks for several keys at once.
const SEVERAL_KEYS: i16 = 4;

/// What a coordinator coordinates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CoordinatorKind {
    /// A consumer group.
    Group,
    /// A transactional id.
    Transaction,
}

impl CoordinatorKind {
    fn key_type(self) -> i8 {
        match self {
            Self::Group => 0,
            Self::Transaction => 1,
        }
    }

    /// The first version of the request that asks for this kind.
    fn first_version(self) -> i16 {
        match self {
            Self::Group => 0,
            Self::Transaction => 1,
        }
    }
}

/// Coordinators that were found, until a broker answers NOT_COORDINATOR.
pub(crate) type Coordinators = HashMap<(CoordinatorKind, String), i32>;

impl Client {
    fn coordinators(&self) -> MutexGuard<'_, Coordinators> {
        self.shared
            .coordinators
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// The broker that coordinates a group or a transactional id.
    ///
    /// # Errors
    /// No broker answers, there is no coordinator at present, or no right.
    pub fn find_coordinator(&self, kind: CoordinatorKind, key: &str) -> Result<BrokerInfo> {
        self.retrying(|budget| self.ask_coordinator(kind, key, budget))
    }

    /// The coordinator of a group as far as is known.
    pub(crate) fn known_coordinator(&self, group: &str) -> Option<i32> {
        self.coordinators()
            .get(&(CoordinatorKind::Group, group.to_owned()))
            .copied()
    }

    /// Keeps the coordinator of a group that a broker has named.
    pub(crate) fn learn_coordinator(&self, group: &str, broker: i32) {
        self.coordinators()
            .insert((CoordinatorKind::Group, group.to_owned()), broker);
    }

    /// Forgets the coordinator of a group, after it did not answer as one.
    pub(crate) fn forget_coordinator(&self, group: &str) {
        self.coordinators()
            .remove(&(CoordinatorKind::Group, group.to_owned()));
    }

    pub(crate) fn ask_coordinator(
        &self,
        kind: CoordinatorKind,
        key: &str,
        budget: &Budget,
    ) -> Result<BrokerInfo> {
        let connection = self.shared.pool.any(budget)?;
        let versions = (kind.first_version(), i16::MAX);
        let (version, response) = self.ask(&connection, versions, budget, |version| {
            let request = FindCoordinatorRequest::default().with_key_type(kind.key_type());
            if version >= SEVERAL_KEYS {
                request.with_coordinator_keys(vec![text(key)])
            } else {
                request.with_key(text(key))
            }
        })?;
        let (code, message, id, host, port) = if version >= SEVERAL_KEYS {
            let one = response
                .coordinators
                .into_iter()
                .next()
                .ok_or_else(|| WireError::Malformed {
                    what: "FindCoordinator".to_owned(),
                    reason: "it leaves out what was asked for".to_owned(),
                })?;
            (one.error_code, one.error_message, one.node_id, one.host, one.port)
        } else {
            (
                response.error_code,
                response.error_message,
                response.node_id,
                response.host,
                response.port,
            )
        };
        WireError::check(ApiKey::FindCoordinator, code, message.as_deref())?;
        let port = u16::try_from(port).map_err(|_| WireError::Malformed {
            what: "FindCoordinator".to_owned(),
            reason: format!("the port is {port}"),
        })?;
        self.coordinators().insert((kind, key.to_owned()), id.0);
        Ok(BrokerInfo {
            id: id.0,
            address: Address::new(&host, port),
            rack: None,
        })
    }

    /// Asks the coordinator of `key`, and again where another broker has become it.
    ///
    /// # Errors
    /// No broker answers, there is no coordinator within the call's time, or what `ask` fails with.
    pub(crate) fn at_coordinator<T>(
        &self,
        kind: CoordinatorKind,
        key: &str,
        mut ask: impl FnMut(&Connection, &Budget) -> Result<T>,
    ) -> Result<T> {
        self.retrying(|budget| {
            let known = self.coordinators().get(&(kind, key.to_owned())).copied();
            let id = match known {
                Some(id) => id,
                None => self.ask_coordinator(kind, key, budget)?.id,
            };
            let answered = self
                .connection(id, budget)
                .and_then(|connection| ask(&connection, budget));
            if let Err(error) = &answered {
                let moved = error.code().is_some_and(|code| code.is_stale_coordinator());
                if moved || error.is_connection() || matches!(error, WireError::Unavailable { .. }) {
                    self.coordinators().remove(&(kind, key.to_owned()));
                }
            }
            answered
        })
    }
}
