//! Alert rules and channels at work. Tasks are observed here; they know nothing of it.

mod alarm;
mod alert_memory;
mod retention_watch;

pub(crate) use alarm::{Alarm, LANGUAGE_SETTING, QUIET_SETTING};
pub(crate) use retention_watch::RetentionWatch;
