use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::{InvalidTask, Result};

/// Settings that brokers use when they write records: taken over while a copy runs, they would change the times of copied
/// records, or refuse the records.
const OF_WRITING: &[&str] = &[
    "message.timestamp.type",
    "message.timestamp.difference.max.ms",
    "message.timestamp.before.max.ms",
    "message.format.version",
    "remote.storage.enable",
];

/// Whether the configuration of a task's topics is kept like the source's while the task runs. Off unless a person turns it
/// on, who has seen what it would change.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(default, deny_unknown_fields)]
pub struct ConfigurationSync {
    /// Whether it is.
    pub on: bool,
    /// Whether values of the target's own are taken away where the source has none.
    pub remove: bool,
    /// Settings that are kept the same although they are left alone otherwise: `min.insync.replicas` and throttles of
    /// replication.
    pub with: BTreeSet<String>,
}

impl ConfigurationSync {
    /// # Errors
    /// A setting is named that must not follow the source while records are copied.
    pub fn check(&self) -> Result<()> {
        match self.with.iter().find(|key| OF_WRITING.contains(&key.as_str())) {
            Some(key) => Err(InvalidTask::FollowedSetting { key: key.clone() }),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(key: &str) -> ConfigurationSync {
        ConfigurationSync {
            with: BTreeSet::from([key.to_owned()]),
            ..ConfigurationSync::default()
        }
    }

    #[test]
    fn what_would_alter_copied_records_is_never_followed() {
        assert!(with("min.insync.replicas").check().is_ok());
        let error = with("message.timestamp.type").check().unwrap_err().to_string();
        assert!(error.contains("'message.timestamp.type'"), "{error}");
    }

    #[test]
    fn it_is_off_by_default() {
        let read: ConfigurationSync = serde_json::from_str("{}").unwrap();
        assert!(!read.on && !read.remove && read.with.is_empty());
    }
}
