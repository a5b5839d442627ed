//! The tray's menu: what it offers, and what a click does.

use std::sync::Arc;

use sluice_app::{App, AppError, TaskPause, TaskResume, TaskRowView};
use sluice_model::TaskAction;
use tauri::menu::{Menu, MenuBuilder, MenuEvent, MenuItemBuilder};
use tauri::{AppHandle, Manager};

use crate::language::Language;
use crate::shell::Shell;
use crate::texts::{Texts, texts};
use crate::tray_icon::Gate;
use crate::{closing, window};

/// Tasks that are shown; more do not fit a menu.
const SHOWN: usize = 12;
/// Characters of a task's name that are shown.
const NAME: usize = 40;

const OPEN: &str = "open";
const PAUSE_ALL: &str = "pause-all";
const RESUME_ALL: &str = "resume-all";
const QUIT: &str = "quit";
const TASK: &str = "task:";

/// A line of the menu; two menus of the same lines are the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Line {
    /// Can be clicked.
    Item { id: String, text: String },
    /// Cannot.
    Note(String),
    /// Between groups.
    Separator,
}

/// The lines for these tasks. Before the tasks are known there is no more than the window and the end.
pub fn lines(tasks: Option<&[TaskRowView]>, texts: &Texts) -> Vec<Line> {
    let item = |id: &str, text: &str| Line::Item {
        id: id.to_owned(),
        text: text.to_owned(),
    };
    let mut lines = vec![item(OPEN, texts.open), Line::Separator];
    if let Some(tasks) = tasks {
        lines.push(Line::Note((texts.gate)(Gate::of(tasks)).to_owned()));
        if tasks.is_empty() {
            lines.push(Line::Note(texts.no_tasks.to_owned()));
        }
        for task in tasks.iter().take(SHOWN) {
            let text = format!("{} · {}", shortened(&task.name), (texts.state)(task.state));
            lines.push(Line::Item {
                id: format!("{TASK}{}", task.id),
                text,
            });
        }
        if tasks.len() > SHOWN {
            lines.push(Line::Note((texts.more_tasks)(tasks.len() - SHOWN)));
        }
        lines.push(Line::Separator);
        let some = |action| tasks.iter().any(|task| task.allowed.contains(&action));
        if some(TaskAction::Pause) {
            lines.push(item(PAUSE_ALL, texts.pause_all));
        }
        if some(TaskAction::Resume) {
            lines.push(item(RESUME_ALL, texts.resume_all));
        }
    }
    lines.push(item(QUIT, texts.quit));
    lines
}

fn shortened(name: &str) -> String {
    if name.chars().count() <= NAME {
        return name.to_owned();
    }
    let kept: String = name.chars().take(NAME - 1).collect();
    format!("{kept}…")
}

/// The menu with these lines.
///
/// # Errors
/// The desktop does not make it.
pub fn menu(app: &AppHandle, lines: &[Line]) -> tauri::Result<Menu<tauri::Wry>> {
    let mut menu = MenuBuilder::new(app);
    for line in lines {
        menu = match line {
            Line::Item { id, text } => menu.item(&MenuItemBuilder::with_id(id, text).build(app)?),
            Line::Note(text) => menu.item(&MenuItemBuilder::new(text).enabled(false).build(app)?),
            Line::Separator => menu.separator(),
        };
    }
    menu.build()
}

/// Does what was clicked.
pub fn on_click(app: &AppHandle, event: &MenuEvent) {
    match event.id().as_ref() {
        OPEN => window::want(app),
        QUIT => closing::ask_to_quit(app),
        PAUSE_ALL => apart(
            app,
            |app, task| app.call(TaskPause { task }).map(drop),
            TaskAction::Pause,
        ),
        RESUME_ALL => apart(
            app,
            |app, task| app.call(TaskResume { task }).map(drop),
            TaskAction::Resume,
        ),
        other => {
            if let Some(id) = other.strip_prefix(TASK) {
                window::open_task(app, id);
            }
        }
    }
}

/// Gives a command to every task that allows it, away from the desktop's thread. Who fails is named in a notification: the
/// window may be hidden.
fn apart(app: &AppHandle, command: fn(&App, String) -> Result<(), AppError>, action: TaskAction) {
    let shell = Arc::clone(app.state::<Arc<Shell>>().inner());
    let working = std::thread::Builder::new()
        .name("sluice-menu".into())
        .spawn(move || {
            let Some(app) = shell.open_app() else { return };
            let mut failures = Vec::new();
            match app.call(sluice_app::TaskList::default()) {
                Ok(page) => {
                    for task in page
                        .tasks
                        .into_iter()
                        .filter(|task| task.allowed.contains(&action))
                    {
                        if let Err(error) = command(&app, task.id.as_str().to_owned()) {
                            failures.push(format!("{}: {error}", task.name));
                        }
                    }
                }
                Err(error) => failures.push(error.to_string()),
            }
            if !failures.is_empty() {
                let texts = texts(Language::of(&app));
                shell.notifier().say(texts.failed, &failures.join("\n"));
            }
        });
    if let Err(error) = working {
        tracing::error!(%error, "no thread for what was clicked");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_name_keeps_its_beginning() {
        assert_eq!(shortened("orders"), "orders");
        let long = shortened(&"中".repeat(64));
        assert_eq!(long.chars().count(), NAME);
        assert!(long.ends_with('…'));
    }

    #[test]
    fn without_tasks_it_opens_and_quits() {
        let texts = texts(Language::En);
        let ids: Vec<String> = lines(Some(&[]), texts)
            .into_iter()
            .filter_map(|line| match line {
                Line::Item { id, .. } => Some(id),
                Line::Note(_) | Line::Separator => None,
            })
            .collect();
        assert_eq!(ids, [OPEN, QUIT]);
    }
}
