//! `sluice log`.

use sluice_app::OperationQuery;

use super::arguments::LogArguments;
use super::backend::Backend;
use super::show;
use crate::exit::Exit;
use crate::screen::Screen;
use crate::{output, tables};

/// Prints the operation log, the oldest row first.
///
/// # Errors
/// The data folder cannot be read.
pub fn operations(arguments: &LogArguments, screen: &Screen) -> anyhow::Result<Exit> {
    let mut rows = Backend::open(&arguments.place, screen)?.call(OperationQuery {
        action: arguments.action.clone(),
        text: arguments.text.clone(),
        limit: Some(arguments.limit),
        ..OperationQuery::default()
    })?;
    rows.reverse();
    if arguments.place.json {
        output::write(&serde_json::to_string_pretty(&rows)?)?;
        return Ok(Exit::Done);
    }
    let mut table = tables::table(["when", "who", "what", "on", "outcome", ""], 0..0);
    for row in rows {
        table.add_row([
            show::time(row.at_ms),
            row.actor,
            row.action,
            format!("{} ({})", row.object_name, row.object_id),
            row.outcome,
            row.detail.unwrap_or_default(),
        ]);
    }
    output::write(&tables::text(&table))?;
    Ok(Exit::Done)
}
