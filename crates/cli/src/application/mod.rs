//! Commands on what the application keeps: data sources, tasks, alerts, the operation log, and the daemon.

mod alerts;
mod arguments;
mod backend;
mod daemon;
mod operations;
mod record_place;
mod records;
mod rule_file;
mod show;
mod sources;
mod tasks;

pub use alerts::alerts;
pub use arguments::{AlertsCommand, DaemonArguments, LogArguments, Place, SourceCommand, TaskCommand};
pub use daemon::daemon;
pub use operations::operations;
pub use sources::sources;
pub use tasks::tasks;
