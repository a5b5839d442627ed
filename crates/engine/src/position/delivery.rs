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
}

impl EffectiveDelivery {
    pub(crate) fn choose(wanted: Delivery, target: Capabilities) -> Self {
        match (wanted, target.message_v2) {
            (Delivery::ExactlyOnce, true) => Self::Transactions,
            (Delivery::ExactlyOnce, false) => Self::Reconciled,
            (Delivery::AtLeastOnce, true) => Self::AtLeastOnce,
            (Delivery::AtLeastOnce, false) => Self::AtLeastOnceOrdered,
        }
    }

    pub(crate) fn guarantee(self, identity: &str) -> Guarantee {
        match self {
            Self::Transactions => Guarantee::Transactional(identity.to_owned()),
            Self::AtLeastOnce => Guarantee::Idempotent,
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
            Self::AtLeastOnceOrdered => "at-least-once (the target is older than 0.11: no idempotent writes)",
        }
    }
}
