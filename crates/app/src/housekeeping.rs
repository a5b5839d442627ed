//! What keeps the database small: charts' samples are rolled up, old lines of logs and old alerts go.

use std::time::Duration;

use crate::Result;
use crate::clock::now_ms;
use crate::core::Core;

/// How often it is done.
pub(crate) const EVERY: Duration = Duration::from_secs(60);
const DAY_MS: i64 = 24 * 60 * 60 * 1000;
/// Days a task's log is kept if the settings say nothing: those of the reference console.
const LOG_DAYS: i64 = 7;
/// Setting with another number of days.
pub(crate) const LOG_DAYS_SETTING: &str = "log_days";
/// Days the history of alerts is kept.
const ALERT_DAYS: i64 = 90;

pub(crate) fn sweep(core: &Core) -> Result<()> {
    let now = now_ms();
    let days = core
        .store
        .setting(LOG_DAYS_SETTING)?
        .and_then(|value| value.as_i64())
        .unwrap_or(LOG_DAYS);
    core.store.roll_up_metrics(now / 1000)?;
    core.store.purge_task_log(now - days * DAY_MS)?;
    core.store.purge_alert_history(now - ALERT_DAYS * DAY_MS)?;
    Ok(())
}
