use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::{InvalidTask, Result};

/// Ceilings of a task's speed; `None` means no ceiling. They may be changed while it runs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(default, deny_unknown_fields)]
pub struct RateLimits {
    /// Records per second.
    #[ts(type = "number | null")]
    pub records_per_second: Option<u64>,
    /// Bytes of keys, values and headers per second.
    #[ts(type = "number | null")]
    pub bytes_per_second: Option<u64>,
}

impl RateLimits {
    /// # Errors
    /// A ceiling of 0, which would never copy anything.
    pub fn check(&self) -> Result<()> {
        if self.records_per_second == Some(0) {
            return Err(InvalidTask::RateLimit { unit: "records/s" });
        }
        if self.bytes_per_second == Some(0) {
            return Err(InvalidTask::RateLimit { unit: "bytes/s" });
        }
        Ok(())
    }
}
