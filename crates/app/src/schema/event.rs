use std::sync::{Mutex, PoisonError};

use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};
use serde::{Deserialize, Serialize};
use sluice_engine::ReadinessItem;
use sluice_model::{SourceId, TaskId, TaskState};
use ts_rs::TS;

use crate::schema::TaskSnapshot;

/// Events that a subscriber may leave unread before it loses some: a page that draws four times a second with 200 tasks
/// is a second behind then.
const BACKLOG: usize = 1024;

/// What a shell receives without asking. A shell that subscribes late asks for a snapshot first: see [`App::subscribe`].
///
/// [`App::subscribe`]: crate::App::subscribe
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum AppEvent {
    /// A task is in another state.
    TaskState {
        /// Which.
        task_id: TaskId,
        /// The new state.
        state: TaskState,
        /// Why, where a person should know.
        reason: Option<String>,
    },
    /// A task's numbers, at most four times a second.
    TaskProgress {
        /// All of them, but for a row per partition.
        snapshot: Box<TaskSnapshot>,
    },
    /// A task was made, described again or removed.
    TasksChanged,
    /// A data source was made, described again or removed.
    SourcesChanged,
    /// A step of a connection test has ended.
    SourceTestStep {
        /// Which data source; none for one that is not saved.
        source_id: Option<SourceId>,
        /// The step, as in the test's report.
        #[ts(type = "unknown")]
        step: serde_json::Value,
    },
    /// An item of a pre-check has begun or ended.
    PreCheckItem {
        /// Which task.
        task_id: TaskId,
        /// The item, as in the pre-check's report.
        #[ts(type = "unknown")]
        item: serde_json::Value,
    },
    /// A question of a task's readiness is being asked, or was answered.
    ReadinessItem {
        /// Which task.
        task_id: TaskId,
        /// The question with its answer.
        item: Box<ReadinessItem>,
    },
    /// A verification has read on.
    VerificationProgress {
        /// Which task.
        task_id: TaskId,
        /// Share of the records, 0 to 100.
        percent: f64,
    },
    /// A verification has ended, whatever came of it.
    VerificationEnded {
        /// Which task.
        task_id: TaskId,
    },
    /// A cut-over of a task was planned or has gone on.
    CutoverChanged {
        /// Which task.
        task_id: TaskId,
        /// Which cut-over.
        cutover_id: String,
    },
    /// An alert was raised, repeated or recovered.
    Alert {
        /// Which task.
        task_id: String,
        /// One line.
        title: String,
        /// What happened and what to do.
        body: String,
    },
    /// A place was added, described again or removed, or its connection stands differently.
    PlacesChanged,
    /// Events were lost because they were not taken in time: ask for snapshots again.
    Resync,
}

/// Hands events to every subscriber without ever waiting for one.
#[derive(Default)]
pub(crate) struct EventBus {
    subscribers: Mutex<Vec<Subscriber>>,
}

struct Subscriber {
    sender: Sender<AppEvent>,
    lost: bool,
}

impl EventBus {
    pub(crate) fn subscribe(&self) -> Receiver<AppEvent> {
        let (sender, receiver) = bounded(BACKLOG);
        self.locked().push(Subscriber { sender, lost: false });
        receiver
    }

    pub(crate) fn has_subscribers(&self) -> bool {
        !self.locked().is_empty()
    }

    pub(crate) fn publish(&self, event: &AppEvent) {
        self.locked().retain_mut(|subscriber| subscriber.offer(event));
    }

    fn locked(&self) -> std::sync::MutexGuard<'_, Vec<Subscriber>> {
        self.subscribers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Subscriber {
    /// Whether it still listens.
    fn offer(&mut self, event: &AppEvent) -> bool {
        if self.lost {
            match self.sender.try_send(AppEvent::Resync) {
                Ok(()) => self.lost = false,
                Err(TrySendError::Full(_)) => return true,
                Err(TrySendError::Disconnected(_)) => return false,
            }
        }
        match self.sender.try_send(event.clone()) {
            Ok(()) => true,
            Err(TrySendError::Full(_)) => {
                self.lost = true;
                true
            }
            Err(TrySendError::Disconnected(_)) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subscriber_that_does_not_read_learns_that_it_lost_events_and_holds_nothing_up() {
        let bus = EventBus::default();
        let events = bus.subscribe();
        (0..2 * BACKLOG).for_each(|_| bus.publish(&AppEvent::TasksChanged));
        assert_eq!(events.try_iter().count(), BACKLOG);
        bus.publish(&AppEvent::SourcesChanged);
        assert_eq!(
            events.try_iter().collect::<Vec<_>>(),
            [AppEvent::Resync, AppEvent::SourcesChanged]
        );
    }

    #[test]
    fn a_subscriber_that_left_is_forgotten() {
        let bus = EventBus::default();
        drop(bus.subscribe());
        bus.publish(&AppEvent::TasksChanged);
        assert!(!bus.has_subscribers());
    }
}
