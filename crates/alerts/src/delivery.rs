use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::Suppression;

/// How a delivery ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryState {
    /// The receiver has it.
    Sent,
    /// It was held back on purpose.
    Suppressed,
    /// The receiver does not have it.
    Undeliverable,
}

/// The end of a delivery, for the history.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Delivery {
    /// The job's id, as its owner gave it.
    pub job_id: String,
    /// The channel.
    pub channel_id: String,
    /// How it ended.
    pub state: DeliveryState,
    /// Why it was not sent, in a sentence; empty if it was.
    pub detail: String,
    /// How often it was tried.
    pub attempts: u32,
    /// When it ended, in ms since 1970.
    #[ts(type = "number")]
    pub at_ms: i64,
}

impl Delivery {
    /// What the history keeps of a message that was held back.
    pub fn suppressed(
        job_id: impl Into<String>,
        channel_id: impl Into<String>,
        why: Suppression,
        at_ms: i64,
    ) -> Self {
        Self {
            job_id: job_id.into(),
            channel_id: channel_id.into(),
            state: DeliveryState::Suppressed,
            detail: match why {
                Suppression::Muted { .. } => "the task is muted".to_owned(),
                Suppression::QuietHours { .. } => "these are quiet hours".to_owned(),
            },
            attempts: 0,
            at_ms,
        }
    }
}
