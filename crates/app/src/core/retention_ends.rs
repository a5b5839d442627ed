use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::clock::now_ms;

/// When sources will begin to delete what was not copied, as far as that is known.
#[derive(Default)]
pub(crate) struct RetentionEnds(Mutex<BTreeMap<String, i64>>);

impl RetentionEnds {
    fn locked(&self) -> MutexGuard<'_, BTreeMap<String, i64>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Seconds from now until then, 0 when it has begun; the nearer of what was asked and of what a run `measures`.
    pub(crate) fn seconds_left(&self, task_id: &str, measured: Option<i64>) -> Option<i64> {
        let asked = self
            .locked()
            .get(task_id)
            .map(|end_ms| (end_ms.saturating_sub(now_ms()) / 1000).max(0));
        asked.into_iter().chain(measured).min()
    }

    /// Notes when the source of a task begins to delete, in ms since 1970; none when it does not.
    pub(crate) fn put(&self, task_id: &str, end_ms: Option<i64>) {
        let mut ends = self.locked();
        match end_ms {
            Some(end_ms) => ends.insert(task_id.to_owned(), end_ms),
            None => ends.remove(task_id),
        };
    }

    /// Forgets every task but those for which `is_asked` holds.
    pub(crate) fn keep_only(&self, is_asked: impl Fn(&str) -> bool) {
        self.locked().retain(|id, _| is_asked(id));
    }
}
