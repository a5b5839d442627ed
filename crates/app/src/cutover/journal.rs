//! Where a cut-over is kept.

use serde_json::Value;
use sluice_store::{CutoverRow, SqliteStore};

use super::record::Cutover;
use crate::core::superseded;
use crate::{AppError, ErrorCode, Result};

/// Keeps cut-overs. What is saved survives a power failure when the call returns.
pub(crate) trait Journal {
    /// Saves a cut-over, a new one as well, and counts its revision.
    ///
    /// # Errors
    /// It cannot be written, or was changed by somebody else since it was read.
    fn save(&self, cutover: &mut Cutover) -> Result<()>;

    /// The cut-over of an id.
    ///
    /// # Errors
    /// It cannot be read.
    fn load(&self, id: &str) -> Result<Option<Cutover>>;
}

/// Cut-overs in the database.
pub(crate) struct StoreJournal<'a>(pub(crate) &'a SqliteStore);

impl StoreJournal<'_> {
    /// The cut-overs of a task, the newest first; those that go back on it are of another task.
    ///
    /// # Errors
    /// They cannot be read.
    pub(crate) fn of_task(&self, task: &str) -> Result<Vec<Cutover>> {
        self.0.cutovers_of(task)?.iter().map(read).collect()
    }

    /// The cut-overs that go on.
    ///
    /// # Errors
    /// They cannot be read.
    pub(crate) fn open(&self) -> Result<Vec<Cutover>> {
        self.0.open_cutovers()?.iter().map(read).collect()
    }
}

impl Journal for StoreJournal<'_> {
    fn save(&self, cutover: &mut Cutover) -> Result<()> {
        let seen = cutover.revision;
        cutover.revision += 1;
        let saved = self.0.put_cutover(
            &CutoverRow {
                id: cutover.id.clone(),
                task_id: cutover.task.as_str().to_owned(),
                revision: cutover.revision,
                open: cutover.is_open(),
                body: to_value(cutover)?,
                created_ms: cutover.created_ms,
            },
            seen,
        )?;
        if saved {
            return Ok(());
        }
        cutover.revision = seen;
        Err(superseded())
    }

    fn load(&self, id: &str) -> Result<Option<Cutover>> {
        self.0.cutover(id)?.as_ref().map(read).transpose()
    }
}

fn to_value(cutover: &Cutover) -> Result<Value> {
    serde_json::to_value(cutover).map_err(|error| AppError::new(ErrorCode::Internal, error.to_string()))
}

fn read(row: &CutoverRow) -> Result<Cutover> {
    let mut cutover: Cutover = serde_json::from_value(row.body.clone()).map_err(|error| {
        AppError::new(
            ErrorCode::Storage,
            format!(
                "what is stored of {} cannot be read ({error}); a newer version may have written it",
                row.id
            ),
        )
    })?;
    cutover.revision = row.revision;
    Ok(cutover)
}
