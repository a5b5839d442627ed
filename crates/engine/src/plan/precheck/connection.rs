//! `source_connection`, `target_connection`, `same_clusters`.

use sluice_model::Task;

use crate::error::{EngineError, Side};
use crate::finding::Finding;
use crate::plan::precheck::facts::{Outline, Reached};
use crate::plan::precheck::words::{counted, listed};

fn id(side: Side) -> &'static str {
    match side {
        Side::Source => "source_connection",
        Side::Target => "target_connection",
    }
}

/// Whether a cluster can be reached, all of it.
pub(crate) fn connection(side: Side, reached: &Result<Reached, EngineError>) -> Finding {
    match reached {
        Ok(reached) if reached.unreachable.is_empty() => {
            Finding::success(id(side), format!("{} answer", counted(reached.brokers, "broker")))
        }
        Ok(reached) if reached.nowhere => Finding::failed(
            id(side),
            format!(
                "the {side} cluster answers, but sends clients to addresses that cannot be reached from this computer: {}",
                listed(&reached.unreachable, "; ")
            ),
            "nothing can be copied",
            "open these addresses in firewalls and DNS, have advertised.listeners of the brokers changed to addresses that this computer can reach, or give such addresses in the address map of the data source",
        ),
        Ok(reached) => Finding::warning(
            id(side),
            format!(
                "the {side} cluster answers, but not all of it can be reached from this computer: {}",
                listed(&reached.unreachable, "; ")
            ),
            "partitions that such a broker leads cannot be copied, and the copy stops when the others are gone",
            "start the broker, open the port in the firewall, or correct advertised.listeners so that it names an address that this computer can reach; take addresses that are gone out of the bootstrap list",
        ),
        Err(EngineError::Connect {
            address,
            cause,
            remedy,
            ..
        }) => Finding::failed(
            id(side),
            format!("cannot connect to the {side} cluster at {address}: {cause}"),
            "nothing can be copied",
            *remedy,
        ),
        Err(EngineError::Invalid(invalid)) => Finding::failed(
            id(side),
            format!("the {side} cluster was not asked: {invalid}"),
            "the task cannot start as it is described",
            "correct the task, and check it again",
        ),
        Err(other) => Finding::failed(
            id(side),
            format!("cannot connect to the {side} cluster: {other}"),
            "nothing can be copied",
            "correct the settings of the data source",
        ),
    }
}

/// Whether a launched task still meets the clusters that it was launched with.
pub(crate) fn same_clusters(task: &Task, outline: &Outline) -> Finding {
    const ID: &str = "same_clusters";
    let Some(launch) = &outline.launch else {
        return Finding::success(ID, "the task was not launched before");
    };
    let (source, target) = (&outline.pair.source.id, &outline.pair.target.id);
    let other: Vec<String> = [
        (Side::Source, &launch.source_cluster, source),
        (Side::Target, &launch.target_cluster, target),
    ]
    .into_iter()
    .filter(|(_, known, now)| !known.is_empty() && now.as_ref().is_some_and(|now| now != *known))
    .map(|(side, known, now)| {
        format!(
            "task '{}' was launched with the {side} cluster {known}, but {} answers now",
            task.name,
            now.as_deref().unwrap_or("?")
        )
    })
    .collect();
    if other.is_empty() {
        return Finding::success(ID, "both are the clusters that the task was launched with");
    }
    Finding::failed(
        ID,
        other.join("; "),
        "its positions mean nothing on another cluster",
        "give the address of the right cluster, or start a new task with another --name",
    )
}
