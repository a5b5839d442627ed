//! Faults a test asks for, and how often each kind of request came.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Duration;

use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::ApiKey;

use crate::shared::lock;

/// An error to answer with instead of doing what was asked.
#[derive(Debug, Clone)]
struct Failure {
    id: u64,
    api: ApiKey,
    topic: Option<String>,
    partition: Option<i32>,
    code: ResponseError,
    left: u32,
}

impl Failure {
    fn fits(&self, topic: Option<&str>, partition: Option<i32>) -> bool {
        (self.topic.is_none() || self.topic.as_deref() == topic)
            && (self.partition.is_none() || self.partition == partition)
    }
}

/// All faults that are still to come.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    failures: Vec<Failure>,
    delays: HashMap<ApiKey, Duration>,
    lost_answers: HashMap<ApiKey, u32>,
    throttles: HashMap<ApiKey, (Duration, u32)>,
    counts: HashMap<ApiKey, u64>,
    next_id: u64,
}

impl Faults {
    pub(crate) fn fail(
        &mut self,
        api: ApiKey,
        topic: Option<String>,
        partition: Option<i32>,
        code: ResponseError,
        times: u32,
    ) {
        if times == 0 {
            return;
        }
        self.next_id += 1;
        let id = self.next_id;
        self.failures.push(Failure {
            id,
            api,
            topic,
            partition,
            code,
            left: times,
        });
    }

    pub(crate) fn delay(&mut self, api: ApiKey, by: Duration) {
        if by.is_zero() {
            self.delays.remove(&api);
        } else {
            self.delays.insert(api, by);
        }
    }

    pub(crate) fn lose_answers(&mut self, api: ApiKey, times: u32) {
        self.lost_answers.insert(api, times);
    }

    /// Announces a throttle time in the next answers.
    pub(crate) fn throttle_next(&mut self, api: ApiKey, by: Duration, times: u32) {
        self.throttles.insert(api, (by, times));
    }

    /// The throttle time of the answer about to be sent.
    pub(crate) fn throttle(&mut self, api: ApiKey) -> Duration {
        match self.throttles.get_mut(&api) {
            Some((by, left)) if *left > 0 => {
                *left -= 1;
                *by
            }
            _ => Duration::ZERO,
        }
    }

    pub(crate) fn clear(&mut self) {
        self.failures.clear();
        self.delays.clear();
        self.lost_answers.clear();
        self.throttles.clear();
    }

    pub(crate) fn count(&self, api: ApiKey) -> u64 {
        self.counts.get(&api).copied().unwrap_or_default()
    }

    /// Notes an arrival and returns how long to hold it.
    pub(crate) fn arrive(&mut self, api: ApiKey) -> Option<Duration> {
        *self.counts.entry(api).or_default() += 1;
        self.delays.get(&api).copied()
    }

    /// Whether the answer about to be sent is to be lost.
    pub(crate) fn loses_answer(&mut self, api: ApiKey) -> bool {
        match self.lost_answers.get_mut(&api) {
            Some(left) if *left > 0 => {
                *left -= 1;
                true
            }
            _ => false,
        }
    }
}

/// The failures that apply to one request. A failure counts once for the request, however many of its parts it hits.
#[derive(Debug)]
pub(crate) struct Injected<'a> {
    api: ApiKey,
    faults: &'a Mutex<Faults>,
    hit: Mutex<Vec<Failure>>,
}

impl<'a> Injected<'a> {
    pub(crate) fn new(api: ApiKey, faults: &'a Mutex<Faults>) -> Self {
        Injected {
            api,
            faults,
            hit: Mutex::default(),
        }
    }

    pub(crate) fn api(&self) -> ApiKey {
        self.api
    }

    /// The error one part of the request is to fail with.
    pub(crate) fn check(&self, topic: Option<&str>, partition: Option<i32>) -> Result<(), ResponseError> {
        let mut hit = lock(&self.hit);
        if let Some(failure) = hit.iter().find(|f| f.fits(topic, partition)) {
            return Err(failure.code);
        }
        let mut faults = lock(self.faults);
        let fits = |f: &&mut Failure| {
            f.api == self.api && f.fits(topic, partition) && !hit.iter().any(|h| h.id == f.id)
        };
        let Some(failure) = faults.failures.iter_mut().find(fits) else {
            return Ok(());
        };
        failure.left = failure.left.saturating_sub(1);
        let failure = failure.clone();
        faults.failures.retain(|f| f.left > 0);
        let code = failure.code;
        hit.push(failure);
        Err(code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_counts_once_per_request_and_hits_all_its_parts() {
        let faults = Mutex::new(Faults::default());
        lock(&faults).fail(
            ApiKey::Produce,
            Some("t".into()),
            None,
            ResponseError::NotEnoughReplicas,
            2,
        );
        for _ in 0..2 {
            let request = Injected::new(ApiKey::Produce, &faults);
            assert_eq!(request.check(Some("other"), Some(0)), Ok(()));
            assert_eq!(
                request.check(Some("t"), Some(0)),
                Err(ResponseError::NotEnoughReplicas)
            );
            assert_eq!(
                request.check(Some("t"), Some(1)),
                Err(ResponseError::NotEnoughReplicas)
            );
        }
        assert_eq!(
            Injected::new(ApiKey::Produce, &faults).check(Some("t"), Some(0)),
            Ok(())
        );
    }

    #[test]
    fn another_api_is_left_alone() {
        let faults = Mutex::new(Faults::default());
        lock(&faults).fail(ApiKey::Fetch, None, None, ResponseError::KafkaStorageError, 1);
        assert_eq!(
            Injected::new(ApiKey::Produce, &faults).check(Some("t"), None),
            Ok(())
        );
        assert!(
            Injected::new(ApiKey::Fetch, &faults)
                .check(Some("t"), Some(3))
                .is_err()
        );
    }
}
