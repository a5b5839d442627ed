use crate::sqlite_store::Durability;
use crate::{Result, SqliteStore};

/// Tables with rows of a task, and their column for it. Not among them: the operation log and the history of alerts,
/// which outlive it, and what hangs on `run_partitions`.
const OWNED: &[(&str, &str)] = &[
    ("launches", "task"),
    ("partitions", "task"),
    ("incarnations", "task"),
    ("gaps", "task"),
    ("quarantined", "task"),
    ("task_status", "task"),
    ("routes", "task_id"),
    ("task_log", "task_id"),
    ("modifications", "task_id"),
    ("metric_samples", "task_id"),
    ("verifications", "task"),
    ("verification_history", "task"),
    ("taken_over_groups", "task"),
    ("synced_positions", "task"),
    ("cutovers", "task_id"),
    ("stopped_partitions", "task"),
    ("accepted_gaps", "task"),
    ("asked_ranges", "task"),
];

impl SqliteStore {
    /// Deletes a task with its positions, logs and samples. The operation log and the history of alerts stay. Returns
    /// whether it was there.
    ///
    /// # Errors
    /// The state cannot be written.
    pub fn delete_task(&self, id: &str) -> Result<bool> {
        self.write(Durability::Fsync, |t| {
            t.execute(
                "DELETE FROM offset_runs WHERE run_partition IN (SELECT id FROM run_partitions WHERE task = ?1)",
                [id],
            )?;
            t.execute("DELETE FROM run_partitions WHERE task = ?1", [id])?;
            for (table, column) in OWNED {
                t.execute(&format!("DELETE FROM {table} WHERE {column} = ?1"), [id])?;
            }
            Ok(t.execute("DELETE FROM tasks WHERE id = ?1", [id])? > 0)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{task, with_sources};

    /// Every table with a column for a task, and that column.
    fn tables_with_a_task(store: &SqliteStore) -> Vec<(String, String)> {
        store
            .read(|t| {
                t.prepare(
                    "SELECT m.name, c.name FROM sqlite_schema m JOIN pragma_table_info(m.name) c
                     WHERE m.type = 'table' AND c.name IN ('task', 'task_id') ORDER BY 1",
                )?
                .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
                .collect()
            })
            .unwrap()
    }

    fn rows_of(store: &SqliteStore, table: &str, column: &str, task: &str) -> i64 {
        let sql = format!("SELECT count(*) FROM {table} WHERE {column} = ?1");
        store
            .read(|t| t.query_row(&sql, [task], |row| row.get(0)))
            .unwrap()
    }

    #[test]
    fn a_deleted_task_leaves_the_operation_log_and_the_history_of_alerts_and_nothing_else() {
        let (_dir, store) = with_sources();
        for id in ["rp-1", "rp-2"] {
            store.insert_task(&task(id, "a", "ds-1", "ds-2"), 9).unwrap();
            store
                .write(Durability::Wal, |t| {
                    t.execute_batch(&format!(
                        "INSERT INTO launches VALUES ('{id}', 'l', '', '', 1, '', '', NULL);
                         INSERT INTO partitions (task, topic, partition, target_topic, start, target_start, backlog_end,
                             position, target_next, records, bytes) VALUES ('{id}', 't', 0, 't', 0, 0, 0, 7, 7, 7, 7);
                         INSERT INTO run_partitions (task, topic, partition) VALUES ('{id}', 't', 0);
                         INSERT INTO offset_runs (run_partition, source_base, target_base, length)
                             SELECT id, 0, 0, 7 FROM run_partitions WHERE task = '{id}';
                         INSERT INTO incarnations VALUES ('{id}', 't', 0, 1, 5);
                         INSERT INTO gaps VALUES ('{id}', 't', 0, 0, 1, 2, 'deleted', 1);
                         INSERT INTO quarantined VALUES ('{id}', 't', 0, 0, 3, 10, '', 1, 1, NULL, NULL, 1, x'', 1, NULL, NULL);
                         INSERT INTO task_status VALUES ('{id}', 1, 1, '{{}}');
                         INSERT INTO routes VALUES ('{id}', 't', 't', NULL, 'active', 1, NULL);
                         INSERT INTO task_log (task_id, at_ms, level, message) VALUES ('{id}', 1, 0, '');
                         INSERT INTO modifications (task_id, at_ms, before, after, status)
                             VALUES ('{id}', 1, '{{}}', '{{}}', 'done');
                         INSERT INTO verifications VALUES ('{id}', 1, '{{}}', NULL);
                         INSERT INTO verification_history VALUES (NULL, '{id}', 1, 'equal', '', 0, 1, 0);
                         INSERT INTO taken_over_groups VALUES ('{id}', 'g', 1);
                         INSERT INTO synced_positions VALUES ('{id}', 'g', 't', 0, 1, 1, NULL, 1);
                         INSERT INTO stopped_partitions VALUES ('{id}', '[]');
                         INSERT INTO accepted_gaps VALUES ('{id}', '[]');
                         INSERT INTO asked_ranges VALUES ('{id}', '{{}}');
                         INSERT INTO cutovers VALUES ('co-{id}', '{id}', 1, 0, '{{}}', 1);
                         INSERT INTO metric_samples (task_id, resolution_s, at_s, read_records_rate, write_records_rate,
                             read_bytes_rate, write_bytes_rate) VALUES ('{id}', 10, 0, 1, 1, 1, 1);
                         INSERT INTO operation_log (at_ms, actor, action, object_kind, object_id, object_name, outcome)
                             VALUES (1, '', '', 'task', '{id}', 'a', 'ok');
                         INSERT INTO alert_history (at_ms, task_id, task_name, rule_name, kind, channel_name, state,
                             title, body) VALUES (1, '{id}', 'a', '', 'raised', '', 'sent', '', '');"
                    ))
                })
                .unwrap();
        }
        let tables = tables_with_a_task(&store);
        assert_eq!(
            tables.len(),
            20,
            "a table of this test is missing in it: {tables:?}"
        );
        for (table, column) in &tables {
            assert_eq!(rows_of(&store, table, column, "rp-1"), 1, "{table}");
        }

        assert!(store.delete_task("rp-1").unwrap());
        assert_eq!(store.task("rp-1").unwrap(), None);
        for (table, column) in &tables {
            let left = rows_of(&store, table, column, "rp-1");
            assert_eq!(left, i64::from(table == "alert_history"), "{table}");
            assert_eq!(
                rows_of(&store, table, column, "rp-2"),
                1,
                "{table} of another task"
            );
        }
        assert_eq!(rows_of(&store, "operation_log", "object_id", "rp-1"), 1);
        assert_eq!(
            rows_of(&store, "offset_runs", "length", "7"),
            1,
            "of the other task"
        );
        assert!(!store.delete_task("rp-1").unwrap(), "it is gone already");
    }
}
