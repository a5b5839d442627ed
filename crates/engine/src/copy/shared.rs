//! What the threads of a run share, and how a run behaves.

use std::sync::Mutex;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use sluice_model::RateLimits;

use crate::progress::{AcceptedGap, Progress};

/// How a run behaves that is no setting of the task.
#[derive(Debug, Clone, Copy, Default)]
pub struct RunOptions {
    /// End when everything that is there has been copied, instead of following the source.
    pub until_caught_up: bool,
    /// How long a run that ends by itself waits for transactions that are open at the source, before it ends incomplete;
    /// `None` for 60 s.
    pub wait_for_transactions: Option<Duration>,
    /// Bytes that may be buffered between the clusters; `None` for 56 MB. Not less than 4 MB.
    pub memory_bytes: Option<u64>,
    /// How often runs of the offset map are deleted that neither log reaches any more; `None` for 10 minutes.
    pub prune_every: Option<Duration>,
}

/// What the threads of a run share.
pub(crate) struct Shared {
    pub(crate) stop: AtomicBool,
    pub(crate) rate: Mutex<RateLimits>,
    /// The limits that the copier keeps to.
    pub(crate) rate_in_force: Mutex<RateLimits>,
    pub(crate) progress: Mutex<Progress>,
    /// Gaps that a person has accepted in this run.
    pub(crate) accepted: Mutex<Vec<AcceptedGap>>,
    /// Some were accepted since the copier last looked.
    pub(crate) newly_accepted: AtomicBool,
}

impl Shared {
    pub(crate) fn new(rate: RateLimits) -> Self {
        Self {
            stop: AtomicBool::new(false),
            rate: Mutex::new(rate),
            rate_in_force: Mutex::new(rate),
            progress: Mutex::default(),
            accepted: Mutex::default(),
            newly_accepted: AtomicBool::new(false),
        }
    }
}
