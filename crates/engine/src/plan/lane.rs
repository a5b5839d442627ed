//! Which lane copies a task.

use std::time::Duration;

use sluice_model::{Cluster, LaneChoice, Task};
use sluice_wire::Client;

use crate::position::{EffectiveDelivery, LaneKind};

/// How long the wire client may take for its first answer from a cluster that the other client talks to.
const WIRE_DEADLINE: Duration = Duration::from_secs(5);

/// The lane that a start would use. The wire client is tried with both clusters, where the task asks for its lane.
///
/// # Errors
/// Why the wire lane cannot be used between these clusters, for people.
pub(crate) fn chosen_lane(task: &Task, delivery: EffectiveDelivery) -> Result<LaneKind, String> {
    if task.lane != LaneChoice::Wire {
        return Ok(LaneKind::Record);
    }
    match obstacle(delivery, || unusable(task)) {
        None => Ok(LaneKind::Wire),
        Some(why) => Err(format!(
            "the wire lane cannot be used: {why}; choose --lane record"
        )),
    }
}

/// What stands in the wire lane's way; `unusable` is asked where the target would take what it sends.
fn obstacle(delivery: EffectiveDelivery, unusable: impl FnOnce() -> Option<String>) -> Option<String> {
    match delivery {
        EffectiveDelivery::Reconciled | EffectiveDelivery::AtLeastOnceOrdered => {
            Some("the target is older than 0.11 and does not take batches as they are stored".to_owned())
        }
        EffectiveDelivery::Transactions | EffectiveDelivery::AtLeastOnce => unusable(),
    }
}

/// The first cluster that the wire client cannot talk to: a login that it lacks, a certificate that it refuses, a property
/// that it cannot read.
fn unusable(task: &Task) -> Option<String> {
    let first_answer = |cluster: &Cluster| Client::new(cluster)?.with_timeout(WIRE_DEADLINE).cluster();
    [("source", &task.source), ("target", &task.target)]
        .into_iter()
        .find_map(|(side, cluster)| {
            let error = first_answer(cluster).err()?;
            Some(format!("the wire client cannot be used with the {side}: {error}"))
        })
}

#[cfg(test)]
mod tests {
    use sluice_model::{Objects, TaskName};

    use super::*;

    #[test]
    fn nothing_stands_in_the_way_between_two_clusters_that_the_wire_client_can_talk_to() {
        for delivery in [EffectiveDelivery::Transactions, EffectiveDelivery::AtLeastOnce] {
            assert_eq!(obstacle(delivery, || None), None);
        }
    }

    #[test]
    fn a_target_before_batches_and_a_cluster_that_the_wire_client_cannot_talk_to_are_named() {
        for delivery in [
            EffectiveDelivery::Reconciled,
            EffectiveDelivery::AtLeastOnceOrdered,
        ] {
            let why = obstacle(delivery, || None).unwrap();
            assert!(why.contains("older than 0.11"), "{why}");
        }
        let near = Cluster::new("127.0.0.1:9").unwrap();
        let topics = Objects::Topics(["t".to_owned()].into());
        let mut task = Task::new(TaskName::new("t").unwrap(), near.clone(), near, topics);
        task.source.set("security.protocol", "sasl_plaintext");
        task.source.set("sasl.mechanism", "GSSAPI");
        let error = Client::new(&task.source).unwrap_err();
        assert_eq!(
            obstacle(EffectiveDelivery::Transactions, || unusable(&task)).unwrap(),
            format!("the wire client cannot be used with the source: {error}")
        );
    }
}
