//! What the shell tells the page without being asked. It waits until the page listens: a page takes a while to load, and what was
//! said meanwhile must not be lost.

use std::mem::{discriminant, take};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::Serialize;
use tauri::ipc::Channel;

/// What the shell reports to the page without being asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ShellEvent {
    /// Show a task: its notification was clicked, or its line in the tray's menu.
    OpenTask {
        /// Which.
        id: String,
    },
    /// Show the pre-check of a task that was never started.
    OpenPreCheck {
        /// Which.
        id: String,
    },
    /// Ask what closing the window is to do.
    AskClose,
    /// The program ends; so many tasks have not stopped yet.
    Quitting {
        /// How many.
        remaining: usize,
    },
}

/// The way of these events to the page.
#[derive(Default)]
pub struct PageEvents(Mutex<State>);

#[derive(Default)]
struct State {
    /// The page that listens.
    page: Option<Channel<ShellEvent>>,
    /// What it has to be told once it does: of each kind the last.
    waiting: Vec<ShellEvent>,
}

impl PageEvents {
    /// Tells the page something: now, or as soon as it listens.
    pub fn tell(&self, event: ShellEvent) {
        let mut state = self.locked();
        state
            .waiting
            .retain(|earlier| discriminant(earlier) != discriminant(&event));
        state.waiting.push(event);
        state.deliver();
    }

    /// A page listens on `page` from now on, and gets what waited for it.
    pub fn listen(&self, page: Channel<ShellEvent>) {
        let mut state = self.locked();
        state.page = Some(page);
        state.deliver();
    }

    /// The page that listened is left.
    pub fn left(&self) {
        self.locked().page = None;
    }

    fn locked(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn deliver(&mut self) {
        let Some(page) = &self.page else {
            return;
        };
        for event in take(&mut self.waiting) {
            if let Err(error) = page.send(event.clone()) {
                tracing::warn!(%error, ?event, "the page could not be told");
                self.waiting.push(event);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::{Value, json};
    use tauri::ipc::InvokeResponseBody;

    use super::*;

    /// A page, and the events that reached it.
    fn page() -> (Channel<ShellEvent>, Arc<Mutex<Vec<Value>>>) {
        let told = Arc::new(Mutex::new(Vec::new()));
        let channel = Channel::new({
            let told = Arc::clone(&told);
            move |body| {
                let InvokeResponseBody::Json(text) = body else {
                    panic!("not JSON");
                };
                told.lock().unwrap().push(serde_json::from_str(&text).unwrap());
                Ok(())
            }
        });
        (channel, told)
    }

    fn pre_check(id: &str) -> ShellEvent {
        ShellEvent::OpenPreCheck { id: id.to_owned() }
    }

    #[test]
    fn what_is_said_while_the_page_loads_reaches_it_once_it_listens() {
        let events = PageEvents::default();
        events.tell(pre_check("first"));
        events.tell(pre_check("second"));
        let (channel, told) = page();
        events.listen(channel);
        events.tell(ShellEvent::AskClose);
        assert_eq!(
            *told.lock().unwrap(),
            [
                json!({ "kind": "open_pre_check", "id": "second" }),
                json!({ "kind": "ask_close" })
            ]
        );
    }

    #[test]
    fn a_page_that_was_left_is_told_nothing_and_the_next_one_everything_once() {
        let events = PageEvents::default();
        let (channel, before) = page();
        events.listen(channel);
        events.left();
        events.tell(pre_check("a"));
        let (channel, after) = page();
        events.listen(channel);
        assert!(before.lock().unwrap().is_empty());
        assert_eq!(
            *after.lock().unwrap(),
            [json!({ "kind": "open_pre_check", "id": "a" })]
        );
        let (channel, later) = page();
        events.listen(channel);
        assert!(later.lock().unwrap().is_empty());
    }
}
