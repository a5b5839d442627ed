//! `sluice task groups`.

use sluice_app::{TaskGroups, TaskGroupsKeep, TaskGroupsSync};
use sluice_engine::{GroupKind, GroupReport, GroupState, GroupsReport, Translated};
use sluice_model::{GroupPattern, GroupSync};

use super::arguments::{GroupsArguments, Place, SetArguments};
use super::backend::Backend;
use super::show;
use crate::exit::Exit;
use crate::screen::Screen;
use crate::{output, tables};

/// Lists the groups of a task, or syncs them.
///
/// # Errors
/// As the command says.
pub fn groups(
    app: &Backend,
    arguments: GroupsArguments,
    place: &Place,
    screen: &Screen,
) -> anyhow::Result<Exit> {
    if !arguments.sync {
        let view = app.call(TaskGroups {
            task: arguments.task,
            groups: arguments.group,
        })?;
        if place.json {
            output::write(&serde_json::to_string_pretty(&view)?)?;
        } else {
            output::write(&listed(&view.report))?;
            tell(&view.report, screen);
        }
        return Ok(Exit::Done);
    }
    let is_dry = arguments.dry_run;
    let report = app.call(TaskGroupsSync {
        task: arguments.task,
        groups: arguments.group,
        all: arguments.all,
        rewind: arguments.rewind,
        exact_only: arguments.exact_only,
        dry_run: arguments.dry_run,
    })?;
    if place.json {
        output::write(&serde_json::to_string_pretty(&report)?)?;
    } else {
        output::write(&listed(&report))?;
        tell(&report, screen);
        let (committed, all) = (report.committed, positions(&report));
        screen.say(&if is_dry {
            format!("nothing was changed; {committed} of {all} positions would be committed on the target")
        } else {
            format!("{committed} of {all} positions were committed on the target")
        });
    }
    Ok(exit(&report, is_dry))
}

/// Done if every group that can be moved stands on the target now; a dry run if every position would be committed.
fn exit(report: &GroupsReport, is_dry: bool) -> Exit {
    let is_whole = report.failed == 0
        && report.groups.iter().all(|group| match group.state {
            GroupState::Synced | GroupState::NotMoved => true,
            GroupState::Behind => is_dry && group.partitions.iter().all(|position| position.committed),
            GroupState::Ahead => is_dry && group.partitions.iter().all(|position| position.committed),
            GroupState::Live | GroupState::TakenOver | GroupState::Unknown => false,
        });
    if is_whole { Exit::Done } else { Exit::NotWhole }
}

fn positions(report: &GroupsReport) -> usize {
    report.groups.iter().map(|group| group.partitions.len()).sum()
}

fn tell(report: &GroupsReport, screen: &Screen) {
    for note in &report.notes {
        screen.say(&format!("note: {note}"));
    }
}

/// A line for each group, and one for each position that a person has to know of.
fn listed(report: &GroupsReport) -> String {
    let mut table = tables::table(
        [
            "group",
            "kind",
            "members",
            "on target",
            "state",
            "lag",
            "lag on target",
            "positions",
            "last sync",
        ],
        5..7,
    );
    for group in &report.groups {
        table.add_row([
            group.group.clone(),
            kind(group),
            members(group.members_source),
            members(group.members_target),
            state(group.state).to_owned(),
            show::number(group.lag_source),
            show::number(group.lag_target),
            results(group),
            group.last_sync_ms.map_or_else(String::new, show::time),
        ]);
    }
    let mut lines = vec![tables::text(&table)];
    for group in &report.groups {
        if let Some(reason) = &group.reason {
            lines.push(format!("{}: {reason}", group.group));
        }
        if !group.topics_outside.is_empty() {
            lines.push(format!(
                "{}: also reads {}, which the task does not copy",
                group.group,
                group.topics_outside.join(", ")
            ));
        }
        for position in &group.partitions {
            if let Some(reason) = &position.reason {
                lines.push(format!(
                    "{}: {}-{} at {}: {reason}",
                    group.group, position.topic, position.partition, position.source_offset
                ));
            }
        }
    }
    lines.join("\n")
}

fn kind(group: &GroupReport) -> String {
    match group.kind {
        GroupKind::Classic => "classic".to_owned(),
        GroupKind::Consumer => "consumer".to_owned(),
        GroupKind::Share => "share".to_owned(),
        GroupKind::Streams => "streams".to_owned(),
        GroupKind::Other => group.protocol.clone(),
    }
}

fn members(members: Option<u32>) -> String {
    members.map_or_else(|| "?".to_owned(), |members| members.to_string())
}

fn state(state: GroupState) -> &'static str {
    match state {
        GroupState::Synced => "synced",
        GroupState::Behind => "behind",
        GroupState::Ahead => "AHEAD",
        GroupState::Live => "LIVE",
        GroupState::TakenOver => "taken over",
        GroupState::NotMoved => "not moved",
        GroupState::Unknown => "UNKNOWN",
    }
}

/// How the positions translate, counted: `12 exact, 1 pending`.
fn results(group: &GroupReport) -> String {
    let all = [
        (Translated::Exact, "exact"),
        (Translated::Searched, "searched"),
        (Translated::Earlier, "earlier"),
        (Translated::Pending, "pending"),
        (Translated::BeforeStart, "before the start"),
        (Translated::Expired, "expired"),
        (Translated::Unknown, "unknown"),
    ];
    let counted: Vec<String> = all
        .into_iter()
        .map(|(result, word)| {
            let count = group
                .partitions
                .iter()
                .filter(|position| position.result == result)
                .count();
            (count, word)
        })
        .filter(|(count, _)| *count > 0)
        .map(|(count, word)| format!("{count} {word}"))
        .collect();
    counted.join(", ")
}

/// Changes which groups are kept in step, if `sluice task set` says so. Returns whether it did.
///
/// # Errors
/// As the command says.
pub fn keep(app: &Backend, arguments: &SetArguments) -> anyhow::Result<bool> {
    let Some(groups) = &arguments.sync_groups else {
        return Ok(false);
    };
    let sync = match groups {
        SyncGroups::Off => None,
        SyncGroups::Matching(pattern) => Some(GroupSync {
            groups: pattern.as_str().to_owned(),
            interval_seconds: arguments
                .sync_interval
                .unwrap_or(GroupSync::DEFAULT_INTERVAL_SECONDS),
        }),
    };
    app.call(TaskGroupsKeep {
        task: arguments.task.clone(),
        sync,
        version: None,
    })?;
    Ok(true)
}

/// The value of `--sync-groups`.
#[derive(Debug, Clone)]
pub enum SyncGroups {
    /// No group.
    Off,
    /// Groups of these names.
    Matching(GroupPattern),
}

impl std::str::FromStr for SyncGroups {
    type Err = sluice_model::InvalidTask;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "off" => Ok(Self::Off),
            pattern => GroupPattern::new(pattern).map(Self::Matching),
        }
    }
}
