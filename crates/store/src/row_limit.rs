/// A number of rows for `LIMIT` or `OFFSET`: a number that does not fit into SQLite's would be read as a fraction and
/// refused.
pub(crate) fn rows(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// `LIMIT` for a list that may be asked for as a whole, which is a negative number to SQLite.
pub(crate) fn at_most(limit: Option<usize>) -> i64 {
    limit.map_or(-1, rows)
}

#[cfg(test)]
mod tests {
    use crate::testing::{store, task, with_sources};
    use crate::{AlertFilter, LogFilter, LogRow, OperationFilter, TaskFilter};

    #[test]
    fn the_greatest_limit_there_is_means_all_rows() {
        let (_dir, sources) = with_sources();
        sources
            .insert_task(&task("rp-1", "a", "ds-1", "ds-2"), usize::MAX)
            .unwrap();
        let (rows, total) = sources
            .tasks(&TaskFilter {
                limit: Some(usize::MAX),
                ..TaskFilter::default()
            })
            .unwrap();
        assert_eq!((rows[0].id.as_str(), total), ("rp-1", 1));
        let behind = TaskFilter {
            offset: usize::MAX,
            ..TaskFilter::default()
        };
        assert_eq!(sources.tasks(&behind).unwrap(), (vec![], 1));

        let (_dir, store) = store();
        let line = LogRow {
            id: 0,
            task_id: "rp-1".into(),
            at_ms: 1,
            level: "info".into(),
            message: "m".into(),
            topic: None,
            partition: None,
            offset: None,
            event: None,
        };
        store.append_task_log(&[line]).unwrap();
        let limit = Some(usize::MAX);
        let lines = store.task_log(
            "rp-1",
            &LogFilter {
                limit,
                ..LogFilter::default()
            },
        );
        assert_eq!(lines.unwrap()[0].message, "m");
        let operations = store.operations(&OperationFilter {
            limit,
            ..OperationFilter::default()
        });
        assert_eq!(operations.unwrap(), []);
        let alerts = store.alert_history(&AlertFilter {
            limit,
            ..AlertFilter::default()
        });
        assert_eq!(alerts.unwrap(), []);
    }
}
