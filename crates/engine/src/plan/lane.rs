//! Which lane copies a task.

use sluice_model::{LaneChoice, Task};

use crate::error::{EngineError, Result};
use crate::plan::Pair;
use crate::position::{EffectiveDelivery, LaneKind};

/// The lane that a start would use.
///
/// # Errors
/// The task asks for the wire lane, and it cannot be used between these clusters.
pub(crate) fn chosen_lane(task: &Task, delivery: EffectiveDelivery, pair: &Pair) -> Result<LaneKind> {
    if task.lane != LaneChoice::Wire {
        return Ok(LaneKind::Record);
    }
    let obstacle = obstacle(
        delivery,
        pair.source.without_wire.as_deref(),
        pair.target.without_wire.as_deref(),
    );
    match obstacle {
        None => Ok(LaneKind::Wire),
        Some(why) => Err(EngineError::Refused(format!(
            "the wire lane cannot be used: {why}; choose --lane record"
        ))),
    }
}

/// What a lane does, for people.
pub(crate) fn describe_lane(lane: LaneKind) -> &'static str {
    match lane {
        LaneKind::Wire => "the wire lane copies: batches are passed on as they are stored",
        LaneKind::Record => "the record lane copies, record by record",
    }
}

/// What stands in the wire lane's way.
fn obstacle(delivery: EffectiveDelivery, source: Option<&str>, target: Option<&str>) -> Option<String> {
    match delivery {
        EffectiveDelivery::Reconciled | EffectiveDelivery::AtLeastOnceOrdered => {
            return Some(
                "the target is older than 0.11 and does not take batches as they are stored".to_owned(),
            );
        }
        EffectiveDelivery::Transactions | EffectiveDelivery::AtLeastOnce => {}
    }
    let of = |side: &str, why: &str| format!("the wire client cannot be used with the {side}: {why}");
    source
        .map(|why| of("source", why))
        .or_else(|| target.map(|why| of("target", why)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_stands_in_the_way_between_two_clusters_that_the_wire_client_can_talk_to() {
        for delivery in [EffectiveDelivery::Transactions, EffectiveDelivery::AtLeastOnce] {
            assert_eq!(obstacle(delivery, None, None), None);
        }
    }

    #[test]
    fn a_target_before_batches_and_a_cluster_that_the_wire_client_cannot_talk_to_are_named() {
        for delivery in [
            EffectiveDelivery::Reconciled,
            EffectiveDelivery::AtLeastOnceOrdered,
        ] {
            let why = obstacle(delivery, None, None).unwrap();
            assert!(why.contains("older than 0.11"), "{why}");
        }
        let why = obstacle(EffectiveDelivery::Transactions, None, Some("no Kerberos")).unwrap();
        assert_eq!(why, "the wire client cannot be used with the target: no Kerberos");
    }
}
