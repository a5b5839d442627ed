use std::collections::BTreeMap;

use rusqlite::{OptionalExtension, params};
use serde_json::Value;

use crate::json_column::{to_text, value};
use crate::sqlite_store::Durability;
use crate::{Result, SqliteStore};

impl SqliteStore {
    /// A setting, if it was ever set.
    ///
    /// # Errors
    /// The state cannot be read.
    pub fn setting(&self, key: &str) -> Result<Option<Value>> {
        self.read(|t| {
            t.prepare_cached("SELECT value FROM settings WHERE key = ?1")?
                .query_row([key], |row| value(row, 0))
                .optional()
        })
    }

    /// Sets a setting.
    ///
    /// # Errors
    /// The state cannot be written.
    pub fn set_setting(&self, key: &str, value: &Value) -> Result<()> {
        self.write(Durability::Fsync, |t| {
            t.execute(
                "INSERT OR REPLACE INTO settings (key, value) VALUES (?1, ?2)",
                params![key, to_text(value)],
            )
            .map(drop)
        })
    }

    /// All settings that were ever set.
    ///
    /// # Errors
    /// The state cannot be read.
    pub fn settings(&self) -> Result<BTreeMap<String, Value>> {
        self.read(|t| {
            t.prepare_cached("SELECT key, value FROM settings")?
                .query_map([], |row| Ok((row.get(0)?, value(row, 1)?)))?
                .collect()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::store;

    #[test]
    fn the_last_value_counts() {
        let (_dir, store) = store();
        assert_eq!(store.setting("log_days").unwrap(), None);
        store.set_setting("log_days", &Value::from(3)).unwrap();
        store.set_setting("log_days", &Value::from(5)).unwrap();
        assert_eq!(store.setting("log_days").unwrap(), Some(Value::from(5)));
        assert_eq!(store.settings().unwrap()["log_days"], 5);
    }
}
