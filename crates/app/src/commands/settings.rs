use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sluice_alerts::{Language, QuietHours};
use sluice_store::SecretLevel;
use ts_rs::TS;

use super::command::Command;
use super::tasks::TASK_LIMIT_SETTING;
use crate::alerts::{LANGUAGE_SETTING, QUIET_SETTING};
use crate::app::RESUME_SETTING;
use crate::core::Operation;
use crate::housekeeping::LOG_DAYS_SETTING;
use crate::metrics::{METRICS_SETTING, MetricsAddress};
use crate::tasks::GIVE_UP_SETTING;
use crate::update::{UPDATE_SETTING, UpdateAddress};
use crate::{App, AppError, Result};

/// All settings that were ever set.
#[derive(Debug, Clone, Default, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct SettingsQuery {}

/// Settings by name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct SettingsView {
    /// Values; one that is not here has its default.
    #[ts(type = "Record<string, unknown>")]
    pub values: BTreeMap<String, Value>,
}

/// Sets a setting: `max_tasks` (1 to 10000), `log_days` (1 to 365), `give_up_after_minutes` (1 to 10080),
/// `resume_after_restart`, `language`, `quiet_hours`, `metrics_address` (`HOST:PORT` or a port of this computer; null or
/// blank for none), `update_address` (where the newest version is written; null or blank for none), and whatever begins with `page.`, which is the page's own.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct SettingSet {
    /// Name.
    pub key: String,
    /// Value.
    #[ts(type = "unknown")]
    pub value: Value,
}

/// What this program is.
#[derive(Debug, Clone, Default, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct AppInfoQuery {}

/// What this program is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct AppInfo {
    /// Version.
    pub version: String,
    /// The folder with everything that is kept.
    pub data_dir: String,
    /// Where secrets are kept.
    pub secrets: SecretLevel,
    /// Whether this program runs tasks.
    pub runs_tasks: bool,
}

impl Command for SettingsQuery {
    const NAME: &'static str = "settings_show";
    type Answer = SettingsView;

    fn run(self, app: &App) -> Result<SettingsView> {
        let mut values = app.core.store.settings()?;
        values.retain(|key, _| is_known(key));
        Ok(SettingsView { values })
    }
}

impl Command for SettingSet {
    const NAME: &'static str = "setting_set";
    type Answer = ();

    fn run(self, app: &App) -> Result<()> {
        let store = &app.core.store;
        let before = store.setting(&self.key)?.unwrap_or(Value::Null);
        Operation::new(Self::NAME, "setting", &self.key, &self.key)
            .before(before)
            .after(self.value.clone())
            .run(store, || {
                check(&self.key, &self.value)?;
                if self.key == METRICS_SETTING && app.supervisor.runs_tasks() {
                    app.serve_metrics(metrics_address(&self.value)?.as_ref())?;
                }
                Ok(store.set_setting(&self.key, &self.value)?)
            })
    }
}

impl Command for AppInfoQuery {
    const NAME: &'static str = "app_info";
    type Answer = AppInfo;

    fn run(self, app: &App) -> Result<AppInfo> {
        Ok(AppInfo {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            data_dir: app.dir().display().to_string(),
            secrets: app.secret_level(),
            runs_tasks: app.supervisor.runs_tasks(),
        })
    }
}

const PAGE_PREFIX: &str = "page.";

fn is_known(key: &str) -> bool {
    key.starts_with(PAGE_PREFIX)
        || [
            TASK_LIMIT_SETTING,
            LOG_DAYS_SETTING,
            GIVE_UP_SETTING,
            RESUME_SETTING,
            LANGUAGE_SETTING,
            QUIET_SETTING,
            METRICS_SETTING,
            UPDATE_SETTING,
        ]
        .contains(&key)
}

fn check(key: &str, value: &Value) -> Result<()> {
    let number = |least: u64, most: u64| match value
        .as_u64()
        .is_some_and(|number| (least..=most).contains(&number))
    {
        true => Ok(()),
        false => Err(format!("'{key}' must be a whole number from {least} to {most}")),
    };
    let checked = match key {
        TASK_LIMIT_SETTING => number(1, 10_000),
        LOG_DAYS_SETTING => number(1, 365),
        GIVE_UP_SETTING => number(1, 10_080),
        RESUME_SETTING if value.is_boolean() => Ok(()),
        RESUME_SETTING => Err(format!("'{key}' must be true or false")),
        LANGUAGE_SETTING => serde_json::from_value::<Language>(value.clone())
            .map(drop)
            .map_err(|_| format!("'{key}' must be en or zh_hans")),
        QUIET_SETTING => match serde_json::from_value::<Vec<QuietHours>>(value.clone()) {
            Ok(hours) => match hours.iter().flat_map(QuietHours::check).next() {
                Some(wrong) => Err(wrong.message),
                None => Ok(()),
            },
            Err(error) => Err(format!("'{key}' is not a list of quiet hours: {error}")),
        },
        METRICS_SETTING => metrics_address(value).map(drop).map_err(|error| error.message),
        UPDATE_SETTING => update_address(value),
        other if is_known(other) => Ok(()),
        other => Err(format!("there is no setting '{other}'")),
    };
    checked.map_err(|message| AppError::field("value", message))
}

/// Checks the address of the newest version; blank for none.
fn update_address(value: &Value) -> std::result::Result<(), String> {
    match value {
        Value::Null => Ok(()),
        Value::String(text) if text.trim().is_empty() => Ok(()),
        Value::String(text) => text
            .parse::<UpdateAddress>()
            .map(drop)
            .map_err(|error| error.to_string()),
        _ => Err(format!(
            "'{UPDATE_SETTING}' must be a text, as https://example.org/sluice.json"
        )),
    }
}

/// Where numbers are to be served; `None` for nowhere.
fn metrics_address(value: &Value) -> Result<Option<MetricsAddress>> {
    match value {
        Value::Null => Ok(None),
        Value::String(text) if text.trim().is_empty() => Ok(None),
        Value::String(text) => text
            .parse()
            .map(Some)
            .map_err(|error: crate::NoMetricsAddress| AppError::field("value", error.to_string())),
        _ => Err(AppError::field(
            "value",
            format!("'{METRICS_SETTING}' must be a text, as 127.0.0.1:9464"),
        )),
    }
}
