//! Which lane copies a task, and why.

use std::time::Duration;

use sluice_model::{Cluster, LaneChoice, Task};
use sluice_wire::Client;

use crate::position::{EffectiveDelivery, LaneKind};

/// How long the wire client may take for its first answer from a cluster that the other client talks to.
const WIRE_DEADLINE: Duration = Duration::from_secs(5);

/// The lane that a start would use, with its reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ChosenLane {
    pub(crate) kind: LaneKind,
    /// Why it is the record lane though the choice was left open, for people.
    pub(crate) because: Option<String>,
}

impl ChosenLane {
    /// The lane that a start would use. The wire client is tried with both clusters, unless the task asks for the record
    /// lane.
    ///
    /// # Errors
    /// The task asks for the wire lane, or for equal offsets, which need it; why it cannot be used between these clusters,
    /// for people.
    pub(crate) fn of(task: &Task, delivery: EffectiveDelivery) -> Result<Self, String> {
        let lane = Self::choose(task.lane, || obstacle(delivery, || unusable(task)))?;
        match &lane.because {
            Some(why) if delivery == EffectiveDelivery::Mirror => Err(format!(
                "the wire lane cannot be used, and equal offsets need it: {why}; choose another --delivery"
            )),
            // The record lane's client does not say under which producer id it writes.
            Some(why) if task.both_ways.is_some() => Err(format!(
                "the wire lane cannot be used, and a pair that copies both ways needs it to leave out what the other task wrote: {why}"
            )),
            _ => Ok(lane),
        }
    }

    fn choose(choice: LaneChoice, obstacle: impl FnOnce() -> Option<String>) -> Result<Self, String> {
        let (kind, because) = match choice {
            LaneChoice::Record => (LaneKind::Record, None),
            LaneChoice::Auto => match obstacle() {
                None => (LaneKind::Wire, None),
                because => (LaneKind::Record, because),
            },
            LaneChoice::Wire => match obstacle() {
                None => (LaneKind::Wire, None),
                Some(why) => {
                    return Err(format!(
                        "the wire lane cannot be used: {why}; choose --lane auto or --lane record"
                    ));
                }
            },
        };
        Ok(Self { kind, because })
    }

    /// What it does, and why, for people.
    pub(crate) fn describe(&self) -> String {
        match (self.kind, &self.because) {
            (LaneKind::Wire, _) => {
                "the wire lane copies: batches are passed on as they are stored".to_owned()
            }
            (LaneKind::Connect, _) => "Kafka Connect copies".to_owned(),
            (LaneKind::Record, None) => {
                "the record lane copies, record by record, as the task says".to_owned()
            }
            (LaneKind::Record, Some(why)) => {
                format!("the record lane copies, record by record: {why}")
            }
        }
    }
}

/// What stands in the wire lane's way; `unusable` is asked where the target would take what it sends.
fn obstacle(delivery: EffectiveDelivery, unusable: impl FnOnce() -> Option<String>) -> Option<String> {
    match delivery {
        EffectiveDelivery::Reconciled | EffectiveDelivery::AtLeastOnceOrdered => {
            Some("the target is older than 0.11 and does not take batches as they are stored".to_owned())
        }
        EffectiveDelivery::Transactions | EffectiveDelivery::AtLeastOnce | EffectiveDelivery::Mirror => {
            unusable()
        }
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
    fn a_choice_that_is_left_open_is_the_wire_lane_where_nothing_stands_in_its_way() {
        let free = || None;
        let held = || Some("a reason".to_owned());
        let choose = |choice, obstacle: &dyn Fn() -> Option<String>| ChosenLane::choose(choice, obstacle);
        let lane = |kind, because: Option<&str>| {
            Ok(ChosenLane {
                kind,
                because: because.map(str::to_owned),
            })
        };
        assert_eq!(choose(LaneChoice::Auto, &free), lane(LaneKind::Wire, None));
        assert_eq!(
            choose(LaneChoice::Auto, &held),
            lane(LaneKind::Record, Some("a reason"))
        );
        assert_eq!(choose(LaneChoice::Wire, &free), lane(LaneKind::Wire, None));
        assert!(choose(LaneChoice::Wire, &held).unwrap_err().contains("a reason"));
        let unasked: &dyn Fn() -> Option<String> = &|| panic!("the wire client was tried for nothing");
        assert_eq!(choose(LaneChoice::Record, unasked), lane(LaneKind::Record, None));
    }

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
