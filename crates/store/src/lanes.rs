//! The lanes of a launch, in one column.

use std::collections::BTreeSet;

use rusqlite::types::Type;
use rusqlite::{Row, Transaction, params};
use sluice_engine::LaneKind;
use sluice_model::TaskName;

/// What is stored for these lanes.
pub(crate) fn column(lanes: &BTreeSet<LaneKind>) -> String {
    let names: Vec<&str> = lanes.iter().map(|lane| lane.name()).collect();
    names.join(",")
}

/// The lanes in a row's column.
pub(crate) fn read(row: &Row<'_>, index: usize) -> rusqlite::Result<BTreeSet<LaneKind>> {
    let stored: String = row.get(index)?;
    stored
        .split(',')
        .filter(|name| !name.is_empty())
        .map(|name| {
            LaneKind::ALL
                .into_iter()
                .find(|lane| lane.name() == name)
                .ok_or_else(|| {
                    let unknown = format!("'{name}' is no lane");
                    rusqlite::Error::FromSqlConversionFailure(index, Type::Text, unknown.into())
                })
        })
        .collect()
}

/// Adds a lane to those of a launch.
pub(crate) fn add(t: &Transaction<'_>, task: &TaskName, lane: LaneKind) -> rusqlite::Result<()> {
    let mut lanes = t.query_row(
        "SELECT lanes FROM launches WHERE task = ?1",
        [task.as_str()],
        |row| read(row, 0),
    )?;
    if lanes.insert(lane) {
        t.execute(
            "UPDATE launches SET lanes = ?2 WHERE task = ?1",
            params![task.as_str(), column(&lanes)],
        )?;
    }
    Ok(())
}
