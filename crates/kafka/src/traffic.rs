use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

/// Numbers of the requests whose versions matter here (the protocol's `ApiKey`).
pub(crate) const FETCH: i16 = 1;
pub(crate) const METADATA: i16 = 3;

/// What goes over a client's connections: the versions that client and brokers agreed on (librdkafka asks each broker
/// with ApiVersions and takes the highest version that both know), and how much of the records' requests was answered.
#[derive(Debug, Default)]
pub(crate) struct Traffic {
    /// Version last used, by broker and request. The broker of an address that was entered is -1.
    versions: Mutex<BTreeMap<(i32, i16), i16>>,
    fetch_responses: AtomicU64,
    fetched_bytes: AtomicU64,
}

impl Traffic {
    /// A request is on its way.
    pub(crate) fn sent(&self, broker: i32, request: i16, version: i16) {
        if !matches!(request, FETCH | METADATA) {
            return;
        }
        self.versions().insert((broker, request), version);
    }

    /// A whole response has arrived.
    pub(crate) fn received(&self, request: i16, bytes: usize) {
        if request == FETCH {
            self.fetch_responses.fetch_add(1, Ordering::Relaxed);
            self.fetched_bytes.fetch_add(bytes as u64, Ordering::Relaxed);
        }
    }

    /// The version of `request` that `broker` was last asked with.
    pub(crate) fn version(&self, broker: i32, request: i16) -> Option<i16> {
        self.versions().get(&(broker, request)).copied()
    }

    /// The highest version of `request` that any broker was last asked with.
    pub(crate) fn highest_version(&self, request: i16) -> Option<i16> {
        let versions = self.versions();
        let asked = versions.iter().filter(|((_, known), _)| *known == request);
        asked.map(|(_, version)| *version).max()
    }

    /// The lowest version of `request` that any broker was last asked with: what the whole cluster knows.
    pub(crate) fn lowest_version(&self, request: i16) -> Option<i16> {
        let versions = self.versions();
        let asked = versions.iter().filter(|((_, known), _)| *known == request);
        asked.map(|(_, version)| *version).min()
    }

    /// Fetch responses that have arrived, and their bytes.
    pub(crate) fn fetched(&self) -> (u64, u64) {
        (
            self.fetch_responses.load(Ordering::Relaxed),
            self.fetched_bytes.load(Ordering::Relaxed),
        )
    }

    /// Takes over what an earlier client of the same cluster agreed on.
    pub(crate) fn inherit(&self, earlier: &Self) {
        let known = earlier.versions().clone();
        self.versions().extend(known);
    }

    fn versions(&self) -> std::sync::MutexGuard<'_, BTreeMap<(i32, i16), i16>> {
        self.versions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_broker_decides_what_a_cluster_knows() {
        let traffic = Traffic::default();
        assert_eq!(traffic.lowest_version(METADATA), None);
        traffic.sent(-1, METADATA, 12);
        traffic.sent(1, METADATA, 12);
        traffic.sent(2, METADATA, 4);
        traffic.sent(2, FETCH, 1);
        assert_eq!(traffic.lowest_version(METADATA), Some(4));
        traffic.sent(2, METADATA, 12);
        assert_eq!(
            traffic.lowest_version(METADATA),
            Some(12),
            "the broker was upgraded"
        );
        assert_eq!(traffic.version(2, FETCH), Some(1));
        assert_eq!(traffic.version(3, FETCH), None);
    }

    #[test]
    fn only_answers_to_fetch_requests_are_counted_as_fetched() {
        let traffic = Traffic::default();
        traffic.received(FETCH, 1_000);
        traffic.received(METADATA, 5_000);
        traffic.received(FETCH, 70);
        assert_eq!(traffic.fetched(), (2, 1_070));
    }
}
