//! The window: with the pages, or with the one that says why the data folder cannot be used.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use tauri::webview::{PageLoadEvent, PageLoadPayload};
use tauri::{AppHandle, Manager, Url, WebviewUrl, WebviewWindow, WebviewWindowBuilder};

use crate::page_events::ShellEvent;
use crate::shell::Shell;

/// Label of the window with the page.
pub const MAIN: &str = "main";
/// The pages.
const PAGES: &str = "index.html";
/// The page that says what is wrong.
const TROUBLE: &str = "trouble.html";
/// Where the system has no language (`LANG=C`), WebKit names one that its own number formats refuse with an error, and
/// libraries that ask for them fail to load.
const NAME_A_LANGUAGE: &str = "try { new Intl.NumberFormat(navigator.language) } catch {
    Object.defineProperty(navigator, 'language', { value: 'en-US' });
    Object.defineProperty(navigator, 'languages', { value: Object.freeze(['en-US']) });
}";

/// Shows the window and brings it to the front; makes it where there is none.
pub fn want(app: &AppHandle) {
    let shell = app.state::<Arc<Shell>>();
    shell.wants_window.store(true, Ordering::Relaxed);
    let handle = app.clone();
    on_main_thread(app, move || {
        if handle.get_webview_window(MAIN).is_some() {
            show_if_ready(&handle);
        } else if let Err(error) = make(&handle) {
            tracing::error!(%error, "the window cannot be made");
        }
    });
}

/// The data folder is open, or cannot be used: shows the page that belongs to it.
pub fn turn(app: &AppHandle) {
    let handle = app.clone();
    on_main_thread(app, move || {
        let Some(window) = handle.get_webview_window(MAIN) else {
            return;
        };
        if let Err(error) = turn_to(&window, page(&handle)) {
            tracing::error!(%error, "the window does not show another page");
        }
        show_if_ready(&handle);
    });
}

/// The page that belongs to how the application stands.
fn page(app: &AppHandle) -> &'static str {
    if app.state::<Arc<Shell>>().trouble().is_some() {
        TROUBLE
    } else {
        PAGES
    }
}

fn turn_to(window: &WebviewWindow, page: &str) -> tauri::Result<()> {
    let mut url = window.url()?;
    // The pages come without a name where they are the root.
    if is_trouble(&url) == (page == TROUBLE) {
        return Ok(());
    }
    url.set_path(page);
    url.set_fragment(None);
    let shell = window.state::<Arc<Shell>>();
    shell.page_is_loaded.store(false, Ordering::Relaxed);
    window.navigate(url)
}

fn is_trouble(url: &Url) -> bool {
    url.path().ends_with(TROUBLE)
}

/// Hides the window. Its page stays as it is, but gets no numbers.
pub fn hide(app: &AppHandle) {
    let shell = app.state::<Arc<Shell>>();
    shell.wants_window.store(false, Ordering::Relaxed);
    shell.is_visible.store(false, Ordering::Relaxed);
    if let Some(window) = app.get_webview_window(MAIN)
        && let Err(error) = window.hide()
    {
        tracing::warn!(%error, "the window cannot be hidden");
    }
}

/// Shows a task in the window.
pub fn open_task(app: &AppHandle, id: &str) {
    open(app, ShellEvent::OpenTask { id: id.to_owned() });
}

/// Shows the pre-check of a task that was never started.
pub fn open_pre_check(app: &AppHandle, id: &str) {
    open(app, ShellEvent::OpenPreCheck { id: id.to_owned() });
}

fn open(app: &AppHandle, event: ShellEvent) {
    want(app);
    app.state::<Arc<Shell>>().page_events.tell(event);
}

fn on_main_thread(app: &AppHandle, work: impl FnOnce() + Send + 'static) {
    if let Err(error) = app.run_on_main_thread(work) {
        tracing::warn!(%error, "the desktop takes no more work");
    }
}

fn make(app: &AppHandle) -> tauri::Result<()> {
    let shell = app.state::<Arc<Shell>>();
    shell.page_is_loaded.store(false, Ordering::Relaxed);
    WebviewWindowBuilder::new(app, MAIN, WebviewUrl::App(page(app).into()))
        .title("Sluice")
        .inner_size(1180.0, 760.0)
        .min_inner_size(900.0, 600.0)
        .visible(false)
        .initialization_script(NAME_A_LANGUAGE)
        .on_navigation(is_ours)
        .on_page_load(loaded)
        .build()
        .map(drop)
}

/// Nothing but the page itself is shown in the window.
fn is_ours(url: &Url) -> bool {
    let ours = match url.scheme() {
        "tauri" => true,
        "http" | "https" => {
            url.host_str() == Some("tauri.localhost") || (cfg!(dev) && url.host_str() == Some("localhost"))
        }
        _ => false,
    };
    if !ours {
        tracing::warn!(%url, "the page tried to leave");
    }
    ours
}

fn loaded(window: WebviewWindow, payload: PageLoadPayload<'_>) {
    let shell = window.state::<Arc<Shell>>();
    match payload.event() {
        PageLoadEvent::Started => {
            shell.page_is_loaded.store(false, Ordering::Relaxed);
            shell.page_events.left();
        }
        PageLoadEvent::Finished => {
            // One that was left while it was being loaded does not count.
            let is_right = is_trouble(payload.url()) == shell.trouble().is_some();
            shell.page_is_loaded.store(is_right, Ordering::Relaxed);
            show_if_ready(window.app_handle());
        }
    }
}

fn show_if_ready(app: &AppHandle) {
    let shell = app.state::<Arc<Shell>>();
    if let Some(window) = app.get_webview_window(MAIN)
        && shell.may_show()
    {
        reveal(&window);
        shell.is_visible.store(true, Ordering::Relaxed);
    }
}

fn reveal(window: &WebviewWindow) {
    let shown = window
        .show()
        .and_then(|()| window.unminimize())
        .and_then(|()| window.set_focus());
    if let Err(error) = shown {
        tracing::warn!(%error, "the window cannot be brought to the front");
    }
}
