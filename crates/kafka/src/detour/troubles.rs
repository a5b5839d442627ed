use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use sluice_model::Address;
use sluice_reach::ConnectFailure;

/// How long the same sentence about a broker is not said again; as long as librdkafka keeps its own back.
const QUIET: Duration = Duration::from_secs(30);

/// What goes wrong on the way to brokers.
#[derive(Debug, Default)]
pub(super) struct Troubles(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    /// The last sentence about each broker, and when it was put into `fresh`.
    said: BTreeMap<Address, (String, Instant)>,
    fresh: Vec<String>,
    /// Brokers that connections are being made to, and how many.
    awaited: BTreeMap<Address, usize>,
}

impl Troubles {
    /// A connection to `advertised` is being made.
    pub(super) fn begin(&self, advertised: &Address) {
        *self.lock().awaited.entry(advertised.clone()).or_default() += 1;
    }

    /// It was made, or not.
    pub(super) fn end(&self, advertised: &Address, outcome: Result<(), &ConnectFailure>) {
        let mut known = self.lock();
        if let Some(count) = known.awaited.get_mut(advertised) {
            *count -= 1;
            if *count == 0 {
                known.awaited.remove(advertised);
            }
        }
        drop(known);
        match outcome {
            Ok(()) => drop(self.lock().said.remove(advertised)),
            Err(failure) => self.note(advertised, failure),
        }
    }

    /// `advertised` was not reached.
    pub(super) fn note(&self, advertised: &Address, failure: &ConnectFailure) {
        if *failure == ConnectFailure::Cancelled {
            return;
        }
        let sentence = format!("{advertised}: {failure}");
        tracing::debug!("{sentence}");
        let mut known = self.lock();
        let is_news = known
            .said
            .get(advertised)
            .is_none_or(|(said, at)| *said != sentence || at.elapsed() >= QUIET);
        if is_news {
            known
                .said
                .insert(advertised.clone(), (sentence.clone(), Instant::now()));
            known.fresh.push(sentence);
        }
    }

    /// What has been noted since the last call.
    pub(super) fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.lock().fresh)
    }

    /// A broker that a connection is being made to.
    pub(super) fn awaited(&self) -> Option<Address> {
        self.lock().awaited.keys().next().cloned()
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_about_a_broker_is_said_once_until_it_changes_or_the_broker_was_reached() {
        let (troubles, broker) = (Troubles::default(), Address::new("b", 1));
        let fail = |failure: ConnectFailure| {
            troubles.begin(&broker);
            assert_eq!(troubles.awaited(), Some(broker.clone()));
            troubles.end(&broker, Err(&failure));
            assert_eq!(troubles.awaited(), None);
            troubles.take()
        };
        assert_eq!(fail(ConnectFailure::Unreachable).len(), 1);
        assert!(fail(ConnectFailure::Unreachable).is_empty());
        let other = fail(ConnectFailure::TimedOut);
        assert_eq!(other, [format!("b:1: {}", ConnectFailure::TimedOut)]);
        assert!(fail(ConnectFailure::Cancelled).is_empty());
        troubles.begin(&broker);
        troubles.end(&broker, Ok(()));
        assert_eq!(fail(ConnectFailure::TimedOut).len(), 1);
    }
}
