//! `sluice task check`.

use sluice_app::{AppEvent, TaskCheck};
use sluice_engine::ItemResult;

use super::arguments::Place;
use super::backend::Backend;
use crate::exit::Exit;
use crate::screen::Screen;
use crate::{output, tables};

/// Runs a task's pre-check and prints its items.
///
/// # Errors
/// As the command says.
pub fn check(app: &Backend, task: String, place: &Place, screen: &Screen) -> anyhow::Result<Exit> {
    // What is known already is shown while the slower questions are out. The receiver ends with its sender's last use.
    let report = match app.events().filter(|_| !place.json) {
        None => app.call(TaskCheck { task })?,
        Some(events) => std::thread::scope(|scope| {
            let (over, ended) = crossbeam_channel::bounded::<()>(0);
            scope.spawn(move || {
                loop {
                    crossbeam_channel::select! {
                        recv(events) -> event => match event {
                            Ok(AppEvent::PreCheckItem { item, .. }) => tell_item(&item, screen),
                            Ok(_) => {}
                            Err(_) => return,
                        },
                        recv(ended) -> _ => return,
                    }
                }
            });
            let report = app.call(TaskCheck { task });
            drop(over);
            report
        })?,
    };
    if place.json {
        output::write(&serde_json::to_string_pretty(&report)?)?;
    } else {
        let mut table = tables::table(["", "inspection", "found", "effect", "what to do"], 0..0);
        for item in &report.items {
            let result = match item.result {
                ItemResult::Success => "ok",
                ItemResult::Warning => "WARNING",
                ItemResult::Failed => "FAILED",
                ItemResult::Running => "…",
            };
            table.add_row([
                result,
                &item.id.replace('_', " "),
                &item.cause,
                &item.effect,
                &item.remedy,
            ]);
        }
        output::write(&tables::text(&table))?;
        screen.say(if report.may_start {
            "the task may start"
        } else {
            "the task may not start until what FAILED is mended"
        });
    }
    Ok(if report.may_start {
        Exit::Done
    } else {
        Exit::NotWhole
    })
}

/// One line for an item of a pre-check that has its result.
fn tell_item(item: &serde_json::Value, screen: &Screen) {
    let word = |field: &str| {
        item.get(field)
            .and_then(serde_json::Value::as_str)
            .unwrap_or_default()
    };
    if word("result") != "running" {
        screen.say(&format!("{}: {}", word("id").replace('_', " "), word("result")));
    }
}
