use sluice_kafka::{Capabilities, Guarantee};
use sluice_model::Delivery;

/// How a task's records are really delivered to this target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum EffectiveDelivery {
    /// Target-side transactions carry records and positions together.
    Transactions,
    /// The end of the target's log is matched with the source at each start, because the target has no transactions.
    Reconciled,
    /// Idempotent writes; positions are saved after the acknowledgement.
    AtLeastOnce,
    /// As above on a target that knows no idempotence.
    AtLeastOnceOrdered,
    /// Every record at the offset that it has at the source, from idempotent writes; the end of the target's log is the
    /// position.
    Mirror,
}

impl EffectiveDelivery {
    pub(crate) fn choose(wanted: Delivery, target: Capabilities) -> Self {
        match (wanted, target.message_v2) {
            (Delivery::ExactlyOnce, true) => Self::Transactions,
            (Delivery::ExactlyOnce, false) => Self::Reconciled,
            (Delivery::AtLeastOnce, true) => Self::AtLeastOnce,
            (Delivery::AtLeastOnce, false) => Self::AtLeastOnceOrdered,
            // A target before 0.11 is refused: no lane can do it (`plan/lane.rs`).
            (Delivery::Mirror, _) => Self::Mirror,
        }
    }

    pub(crate) fn guarantee(self, identity: &str) -> Guarantee {
        match self {
            Self::Transactions => Guarantee::Transactional(identity.to_owned()),
            Self::AtLeastOnce | Self::Mirror => Guarantee::Idempotent,
            Self::Reconciled | Self::AtLeastOnceOrdered => Guarantee::Ordered,
        }
    }

    pub(crate) fn describe(self) -> &'static str {
        match self {
            Self::Transactions => "exactly-once (target transactions)",
            Self::Reconciled => {
                "exactly-once by reconciliation (the target is older than 0.11 and has no transactions)"
            }
            Self::AtLeastOnce => "at-least-once (idempotent writes)",
            Self::Mirror => "mirror (every record at its source's offset)",
            Self::AtLeastOnceOrdered => "at-least-once (the target is older than 0.11: no idempotent writes)",
        }
    }
}
