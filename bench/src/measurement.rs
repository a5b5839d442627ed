use std::time::Duration;

/// What one copy took.
#[derive(Debug, Clone, Copy)]
pub struct Measurement {
    /// Records that were copied in that time.
    pub records: u64,
    /// The time.
    pub wall: Duration,
    /// User and system time of the replicator's processes; `None` where the operating system does not tell.
    pub cpu: Option<Duration>,
    /// The most memory they had resident, in bytes.
    pub peak_memory: Option<u64>,
    /// Whether all was copied; otherwise it was stopped at the limit.
    pub whole: bool,
}
