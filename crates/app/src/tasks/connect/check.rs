//! What a task that is to run on Connect keeps there, and what it loses: items of its pre-check.

use std::time::Instant;

use sluice_connect::{ConnectClient, Support, Worker, is_left_out, naming};
use sluice_engine::{ItemResult, PreCheckItem, PreCheckReport};
use sluice_kafka::Admin;
use sluice_model::{Delivery, OutOfRange, SourceId, Start, Task, TaskSettings};
use sluice_store::TaskRow;

use crate::core::{self, Core};
use crate::{AppError, Result};

/// How long the source may take to say what it can do.
const CONNECT_DEADLINE: std::time::Duration = std::time::Duration::from_secs(12);

/// An item as it comes out: cause, effect, remedy.
struct Found(ItemResult, String, String, String);

impl Found {
    fn good(cause: impl Into<String>) -> Self {
        Self(ItemResult::Success, cause.into(), String::new(), String::new())
    }

    fn warning(cause: impl Into<String>, effect: &str, remedy: &str) -> Self {
        Self(
            ItemResult::Warning,
            cause.into(),
            effect.to_owned(),
            remedy.to_owned(),
        )
    }

    fn failed(cause: impl Into<String>, effect: &str, remedy: &str) -> Self {
        Self(
            ItemResult::Failed,
            cause.into(),
            effect.to_owned(),
            remedy.to_owned(),
        )
    }
}

/// Refuses settings that no Connect cluster can carry out.
///
/// # Errors
/// The names on the target, or what is not a Connect cluster.
pub(crate) fn is_carried(core: &Core, settings: &TaskSettings) -> Result<()> {
    let Some(on) = &settings.run_on else {
        return Ok(());
    };
    naming(&settings.rename).map_err(|why| AppError::field("rename", why.0))?;
    let Some(row) = core.store.source(on.as_str())? else {
        return Err(AppError::field(
            "run_on",
            format!("there is no data source {on}; choose another"),
        ));
    };
    if core::form(&row)?.is_connect() {
        return Ok(());
    }
    Err(AppError::field(
        "run_on",
        format!(
            "'{}' is a Kafka cluster; tasks run on this computer or on a Connect cluster",
            row.name
        ),
    ))
}

/// Adds what concerns Connect to the report of a task that runs there. `tell` gets each item as it is known.
///
/// # Errors
/// What is stored of the task cannot be read.
pub(crate) fn extend_pre_check(
    core: &Core,
    row: &TaskRow,
    report: &mut PreCheckReport,
    tell: &dyn Fn(&PreCheckItem),
) -> Result<()> {
    let settings = core::settings(row)?;
    let Some(on) = settings.run_on.clone() else {
        return Ok(());
    };
    let task = core.engine_task(row)?;
    let target = report.target_cluster_id.clone();
    let topics: Vec<String> = report
        .routes
        .iter()
        .map(|route| route.source_topic.clone())
        .collect();
    let mut add = |id: &str, begun: Instant, Found(result, cause, effect, remedy): Found| {
        let item = PreCheckItem {
            id: id.to_owned(),
            result,
            cause,
            effect,
            remedy,
            duration_ms: u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX),
        };
        tell(&item);
        report.may_start &= result != ItemResult::Failed;
        report.items.push(item);
    };
    let begun = Instant::now();
    let (asked, found) = asked(core, &on);
    add("connect_cluster", begun, found);
    if let Some((worker, support)) = asked {
        add("connect_target", begun, stands_on(&worker, target.as_deref()));
        add("connect_delivery", begun, delivery(&settings, support));
        add("connect_positions", begun, positions(&settings, &worker));
        let begun = Instant::now();
        add("connect_versions", begun, versions(&task, &worker));
        add("connect_tuning", begun, tuning(support));
    }
    add("connect_names", begun, names(&settings, &topics));
    add("connect_secrets", begun, secrets(&task));
    add("connect_losses", begun, losses(&settings));
    Ok(())
}

fn asked(core: &Core, on: &SourceId) -> (Option<(Worker, Support)>, Found) {
    const REMEDY: &str = "test the connection of that data source; it says what is missing";
    let ask = || -> Result<(Worker, Support, Vec<&'static str>)> {
        let client: ConnectClient = core.connect_client(on)?;
        let worker = client.worker()?;
        let missing = client.missing_plugins()?;
        let support = if missing.is_empty() {
            client.support()?
        } else {
            Support::default()
        };
        Ok((worker, support, missing))
    };
    match ask() {
        Err(error) => (
            None,
            Found::failed(error.message, "the task cannot run there", REMEDY),
        ),
        Ok((_, _, missing)) if !missing.is_empty() => (
            None,
            Found::failed(
                format!(
                    "the workers do not have MirrorMaker's connectors ({})",
                    missing.join(", ")
                ),
                "the task cannot run there",
                "install connect-mirror on the workers and restart them",
            ),
        ),
        Ok((worker, support, _)) => {
            let found = Found::good(format!("Connect {} has MirrorMaker's connectors", worker.version));
            (Some((worker, support)), found)
        }
    }
}

fn stands_on(worker: &Worker, target: Option<&str>) -> Found {
    match (worker.kafka_cluster_id.as_deref(), target) {
        (Some(on), Some(target)) if on == target => {
            Found::good(format!("the Connect cluster stands on the target ({on})"))
        }
        (Some(on), Some(target)) => Found::failed(
            format!("the Connect cluster stands on the Kafka {on}, and the target is {target}"),
            "the records would go to the other cluster",
            "choose a Connect cluster that stands on the target",
        ),
        _ => Found::warning(
            "on which Kafka the Connect cluster stands is unknown",
            "if it is not the target, the records go elsewhere",
            "compare the workers' bootstrap.servers with the target",
        ),
    }
}

fn delivery(settings: &TaskSettings, support: Support) -> Found {
    if settings.delivery == Delivery::AtLeastOnce {
        return Found::good("each record at least once, as the task says");
    }
    match support.exactly_once {
        Some(true) => Found::good(
            "each record exactly once: the workers write records and positions in one transaction",
        ),
        Some(false) => Found::warning(
            "exactly.once.source.support is off on the workers",
            "each record comes at least once: a worker that dies repeats what was in flight, and a verification is possible while the task is paused alone",
            "set exactly.once.source.support=enabled on all workers, or accept it by choosing at-least-once",
        ),
        None => Found::warning(
            "whether exactly.once.source.support is on is unknown",
            "each record comes at least once",
            "look at the workers' settings",
        ),
    }
}

fn positions(settings: &TaskSettings, worker: &Worker) -> Found {
    if worker.version.takes_positions() {
        return Found::good(
            "the connector begins at the task's positions: it is made stopped, and its offsets are set",
        );
    }
    if !worker.version.stops() {
        return Found::failed(
            format!(
                "Connect {} does not tell where a connector stands, and cannot stop it",
                worker.version
            ),
            "neither lag, gaps nor the end of the copy could be known, and the task could not be paused",
            "use workers of 3.5 or later; of 3.6 or later for other starts than the earliest record",
        );
    }
    let is_earliest = settings.start == Start::Earliest && settings.start_overrides.is_empty();
    if is_earliest {
        return Found::warning(
            format!("Connect {} cannot be given positions", worker.version),
            "the connector begins with the oldest record that is there when it begins, and the task cannot be moved there later",
            "use workers of 3.6 or later",
        );
    }
    Found::failed(
        format!(
            "Connect {} cannot be given positions, and the task does not begin with the oldest record",
            worker.version
        ),
        "the connector would copy everything",
        "use workers of 3.6 or later, or let the task begin with the earliest record",
    )
}

fn versions(task: &Task, worker: &Worker) -> Found {
    if worker.version.reads_before_2_1() {
        return Found::good(format!(
            "workers of {} read sources of any version from 0.10 on",
            worker.version
        ));
    }
    let source = Admin::new(&task.source).and_then(|admin| {
        admin.connect(CONNECT_DEADLINE)?;
        Ok(admin.capabilities())
    });
    match source {
        Ok(source) if source.zstd => {
            Found::good("the source is of version 2.1 or later, which the workers read")
        }
        Ok(_) => Found::failed(
            format!(
                "the source is older than 2.1, and workers of {} do not read it",
                worker.version
            ),
            "the connector would fail",
            "use workers of 3.x, or let the task run on this computer",
        ),
        Err(error) => Found::warning(
            format!("the source's version is unknown: {error}"),
            "workers of 4.x do not read sources before 2.1",
            "look at the connection of the source",
        ),
    }
}

fn tuning(support: Support) -> Found {
    match support.overrides {
        Some(true) => Found::good("the connector may tune its producer"),
        Some(false) => Found::warning(
            "connector.client.config.override.policy forbids the connector to tune its producer",
            "records above 1 MB are refused by the workers' producers, and the copy is slower",
            "set connector.client.config.override.policy=All on the workers",
        ),
        None => Found::warning(
            "whether the connector may tune its producer is unknown",
            "records above 1 MB may be refused",
            "look at connector.client.config.override.policy of the workers",
        ),
    }
}

fn names(settings: &TaskSettings, topics: &[String]) -> Found {
    if let Err(why) = naming(&settings.rename) {
        return Found::failed(
            why.0,
            "the records would go to other topics",
            "keep the names, or put one prefix before them",
        );
    }
    let Some(left_out) = left_out(topics) else {
        return Found::good("MirrorMaker names the topics on the target as the task does");
    };
    Found::failed(
        left_out,
        "they would be missing on the target",
        "leave them out of this task, and copy them with a task that runs on this computer",
    )
}

/// Which of these topics MirrorMaker never copies, in a sentence; none where it copies all.
pub(super) fn left_out(topics: &[String]) -> Option<String> {
    let left_out: Vec<&str> = topics
        .iter()
        .map(String::as_str)
        .filter(|topic| is_left_out(topic))
        .collect();
    (!left_out.is_empty()).then(|| {
        format!(
            "MirrorMaker takes these topics for internal ones and never copies them: {}",
            left_out.join(", ")
        )
    })
}

fn secrets(task: &Task) -> Found {
    let has_secret = [&task.source, &task.target].iter().any(|cluster| {
        cluster
            .properties()
            .values()
            .any(|value| matches!(value, sluice_model::PropertyValue::Secret(_)))
    });
    let is_reached_otherwise = [&task.source, &task.target].iter().any(|cluster| {
        let has = |name: &str| cluster.properties().contains_key(name);
        has(sluice_model::ADDRESS_MAP) || has(sluice_model::PROXY)
    });
    if is_reached_otherwise {
        return Found::warning(
            "an address map or a proxy is set for a cluster",
            "the workers do not use it: they connect to the addresses that the brokers advertise",
            "see that the workers reach both clusters themselves",
        );
    }
    if has_secret {
        return Found::warning(
            "the logins of both clusters are given to Connect with the connectors' settings",
            "everyone who may read connectors there can read the passwords",
            "use users with no more rights than the copy needs, or deploy an export with references to secrets instead",
        );
    }
    Found::good("no password has to be given to Connect")
}

/// What is done here and not there.
fn losses(settings: &TaskSettings) -> Found {
    let cause = if settings.out_of_range == OutOfRange::Stop {
        "on Connect there is no quarantine and no speed limit, and MirrorMaker passes over what the source has deleted without a word, also where the task says to stop"
    } else {
        "on Connect there is no quarantine and no speed limit, and MirrorMaker passes over what the source has deleted without a word"
    };
    Found::warning(
        cause,
        "a record that the target refuses stops the connector; what was deleted is noted from outside, in the list of gaps; where consumer groups go on is found by reading both sides, and refused where that does not show it",
        "limit the workers' user by client quotas of Kafka where the clusters must be spared",
    )
}
