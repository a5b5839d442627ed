use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// How two sides of one thing stand to each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum ParityState {
    /// Equal on both sides.
    Same,
    /// On both sides, and not equal.
    Differs,
    /// On the source alone.
    OnlySource,
    /// On the target alone.
    OnlyTarget,
    /// One side could not be read.
    Unknown,
}

impl ParityState {
    /// Of two values, either of which may be missing.
    pub(crate) fn of<T: PartialEq>(source: Option<&T>, target: Option<&T>) -> Self {
        match (source, target) {
            (Some(source), Some(target)) if source == target => Self::Same,
            (Some(_), Some(_)) => Self::Differs,
            (Some(_), None) => Self::OnlySource,
            (None, Some(_)) => Self::OnlyTarget,
            (None, None) => Self::Unknown,
        }
    }
}
