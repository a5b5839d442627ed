use std::collections::BTreeMap;

use rusqlite::types::Value as SqlValue;
use rusqlite::{params, params_from_iter};
use serde_json::Value;

use crate::json_column::{map, object, to_text, value};
use crate::row_limit::at_most;
use crate::sqlite_store::Durability;
use crate::{Result, SqliteStore};

/// Where it is kept among the settings which alerts were sent.
const STATE_KEY: &str = "alert_state";

/// What a person wants to be alerted of.
#[derive(Debug, Clone, PartialEq)]
pub struct RuleRow {
    /// Id.
    pub id: String,
    /// Name.
    pub name: String,
    /// The rule.
    pub body: Value,
    /// When it was made, in ms since 1970.
    pub created_ms: i64,
    /// When it was last changed, in ms since 1970.
    pub updated_ms: i64,
}

/// Where messages go.
#[derive(Debug, Clone, PartialEq)]
pub struct ChannelRow {
    /// Id.
    pub id: String,
    /// Name.
    pub name: String,
    /// The channel, without secrets.
    pub body: Value,
    /// Handles of its secrets, by field.
    pub secrets: BTreeMap<String, String>,
    /// When it was made, in ms since 1970.
    pub created_ms: i64,
    /// When it was last changed, in ms since 1970.
    pub updated_ms: i64,
}

/// A message that was sent, suppressed, or could not be delivered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlertRow {
    /// Greater for later ones; 0 in a row that is yet to be added.
    pub id: i64,
    /// When, in ms since 1970.
    pub at_ms: i64,
    /// The task; empty for a test.
    pub task_id: String,
    /// Its name at the time.
    pub task_name: String,
    /// The rule's name at the time.
    pub rule_name: String,
    /// `raised`, `recovered` or `test`.
    pub kind: String,
    /// The channel's name at the time.
    pub channel_name: String,
    /// `sent`, `suppressed` or `undeliverable`.
    pub state: String,
    /// One line.
    pub title: String,
    /// What happened and what to do.
    pub body: String,
    /// Why it was not delivered.
    pub detail: Option<String>,
}

/// Which messages.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AlertFilter {
    /// Only about this task.
    pub task_id: Option<String>,
    /// Only with this state.
    pub state: Option<String>,
    /// Only those whose title or body contains this, whatever the case.
    pub text: Option<String>,
    /// Only those not before this, in ms since 1970.
    pub from_ms: Option<i64>,
    /// Only those before this, in ms since 1970.
    pub to_ms: Option<i64>,
    /// Only those older than this row: the next page.
    pub before_id: Option<i64>,
    /// How many at most; `None` for all.
    pub limit: Option<usize>,
}

impl SqliteStore {
    /// Adds or replaces a rule; `created_ms` of one that is there stays.
    ///
    /// # Errors
    /// The state cannot be written.
    pub fn put_rule(&self, row: &RuleRow) -> Result<()> {
        self.write(Durability::Fsync, |t| {
            t.execute(
                "INSERT INTO alert_rules (id, name, body, created_ms, updated_ms) VALUES (?1, ?2, ?3, ?4, ?5)
                 ON CONFLICT DO UPDATE SET name = ?2, body = ?3, updated_ms = ?5",
                params![
                    row.id,
                    row.name,
                    to_text(&row.body),
                    row.created_ms,
                    row.updated_ms
                ],
            )
            .map(drop)
        })
    }

    /// The rules, the oldest first.
    ///
    /// # Errors
    /// The state cannot be read.
    pub fn rules(&self) -> Result<Vec<RuleRow>> {
        self.read(|t| {
            t.prepare_cached(
                "SELECT id, name, body, created_ms, updated_ms FROM alert_rules ORDER BY created_ms, id",
            )?
            .query_map([], |row| {
                Ok(RuleRow {
                    id: row.get(0)?,
                    name: row.get(1)?,
                    body: value(row, 2)?,
                    created_ms: row.get(3)?,
                    updated_ms: row.get(4)?,
                })
            })?
            .collect()
        })
    }

    /// Deletes a rule. Returns whether it was there.
    ///
    /// # Errors
    /// The state cannot be written.
    pub fn delete_rule(&self, id: &str) -> Result<bool> {
        self.write(Durability::Fsync, |t| {
            Ok(t.execute("DELETE FROM alert_rules WHERE id = ?1", [id])? > 0)
        })
    }

    /// Adds or replaces a channel; `created_ms` of one that is there stays.
    ///
    /// # Errors
    /// The state cannot be written.
    pub fn put_channel(&self, row: &ChannelRow) -> Result<()> {
        self.write(Durability::Fsync, |t| {
            t.execute(
                "INSERT INTO alert_channels (id, name, body, secrets, created_ms, updated_ms)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)
                 ON CONFLICT DO UPDATE SET name = ?2, body = ?3, secrets = ?4, updated_ms = ?6",
                params![
                    row.id,
                    row.name,
                    to_text(&row.body),
                    object(&row.secrets),
                    row.created_ms,
                    row.updated_ms
                ],
            )
            .map(drop)
        })
    }

    /// The channels, the oldest first.
    ///
    /// # Errors
    /// The state cannot be read.
    pub fn channels(&self) -> Result<Vec<ChannelRow>> {
        self.read(|t| {
            t.prepare_cached(
                "SELECT id, name, body, secrets, created_ms, updated_ms FROM alert_channels ORDER BY created_ms, id",
            )?
            .query_map([], |row| {
                Ok(ChannelRow {
                    id: row.get(0)?,
                    name: row.get(1)?,
                    body: value(row, 2)?,
                    secrets: map(row, 3)?,
                    created_ms: row.get(4)?,
                    updated_ms: row.get(5)?,
                })
            })?
            .collect()
        })
    }

    /// Deletes a channel. Returns whether it was there.
    ///
    /// # Errors
    /// The state cannot be written.
    pub fn delete_channel(&self, id: &str) -> Result<bool> {
        self.write(Durability::Fsync, |t| {
            Ok(t.execute("DELETE FROM alert_channels WHERE id = ?1", [id])? > 0)
        })
    }

    /// Adds a message to the history.
    ///
    /// # Errors
    /// The state cannot be written.
    pub fn append_alert(&self, row: &AlertRow) -> Result<()> {
        self.write(Durability::Wal, |t| {
            t.prepare_cached(
                "INSERT INTO alert_history
                 (at_ms, task_id, task_name, rule_name, kind, channel_name, state, title, body, detail)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
            )?
            .execute(params![
                row.at_ms,
                row.task_id,
                row.task_name,
                row.rule_name,
                row.kind,
                row.channel_name,
                row.state,
                row.title,
                row.body,
                row.detail
            ])
            .map(drop)
        })
    }

    /// The history of messages, the newest first.
    ///
    /// # Errors
    /// The state cannot be read.
    pub fn alert_history(&self, filter: &AlertFilter) -> Result<Vec<AlertRow>> {
        let mut sql =
            "SELECT id, at_ms, task_id, task_name, rule_name, kind, channel_name, state, title, body, detail
                       FROM alert_history WHERE 1"
                .to_owned();
        let mut values: Vec<SqlValue> = Vec::new();
        let mut narrow = |condition: &str, value: Option<SqlValue>| {
            if let Some(value) = value {
                sql.push_str(condition);
                values.push(value);
            }
        };
        narrow(" AND task_id = ?", filter.task_id.clone().map(SqlValue::from));
        narrow(" AND state = ?", filter.state.clone().map(SqlValue::from));
        narrow(
            " AND instr(lower(title || ' ' || body), lower(?)) > 0",
            filter.text.clone().map(SqlValue::from),
        );
        narrow(" AND at_ms >= ?", filter.from_ms.map(SqlValue::from));
        narrow(" AND at_ms < ?", filter.to_ms.map(SqlValue::from));
        narrow(" AND id < ?", filter.before_id.map(SqlValue::from));
        sql.push_str(&format!(" ORDER BY id DESC LIMIT {}", at_most(filter.limit)));
        self.read(|t| {
            t.prepare_cached(&sql)?
                .query_map(params_from_iter(&values), |row| {
                    Ok(AlertRow {
                        id: row.get(0)?,
                        at_ms: row.get(1)?,
                        task_id: row.get(2)?,
                        task_name: row.get(3)?,
                        rule_name: row.get(4)?,
                        kind: row.get(5)?,
                        channel_name: row.get(6)?,
                        state: row.get(7)?,
                        title: row.get(8)?,
                        body: row.get(9)?,
                        detail: row.get(10)?,
                    })
                })?
                .collect()
        })
    }

    /// Removes messages from before `before_ms` (ms since 1970).
    ///
    /// # Errors
    /// The state cannot be written.
    pub fn purge_alert_history(&self, before_ms: i64) -> Result<usize> {
        self.write(Durability::Wal, |t| {
            t.execute("DELETE FROM alert_history WHERE at_ms < ?1", [before_ms])
        })
    }

    /// What is remembered of alerts that were sent, so that a restart repeats none.
    ///
    /// # Errors
    /// The state cannot be read.
    pub fn alert_state(&self) -> Result<Option<Value>> {
        self.setting(STATE_KEY)
    }

    /// Remembers what was sent.
    ///
    /// # Errors
    /// The state cannot be written.
    pub fn set_alert_state(&self, state: &Value) -> Result<()> {
        self.set_setting(STATE_KEY, state)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::testing::store;

    #[test]
    fn rules_and_channels_are_replaced_and_deleted() {
        let (_dir, store) = store();
        let rule = |name: &str, updated_ms| RuleRow {
            id: "r".into(),
            name: name.into(),
            body: json!({"delay": 5}),
            created_ms: 1,
            updated_ms,
        };
        store.put_rule(&rule("a", 1)).unwrap();
        store
            .put_rule(&RuleRow {
                created_ms: 99,
                ..rule("b", 2)
            })
            .unwrap();
        assert_eq!(store.rules().unwrap(), [rule("b", 2)]);
        assert!(store.delete_rule("r").unwrap() && !store.delete_rule("r").unwrap());
        let channel = ChannelRow {
            id: "c".into(),
            name: "ops".into(),
            body: json!({"kind": "webhook"}),
            secrets: BTreeMap::from([("all".into(), "channel/c".into())]),
            created_ms: 1,
            updated_ms: 1,
        };
        store.put_channel(&channel).unwrap();
        assert_eq!(store.channels().unwrap(), [channel]);
        assert!(store.delete_channel("c").unwrap());
        assert!(store.channels().unwrap().is_empty());
    }

    #[test]
    fn the_history_is_found_by_task_state_and_text_and_ends_somewhere() {
        let (_dir, store) = store();
        let row = |at_ms, task: &str, state: &str, title: &str| AlertRow {
            id: 0,
            at_ms,
            task_id: task.into(),
            task_name: "Orders".into(),
            rule_name: "failed".into(),
            kind: "raised".into(),
            channel_name: "Desktop".into(),
            state: state.into(),
            title: title.into(),
            body: "Do something".into(),
            detail: Some("quiet hours".into()),
        };
        let rows = [
            row(1, "rp-1", "sent", "Failed"),
            row(2, "rp-2", "suppressed", "Delay"),
            row(3, "rp-1", "undeliverable", "Gap"),
        ];
        rows.iter().for_each(|row| store.append_alert(row).unwrap());
        let times = |filter: AlertFilter| -> Vec<i64> {
            let rows = store.alert_history(&filter).unwrap();
            rows.into_iter().map(|row| row.at_ms).collect()
        };
        let filter = AlertFilter::default;
        assert_eq!(
            times(AlertFilter {
                task_id: Some("rp-1".into()),
                ..filter()
            }),
            [3, 1]
        );
        assert_eq!(
            times(AlertFilter {
                state: Some("suppressed".into()),
                ..filter()
            }),
            [2]
        );
        assert_eq!(
            times(AlertFilter {
                text: Some("SOMETHING".into()),
                from_ms: Some(2),
                limit: Some(1),
                ..filter()
            }),
            [3]
        );
        assert_eq!(store.purge_alert_history(3).unwrap(), 2);
        let left = store.alert_history(&filter()).unwrap();
        assert_eq!(
            AlertRow {
                id: 0,
                ..left[0].clone()
            },
            rows[2]
        );
        store.set_alert_state(&json!({"rules": {}})).unwrap();
        assert_eq!(store.alert_state().unwrap(), Some(json!({"rules": {}})));
    }
}
