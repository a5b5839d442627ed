//! `sluice compare`.

use std::collections::BTreeSet;

use serde::Serialize;
use sluice_app::{ParityApply, ParityCompare, ParityKind, ParityView, TaskSyncConfiguration};
use sluice_engine::parity::{Applied, ParityChange, ParityResult};
use sluice_model::ConfigurationSync;

use super::arguments::Place;
use super::backend::Backend;
use super::compare_arguments::{Applying, CompareArguments, Switch, SyncConfigurationArguments};
use super::compare_tables;
use crate::exit::Exit;
use crate::output;
use crate::screen::Screen;

/// What `--apply --json` prints.
#[derive(Serialize)]
struct Report<'a> {
    /// What would make the target like the source, as far as it was chosen.
    changes: &'a [ParityChange],
    /// Each with its outcome; none if nothing was to be changed.
    applied: Option<&'a [Applied]>,
    /// Changes that take something away and were not chosen.
    removals_left: usize,
}

/// Compares two data sources, or makes the target like the source.
///
/// # Errors
/// As the commands say.
pub fn compare(arguments: &CompareArguments, screen: &Screen) -> anyhow::Result<Exit> {
    let app = Backend::open(&arguments.place, screen)?;
    let view = app.call(arguments.wanted())?;
    if arguments.apply.is_empty() {
        show(&view, arguments)?;
        return Ok(exit(view.comparison.result));
    }
    apply(&app, arguments, &view, screen)
}

/// Turns the keeping of a task's configuration on or off; on only after what it changes at once was shown.
///
/// # Errors
/// As the commands say.
pub fn sync_configuration(
    app: &Backend,
    arguments: &SyncConfigurationArguments,
    place: &Place,
    screen: &Screen,
) -> anyhow::Result<Exit> {
    let on = arguments.switch == Switch::On;
    if on && !arguments.yes {
        let view = app.call(ParityCompare {
            task: Some(arguments.task.clone()),
            kinds: vec![ParityKind::Topics],
            with: arguments.with.clone(),
            ..ParityCompare::default()
        })?;
        let mut changes = view.changes.clone();
        changes.retain(|change| arguments.remove || !change.is_removal());
        print(place, &changes, None, 0)?;
        for sentence in unknown_of(&view) {
            screen.say(&format!("unknown: {sentence}"));
        }
        screen.say("nothing was changed: add --yes to keep it so while the task runs");
        return Ok(Exit::NotWhole);
    }
    let view = app.call(TaskSyncConfiguration {
        task: arguments.task.clone(),
        sync: ConfigurationSync {
            on,
            remove: on && arguments.remove,
            with: arguments.with.iter().filter(|_| on).cloned().collect(),
        },
    })?;
    if place.json {
        output::write(&serde_json::to_string_pretty(&view)?)?;
    } else {
        let words = if on {
            "is kept like the source's while it runs"
        } else {
            "is left alone"
        };
        screen.say(&format!(
            "the configuration of the target topics of task '{}' {words}",
            view.name
        ));
    }
    Ok(Exit::Done)
}

fn show(view: &ParityView, arguments: &CompareArguments) -> anyhow::Result<()> {
    match arguments.place.json {
        true => output::write(&serde_json::to_string_pretty(view)?),
        false => output::write(&compare_tables::render(view, arguments.all)),
    }
}

/// As of a verification: what is not known to be equal is not equal.
fn exit(result: ParityResult) -> Exit {
    match result {
        ParityResult::Equal => Exit::Done,
        ParityResult::Different | ParityResult::Unknown => Exit::NotWhole,
    }
}

fn apply(
    app: &Backend,
    arguments: &CompareArguments,
    view: &ParityView,
    screen: &Screen,
) -> anyhow::Result<Exit> {
    let (removals, others): (Vec<_>, Vec<_>) = view
        .changes
        .iter()
        .filter(|change| is_chosen(change, &arguments.apply))
        .cloned()
        .partition(ParityChange::is_removal);
    let left = if arguments.remove { 0 } else { removals.len() };
    let mut changes = others;
    if arguments.remove {
        changes.extend(removals);
    }
    let applied = match arguments.yes && !changes.is_empty() {
        false => None,
        true => Some(app.call(ParityApply {
            compared: arguments.wanted(),
            changes: changes.clone(),
            remove: arguments.remove,
        })?),
    };
    print(&arguments.place, &changes, applied.as_deref(), left)?;
    let unknown = unknown_of(view);
    for sentence in &unknown {
        screen.say(&format!("unknown: {sentence}"));
    }
    if left > 0 {
        screen.say(&format!(
            "{left} more would be taken away from '{}': add --remove",
            view.target_name
        ));
    }
    if applied.is_none() && !changes.is_empty() {
        screen.say("nothing was changed: add --yes to make these changes");
    }
    let failed = applied.iter().flatten().any(|one| one.error.is_some());
    let is_pending = applied.is_none() && !changes.is_empty();
    Ok(match is_pending || failed || !unknown.is_empty() {
        true => Exit::NotWhole,
        false => Exit::Done,
    })
}

/// What could not be read, of the clusters and of single topics, each reason once.
fn unknown_of(view: &ParityView) -> BTreeSet<String> {
    let of_topics = view
        .comparison
        .topics
        .iter()
        .flatten()
        .flat_map(|topic| &topic.unknown);
    (view.comparison.unknown.iter().map(ToString::to_string))
        .chain(of_topics.cloned())
        .collect()
}

fn is_chosen(change: &ParityChange, chosen: &[Applying]) -> bool {
    chosen.contains(&match change {
        ParityChange::SetValue { .. } | ParityChange::RemoveValue { .. } => Applying::Configuration,
        ParityChange::CreateAcl { .. } | ParityChange::RemoveAcl { .. } => Applying::Acls,
        ParityChange::SetQuota { .. } | ParityChange::RemoveQuota { .. } => Applying::Quotas,
    })
}

fn print(
    place: &Place,
    changes: &[ParityChange],
    applied: Option<&[Applied]>,
    removals_left: usize,
) -> anyhow::Result<()> {
    if place.json {
        let report = Report {
            changes,
            applied,
            removals_left,
        };
        return output::write(&serde_json::to_string_pretty(&report)?);
    }
    match changes.is_empty() {
        true => output::write("There is nothing to change."),
        false => output::write(&compare_tables::changes(changes, applied)),
    }
}
