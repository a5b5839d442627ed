//! `sluice cutover`.

use std::path::Path;

use anyhow::Context;
use sluice_app::{
    Cutover, CutoverBack, CutoverExport, CutoverNext, CutoverPlan, CutoverRehearse, CutoverState,
    CutoverStatus, CutoverStep, CutoverView, FenceKind, ReportFormat,
};

use super::arguments::Place;
use super::backend::Backend;
use super::cutover_arguments::{CutoverCommand, Fence};
use super::show;
use crate::exit::Exit;
use crate::screen::Screen;
use crate::{output, tables};

/// What a fence does to producers, said before it is planned.
const FENCE_WARNING: &str = "the fence denies WRITE to producers: an authorisation error ends most of them, and they have to be started again; \
     its rules are named one by one by the rehearsal, and removed on the way back";

/// Carries out a command on cut-overs. A step that is held ends with exit code 1, what is refused with 2.
///
/// # Errors
/// As the command says.
pub fn cutovers(command: CutoverCommand, place: &Place, screen: &Screen) -> anyhow::Result<Exit> {
    let app = Backend::open(place, screen)?;
    match command {
        CutoverCommand::Plan(arguments) => {
            if arguments.fence == Fence::Acl {
                screen.say(FENCE_WARNING);
            }
            let view = app.call(CutoverPlan {
                task: arguments.task,
                groups: arguments.groups,
                fence: kind(arguments.fence),
                silence_seconds: arguments.silence,
                follow: Some(!arguments.no_follow),
            })?;
            planned(&view, place, screen)
        }
        CutoverCommand::Rehearse(name) => {
            let view = app.call(CutoverRehearse { task: name.task })?;
            if !place.json {
                output::write(&tables::text(&answers(&view.cutover, CutoverStep::Rehearse)))?;
                output::write(&groups(&view.cutover))?;
            }
            held_or_done(&view, place, screen)
        }
        CutoverCommand::Next { task, overrule } => {
            let view = app.call(CutoverNext { task, overrule })?;
            held_or_done(&view, place, screen)
        }
        CutoverCommand::Status(name) => {
            let view = app.call(CutoverStatus { task: name.task })?;
            if place.json {
                output::write(&serde_json::to_string_pretty(&view)?)?;
            } else {
                output::write(&status(&view))?;
            }
            Ok(exit(&view.cutover))
        }
        CutoverCommand::Back { task, fence, silence } => {
            let view = app.call(CutoverBack {
                task,
                fence: kind(fence),
                silence_seconds: silence,
            })?;
            let gone_back = view.cutover.goes_back_on.is_some() && view.cutover.is_open();
            screen.say(if gone_back {
                "the way back is planned; carry it on with `sluice cutover next`"
            } else {
                "given up; everything is as it was before"
            });
            shown(&view, place)?;
            Ok(Exit::Done)
        }
        CutoverCommand::Report { task, out } => report(&app, task, &out, place, screen),
    }
}

fn kind(fence: Fence) -> FenceKind {
    match fence {
        Fence::None => FenceKind::None,
        Fence::Acl => FenceKind::Acl,
    }
}

fn planned(view: &CutoverView, place: &Place, screen: &Screen) -> anyhow::Result<Exit> {
    let cutover = &view.cutover;
    for staying in &cutover.staying {
        screen.say(&format!("stays: {staying}"));
    }
    if cutover.groups.is_empty() {
        screen.say("no group reads these topics; only producers move");
    }
    shown(view, place)?;
    Ok(Exit::Done)
}

fn shown(view: &CutoverView, place: &Place) -> anyhow::Result<()> {
    if place.json {
        return output::write(&serde_json::to_string_pretty(view)?);
    }
    output::write(&status(view))
}

/// Prints where it stands, and what holds it if something does.
fn held_or_done(view: &CutoverView, place: &Place, screen: &Screen) -> anyhow::Result<Exit> {
    if place.json {
        output::write(&serde_json::to_string_pretty(view)?)?;
    } else {
        let cutover = &view.cutover;
        match &cutover.held {
            Some(held) => {
                for answer in &held.answers {
                    screen.say(&format!(
                        "held by {} ({}): {}. {}",
                        answer.question,
                        answer.result.word(),
                        answer.evidence,
                        answer.remedy
                    ));
                }
            }
            None => screen.say(&standing(cutover)),
        }
    }
    Ok(exit(&view.cutover))
}

fn exit(cutover: &Cutover) -> Exit {
    if cutover.held.is_some() {
        Exit::NotWhole
    } else {
        Exit::Done
    }
}

/// Where a cut-over stands, in a sentence.
fn standing(cutover: &Cutover) -> String {
    match cutover.state {
        CutoverState::Open => format!(
            "{}: the next step is {}, {}",
            cutover.id,
            cutover.step.number(),
            cutover.step
        ),
        CutoverState::Abandoning => format!("{}: is being given up; repeat `back`", cutover.id),
        CutoverState::Abandoned => format!("{}: given up before the switch", cutover.id),
        CutoverState::Closed => format!("{}: closed; there is no way back", cutover.id),
        CutoverState::WentBack => format!("{}: applications have moved back", cutover.id),
    }
}

fn status(view: &CutoverView) -> String {
    let cutover = &view.cutover;
    let mut table = tables::table(["", "step", "what Sluice does", "what applications see"], 0..0);
    for row in &view.steps {
        let mark = if row.done {
            "done"
        } else if row.step == cutover.step && cutover.is_open() {
            if cutover.held.is_some() { "HELD" } else { "next" }
        } else {
            ""
        };
        table.add_row([
            mark.to_owned(),
            format!("{}. {}", row.number, row.title),
            row.sluice.clone(),
            row.applications.clone(),
        ]);
    }
    let mut text = vec![
        standing(cutover),
        format!("from {} to {}", view.from, view.to),
        format!("groups: {}", listed(&cutover.groups)),
        format!(
            "topics: {}",
            listed(
                &cutover
                    .topics
                    .iter()
                    .map(|pair| if pair.source == pair.target {
                        pair.source.clone()
                    } else {
                        format!("{} → {}", pair.source, pair.target)
                    })
                    .collect::<Vec<_>>()
            )
        ),
        String::new(),
        tables::text(&table),
    ];
    if let Some(held) = &cutover.held {
        text.push(String::new());
        for answer in &held.answers {
            text.push(format!(
                "held by {}: {}. {}",
                answer.question, answer.evidence, answer.remedy
            ));
        }
    }
    if let Some(last) = cutover.log.last() {
        text.push(String::new());
        text.push(format!(
            "{} {}: {}",
            show::time(last.at_ms),
            last.by,
            last.message
        ));
    }
    text.join("\n")
}

fn listed(names: &[String]) -> String {
    if names.is_empty() {
        "none".to_owned()
    } else {
        names.join(", ")
    }
}

fn answers(cutover: &Cutover, step: CutoverStep) -> comfy_table::Table {
    let mut table = tables::table(["", "question", "found", "what to do"], 0..0);
    let known = cutover.answers.iter().filter(|known| known.step == step);
    for answer in known.flat_map(|known| &known.answers) {
        table.add_row([
            if answer.holds {
                answer.result.word().to_uppercase()
            } else {
                answer.result.word().to_owned()
            },
            answer.question.clone(),
            answer.evidence.clone(),
            answer.remedy.clone(),
        ]);
    }
    table
}

fn groups(cutover: &Cutover) -> String {
    let mut table = tables::table(
        ["group", "partition", "source offset", "target offset", "how"],
        2..4,
    );
    for moved in &cutover.rehearsed {
        for position in &moved.positions {
            table.add_row([
                moved.group.clone(),
                format!("{}-{}", position.topic, position.partition),
                position.source_offset.to_string(),
                show::number(position.target_offset),
                position.how.clone(),
            ]);
        }
    }
    tables::text(&table)
}

fn report(app: &Backend, task: String, out: &Path, place: &Place, screen: &Screen) -> anyhow::Result<Exit> {
    let is_json = place.json || out.extension().is_some_and(|extension| extension == "json");
    let format = if is_json {
        ReportFormat::Json
    } else {
        ReportFormat::Html
    };
    let text = app.call(CutoverExport { task, format })?;
    std::fs::write(out, text).with_context(|| format!("'{}' cannot be written", out.display()))?;
    screen.say(&format!("the report is in '{}'", out.display()));
    Ok(Exit::Done)
}
