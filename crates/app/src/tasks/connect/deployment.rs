//! The connectors of a task on its Connect cluster. Nothing that others made is touched.

use std::time::{Duration, Instant};

use sluice_connect::{
    ConnectClient, ConnectError, ConnectVersion, Connector, ConnectorKind, MARK, MirrorOffset, changed_fields,
};
use sluice_engine::{PartitionKey, Positions};
use sluice_model::TaskId;
use sluice_store::TaskRow;

use crate::core::{self, Core};
use crate::{AppError, ErrorCode, Result};

/// How long a connector may take to come to another state. Workers that divide their work take up to a minute.
const PATIENCE: Duration = Duration::from_secs(90);
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// A task's connectors, and the way to them.
pub(super) struct Deployment<'a> {
    pub(super) client: &'a ConnectClient,
    /// What the workers are.
    pub(super) version: &'a ConnectVersion,
    pub(super) connectors: &'a [Connector],
    pub(super) alias: &'a str,
    /// Says when to give up.
    pub(super) cancelled: &'a dyn Fn() -> bool,
}

/// The positions that a connector is to be given; it is asked when the connector is there.
pub(super) type Wanted<'a> = dyn Fn() -> Result<Vec<MirrorOffset>> + 'a;

/// How a connector came to be as it is to be.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Made {
    /// It was not there.
    New,
    /// It was as it is to be.
    AsWanted,
    /// These settings of it were others.
    Changed(Vec<String>),
}

impl Deployment<'_> {
    /// Makes a connector, or gives the one that is there its settings, and the one that copies its positions. It copies nothing
    /// with other positions or settings than these in between, and a new one stands still; only workers that take no positions
    /// let it begin at once.
    ///
    /// # Errors
    /// It refuses, or somebody else has made one of this name.
    pub(super) fn make(&self, connector: &Connector, positions: &Wanted<'_>) -> Result<Made> {
        let name = &connector.name;
        let copies = connector.kind == ConnectorKind::Source;
        let Some(found) = self.client.config(name)? else {
            let is_idle = self.create(connector)?;
            if copies {
                self.give_positions(name, positions)?;
            }
            if is_idle {
                self.reconfigure(connector)?;
            }
            return Ok(Made::New);
        };
        if found.get(MARK) != connector.config.get(MARK) {
            return Err(not_ours(name));
        }
        let changed = changed_fields(&connector.config, &found);
        if copies && !changed.is_empty() && self.version.stops() {
            self.halt(name)?;
        }
        if copies {
            self.give_positions(name, positions)?;
        }
        if changed.is_empty() {
            return Ok(Made::AsWanted);
        }
        self.reconfigure(connector)?;
        Ok(Made::Changed(changed))
    }

    /// Makes a connector that stands still where the workers can. Returns whether it has no topics yet: such workers cannot make
    /// one that is stopped from the beginning, and it must not copy before it has positions.
    fn create(&self, connector: &Connector) -> Result<bool> {
        let name = &connector.name;
        let stopped = self.version.makes_stopped();
        if stopped || !self.version.takes_positions() {
            self.retried(|| self.client.create(name, &connector.config, stopped))?;
            return Ok(false);
        }
        let copies = connector.kind == ConnectorKind::Source;
        let idle = copies.then(|| connector.idle());
        let config = idle.as_ref().unwrap_or(&connector.config);
        self.retried(|| self.client.create(name, config, false))?;
        self.retried(|| self.client.stop(name))?;
        Ok(copies)
    }

    fn reconfigure(&self, connector: &Connector) -> Result<()> {
        self.retried(|| self.client.reconfigure(&connector.name, &connector.config))
    }

    /// Stops the connector that copies and gives it positions, if there are any to be given.
    fn give_positions(&self, name: &str, positions: &Wanted<'_>) -> Result<()> {
        if !self.version.takes_positions() {
            return Ok(());
        }
        let positions = positions()?;
        if positions.is_empty() {
            return Ok(());
        }
        self.halt(name)?;
        self.retried(|| self.client.set_offsets(name, self.alias, &positions))
    }

    /// Stops a connector and waits until nothing of it runs.
    fn halt(&self, name: &str) -> Result<()> {
        if !self
            .client
            .status(name)?
            .is_some_and(|status| status.is_stopped())
        {
            self.retried(|| self.client.stop(name))?;
        }
        self.await_stopped(name)
    }

    /// Lets all of them go on.
    ///
    /// # Errors
    /// One refuses.
    pub(super) fn resume(&self) -> Result<()> {
        for connector in self.connectors {
            self.retried(|| self.client.resume(&connector.name))?;
        }
        Ok(())
    }

    /// Waits until a connector is stopped and none of its tasks is left.
    ///
    /// # Errors
    /// It does not stop in time.
    pub(super) fn await_stopped(&self, name: &str) -> Result<()> {
        let until = Instant::now() + PATIENCE;
        loop {
            match self.client.status(name) {
                Ok(Some(status)) if status.is_stopped() => return Ok(()),
                Ok(_) => {}
                Err(error) if error.is_passing() => {}
                Err(error) => return Err(error.into()),
            }
            self.wait(until, || {
                format!(
                    "the connector '{name}' has not stopped within {} s; look at it on Connect",
                    PATIENCE.as_secs()
                )
            })?;
        }
    }

    /// Tries again what a Connect cluster cannot do while it divides its work, or has no time to answer: what is asked for may be
    /// asked for twice.
    fn retried<T>(&self, ask: impl Fn() -> sluice_connect::Result<T>) -> Result<T> {
        let until = Instant::now() + PATIENCE;
        loop {
            match ask() {
                // A state that was just asked for may not have come to every worker yet.
                Err(
                    error @ (ConnectError::Rebalancing
                    | ConnectError::TimedOut { .. }
                    | ConnectError::Failed { .. }
                    | ConnectError::NotFound { .. }),
                ) => {
                    self.wait(until, || error.to_string())?;
                }
                other => return Ok(other?),
            }
        }
    }

    fn wait(&self, until: Instant, sentence: impl Fn() -> String) -> Result<()> {
        if (self.cancelled)() {
            return Err(AppError::new(ErrorCode::Cancelled, "given up"));
        }
        if Instant::now() >= until {
            return Err(AppError::new(ErrorCode::ClusterUnreachable, sentence()));
        }
        std::thread::sleep(LOOK_EVERY);
        Ok(())
    }
}

/// A connector of this name is somebody else's.
pub(super) fn not_ours(name: &str) -> AppError {
    AppError::new(
        ErrorCode::Refused,
        format!(
            "there is a connector '{name}' on Connect that this task has not made; it is left alone. Rename or remove it there"
        ),
    )
}

/// Positions as Connect has them.
pub(super) fn mirror_offset(key: &PartitionKey, position: i64) -> MirrorOffset {
    MirrorOffset {
        topic: key.topic.clone(),
        partition: key.partition,
        position,
    }
}

/// Where the connector that copies stands, as Connect says. One that is not there, or has passed on nothing, has no positions.
///
/// # Errors
/// Connect cannot be asked.
pub(super) fn positions_at(
    client: &ConnectClient,
    task: &str,
    alias: &str,
) -> sluice_connect::Result<Positions> {
    let offsets = match client.offsets(&ConnectorKind::Source.name_of(task), alias) {
        Err(error) if error.is_not_found() => Vec::new(),
        other => other?,
    };
    Ok(offsets
        .into_iter()
        .map(|at| {
            let key = PartitionKey {
                topic: at.topic,
                partition: at.partition,
            };
            (key, at.position)
        })
        .collect())
}

/// What is to become of a task's connectors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Leaving {
    /// They stand still.
    Stop,
    /// They go, their offsets stay.
    Delete,
    /// They go with their offsets.
    Forget,
}

/// Stops or removes the connectors of a task that runs on Connect; does nothing for others.
///
/// # Errors
/// Connect cannot be asked, or refuses.
pub(crate) fn leave_connect(core: &Core, row: &TaskRow, leaving: Leaving) -> Result<()> {
    let Some(source) = core::settings(row)?.run_on else {
        return Ok(());
    };
    let client = core.connect_client(&source)?;
    let id = core::task_id(row)?;
    for kind in ConnectorKind::ALL {
        leave_one(&client, &id, kind, leaving)?;
    }
    Ok(())
}

fn leave_one(client: &ConnectClient, id: &TaskId, kind: ConnectorKind, leaving: Leaving) -> Result<()> {
    let name = kind.name_of(id.as_str());
    let Some(found) = client.config(&name)? else {
        return Ok(());
    };
    // Somebody else's is left alone.
    if found.get(MARK).map(String::as_str) != Some(id.as_str()) {
        return Ok(());
    }
    let version = client.version()?;
    let deployment = Deployment {
        client,
        version: &version,
        connectors: &[],
        alias: "",
        cancelled: &|| false,
    };
    if version.stops() {
        deployment.retried(|| client.stop(&name))?;
        if kind == ConnectorKind::Source || leaving == Leaving::Forget {
            deployment.await_stopped(&name)?;
        }
        // The name holds the task's id: nothing else ever goes on at offsets that cannot be removed.
        if leaving == Leaving::Forget && version.takes_positions() {
            deployment.retried(|| client.forget_offsets(&name))?;
        }
    } else if leaving == Leaving::Stop {
        return Err(AppError::new(
            ErrorCode::Refused,
            format!(
                "Connect {version} cannot stop a connector so that its position is known; that needs 3.5 or later"
            ),
        ));
    }
    if leaving != Leaving::Stop {
        deployment.retried(|| client.delete(&name))?;
    }
    Ok(())
}
