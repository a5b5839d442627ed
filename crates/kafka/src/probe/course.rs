use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use crate::probe::step::{ClusterFacts, ProbeReport, ProbeResult, ProbeStep};

/// What a probe tries, in this order. Ids of [`ProbeStep`].
pub const PROBE_STEPS: [&str; 8] = [
    "dns",
    "tcp",
    "tls",
    "sasl",
    "metadata",
    "versions",
    "advertised",
    "local_address",
];

/// The probe ends before its last step.
#[derive(Debug)]
pub(crate) struct Stopped;

/// The steps taken so far, reported as they end.
pub(crate) struct Course<'a> {
    steps: Vec<ProbeStep>,
    /// When the step under way began.
    began: Instant,
    cancel: &'a AtomicBool,
    on_step: &'a mut dyn FnMut(&ProbeStep),
    pub(crate) cluster: Option<ClusterFacts>,
    pub(crate) local_addresses: Vec<String>,
}

impl<'a> Course<'a> {
    pub(crate) fn new(cancel: &'a AtomicBool, on_step: &'a mut dyn FnMut(&ProbeStep)) -> Self {
        Self {
            steps: Vec::new(),
            began: Instant::now(),
            cancel,
            on_step,
            cluster: None,
            local_addresses: Vec::new(),
        }
    }

    pub(crate) fn cancel(&self) -> &'a AtomicBool {
        self.cancel
    }

    /// Ends the step under way; the next one begins. Stops the probe when it failed, or was cancelled.
    pub(crate) fn end(&mut self, result: ProbeResult, message: impl Into<String>) -> Result<(), Stopped> {
        // What a cancellation broke off has not failed.
        if self.cancel.load(Ordering::Relaxed) {
            return Err(Stopped);
        }
        self.push(result, message.into());
        if result == ProbeResult::Failed {
            Err(Stopped)
        } else {
            Ok(())
        }
    }

    /// Remembers the address that this machine has on the way to a broker.
    pub(crate) fn remember(&mut self, stream: &std::net::TcpStream) {
        match stream.local_addr() {
            Ok(address) => {
                let ip = address.ip().to_canonical().to_string();
                if !self.local_addresses.contains(&ip) {
                    self.local_addresses.push(ip);
                }
            }
            Err(error) => tracing::debug!("the local address of a connection is unknown: {error}"),
        }
    }

    /// The report, with the steps that were not taken.
    pub(crate) fn finish(mut self) -> ProbeReport {
        let cancelled = self.cancel.load(Ordering::Relaxed) && self.steps.len() < PROBE_STEPS.len();
        let why = if cancelled {
            "not tried: the test was cancelled"
        } else {
            "not tried: an earlier step failed"
        };
        while self.steps.len() < PROBE_STEPS.len() {
            self.began = Instant::now();
            self.push(ProbeResult::Skipped, why.to_owned());
        }
        let failed = self.steps.iter().any(|step| step.result == ProbeResult::Failed);
        ProbeReport {
            ok: !failed && !cancelled,
            steps: self.steps,
            cluster: self.cluster,
            local_addresses: self.local_addresses,
        }
    }

    fn push(&mut self, result: ProbeResult, message: String) {
        let Some(id) = PROBE_STEPS.get(self.steps.len()) else {
            return;
        };
        let step = ProbeStep {
            id: (*id).to_owned(),
            result,
            duration_ms: u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX),
            message,
        };
        (self.on_step)(&step);
        self.steps.push(step);
        self.began = Instant::now();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_after_a_failure_are_skipped_and_reported() {
        let cancel = AtomicBool::new(false);
        let mut reported = Vec::new();
        let mut on_step = |step: &ProbeStep| reported.push((step.id.clone(), step.result));
        let mut course = Course::new(&cancel, &mut on_step);
        course.end(ProbeResult::Success, "found").unwrap();
        course.end(ProbeResult::Failed, "refused").unwrap_err();
        let report = course.finish();
        assert!(!report.ok);
        assert_eq!(
            report
                .steps
                .iter()
                .map(|step| step.id.as_str())
                .collect::<Vec<_>>(),
            PROBE_STEPS
        );
        assert_eq!(reported[1], ("tcp".to_owned(), ProbeResult::Failed));
        assert!(
            reported[2..]
                .iter()
                .all(|(_, result)| *result == ProbeResult::Skipped)
        );
    }

    #[test]
    fn what_a_cancellation_broke_off_is_skipped_and_not_failed() {
        let cancel = AtomicBool::new(false);
        let mut on_step = |_: &ProbeStep| {};
        let mut course = Course::new(&cancel, &mut on_step);
        course.end(ProbeResult::Success, "found").unwrap();
        cancel.store(true, Ordering::Relaxed);
        course.end(ProbeResult::Failed, "broken off").unwrap_err();
        let report = course.finish();
        assert!(!report.ok);
        assert_eq!(report.steps[1].result, ProbeResult::Skipped);
        assert!(
            report.steps[1].message.contains("cancelled"),
            "{}",
            report.steps[1].message
        );
    }
}
