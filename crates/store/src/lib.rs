//! SQLite: positions, gaps and quarantined records of every task; data sources, tasks and their history, alerts,
//! samples for charts, the operation log and settings, in one directory that several processes may share. Secrets, apart.

mod alert_rows;
mod asked_ranges;
mod checkpoints;
mod counts;
mod cutovers;
mod data_sources;
mod error;
mod file_lock;
mod gap_reason;
mod gaps;
mod groups;
mod header_blob;
mod json_column;
mod lanes;
mod ledger;
mod metric_samples;
mod modifications;
mod offset_runs;
mod operation_log;
mod owner;
mod quarantine;
mod routes;
mod row_limit;
mod schema;
mod secrets;
mod settings;
mod sqlite_store;
mod state_dir;
mod stopped_partitions;
mod task_lock;
mod task_log;
mod task_status;
mod tasks;
#[cfg(test)]
mod testing;
mod verifications;
mod writers;

pub use alert_rows::{AlertFilter, AlertRow, ChannelRow, RuleRow};
pub use cutovers::CutoverRow;
pub use data_sources::DataSourceRow;
pub use error::{Result, StateError};
pub use metric_samples::MetricSample;
pub use modifications::ModificationRow;
pub use operation_log::{OperationFilter, OperationRow};
pub use owner::{Owner, OwnerInfo};
pub use quarantine::QuarantineRow;
pub use routes::RouteRow;
pub use secrets::{SecretError, SecretLevel, SecretPreference, SecretStore, needs_passphrase, open_secrets};
pub use sqlite_store::{DATABASE_FILE, SqliteStore};
pub use task_lock::TaskLock;
pub use task_log::{LogFilter, LogRow};
pub use task_status::TaskStatus;
pub use tasks::{SettingsChange, StateChange, TaskFilter, TaskOrder, TaskRow};
pub use verifications::VerificationRow;
