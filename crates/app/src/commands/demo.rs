//! The demonstration: two clusters inside this program, a data source for each, and a task between them that is ready to
//! be checked and started. The clusters end with the program, so whatever is left of them then is removed.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use sluice_alerts::Language;
use sluice_model::{Environment, Objects, RateLimits, SourceForm, SourceId, TaskId, TaskName, TaskSettings};
use ts_rs::TS;

use super::command::Command;
use super::sources::SourceAdd;
use super::task_life::remove;
use super::tasks::create;
use crate::alerts::LANGUAGE_SETTING;
use crate::core::Operation;
use crate::core::{self, Core};
use crate::demo::{DemoAddresses, DemoHost, forget, remember, sources, tasks};
use crate::{App, AppError, ErrorCode, Result};

/// Records per second of the demonstration's task.
const DEMO_RATE: u64 = 22_000;
/// Names tried before it gives up: a person may have data sources of these names.
const NAMES_TRIED: usize = 100;

/// Starts the demonstration from the beginning: two clusters, a data source for each, and a task that is a draft. What is left of an
/// earlier one is removed, with every task that uses it.
#[derive(Debug, Clone, Default, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct DemoStart {}

/// What the demonstration consists of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct DemoStarted {
    /// The data source to copy from.
    pub source_id: SourceId,
    /// The data source to copy to.
    pub target_id: SourceId,
    /// The task between them, a draft.
    pub task_id: TaskId,
}

/// Ends the demonstration and removes its data sources, with every task that uses them.
#[derive(Debug, Clone, Default, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct DemoStop {}

impl Command for DemoStart {
    const NAME: &'static str = "demo_start";
    type Answer = DemoStarted;

    fn run(self, app: &App) -> Result<DemoStarted> {
        let demo = host(app)?;
        operation(Self::NAME).run(&app.core.store, || {
            clear(app)?;
            let addresses = demo.start()?;
            let started = describe(app, &addresses);
            if started.is_err() {
                // Half a demonstration is of no use.
                clear(app)?;
                demo.stop();
            }
            started
        })
    }
}

impl Command for DemoStop {
    const NAME: &'static str = "demo_stop";
    type Answer = ();

    fn run(self, app: &App) -> Result<()> {
        let demo = host(app)?;
        operation(Self::NAME).run(&app.core.store, || {
            clear(app)?;
            demo.stop();
            Ok(())
        })
    }
}

fn host(app: &App) -> Result<&dyn DemoHost> {
    app.demo.as_deref().ok_or_else(|| {
        AppError::new(
            ErrorCode::Refused,
            "the demo clusters are part of the window; in a terminal use `sluice demo`",
        )
    })
}

fn operation(action: &'static str) -> Operation {
    Operation::new(action, "demo", "demo", "demo")
}

/// Makes the data sources and the task.
fn describe(app: &App, addresses: &DemoAddresses) -> Result<DemoStarted> {
    let core = &app.core;
    let words = Words::in_use(core)?;
    let source_id = add_source(app, words.source, words.note, &addresses.source)?;
    remember(core, &[&source_id])?;
    let target_id = add_source(app, words.target, words.note, &addresses.target)?;
    remember(core, &[&source_id, &target_id])?;
    let task = create(
        app,
        DemoStart::NAME,
        TaskSettings {
            // So that the copy of the backlog can be watched: about 20 seconds.
            rate: RateLimits {
                records_per_second: Some(DEMO_RATE),
                bytes_per_second: None,
            },
            ..TaskSettings::new(
                TaskName::new(words.task)?,
                source_id.clone(),
                target_id.clone(),
                Objects::Topics(addresses.topics.clone()),
            )
        },
    )?;
    Ok(DemoStarted {
        source_id,
        target_id,
        task_id: task.id,
    })
}

fn add_source(app: &App, name: &str, note: &str, bootstrap: &str) -> Result<SourceId> {
    let taken: BTreeSet<String> = app
        .core
        .store
        .sources()?
        .into_iter()
        .map(|row| row.name.to_lowercase())
        .collect();
    let free = (1..=NAMES_TRIED)
        .map(|number| match number {
            1 => name.to_owned(),
            number => format!("{name} {number}"),
        })
        .find(|name| !taken.contains(&name.to_lowercase()));
    let form = SourceForm {
        name: free.unwrap_or_else(|| name.to_owned()),
        environment: Environment {
            name: "Demo".to_owned(),
            colour: "#00838f".to_owned(),
        },
        note: note.to_owned(),
        bootstrap: bootstrap.to_owned(),
        ..SourceForm::default()
    };
    let added = SourceAdd {
        form,
        secrets: BTreeMap::new(),
    };
    Ok(added.run(app)?.id)
}

/// Removes the demonstration's data sources and every task that uses them, running ones too: their clusters end.
fn clear(app: &App) -> Result<()> {
    let core = &app.core;
    let sources = sources(core)?;
    for row in tasks(core, &sources)? {
        let id = core::task_id(&row)?;
        app.verifications.cancel(&id);
        app.checks.cancel(&id);
        remove(app, &id, |_| Ok(()), |_| Ok(()), false)?;
    }
    forget(core, &sources)
}

/// What the demonstration's things are called.
struct Words {
    source: &'static str,
    target: &'static str,
    task: &'static str,
    note: &'static str,
}

impl Words {
    fn in_use(core: &Core) -> Result<Self> {
        let language = match core.store.setting(LANGUAGE_SETTING)? {
            Some(value) => serde_json::from_value(value).unwrap_or_default(),
            None => Language::default(),
        };
        Ok(match language {
            Language::English => Self {
                source: "Demo source",
                target: "Demo target",
                task: "Demo: a shop's topics",
                note: "Runs inside Sluice and ends with it",
            },
            Language::SimplifiedChinese => Self {
                source: "演示源集群",
                target: "演示目标集群",
                task: "演示：商店的主题",
                note: "在 Sluice 内部运行，随程序退出而结束",
            },
        })
    }
}
