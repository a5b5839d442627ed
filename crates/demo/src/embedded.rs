use std::sync::{Mutex, MutexGuard, PoisonError};

use sluice_app::{AppError, DemoAddresses, DemoHost, ErrorCode, Result};

use crate::clusters::{DemoClusters, TOPICS};

/// Runs the demonstration's clusters for an application, until it is stopped or dropped.
#[derive(Default)]
pub struct EmbeddedDemo(Mutex<Option<DemoClusters>>);

impl EmbeddedDemo {
    /// Does something with the clusters, if they run.
    pub fn with_clusters<T>(&self, work: impl FnOnce(&mut DemoClusters) -> T) -> Option<T> {
        self.locked().as_mut().map(work)
    }

    fn locked(&self) -> MutexGuard<'_, Option<DemoClusters>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl DemoHost for EmbeddedDemo {
    fn start(&self) -> Result<DemoAddresses> {
        let failed = |error: crate::DemoError| AppError::new(ErrorCode::Internal, error.to_string());
        let mut clusters = DemoClusters::start().map_err(failed)?;
        clusters.start_writer().map_err(failed)?;
        let addresses = DemoAddresses {
            source: clusters.source_bootstrap(),
            target: clusters.target_bootstrap(),
            topics: TOPICS.iter().map(|(topic, _)| (*topic).to_owned()).collect(),
        };
        *self.locked() = Some(clusters);
        Ok(addresses)
    }

    fn stop(&self) {
        drop(self.locked().take());
    }
}
