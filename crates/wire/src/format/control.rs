//! Markers: what brokers write between records.

use super::cursor::Cursor;
use super::records::Records;

/// What a control batch says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ControlKind {
    /// A transaction is aborted.
    Abort,
    /// A transaction is committed.
    Commit,
    /// Something else, by its number; -1 if it has none. Consumers pass over it.
    Other(i16),
}

/// Reads the key of the first record: version and type, two bytes each.
pub(super) fn read_control(records: &Records<'_>) -> ControlKind {
    let number = records.iter().next().and_then(|record| {
        let mut key = Cursor::new(record.key?);
        key.i16()?;
        key.i16()
    });
    match number {
        Some(0) => ControlKind::Abort,
        Some(1) => ControlKind::Commit,
        other => ControlKind::Other(other.unwrap_or(-1)),
    }
}
