use rusqlite::params;

use crate::sqlite_store::Durability;
use crate::{Result, SqliteStore};

/// A source topic of a task and where it goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RouteRow {
    /// The task.
    pub task_id: String,
    /// Source topic.
    pub source_topic: String,
    /// Target topic.
    pub target_topic: String,
    /// Where its copy begins, as a task file writes it; `None` for where the task begins.
    pub start: Option<String>,
    /// `active` or `removed`.
    pub status: String,
    /// When it came to the task, in ms since 1970.
    pub added_ms: i64,
    /// When it was taken out, in ms since 1970.
    pub removed_ms: Option<i64>,
}

impl SqliteStore {
    /// Makes `routes` the active ones of a task; those that are not among them are removed ones from now on.
    ///
    /// # Errors
    /// The state cannot be written.
    pub fn save_routes(&self, task_id: &str, routes: &[RouteRow], now_ms: i64) -> Result<()> {
        self.write(Durability::Fsync, |t| {
            t.execute(
                "UPDATE routes SET status = 'removed', removed_ms = coalesce(removed_ms, ?2) WHERE task_id = ?1",
                params![task_id, now_ms],
            )?;
            let mut statement = t.prepare_cached(
                "INSERT INTO routes (task_id, source_topic, target_topic, start, status, added_ms, removed_ms)
                 VALUES (?1, ?2, ?3, ?4, 'active', ?5, NULL)
                 ON CONFLICT DO UPDATE SET target_topic = ?3, start = ?4, status = 'active', removed_ms = NULL",
            )?;
            routes.iter().try_for_each(|route| {
                statement
                    .execute(params![
                        task_id,
                        route.source_topic,
                        route.target_topic,
                        route.start,
                        route.added_ms
                    ])
                    .map(drop)
            })
        })
    }

    /// The routes of a task, removed ones too, by source topic.
    ///
    /// # Errors
    /// The state cannot be read.
    pub fn routes(&self, task_id: &str) -> Result<Vec<RouteRow>> {
        self.read(|t| {
            t.prepare_cached(
                "SELECT task_id, source_topic, target_topic, start, status, added_ms, removed_ms FROM routes
                 WHERE task_id = ?1 ORDER BY source_topic",
            )?
            .query_map([task_id], |row| {
                Ok(RouteRow {
                    task_id: row.get(0)?,
                    source_topic: row.get(1)?,
                    target_topic: row.get(2)?,
                    start: row.get(3)?,
                    status: row.get(4)?,
                    added_ms: row.get(5)?,
                    removed_ms: row.get(6)?,
                })
            })?
            .collect()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::store;

    #[test]
    fn a_route_that_is_taken_out_stays_in_the_history_and_may_come_back() {
        let (_dir, store) = store();
        let route = |source: &str, target: &str, added_ms| RouteRow {
            task_id: "rp-1".to_owned(),
            source_topic: source.to_owned(),
            target_topic: target.to_owned(),
            start: None,
            status: "active".to_owned(),
            added_ms,
            removed_ms: None,
        };
        store
            .save_routes("rp-1", &[route("a", "a", 1), route("b", "b", 1)], 1)
            .unwrap();
        store.save_routes("rp-1", &[route("b", "b.copy", 2)], 2).unwrap();
        let removed = RouteRow {
            status: "removed".to_owned(),
            removed_ms: Some(2),
            ..route("a", "a", 1)
        };
        assert_eq!(store.routes("rp-1").unwrap(), [removed, route("b", "b.copy", 1)]);
        store.save_routes("rp-1", &[route("a", "a", 3)], 3).unwrap();
        assert_eq!(store.routes("rp-1").unwrap()[0], route("a", "a", 1));
        assert!(store.routes("rp-2").unwrap().is_empty());
    }
}
