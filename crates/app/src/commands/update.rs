use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::command::Command;
use crate::update::{UPDATE_SETTING, UpdateAddress, newest};
use crate::{App, AppError, Result};

/// Reads the newest version from the address of the setting `update_address`. Without an address, nothing is requested.
#[derive(Debug, Clone, Default, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct UpdateCheck {}

/// What was found of a newer version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct UpdateView {
    /// The version of this program.
    pub present: String,
    /// The newest one; none without an address.
    pub newest: Option<String>,
    /// Whether that is newer; none where it cannot be said.
    pub is_newer: Option<bool>,
    /// Where it can be had.
    pub page: Option<String>,
}

impl Command for UpdateCheck {
    const NAME: &'static str = "update_check";
    type Answer = UpdateView;

    fn run(self, app: &App) -> Result<UpdateView> {
        let present = env!("CARGO_PKG_VERSION").to_owned();
        let setting = app.core.store.setting(UPDATE_SETTING)?;
        let text = setting
            .as_ref()
            .and_then(|value| value.as_str())
            .unwrap_or_default();
        if text.trim().is_empty() {
            return Ok(UpdateView {
                present,
                newest: None,
                is_newer: None,
                page: None,
            });
        }
        let address: UpdateAddress = text
            .parse()
            .map_err(|error: crate::update::NoUpdateAddress| AppError::field("value", error.to_string()))?;
        let found = newest(&address)?;
        Ok(UpdateView {
            is_newer: found.is_newer_than(&present),
            newest: Some(found.version),
            page: found.page,
            present,
        })
    }
}
