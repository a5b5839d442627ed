//! `sluice task`.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use sluice_app::{
    SourceShow, TaskChanges, TaskCopy, TaskCreate, TaskDelete, TaskExport, TaskImport, TaskList,
    TaskLogQuery, TaskModify, TaskMove, TaskPause, TaskReadiness, TaskResume, TaskRetry, TaskShow, TaskStart,
    TaskTag, TaskTerminate, TaskTune, TaskVerify, TaskView, TroubleCause,
};
use sluice_engine::VerifyScope;
use sluice_model::{Objects, RateLimits, Start, TaskName, TaskSettings, TaskState};

use super::arguments::{ModifyArguments, Place, SetArguments, TaskCommand, TaskCreateArguments};
use super::backend::Backend;
use super::{groups, pairs, pre_check, readiness, records, show, verification};
use crate::description::{objects_of, rename_of};
use crate::exit::Exit;
use crate::screen::Screen;
use crate::{output, tables, verify_table};

/// This computer, among the places where a task may run.
const HERE: &str = "here";

/// How long a task may take to come to rest.
const PATIENCE: Duration = Duration::from_secs(90);
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// Carries out a command on tasks.
///
/// # Errors
/// As the command says.
pub fn tasks(command: TaskCommand, place: &Place, screen: &Screen) -> anyhow::Result<Exit> {
    let app = Backend::open(place, screen)?;
    match command {
        TaskCommand::Create(arguments) => {
            let settings = described(&app, &arguments)?;
            if arguments.both_ways {
                return pairs::create(&app, settings, place, screen);
            }
            report(&app.call(TaskCreate { settings })?, place, screen)
        }
        TaskCommand::List { state, text, tag } => list(&app, chosen(state, text, tag), place),
        TaskCommand::Show(task) => show(&app, task.task, place),
        TaskCommand::Check(task) => pre_check::check(&app, task.task, place, screen),
        TaskCommand::Start { task, confirm } => {
            started(&app, &app.call(TaskStart { task, confirm })?, place, screen)
        }
        TaskCommand::Resume(task) => started(&app, &app.call(TaskResume { task: task.task })?, place, screen),
        TaskCommand::Retry(task) => started(&app, &app.call(TaskRetry { task: task.task })?, place, screen),
        TaskCommand::Pause(task) => {
            let view = app.call(TaskPause { task: task.task })?;
            rested(&settled(&app, view)?, place, screen)
        }
        TaskCommand::Terminate(task) => {
            let view = app.call(TaskTerminate { task: task.task })?;
            rested(&settled(&app, view)?, place, screen)
        }
        TaskCommand::Rm {
            task,
            connectors,
            leave_connectors,
        } => {
            let delete = TaskDelete {
                task,
                connectors,
                leave_connectors,
            };
            remove(&app, delete, screen)
        }
        TaskCommand::Copy { task, name } => report(&app.call(TaskCopy { task, name })?, place, screen),
        TaskCommand::Modify(arguments) => modify(&app, arguments, place, screen),
        TaskCommand::Set(arguments) => set(&app, &arguments, place, screen),
        TaskCommand::Log {
            task,
            level,
            text,
            limit,
        } => log(&app, logged(task, level, text, limit), place),
        TaskCommand::Changes(task) => changes(&app, task.task, place),
        TaskCommand::Gaps { task, accept } if accept.is_empty() => records::gaps(&app, task, place),
        TaskCommand::Gaps { task, accept } => {
            let exit = records::accept_gaps(&app, task, &accept, screen)?;
            hint(&app, screen);
            Ok(exit)
        }
        TaskCommand::Quarantine {
            task,
            replay,
            discard,
        } => match (replay, discard) {
            (Some(record), _) => records::replay(&app, task, record, place, screen),
            (None, Some(record)) => records::discard(&app, task, record, screen),
            (None, None) => records::quarantine(&app, task, place),
        },
        TaskCommand::Verify {
            task,
            topics,
            since,
            continues,
            both_ways,
        } => {
            let wanted = verification(task, topics, since, continues);
            if both_ways {
                return pairs::verify(&app, wanted, place);
            }
            verify(&app, wanted, place)
        }
        TaskCommand::Readiness {
            task,
            only,
            groups,
            accepted_lag,
            window,
        } => {
            let wanted = TaskReadiness {
                task,
                only: (!only.is_empty()).then_some(only),
                groups: (!groups.is_empty()).then(|| groups.into_iter().collect()),
                accepted_lag: accepted_lag.into_iter().collect(),
                window_s: window,
            };
            readiness::readiness(&app, wanted, place, screen)
        }
        TaskCommand::SyncConfiguration(arguments) => {
            super::compare::sync_configuration(&app, &arguments, place, screen)
        }
        TaskCommand::Groups(arguments) => groups::groups(&app, arguments, place, screen),
        TaskCommand::Move { task, run_on } => {
            let run_on = (run_on != HERE).then_some(run_on);
            report(&app.call(TaskMove { task, run_on })?, place, screen)
        }
        TaskCommand::Export { task, format } => {
            output::write(&app.call(TaskExport { task, format })?)?;
            Ok(Exit::Done)
        }
        TaskCommand::Import { file, name } => report(&import(&app, &file, name)?, place, screen),
    }
}

/// The tasks that a list is asked for.
fn chosen(states: Vec<TaskState>, text: Option<String>, tag: Option<String>) -> TaskList {
    TaskList {
        states,
        text,
        tag,
        ..TaskList::default()
    }
}

/// The lines of a log that are asked for.
fn logged(task: String, level: Option<String>, text: Option<String>, limit: usize) -> TaskLogQuery {
    TaskLogQuery {
        task,
        min_level: level,
        text,
        limit: Some(limit),
        ..TaskLogQuery::default()
    }
}

/// The verification that is asked for; of everything where nothing is named.
fn verification(task: String, topics: Vec<String>, since: Option<Start>, continues: bool) -> TaskVerify {
    let scope = VerifyScope {
        topics: topics.into_iter().collect(),
        since,
    };
    TaskVerify {
        task,
        scope: (!scope.is_whole()).then_some(scope),
        continues,
    }
}

fn remove(app: &Backend, delete: TaskDelete, screen: &Screen) -> anyhow::Result<Exit> {
    let words = format!("the task '{}' is removed", delete.task);
    app.call(delete)?;
    screen.say(&words);
    Ok(Exit::Done)
}

fn import(app: &Backend, file: &Path, name: Option<String>) -> anyhow::Result<TaskView> {
    let text =
        std::fs::read_to_string(file).with_context(|| format!("'{}' cannot be read", file.display()))?;
    Ok(app.call(TaskImport { text, name })?)
}

/// The settings that arguments describe, on data sources of those names.
fn described(app: &Backend, arguments: &TaskCreateArguments) -> anyhow::Result<TaskSettings> {
    let task = &arguments.task;
    let reaches = [&task.from_address_map, &task.to_address_map]
        .iter()
        .any(|map| !map.is_empty());
    if reaches || task.from_proxy.is_some() || task.to_proxy.is_some() {
        bail!(
            "a task is made between data sources: give address map and proxy to these, with `sluice source edit NAME --address-map ADVERTISED=REACHABLE --proxy HOST:PORT`"
        );
    }
    if task.from_config.is_some() || task.to_config.is_some() {
        bail!(
            "a task is made between data sources: add them with `sluice source add NAME --config FILE`, then name them with --from and --to"
        );
    }
    if task.name.is_some() {
        bail!("the name stands before the options: `sluice task create NAME --from SOURCE --to SOURCE …`");
    }
    let id = |name: &Option<String>, flag: &str| -> anyhow::Result<_> {
        let Some(name) = name else {
            bail!("{flag} is missing: name a data source (`sluice source list` shows them)");
        };
        let source = name.clone();
        Ok(app.call(SourceShow { source })?.source.id)
    };
    let mut settings = TaskSettings::new(
        TaskName::new(&arguments.task_name)?,
        id(&task.from, "--from")?,
        id(&task.to, "--to")?,
        objects_of(task)?.context("no topics chosen: --topic NAME, --include REGEX or --all")?,
    );
    settings.rename = rename_of(task);
    settings.start = task.start.clone().unwrap_or_default();
    settings.start_overrides = task.start_topic.iter().cloned().collect();
    settings.end.clone_from(&task.end);
    settings.end_overrides = task.end_topic.iter().cloned().collect();
    settings.existing = task.existing.unwrap_or_default();
    settings.delivery = task.delivery.unwrap_or_default();
    settings.out_of_range = task.out_of_range.unwrap_or_default();
    settings.forbidden_topics = task.forbidden_topics.unwrap_or_default();
    settings.missing_timestamps = task.missing_timestamps.unwrap_or_default();
    settings.lane = task.lane.unwrap_or_default();
    settings.spec = arguments.spec.unwrap_or_default();
    settings.rate = RateLimits {
        records_per_second: task.rate_records.map(|amount| amount.0),
        bytes_per_second: task.rate_bytes.map(|amount| amount.0),
    };
    settings.replication_factor = task.replication_factor;
    settings.compression = task.compression.unwrap_or_default();
    settings.bounded = task.until_caught_up;
    settings.run_on = match &arguments.run_on {
        Some(_) => Some(id(&arguments.run_on, "--run-on")?),
        None => None,
    };
    settings.tags = arguments.tags.iter().cloned().collect();
    Ok(settings)
}

pub(super) fn report(view: &TaskView, place: &Place, screen: &Screen) -> anyhow::Result<Exit> {
    if place.json {
        output::write(&serde_json::to_string_pretty(view)?)?;
    } else {
        screen.say(&format!(
            "task '{}' ({}) is {}",
            view.name, view.id, view.snapshot.state
        ));
    }
    Ok(Exit::Done)
}

/// Reports a task that came to rest; connectors that could not be stopped count.
fn rested(view: &TaskView, place: &Place, screen: &Screen) -> anyhow::Result<Exit> {
    let exit = report(view, place, screen)?;
    let on_connect = view.settings.run_on.is_some();
    let Some(reason) = view.reason.as_ref().filter(|_| on_connect) else {
        return Ok(exit);
    };
    screen.say(&format!("error: {reason}"));
    Ok(Exit::NotWhole)
}

fn show(app: &Backend, task: String, place: &Place) -> anyhow::Result<Exit> {
    let view = app.call(TaskShow { task, brief: None })?;
    if place.json {
        output::write(&serde_json::to_string_pretty(&view)?)?;
    } else {
        output::write(&summary(&view))?;
    }
    Ok(Exit::Done)
}

fn verify(app: &Backend, wanted: TaskVerify, place: &Place) -> anyhow::Result<Exit> {
    let report = app.call(wanted)?;
    if place.json {
        output::write(&serde_json::to_string_pretty(&report)?)?;
    } else {
        output::write(&verify_table::render(&report))?;
    }
    Ok(crate::verify::exit(report.result))
}

/// Reports a task that was started, resumed or tried again.
fn started(app: &Backend, view: &TaskView, place: &Place, screen: &Screen) -> anyhow::Result<Exit> {
    hint(app, screen);
    report(view, place, screen)
}

/// A start without a program that runs tasks would look like one that hangs.
fn hint(app: &Backend, screen: &Screen) {
    if !app.runs_tasks() {
        screen.say("note: nothing runs tasks on this data folder yet; it begins as soon as `sluice daemon` or the window is started");
    }
}

/// Waits until a task is no longer about to change its state by itself.
fn settled(app: &Backend, mut view: TaskView) -> anyhow::Result<TaskView> {
    let until = Instant::now() + PATIENCE;
    while view.snapshot.state.is_passing() {
        if Instant::now() >= until {
            bail!(
                "task '{}' is still {} after {} s; its log may say why: sluice task log {}",
                view.name,
                view.snapshot.state,
                PATIENCE.as_secs(),
                view.id
            );
        }
        std::thread::sleep(LOOK_EVERY);
        view = app.call(TaskShow {
            task: view.id.to_string(),
            brief: None,
        })?;
    }
    Ok(view)
}

fn list(app: &Backend, filter: TaskList, place: &Place) -> anyhow::Result<Exit> {
    let page = app.call(filter)?;
    if place.json {
        output::write(&serde_json::to_string_pretty(&page)?)?;
        return Ok(Exit::Done);
    }
    let mut table = tables::table(
        ["task", "state", "from", "to", "delay", "lag", "records/s", "id"],
        4..7,
    );
    for task in page.tasks {
        table.add_row([
            match task.partner.and_then(|partner| partner.name) {
                Some(other) => format!("{} ⇄ {other}", task.name),
                None => task.name,
            },
            task.state.to_string(),
            task.source_name,
            task.target_name,
            show::delay(task.delay_ms),
            show::number(task.lag_records),
            format!("{:.0}", task.write_rate),
            task.id.to_string(),
        ]);
    }
    output::write(&format!(
        "{}\n{} of at most {} tasks are not terminated",
        tables::text(&table),
        page.not_terminated,
        page.limit
    ))?;
    Ok(Exit::Done)
}

/// From where to where it copies, and what copies back.
fn direction(view: &TaskView) -> String {
    let way = format!("{} → {}", view.source_name, view.target_name);
    match &view.partner {
        None => way,
        Some(partner) => match (&partner.name, partner.state) {
            (Some(name), Some(state)) => {
                format!("{way}, and back by '{name}' ({}), which is {state}", partner.id)
            }
            _ => format!("{way}; the task that copied back was deleted, and what it wrote is left out"),
        },
    }
}

fn summary(view: &TaskView) -> String {
    let snapshot = &view.snapshot;
    let stages: Vec<String> = snapshot
        .stages
        .iter()
        .map(|stage| format!("{} {:.0} %", stage.name, stage.percent))
        .collect();
    let mut lines = vec![
        format!("{} ({}): {}", view.name, view.id, snapshot.state),
        direction(view),
        format!("stages: {}", stages.join(", ")),
        format!(
            "delay {}, lag {} records, {} read, {} written, {:.0} records/s",
            show::delay(snapshot.delay_ms),
            show::number(snapshot.lag_records),
            snapshot.read_records,
            snapshot.written_records,
            snapshot.write_rate
        ),
        format!("gaps {}, quarantined {}", snapshot.gaps, snapshot.quarantined),
    ];
    if let Some(error) = &snapshot.last_error {
        lines.push(format!("error: {error}"));
    }
    if let Some(TroubleCause::Gap) = snapshot.trouble.as_ref().map(|trouble| trouble.cause) {
        lines.push(format!(
            "`sluice task gaps {}` lists what is missing, and goes on behind it with --accept",
            view.name
        ));
    }
    let allowed: Vec<&str> = view.allowed.iter().map(|action| action.word()).collect();
    lines.push(format!("allowed now: {}", allowed.join(", ")));
    lines.join("\n")
}

fn modify(app: &Backend, arguments: ModifyArguments, place: &Place, screen: &Screen) -> anyhow::Result<Exit> {
    let task = arguments.task;
    let shown = app.call(TaskShow {
        task: task.clone(),
        brief: None,
    })?;
    let (mut settings, version) = (shown.settings, Some(shown.settings_version));
    match &mut settings.objects {
        Objects::Topics(topics) => {
            for topic in arguments.add {
                if topics.contains(&topic) {
                    bail!("'{topic}' is copied already");
                }
                topics.push(topic);
            }
            for topic in &arguments.remove {
                let Some(place) = topics.iter().position(|known| known == topic) else {
                    bail!("'{topic}' is not one of the task's topics");
                };
                topics.remove(place);
                settings.rename.map.remove(topic);
                settings.start_overrides.remove(topic);
                settings.end_overrides.remove(topic);
            }
        }
        Objects::Matching { .. } if arguments.add.is_empty() && arguments.remove.is_empty() => {}
        Objects::Matching { .. } => bail!(
            "the task copies topics by a pattern, not by a list: give other patterns with --include and --exclude"
        ),
    }
    if arguments.include.is_some() || arguments.exclude.is_some() {
        match &mut settings.objects {
            Objects::Topics(_) => bail!(
                "the task copies a list of topics, not those of a pattern: use --add and --remove, or make another task"
            ),
            Objects::Matching { include, exclude } => {
                if let Some(pattern) = arguments.include {
                    *include = pattern;
                }
                if let Some(pattern) = arguments.exclude {
                    *exclude = Some(pattern).filter(|pattern| !pattern.is_empty());
                }
            }
        }
    }
    settings
        .rename
        .map
        .extend(arguments.rename.into_iter().map(|pair| (pair.left, pair.right)));
    settings.start_overrides.extend(arguments.start_topic);
    report(
        &app.call(TaskModify {
            task,
            settings,
            version,
            copy_again: std::collections::BTreeSet::new(),
        })?,
        place,
        screen,
    )
}

fn set(app: &Backend, arguments: &SetArguments, place: &Place, screen: &Screen) -> anyhow::Result<Exit> {
    let keeps =
        groups::keep(app, arguments)? | verification::schedule(app, arguments)? | tag(app, arguments)?;
    let now = app.call(TaskShow {
        task: arguments.task.clone(),
        brief: None,
    })?;
    if keeps && !arguments.tunes() {
        return report(&now, place, screen);
    }
    let changed = arguments.rate_records.is_some() || arguments.rate_bytes.is_some();
    let other = |given: Option<crate::amount::Amount>, old| match given {
        Some(amount) if amount.0 == 0 => None,
        Some(amount) => Some(amount.0),
        None => old,
    };
    let old = now.settings.rate;
    let view = app.call(TaskTune {
        task: arguments.task.clone(),
        spec: arguments.spec,
        rate: changed.then(|| RateLimits {
            records_per_second: other(arguments.rate_records, old.records_per_second),
            bytes_per_second: other(arguments.rate_bytes, old.bytes_per_second),
        }),
        // Values that are not given stay as they were seen.
        version: changed.then_some(now.settings_version),
    })?;
    report(&view, place, screen)
}

/// Gives the task other tags, if the command says so. Returns whether it did.
fn tag(app: &Backend, arguments: &SetArguments) -> anyhow::Result<bool> {
    let Some(tags) = &arguments.tags else {
        return Ok(false);
    };
    app.call(TaskTag {
        task: arguments.task.clone(),
        tags: tags
            .split(',')
            .map(|tag| tag.trim().to_owned())
            .filter(|tag| !tag.is_empty())
            .collect(),
    })?;
    Ok(true)
}

fn log(app: &Backend, query: TaskLogQuery, place: &Place) -> anyhow::Result<Exit> {
    let mut lines = app.call(query)?;
    lines.reverse();
    if place.json {
        output::write(&serde_json::to_string_pretty(&lines)?)?;
        return Ok(Exit::Done);
    }
    let text: Vec<String> = lines
        .into_iter()
        .map(|line| format!("{} {:7} {}", show::time(line.at_ms), line.level, line.message))
        .collect();
    output::write(&text.join("\n"))?;
    Ok(Exit::Done)
}

fn changes(app: &Backend, task: String, place: &Place) -> anyhow::Result<Exit> {
    let mut changes = app.call(TaskChanges { task })?;
    changes.reverse();
    if place.json {
        output::write(&serde_json::to_string_pretty(&changes)?)?;
        return Ok(Exit::Done);
    }
    let mut table = tables::table(["when", "status", "what"], 0..0);
    for change in changes {
        table.add_row([
            show::time(change.at_ms),
            change.status,
            change.detail.unwrap_or_default(),
        ]);
    }
    output::write(&tables::text(&table))?;
    Ok(Exit::Done)
}
