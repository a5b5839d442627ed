//! What every command that works on a task needs: the task with its name, and the state.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use sluice_model::{Objects, Task, TaskName};
use sluice_store::SqliteStore;

use crate::arguments::TaskArguments;
use crate::asked_range::{Named, as_launched};
use crate::default_name::default_name;
use crate::description::{Description, describe};
use crate::screen::Screen;

/// A name for asking clusters who they are. No topic can have it, because it does not match anything that is asked for.
const NOBODY: &str = "sluice-asks-for-the-cluster-id";

/// A task that can be worked on.
pub struct Prepared {
    /// The task.
    pub task: Task,
    /// The state it is kept in.
    pub store: Arc<SqliteStore>,
    /// Where that is.
    pub state_dir: PathBuf,
    /// Which bounds of the copy the description names.
    pub bounds: Named,
}

impl Prepared {
    /// Checks that the copy is asked for as it was launched, and says which bounds hold that are not named. `follows`: without an
    /// end it is to follow its source.
    ///
    /// # Errors
    /// It was launched with another start or end, or the state cannot be read.
    pub fn is_as_launched(
        &self,
        follows: bool,
        arguments: &TaskArguments,
        screen: &Screen,
    ) -> anyhow::Result<()> {
        let named = Named {
            end: self.bounds.end || follows,
            ..self.bounds
        };
        let notes = as_launched(&self.task, &self.store, named)?;
        if !arguments.quiet {
            notes.iter().for_each(|note| screen.say(&format!("note: {note}")));
        }
        Ok(())
    }
}

/// Reads the description, opens the state and finds the name.
///
/// # Errors
/// The description is wrong, the state cannot be used, or a cluster that must be asked for its id cannot be reached.
pub fn prepare(arguments: &TaskArguments, file: Option<&Path>, screen: &Screen) -> anyhow::Result<Prepared> {
    let Description {
        mut task,
        named,
        bounds,
        notes,
    } = describe(arguments, file)?;
    if !arguments.quiet {
        notes.iter().for_each(|note| screen.say(&format!("note: {note}")));
    }
    let state_dir = arguments.state.clone().map_or_else(sluice_app::data_dir, Ok)?;
    let store = Arc::new(SqliteStore::open(&state_dir)?);
    if !named {
        task.name = name_from_clusters(&task, &store)?;
    }
    Ok(Prepared {
        task,
        store,
        state_dir,
        bounds,
    })
}

/// Asks both clusters for their ids and makes the name of them.
fn name_from_clusters(task: &Task, store: &SqliteStore) -> anyhow::Result<TaskName> {
    // An inspection of a topic that does not exist asks for nothing but the ids, and explains a cluster that cannot be
    // reached as well as the real one would.
    let mut question = task.clone();
    question.name = TaskName::new(NOBODY)?;
    question.objects = Objects::Topics(vec![NOBODY.to_owned()]);
    let answer = sluice_engine::inspect(&question, store)?;
    // Brokers before 0.10.1 have no id; their address must do.
    let source = answer
        .source_cluster_id
        .as_deref()
        .unwrap_or(task.source.bootstrap());
    let target = answer
        .target_cluster_id
        .as_deref()
        .unwrap_or(task.target.bootstrap());
    Ok(default_name(source, target, &task.objects, &task.rename)?)
}
