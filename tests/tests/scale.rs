//! What keeps answers small however much there is: pages, and rows without what only one task's own page shows. How long
//! commands take is measured by `make bench-commands`.

use std::collections::BTreeSet;

use anyhow::Result;
use serde_json::{Value, json};
use sluice_app::{App, TaskCreate};
use sluice_model::{Objects, TaskName};
use sluice_store::{LogRow, SqliteStore};
use sluice_tests::{Desk, now_ms};

const TASKS: usize = 200;
const LINES: usize = 5_000;

fn answer(app: &App, command: &str, request: Value) -> Result<(Value, usize)> {
    let answer = app.call_by_name(command, request)?;
    Ok((serde_json::from_str(answer.get())?, answer.get().len()))
}

#[test]
fn with_two_hundred_tasks_and_long_logs_each_answer_is_a_page() -> Result<()> {
    let dir = tempfile::tempdir()?;
    let desk = Desk::open(dir.path())?;
    let store = SqliteStore::open(dir.path())?;
    store.set_setting("max_tasks", &(2 * TASKS).into())?;
    // Nobody is asked: there are no such clusters.
    let (from, to) = (
        desk.source("from", "h1.invalid:1")?,
        desk.source("to", "h2.invalid:1")?,
    );
    let mut ids = Vec::new();
    for number in 0..TASKS {
        let mut settings = desk.settings("a", &from, &to, &["t"])?;
        settings.name = TaskName::new(&format!("task {number:03}"))?;
        settings.objects = Objects::Topics((0..50).map(|topic| format!("t{number}-{topic}")).collect());
        ids.push(desk.app.call(TaskCreate { settings })?.id.to_string());
    }
    let report = json!({ "items": "x".repeat(200_000) });
    for id in &ids {
        store.set_task_pre_check(id, Some(&report))?;
    }
    // Of now: older lines are cleared away.
    let begun = now_ms();
    let line = |number: usize| LogRow {
        id: 0,
        task_id: ids[0].clone(),
        at_ms: begun + number as i64,
        level: "info".to_owned(),
        message: format!("line {number}"),
        topic: None,
        partition: None,
        offset: None,
        event: None,
    };
    store.append_task_log(&(0..LINES).map(line).collect::<Vec<_>>())?;

    // All of them on pages: each once.
    let mut seen = BTreeSet::new();
    for offset in (0..TASKS).step_by(50) {
        let page = json!({ "order": "name", "limit": 50, "offset": offset });
        let (page, bytes) = answer(&desk.app, "task_list", page)?;
        assert_eq!(
            (page["total"].as_u64(), page["not_terminated"].as_u64()),
            (Some(200), Some(200))
        );
        let rows = page["tasks"].as_array().map(Vec::as_slice).unwrap_or_default();
        assert_eq!(rows.len(), 50);
        seen.extend(
            rows.iter()
                .filter_map(|row| row["name"].as_str().map(str::to_owned)),
        );
        assert!(bytes < 50 * 1_000, "neither topics nor reports: {bytes}");
    }
    assert_eq!(seen.len(), TASKS);
    let (_, bytes) = answer(&desk.app, "task_list", json!({}))?;
    assert!(bytes < TASKS * 1_000, "{bytes}");
    // The report is on the task's own page.
    let (view, _) = answer(&desk.app, "task_show", json!({ "task": ids[0] }))?;
    assert_eq!(view["pre_check"], report);

    for (command, request, count) in [
        ("task_log", json!({ "task": ids[0] }), 500),
        ("task_log", json!({ "task": ids[0], "limit": 10 }), 10),
        ("operation_list", json!({}), 202),
        ("operation_list", json!({ "limit": 10 }), 10),
    ] {
        let (rows, bytes) = answer(&desk.app, command, request.clone())?;
        let rows = rows.as_array().map(Vec::len).unwrap_or_default();
        assert_eq!(rows, count, "{command} {request}");
        assert!(bytes < 1_000_000, "{command} {request}: {bytes} bytes");
    }
    Ok(())
}
