//! Commands on what the application keeps: data sources, tasks, alerts, the operation log, and the daemon.

mod alerts;
mod arguments;
mod backend;
mod compare;
mod compare_arguments;
mod compare_tables;
mod connect_source;
mod control;
mod cutover;
mod cutover_arguments;
mod daemon;
mod gap_place;
mod groups;
mod operations;
mod pairs;
mod pre_check;
mod readiness;
mod record_place;
mod records;
mod rule_file;
mod show;
mod sources;
mod tasks;
mod verification;

pub use alerts::alerts;
pub use arguments::{
    AlertsCommand, ControlArguments, DaemonArguments, LogArguments, Place, SourceCommand, TaskCommand,
};
pub use compare::compare;
pub use compare_arguments::CompareArguments;
pub use control::control;
pub use cutover::cutovers;
pub use cutover_arguments::CutoverCommand;
pub use daemon::daemon;
pub use operations::operations;
pub use sources::sources;
pub use tasks::tasks;
