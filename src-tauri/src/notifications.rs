//! Notifications of the system. Where the desktop reports clicks, a click opens the task.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use notify_rust::Notification;
use sluice_alerts::{ChannelError, DesktopNotifier, Message};
use tauri::AppHandle;

/// Notifications whose clicks are waited for, each by a thread; of older ones a click does nothing.
#[cfg(not(target_os = "macos"))]
const WAITED_FOR: usize = 16;

/// Shows notifications of the system.
#[derive(Default)]
pub struct SystemNotifier {
    /// There from the moment on when the desktop is; alerts may come before.
    app: OnceLock<AppHandle>,
    waiting: std::sync::Arc<AtomicUsize>,
}

impl SystemNotifier {
    /// Has clicks open tasks in the window of `app`.
    pub fn attach(&self, app: AppHandle) {
        if self.app.set(app).is_err() {
            tracing::debug!("it has a window already");
        }
    }

    /// Says something that is not about one task.
    pub fn say(&self, title: &str, body: &str) {
        if let Err(error) = self.show(title, body, None) {
            tracing::error!(%error, title, body, "a notification could not be shown");
        }
    }

    fn show(&self, title: &str, body: &str, task_id: Option<&str>) -> sluice_alerts::Result<()> {
        let mut notification = Notification::new();
        notification.appname("Sluice").summary(title);
        self.dress(&mut notification, body);
        let shown = notification.show().map_err(|error| ChannelError::Desktop {
            reason: error.to_string(),
        })?;
        self.wait_for_click(shown, task_id);
        Ok(())
    }

    #[cfg(all(unix, not(target_os = "macos")))]
    fn dress(&self, notification: &mut Notification, body: &str) {
        use notify_rust::{Hint, Urgency};

        // Desktops that read markup would take a `<` for it.
        let has_markup = *HAS_MARKUP.get_or_init(|| {
            notify_rust::get_capabilities()
                .is_ok_and(|capabilities| capabilities.iter().any(|name| name == "body-markup"))
        });
        notification
            .body(&if has_markup {
                escaped(body)
            } else {
                body.to_owned()
            })
            .icon("sluice-desktop")
            .hint(Hint::DesktopEntry("Sluice".to_owned()))
            .urgency(Urgency::Normal);
        // An action of this name is a click on the notification itself.
        notification.action("default", crate::texts::texts(self.language()).open_task);
    }

    #[cfg(all(unix, not(target_os = "macos")))]
    fn language(&self) -> crate::language::Language {
        use tauri::Manager;

        self.app
            .get()
            .and_then(|app| app.state::<std::sync::Arc<crate::shell::Shell>>().open_app())
            .map_or_else(crate::language::Language::of_the_system, |app| {
                crate::language::Language::of(&app)
            })
    }

    #[cfg(windows)]
    fn dress(&self, notification: &mut Notification, body: &str) {
        // Only programs that are installed may show notifications in their own name.
        notification.body(body).app_id("dev.sluice.desktop");
    }

    #[cfg(target_os = "macos")]
    fn dress(&self, notification: &mut Notification, body: &str) {
        notification.body(body);
    }

    #[cfg(not(target_os = "macos"))]
    fn wait_for_click(&self, shown: notify_rust::NotificationHandle, task_id: Option<&str>) {
        let Some(app) = self.app.get().cloned() else {
            return;
        };
        if self.waiting.fetch_add(1, Ordering::Relaxed) >= WAITED_FOR {
            self.waiting.fetch_sub(1, Ordering::Relaxed);
            return;
        }
        let (waiting, task_id) = (self.waiting.clone(), task_id.map(str::to_owned));
        let spawned = std::thread::Builder::new()
            .name("sluice-notification".into())
            .spawn(move || {
                shown.wait_for_action(|action| {
                    if action == "default" {
                        match &task_id {
                            Some(id) => crate::window::open_task(&app, id),
                            None => crate::window::want(&app),
                        }
                    }
                });
                waiting.fetch_sub(1, Ordering::Relaxed);
            });
        if let Err(error) = spawned {
            self.waiting.fetch_sub(1, Ordering::Relaxed);
            tracing::warn!(%error, "a click on the notification will do nothing");
        }
    }

    #[cfg(target_os = "macos")]
    fn wait_for_click(&self, _: notify_rust::NotificationHandle, _: Option<&str>) {
        // macOS brings the program to the front by itself.
    }
}

impl DesktopNotifier for SystemNotifier {
    fn notify(&self, message: &Message) -> sluice_alerts::Result<()> {
        self.show(&message.title, &message.body, message.task_id())
    }
}

#[cfg(all(unix, not(target_os = "macos")))]
static HAS_MARKUP: OnceLock<bool> = OnceLock::new();

#[cfg(all(unix, not(target_os = "macos")))]
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

#[cfg(all(test, unix, not(target_os = "macos")))]
mod tests {
    use super::*;

    #[test]
    fn what_looks_like_markup_is_shown_as_it_is() {
        assert_eq!(escaped("a<b> & c"), "a&lt;b&gt; &amp; c");
    }
}
