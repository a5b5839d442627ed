//! `sluice task readiness`.

use sluice_app::{AppEvent, TaskReadiness};
use sluice_engine::{Evidence, QUESTIONS, Question, ReadinessItem, ReadinessReport, ReadinessResult};

use super::arguments::Place;
use super::backend::Backend;
use crate::exit::Exit;
use crate::screen::Screen;
use crate::{output, tables};

/// Rows of evidence that the table shows of each item; JSON has all.
const ROWS: usize = 5;

/// Reads the id of a question.
///
/// # Errors
/// There is no such question.
pub fn readiness_question(text: &str) -> Result<Question, String> {
    Question::of_id(text).ok_or_else(|| {
        let all: Vec<&str> = QUESTIONS.iter().map(|question| question.id()).collect();
        format!("there is no such question; the questions are: {}", all.join(", "))
    })
}

/// Asks, and prints the answers.
///
/// # Errors
/// As the command says.
pub fn readiness(
    app: &Backend,
    wanted: TaskReadiness,
    place: &Place,
    screen: &Screen,
) -> anyhow::Result<Exit> {
    let all = wanted.only.is_none();
    let report = asked(app, wanted, place, screen)?;
    if place.json {
        output::write(&serde_json::to_string_pretty(&report)?)?;
    } else {
        output::write(&table(&report))?;
        screen.say(&verdict(&report, all));
    }
    Ok(if report.ready { Exit::Done } else { Exit::NotWhole })
}

/// Asks, and says what is known while slower questions are out.
fn asked(
    app: &Backend,
    wanted: TaskReadiness,
    place: &Place,
    screen: &Screen,
) -> anyhow::Result<ReadinessReport> {
    let Some(events) = app.events().filter(|_| !place.json) else {
        return Ok(app.call(wanted)?);
    };
    Ok(std::thread::scope(|scope| {
        let (over, ended) = crossbeam_channel::bounded::<()>(0);
        scope.spawn(move || {
            loop {
                crossbeam_channel::select! {
                    recv(events) -> event => match event {
                        Ok(AppEvent::ReadinessItem { item, .. }) if item.result != ReadinessResult::Running => {
                            screen.say(&format!("{}: {}", name(item.id), word(item.result)));
                        }
                        Ok(_) => {}
                        Err(_) => return,
                    },
                    recv(ended) -> _ => return,
                }
            }
        });
        let report = app.call(wanted);
        drop(over);
        report
    })?)
}

fn name(question: Question) -> String {
    question.id().replace('_', " ")
}

fn word(result: ReadinessResult) -> &'static str {
    match result {
        ReadinessResult::Running => "…",
        ReadinessResult::Success => "ok",
        ReadinessResult::Warning => "WARNING",
        ReadinessResult::Unknown => "UNKNOWN",
        ReadinessResult::Failed => "FAILED",
    }
}

fn table(report: &ReadinessReport) -> String {
    let mut table = tables::table(["", "question", "found", "what to do", "age"], 4..5);
    for item in &report.items {
        table.add_row([
            word(item.result).to_owned(),
            name(item.id),
            found(item),
            item.remedy.clone(),
            format!("{} s", item.age_s),
        ]);
    }
    tables::text(&table)
}

/// What was found, and below it what it rests on, where it is not as it should be.
fn found(item: &ReadinessItem) -> String {
    let mut lines = vec![item.cause.clone()];
    if item.result != ReadinessResult::Success {
        lines.extend(item.evidence.iter().take(ROWS).map(row));
        let more = item.evidence.len().saturating_sub(ROWS) as u64 + item.more_evidence;
        if more > 0 {
            lines.push(format!("  and {more} more"));
        }
    }
    lines.join("\n")
}

fn row(evidence: &Evidence) -> String {
    format!("  {evidence}")
}

fn verdict(report: &ReadinessReport, all: bool) -> String {
    let blocking: Vec<String> = report.blocking().map(|item| name(item.id)).collect();
    if report.ready {
        "ready: applications may move".to_owned()
    } else if blocking.is_empty() && !all {
        "not ready: not all questions were asked".to_owned()
    } else {
        format!("not ready: {}", blocking.join(", "))
    }
}
