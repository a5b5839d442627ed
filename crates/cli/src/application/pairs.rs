//! Two tasks that copy both ways.

use anyhow::bail;
use sluice_app::{TaskCreatePair, TaskShow, TaskVerify};
use sluice_model::TaskSettings;

use super::arguments::Place;
use super::backend::Backend;
use super::tasks::report;
use crate::exit::Exit;
use crate::screen::Screen;
use crate::{output, verify_table};

/// Makes two tasks as one pair.
pub(super) fn create(
    app: &Backend,
    settings: TaskSettings,
    place: &Place,
    screen: &Screen,
) -> anyhow::Result<Exit> {
    let pair = app.call(TaskCreatePair {
        settings,
        other_name: None,
    })?;
    if place.json {
        output::write(&serde_json::to_string_pretty(&pair)?)?;
        return Ok(Exit::Done);
    }
    report(&pair.task, place, screen)?;
    report(&pair.other, place, screen)?;
    screen.say("they are one pair, each is checked and started by its name");
    Ok(Exit::Done)
}

/// Verifies both directions of a pair; they prove together what either of them does.
pub(super) fn verify(app: &Backend, wanted: TaskVerify, place: &Place) -> anyhow::Result<Exit> {
    let shown = app.call(TaskShow {
        task: wanted.task.clone(),
        brief: Some(true),
    })?;
    let Some(partner) = shown.partner.filter(|partner| partner.name.is_some()) else {
        bail!("'{}' has no partner; leave --both-ways out", shown.name);
    };
    let other = TaskVerify {
        task: partner.id.to_string(),
        ..wanted.clone()
    };
    let (there, back) = (app.call(wanted)?, app.call(other)?);
    if place.json {
        let both = serde_json::json!({ "task": there, "other": back });
        output::write(&serde_json::to_string_pretty(&both)?)?;
    } else {
        for (report, from, to) in [
            (&there, &shown.source_name, &shown.target_name),
            (&back, &shown.target_name, &shown.source_name),
        ] {
            output::write(&format!("{from} → {to}\n{}", verify_table::render(report)))?;
        }
    }
    let exits = [there.result, back.result].map(crate::verify::exit);
    Ok(exits
        .into_iter()
        .find(|exit| *exit != Exit::Done)
        .unwrap_or(Exit::Done))
}
