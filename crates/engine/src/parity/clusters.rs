use std::collections::BTreeSet;
use std::time::Duration;

use sluice_model::{Cluster, InvalidTask};
use sluice_wire::{Cancel, Client, ErrorCode, WireError};

use crate::error::Side;
use crate::parity::apply::{Applied, apply};
use crate::parity::change::ParityChange;
use crate::parity::comparison::{Comparison, ParityRules, compare, routes};
use crate::parity::facts::{Parts, Wanted, read_side};

/// How long one question to a cluster may take.
const DEADLINE: Duration = Duration::from_secs(15);

/// Why two clusters could not be compared at all.
#[derive(Debug, Clone, thiserror::Error)]
pub enum ParityError {
    /// A rule of the comparison is wrong.
    #[error("{0}")]
    Rules(#[from] InvalidTask),
    /// A cluster does not answer, or does not let this user in.
    #[error("the {side} cluster cannot be asked: {error}")]
    Cluster {
        /// Which.
        side: Side,
        /// What it or the network said.
        error: WireError,
    },
}

impl ParityError {
    /// Whether a cluster does not accept the user or the password.
    pub fn is_authentication(&self) -> bool {
        match self {
            Self::Rules(_) => false,
            Self::Cluster { error, .. } => {
                error.is_authentication() || error.code().is_some_and(ErrorCode::is_authorization)
            }
        }
    }
}

/// Reads `parts` of both clusters and compares them. Changes nothing. `cancel` ends it soon.
///
/// # Errors
/// The rules are wrong, or a cluster does not answer at all; what cannot be read of a part is in the comparison.
pub fn compare_clusters(
    source: &Cluster,
    target: &Cluster,
    parts: Parts,
    rules: &ParityRules,
    cancel: &Cancel,
) -> Result<Comparison, ParityError> {
    rules.check()?;
    let read = |side, cluster: &Cluster, wanted: Wanted<'_>| {
        client(cluster, cancel)
            .and_then(|client| read_side(&client, side, parts, wanted, rules.objects.is_some()))
            .map_err(|error| ParityError::Cluster { side, error })
    };
    let chosen = |name: &str| {
        let objects = rules.objects.as_ref();
        // A pattern that does not compile was refused before.
        objects.is_none_or(|objects| objects.has(name) == Ok(true))
    };
    let source = read(Side::Source, source, &chosen)?;
    let names: BTreeSet<String> = routes(&source, rules)?
        .into_iter()
        .map(|(_, target)| target)
        .collect();
    let target = read(Side::Target, target, &|name| names.contains(name))?;
    Ok(compare(&source, &target, rules)?)
}

/// Makes `changes` on the target, each with its own outcome.
///
/// # Errors
/// The target's properties are of no use to this client.
pub fn apply_to(
    target: &Cluster,
    changes: &[ParityChange],
    cancel: &Cancel,
) -> Result<Vec<Applied>, ParityError> {
    let client = client(target, cancel).map_err(|error| ParityError::Cluster {
        side: Side::Target,
        error,
    })?;
    Ok(apply(&client, changes))
}

fn client(cluster: &Cluster, cancel: &Cancel) -> sluice_wire::Result<Client> {
    Ok(Client::new(cluster)?
        .with_timeout(DEADLINE)
        .with_cancel(cancel.clone()))
}
