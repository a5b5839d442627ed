//! Tasks: what a person decided and what became of it.

mod change;
mod delete;
mod list;
mod row;

pub use change::{SettingsChange, StateChange};
pub use list::{TaskFilter, TaskOrder};
pub use row::TaskRow;
