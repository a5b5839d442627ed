//! `target_listeners`.

use std::collections::BTreeMap;

use sluice_kafka::{Broker, Metadata};
use sluice_reach::Dialer;

use crate::error::Side;
use crate::plan::precheck::facts::Reached;
use crate::plan::precheck::words::{counted, listed};
use crate::readiness::answer::Answer;
use crate::readiness::evidence::Evidence;
use crate::readiness::facts::{Facts, Known};
use crate::readiness::unknown::Unknown;

/// Whether every broker of the target accepts a connection at the address that it advertises, which is what applications
/// will use. It is tried from this computer.
pub(crate) fn reachable(facts: &Facts<'_>) -> Known<Answer> {
    let cluster = facts
        .client(Side::Target)?
        .cluster()
        .map_err(|error| Unknown::of(Side::Target, &error))?;
    let rows: Vec<Evidence> = cluster
        .brokers
        .iter()
        .map(|broker| {
            Evidence::about(format!("broker {}", broker.id)).with("address", broker.address.to_string())
        })
        .collect();
    let brokers = cluster.brokers.iter().map(|broker| Broker {
        id: broker.id,
        host: broker.address.host.clone(),
        port: broker.address.port,
    });
    let metadata = Metadata {
        brokers: brokers.collect(),
        topics: BTreeMap::new(),
    };
    let reached = Reached::read(&facts.task.target, &metadata, &|| facts.is_given_up());
    let lost: Vec<String> = reached
        .unreachable
        .into_iter()
        .filter(|who| who.starts_with("broker "))
        .collect();
    if !lost.is_empty() {
        return Ok(Answer::failed(
            format!("cannot be reached from this computer: {}", listed(&lost, "; ")),
            "start the broker, open its port, or correct advertised.listeners: applications get this address from the cluster",
        )
        .with(rows));
    }
    let brokers = counted(reached.brokers, "broker");
    if Dialer::of(&facts.task.target).is_ok_and(|dialer| !dialer.is_direct()) {
        return Ok(Answer::warning(
            format!(
                "{brokers} of the target can be reached, by the address map or the proxy of its data source"
            ),
            "applications do not have these: see that they reach the advertised addresses themselves",
        )
        .with(rows));
    }
    Ok(Answer::success(format!(
        "{brokers} of the target can be reached at the advertised addresses, from this computer"
    ))
    .with(rows))
}
