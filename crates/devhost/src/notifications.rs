//! The desktop's notifications, kept for tests instead of shown: `GET /notifications`, `DELETE` forgets them.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use sluice_alerts::{DesktopNotifier, Message};

/// What would have been shown, oldest first.
#[derive(Default)]
pub struct Notifications {
    shown: Mutex<Vec<Notification>>,
}

/// What a person would have seen.
#[derive(Debug, Clone, Serialize)]
pub struct Notification {
    /// One line.
    title: String,
    /// What happened and what to do.
    body: String,
    /// The task a click would open, if it is about one.
    task_id: Option<String>,
}

impl Notifications {
    fn locked(&self) -> MutexGuard<'_, Vec<Notification>> {
        self.shown.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl DesktopNotifier for Notifications {
    fn notify(&self, message: &Message) -> sluice_alerts::Result<()> {
        self.locked().push(Notification {
            title: message.title.clone(),
            body: message.body.clone(),
            task_id: message.task_id().map(str::to_owned),
        });
        Ok(())
    }
}

/// Everything that would have been shown.
pub async fn list(State(notifications): State<Arc<Notifications>>) -> Json<Vec<Notification>> {
    Json(notifications.locked().clone())
}

/// Forgets it.
pub async fn clear(State(notifications): State<Arc<Notifications>>) {
    notifications.locked().clear();
}
