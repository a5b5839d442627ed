use rusqlite::types::Value as SqlValue;
use rusqlite::{params, params_from_iter};

use crate::row_limit::at_most;
use crate::sqlite_store::Durability;
use crate::{Result, SqliteStore};

/// How much a line of a log matters, from little to much.
const LEVELS: [&str; 3] = ["info", "warning", "error"];

/// A line of a task's log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogRow {
    /// Greater for later ones; 0 in a row that is yet to be added.
    pub id: i64,
    /// The task.
    pub task_id: String,
    /// When, in ms since 1970.
    pub at_ms: i64,
    /// `info`, `warning` or `error`.
    pub level: String,
    /// What happened. Neither secrets nor contents of records.
    pub message: String,
    /// The source topic concerned, if one is.
    pub topic: Option<String>,
    /// Its partition.
    pub partition: Option<i32>,
    /// The source offset.
    pub offset: Option<i64>,
    /// What of the task's life it is about, in one word.
    pub event: Option<String>,
}

/// Which lines of a log.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LogFilter {
    /// Only those of this level or above.
    pub min_level: Option<String>,
    /// Only those that are about the task's life.
    pub events: bool,
    /// Only those that contain this, whatever the case.
    pub text: Option<String>,
    /// Only those not before this, in ms since 1970.
    pub from_ms: Option<i64>,
    /// Only those before this, in ms since 1970.
    pub to_ms: Option<i64>,
    /// Only those older than this line: the next page.
    pub before_id: Option<i64>,
    /// Only those newer than this line: what came since.
    pub after_id: Option<i64>,
    /// How many at most; `None` for all.
    pub limit: Option<usize>,
}

impl SqliteStore {
    /// Adds lines to the logs of their tasks.
    ///
    /// # Errors
    /// The state cannot be written.
    pub fn append_task_log(&self, rows: &[LogRow]) -> Result<()> {
        self.write(Durability::Wal, |t| {
            let mut statement = t.prepare_cached(
                "INSERT INTO task_log (task_id, at_ms, level, message, topic, partition, record_offset, event)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            )?;
            rows.iter().try_for_each(|row| {
                statement
                    .execute(params![
                        row.task_id,
                        row.at_ms,
                        rank(&row.level),
                        row.message,
                        row.topic,
                        row.partition,
                        row.offset,
                        row.event
                    ])
                    .map(drop)
            })
        })
    }

    /// Lines of a task's log, the newest first.
    ///
    /// # Errors
    /// The state cannot be read.
    pub fn task_log(&self, task_id: &str, filter: &LogFilter) -> Result<Vec<LogRow>> {
        let mut sql = "SELECT id, task_id, at_ms, level, message, topic, partition, record_offset, event
                       FROM task_log
                       WHERE task_id = ?"
            .to_owned();
        if filter.events {
            sql.push_str(" AND event IS NOT NULL");
        }
        let mut values: Vec<SqlValue> = vec![task_id.to_owned().into()];
        let mut narrow = |condition: &str, value: Option<SqlValue>| {
            if let Some(value) = value {
                sql.push_str(condition);
                values.push(value);
            }
        };
        narrow(
            " AND level >= ?",
            filter.min_level.as_deref().map(|level| rank(level).into()),
        );
        narrow(
            " AND instr(lower(message || ' ' || coalesce(topic, '')), lower(?)) > 0",
            filter.text.clone().map(SqlValue::from),
        );
        narrow(" AND at_ms >= ?", filter.from_ms.map(SqlValue::from));
        narrow(" AND at_ms < ?", filter.to_ms.map(SqlValue::from));
        narrow(" AND id < ?", filter.before_id.map(SqlValue::from));
        narrow(" AND id > ?", filter.after_id.map(SqlValue::from));
        sql.push_str(&format!(" ORDER BY id DESC LIMIT {}", at_most(filter.limit)));
        self.read(|t| {
            t.prepare_cached(&sql)?
                .query_map(params_from_iter(&values), |row| {
                    let rank: u8 = row.get(3)?;
                    Ok(LogRow {
                        id: row.get(0)?,
                        task_id: row.get(1)?,
                        at_ms: row.get(2)?,
                        level: LEVELS
                            .get(usize::from(rank))
                            .copied()
                            .unwrap_or("error")
                            .to_owned(),
                        message: row.get(4)?,
                        topic: row.get(5)?,
                        partition: row.get(6)?,
                        offset: row.get(7)?,
                        event: row.get(8)?,
                    })
                })?
                .collect()
        })
    }

    /// Removes the lines of every log from before `before_ms` (ms since 1970).
    ///
    /// # Errors
    /// The state cannot be written.
    pub fn purge_task_log(&self, before_ms: i64) -> Result<usize> {
        self.write(Durability::Wal, |t| {
            t.execute("DELETE FROM task_log WHERE at_ms < ?1", [before_ms])
        })
    }
}

fn rank(level: &str) -> i64 {
    LEVELS
        .iter()
        .position(|known| *known == level)
        .map_or(2, |rank| rank as i64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::store;

    fn row(at_ms: i64, level: &str, message: &str) -> LogRow {
        LogRow {
            id: 0,
            task_id: "rp-1".to_owned(),
            at_ms,
            level: level.to_owned(),
            message: message.to_owned(),
            topic: Some("orders".to_owned()),
            partition: Some(3),
            offset: Some(1 << 40),
            event: None,
        }
    }

    #[test]
    fn lines_are_found_by_level_text_and_time_and_paged_from_the_newest() {
        let (_dir, store) = store();
        let rows = [
            row(10, "info", "created target topic"),
            row(20, "warning", "Broker 2 is away"),
            row(30, "error", "gap"),
        ];
        store.append_task_log(&rows).unwrap();
        store
            .append_task_log(&[LogRow {
                task_id: "rp-2".into(),
                ..row(40, "error", "another task")
            }])
            .unwrap();
        let messages = |filter: &LogFilter| -> Vec<String> {
            let rows = store.task_log("rp-1", filter).unwrap();
            rows.into_iter().map(|row| row.message).collect()
        };
        let all = store.task_log("rp-1", &LogFilter::default()).unwrap();
        assert_eq!(
            LogRow {
                id: 0,
                ..all[2].clone()
            },
            rows[0],
            "every field comes back"
        );
        let filter = LogFilter::default;
        assert_eq!(
            messages(&LogFilter {
                min_level: Some("warning".into()),
                ..filter()
            }),
            ["gap", "Broker 2 is away"]
        );
        assert_eq!(
            messages(&LogFilter {
                text: Some("broker".into()),
                ..filter()
            }),
            ["Broker 2 is away"]
        );
        assert_eq!(
            messages(&LogFilter {
                from_ms: Some(10),
                to_ms: Some(30),
                limit: Some(1),
                ..filter()
            }),
            ["Broker 2 is away"]
        );
        assert_eq!(
            messages(&LogFilter {
                before_id: Some(all[1].id),
                ..filter()
            }),
            ["created target topic"]
        );
        assert_eq!(
            messages(&LogFilter {
                after_id: Some(all[1].id),
                ..filter()
            }),
            ["gap"]
        );
        assert_eq!(store.purge_task_log(30).unwrap(), 2);
        assert_eq!(messages(&filter()), ["gap"]);
    }

    #[test]
    fn what_happened_to_a_task_is_found_among_the_other_lines() {
        let (_dir, store) = store();
        let event = LogRow {
            event: Some("paused".into()),
            ..row(25, "info", "the task is paused")
        };
        let lines = [row(10, "info", "created target topic"), event.clone()];
        store.append_task_log(&lines).unwrap();
        let filter = LogFilter {
            events: true,
            ..LogFilter::default()
        };
        let found = store.task_log("rp-1", &filter).unwrap();
        assert_eq!(found.len(), 1);
        assert_eq!(
            LogRow {
                id: 0,
                ..found[0].clone()
            },
            event
        );
    }
}
