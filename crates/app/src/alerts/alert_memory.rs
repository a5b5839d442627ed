//! What is remembered of alerts, so that a program that ends, or is killed, neither repeats nor loses one.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};
use sluice_alerts::{Alert, Evaluator, Observation, Rule};
use sluice_store::SqliteStore;

use crate::{AppError, ErrorCode, Result};

/// An alert on its way to one channel.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Errand {
    pub(crate) id: String,
    pub(crate) channel_id: String,
    pub(crate) alert: Alert,
}

/// Decides which alerts are sent, and knows which are still to be delivered. Both are stored before anything is sent.
pub(crate) struct AlertMemory {
    store: Arc<SqliteStore>,
    inner: Mutex<Inner>,
}

struct Inner {
    now: Memory,
    stored: Memory,
    /// Ids of the errands that were given out.
    under_way: BTreeSet<String>,
}

#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
struct Memory {
    #[serde(flatten)]
    evaluator: Evaluator,
    #[serde(default)]
    errands: Vec<Errand>,
}

impl AlertMemory {
    /// What the last program remembered.
    pub(crate) fn open(store: Arc<SqliteStore>) -> Result<Self> {
        let memory = match store.alert_state()? {
            Some(state) => serde_json::from_value(state).unwrap_or_else(|error| {
                tracing::warn!(%error, "what was sent of alerts cannot be read; it begins again");
                Memory::default()
            }),
            None => Memory::default(),
        };
        Ok(Self {
            store,
            inner: Mutex::new(Inner {
                stored: memory.clone(),
                now: memory,
                under_way: BTreeSet::new(),
            }),
        })
    }

    /// Compares `observations` with `rules`: the new alerts, and the errands to run, which are those of the new alerts,
    /// those that were put off, and at first those that an earlier program did not come to the end of. Each is to be
    /// [`AlertMemory::done`] or [`AlertMemory::put_off`].
    pub(crate) fn evaluate(
        &self,
        rules: &[Rule],
        observations: &[Observation],
        now_ms: i64,
    ) -> (Vec<Alert>, Vec<Errand>) {
        let mut inner = self.locked();
        let alerts = inner.now.evaluator.evaluate(rules, observations, now_ms);
        for alert in &alerts {
            for channel_id in &alert.channel_ids {
                inner.now.errands.push(Errand {
                    id: uuid::Uuid::new_v4().to_string(),
                    channel_id: channel_id.clone(),
                    alert: alert.clone(),
                });
            }
        }
        // Also when there is nothing to report: what a rule counts from, and that a failure is over, must outlive the
        // program. Where it cannot be written alerts are sent all the same: the full disk may be what it is about.
        self.log_failure(inner.keep(&self.store));
        (alerts, inner.give_out())
    }

    /// An errand has come to its end, whether its message arrived or not.
    pub(crate) fn done(&self, id: &str) {
        let mut inner = self.locked();
        inner.now.errands.retain(|errand| errand.id != id);
        inner.under_way.remove(id);
        self.log_failure(inner.keep(&self.store));
    }

    /// An errand could not be run now: it comes again with the next look.
    pub(crate) fn put_off(&self, id: &str) {
        self.locked().under_way.remove(id);
    }

    /// Forgets a task that is gone.
    pub(crate) fn forget_task(&self, id: &str) {
        let mut inner = self.locked();
        inner.now.evaluator.forget_task(id);
        self.log_failure(inner.keep(&self.store));
    }

    /// Stores everything, with when tasks were last seen: a short restart is no interruption.
    pub(crate) fn close(&self) {
        let mut inner = self.locked();
        if inner.now != inner.stored {
            self.log_failure(inner.store(&self.store));
        }
    }

    fn log_failure(&self, kept: Result<()>) {
        if let Err(error) = kept {
            tracing::error!(%error, "what was sent of alerts cannot be stored; a restart may repeat one");
        }
    }

    fn locked(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn give_out(&mut self) -> Vec<Errand> {
        let waiting = |errand: &&Errand| !self.under_way.contains(&errand.id);
        let errands: Vec<Errand> = self.now.errands.iter().filter(waiting).cloned().collect();
        self.under_way
            .extend(errands.iter().map(|errand| errand.id.clone()));
        errands
    }

    /// Stores what is remembered unless what is stored would do. What could not be stored is tried again the next time.
    fn keep(&mut self, store: &SqliteStore) -> Result<()> {
        let does =
            self.now.errands == self.stored.errands && self.now.evaluator.agrees_with(&self.stored.evaluator);
        if does { Ok(()) } else { self.store(store) }
    }

    fn store(&mut self, store: &SqliteStore) -> Result<()> {
        let value = serde_json::to_value(&self.now)
            .map_err(|error| AppError::new(ErrorCode::Internal, error.to_string()))?;
        store.set_alert_state(&value)?;
        self.stored = self.now.clone();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use sluice_alerts::AlertPhase;

    use super::*;

    fn seen(state: &str) -> [Observation; 1] {
        [Observation {
            task_id: "rp-1".into(),
            task_name: "orders".into(),
            state: state.into(),
            ..Observation::default()
        }]
    }

    fn rules() -> [Rule; 1] {
        [Rule::on_failure()]
    }

    fn store() -> (tempfile::TempDir, Arc<SqliteStore>) {
        let dir = tempfile::tempdir().unwrap();
        let store = Arc::new(SqliteStore::open(dir.path()).unwrap());
        (dir, store)
    }

    #[test]
    fn an_errand_that_a_killed_program_did_not_end_is_run_by_the_next_once_and_the_alert_is_not_new() {
        let (_dir, store) = store();
        let killed = AlertMemory::open(Arc::clone(&store)).unwrap();
        let (alerts, errands) = killed.evaluate(&rules(), &seen("failed"), 10);
        assert_eq!((alerts.len(), errands.len()), (1, 1));
        assert_eq!(errands[0].channel_id, "desktop");
        drop(killed);

        let next = AlertMemory::open(Arc::clone(&store)).unwrap();
        let (new, left) = next.evaluate(&rules(), &seen("failed"), 20);
        assert_eq!((new, &left), (vec![], &errands));
        assert_eq!(left[0].alert, alerts[0]);
        assert_eq!(next.evaluate(&rules(), &seen("failed"), 30), (vec![], vec![]));
        next.put_off(&left[0].id);
        assert_eq!(
            next.evaluate(&rules(), &seen("failed"), 31),
            (vec![], left.clone())
        );
        next.done(&left[0].id);
        drop(next);

        let last = AlertMemory::open(store).unwrap();
        assert_eq!(last.evaluate(&rules(), &seen("failed"), 40), (vec![], vec![]));
    }

    #[test]
    fn that_a_failure_is_over_is_remembered_though_there_is_nothing_to_send() {
        let (_dir, store) = store();
        let first = AlertMemory::open(Arc::clone(&store)).unwrap();
        let (_, errands) = first.evaluate(&rules(), &seen("failed"), 10);
        first.done(&errands[0].id);
        assert_eq!(first.evaluate(&rules(), &seen("starting"), 20), (vec![], vec![]));
        drop(first);
        let next = AlertMemory::open(store).unwrap();
        let (alerts, _) = next.evaluate(&rules(), &seen("failed"), 30);
        assert_eq!(alerts[0].phase, AlertPhase::Raised, "it has failed once more");
    }

    #[test]
    fn looks_at_tasks_that_change_nothing_write_nothing_until_the_end() {
        let (_dir, store) = store();
        let memory = AlertMemory::open(Arc::clone(&store)).unwrap();
        memory.evaluate(&rules(), &seen("running"), 10);
        let first = store.alert_state().unwrap();
        assert!(first.is_some());
        memory.evaluate(&rules(), &seen("running"), 1_000_000);
        assert_eq!(store.alert_state().unwrap(), first);
        memory.close();
        let last = store.alert_state().unwrap();
        assert!(last.is_some_and(|state| state.to_string().contains("1000000")));
    }

    #[test]
    fn a_program_that_never_looked_leaves_what_is_stored_as_it_is() {
        let (_dir, store) = store();
        let of_another_version = serde_json::json!({"rules": {}, "later": 1});
        store.set_alert_state(&of_another_version).unwrap();
        AlertMemory::open(Arc::clone(&store)).unwrap().close();
        assert_eq!(store.alert_state().unwrap(), Some(of_another_version));
    }
}
