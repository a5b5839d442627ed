//! The connection test of a Connect cluster, step by step.

use std::time::Instant;

use sluice_connect::{ConnectClient, ConnectError};
use sluice_kafka::{ProbeReport, ProbeResult, ProbeStep};
use sluice_model::ConnectAccess;

/// The steps, in their order.
const STEPS: [&str; 5] = [
    "connect_version",
    "connect_plugins",
    "connect_exactly_once",
    "connect_overrides",
    "connect_kafka",
];

/// Tests a Connect cluster. Each step is reported as soon as it is known; a step without a truth is a warning that says so.
/// `name_of`: the data source that has the Kafka of a cluster id, where one of them is known to be it.
pub(crate) fn probe_connect(
    access: &ConnectAccess,
    name_of: &dyn Fn(&str) -> Option<String>,
    on_step: &mut dyn FnMut(&ProbeStep),
) -> ProbeReport {
    let mut steps: Vec<ProbeStep> = Vec::new();
    let mut add = |id: &str, begun: Instant, (result, message): (ProbeResult, String)| {
        let step = ProbeStep {
            id: id.to_owned(),
            result,
            duration_ms: u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX),
            message,
        };
        on_step(&step);
        steps.push(step);
        result
    };
    let begun = Instant::now();
    let client = ConnectClient::new(access);
    let worker = client
        .as_ref()
        .map_err(ConnectError::clone)
        .and_then(ConnectClient::worker);
    let silent: Vec<&str> = match (&client, &worker) {
        (Ok(client), Ok(_)) if access.urls.len() > 1 => client.silent_addresses(),
        _ => Vec::new(),
    };
    let reached = add(STEPS[0], begun, version(&worker, access, &silent));
    if reached == ProbeResult::Failed {
        for id in &STEPS[1..] {
            let skipped = "not tried, because the step before it failed".to_owned();
            add(id, Instant::now(), (ProbeResult::Skipped, skipped));
        }
    } else if let (Ok(client), Ok(worker)) = (&client, &worker) {
        let begun = Instant::now();
        let has_plugins = add(STEPS[1], begun, plugins(client)) == ProbeResult::Success;
        let begun = Instant::now();
        let support = has_plugins.then(|| client.support());
        let found = |pick: fn(sluice_connect::Support) -> Option<bool>| match &support {
            Some(Ok(support)) => Ok(pick(*support)),
            Some(Err(error)) => Err(error.to_string()),
            None => Ok(None),
        };
        add(
            STEPS[2],
            begun,
            exactly_once(found(|support| support.exactly_once)),
        );
        add(
            STEPS[3],
            Instant::now(),
            overrides(found(|support| support.overrides)),
        );
        let kafka = stands_on(worker.kafka_cluster_id.as_deref(), name_of);
        add(STEPS[4], Instant::now(), kafka);
    }
    ProbeReport {
        ok: steps.iter().all(|step| step.result != ProbeResult::Failed),
        steps,
        cluster: None,
        local_addresses: Vec::new(),
    }
}

fn version(
    worker: &Result<sluice_connect::Worker, ConnectError>,
    access: &ConnectAccess,
    silent: &[&str],
) -> (ProbeResult, String) {
    let answering: Vec<&str> = access
        .urls
        .iter()
        .map(String::as_str)
        .filter(|url| !silent.contains(url))
        .collect();
    let answering = answering.join(", ");
    match worker {
        Err(error) => (ProbeResult::Failed, error.to_string()),
        Ok(worker) if !worker.version.stops() => (
            ProbeResult::Failed,
            format!(
                "Connect {} answers at {}; it does not tell where a connector stands, and cannot stop it. Use workers of 3.5 or later",
                worker.version, answering
            ),
        ),
        Ok(worker) if !worker.version.takes_positions() => (
            ProbeResult::Warning,
            format!(
                "Connect {} answers at {}; it cannot be given start positions (3.6 or later can), so that tasks begin with the oldest record there",
                worker.version, answering
            ),
        ),
        Ok(worker) if !silent.is_empty() => (
            ProbeResult::Warning,
            format!(
                "Connect {} answers at {answering}, and not at {}: a worker that is down, or an address that is wrong",
                worker.version,
                silent.join(", ")
            ),
        ),
        Ok(worker) => (
            ProbeResult::Success,
            format!("Connect {} answers at {answering}", worker.version),
        ),
    }
}

fn plugins(client: &ConnectClient) -> (ProbeResult, String) {
    match client.missing_plugins() {
        Err(error) => (ProbeResult::Failed, error.to_string()),
        Ok(missing) if missing.is_empty() => (
            ProbeResult::Success,
            "MirrorMaker's three connectors are installed".to_owned(),
        ),
        Ok(missing) => {
            let names: Vec<&str> = missing
                .iter()
                .map(|class| class.rsplit('.').next().unwrap_or(class))
                .collect();
            (
                ProbeResult::Failed,
                format!(
                    "the workers do not have {}; put connect-mirror and connect-mirror-client of their version into their plugin.path and restart them",
                    names.join(", ")
                ),
            )
        }
    }
}

fn exactly_once(found: Result<Option<bool>, String>) -> (ProbeResult, String) {
    match found {
        Ok(Some(true)) => (
            ProbeResult::Success,
            "exactly.once.source.support is on: records and positions are written in one transaction".to_owned(),
        ),
        Ok(Some(false)) => (
            ProbeResult::Warning,
            "exactly.once.source.support is off: a worker that dies repeats records; set it to 'enabled' on all workers for exactly once".to_owned(),
        ),
        Ok(None) => (
            ProbeResult::Warning,
            "whether exactly.once.source.support is on is unknown: Connect does not tell".to_owned(),
        ),
        Err(error) => (
            ProbeResult::Warning,
            format!("whether exactly.once.source.support is on is unknown: {error}"),
        ),
    }
}

fn overrides(found: Result<Option<bool>, String>) -> (ProbeResult, String) {
    match found {
        Ok(Some(true)) => (
            ProbeResult::Success,
            "connectors may tune their producers (connector.client.config.override.policy)".to_owned(),
        ),
        Ok(Some(false)) => (
            ProbeResult::Warning,
            "connector.client.config.override.policy forbids connectors to tune their producers: large records may be refused, and copies are slower; set it to 'All'".to_owned(),
        ),
        Ok(None) => (
            ProbeResult::Warning,
            "whether connectors may tune their producers is unknown: Connect does not tell".to_owned(),
        ),
        Err(error) => (
            ProbeResult::Warning,
            format!("whether connectors may tune their producers is unknown: {error}"),
        ),
    }
}

fn stands_on(id: Option<&str>, name_of: &dyn Fn(&str) -> Option<String>) -> (ProbeResult, String) {
    match id {
        None => (
            ProbeResult::Warning,
            "on which Kafka it stands is unknown: it does not tell; tasks on it must write to that one"
                .to_owned(),
        ),
        Some(id) => match name_of(id) {
            Some(name) => (
                ProbeResult::Success,
                format!(
                    "it stands on the Kafka of the data source '{name}' ({id}): tasks that write there can run on it"
                ),
            ),
            None => (
                ProbeResult::Success,
                format!(
                    "it stands on the Kafka with the cluster id {id}: tasks that write there can run on it"
                ),
            ),
        },
    }
}
