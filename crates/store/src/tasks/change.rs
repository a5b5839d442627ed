use rusqlite::types::Value as SqlValue;
use rusqlite::{params, params_from_iter};
use serde_json::Value;

use crate::json_column::{to_optional_text, to_text};
use crate::sqlite_store::Durability;
use crate::{Result, SqliteStore};

/// A task's way from one state into another: what it does and what it is to do are written together.
#[derive(Debug, Clone, Copy)]
pub struct StateChange<'a> {
    /// The change is made only if the task is in one of these states.
    pub from: &'a [&'a str],
    /// The new state.
    pub to: &'a str,
    /// Whether the task is to run from now on, also after the program was started again.
    pub desired_running: bool,
    /// Why it is in the new state, where a person should know.
    pub reason: Option<&'a str>,
    /// The report of a pre-check that led to it; `None` leaves the last one.
    pub pre_check: Option<&'a Value>,
    /// Offsets of the source that are not copied, of a task that comes to rest; `None` where they are not known.
    pub rest_lag: Option<i64>,
    /// Now, in ms since 1970.
    pub now_ms: i64,
}

/// Other settings of a task.
#[derive(Debug, Clone, Copy)]
pub struct SettingsChange<'a> {
    /// The version of the settings that were read before; the change is made only if they are still the present ones.
    pub version: i64,
    /// The name.
    pub name: &'a str,
    /// What the person decided.
    pub settings: &'a Value,
    /// Data source it reads.
    pub source_id: &'a str,
    /// Data source it writes.
    pub target_id: &'a str,
    /// For a task that is described again from the beginning: the states in which that is possible. It becomes a draft
    /// without a pre-check.
    pub draft_from: Option<&'a [&'a str]>,
    /// Now, in ms since 1970.
    pub now_ms: i64,
}

impl SqliteStore {
    /// Changes a task's state and whether it is to run in one transaction. Returns whether the task was in one of the
    /// states from which the change is made. The first `starting` is when it was started; `completed` and `terminated`
    /// are its end.
    ///
    /// # Errors
    /// The state cannot be written.
    pub fn change_task_state(&self, id: &str, change: &StateChange<'_>) -> Result<bool> {
        let marks = vec!["?"; change.from.len()].join(", ");
        let sql = format!(
            "UPDATE tasks SET state = ?1, desired_running = ?2, reason = ?3, updated_ms = ?4,
                 pre_check = coalesce(?5, pre_check), rest_lag = ?7,
                 since_ms = CASE WHEN state = ?1 THEN since_ms ELSE ?4 END,
                 started_ms = CASE WHEN ?1 = 'starting' THEN coalesce(started_ms, ?4) ELSE started_ms END,
                 ended_ms = CASE WHEN ?1 IN ('completed', 'terminated') THEN ?4 ELSE ended_ms END
             WHERE id = ?6 AND state IN ({marks})"
        );
        let mut values: Vec<SqlValue> = vec![
            change.to.to_owned().into(),
            change.desired_running.into(),
            change.reason.map(str::to_owned).into(),
            change.now_ms.into(),
            to_optional_text(change.pre_check).into(),
            id.to_owned().into(),
            change.rest_lag.into(),
        ];
        values.extend(words(change.from));
        self.write(Durability::Fsync, |t| {
            Ok(t.prepare_cached(&sql)?.execute(params_from_iter(values))? > 0)
        })
    }

    /// Replaces a task's settings if no other command has changed them since they were read, and counts their version up.
    /// Returns whether that was so; for [`SettingsChange::draft_from`] also whether the task was in one of those states.
    ///
    /// # Errors
    /// The state cannot be written.
    pub fn change_task_settings(&self, id: &str, change: &SettingsChange<'_>) -> Result<bool> {
        let (draft, condition) = match change.draft_from {
            Some(from) => (
                ", state = 'draft', desired_running = 0, reason = NULL, pre_check = NULL,
                 since_ms = CASE WHEN state = 'draft' THEN since_ms ELSE ?5 END",
                format!(" AND state IN ({})", vec!["?"; from.len()].join(", ")),
            ),
            None => ("", String::new()),
        };
        let sql = format!(
            "UPDATE tasks SET name = ?1, settings = ?2, source_id = ?3, target_id = ?4, updated_ms = ?5,
                 settings_version = settings_version + 1{draft}
             WHERE id = ?6 AND settings_version = ?7{condition}"
        );
        let mut values: Vec<SqlValue> = vec![
            change.name.to_owned().into(),
            to_text(change.settings).into(),
            change.source_id.to_owned().into(),
            change.target_id.to_owned().into(),
            change.now_ms.into(),
            id.to_owned().into(),
            change.version.into(),
        ];
        values.extend(words(change.draft_from.unwrap_or_default()));
        self.write(Durability::Fsync, |t| {
            Ok(t.prepare_cached(&sql)?.execute(params_from_iter(values))? > 0)
        })
    }

    /// Keeps the last pre-check's report, or forgets it.
    ///
    /// # Errors
    /// The state cannot be written.
    pub fn set_task_pre_check(&self, id: &str, report: Option<&Value>) -> Result<()> {
        self.write(Durability::Fsync, |t| {
            t.execute(
                "UPDATE tasks SET pre_check = ?2 WHERE id = ?1",
                params![id, to_optional_text(report)],
            )
            .map(drop)
        })
    }

    /// Mutes a task's alerts until a time in ms since 1970, or no longer.
    ///
    /// # Errors
    /// The state cannot be written.
    pub fn set_task_muted(&self, id: &str, until_ms: Option<i64>) -> Result<()> {
        self.write(Durability::Fsync, |t| {
            t.execute(
                "UPDATE tasks SET muted_until_ms = ?2 WHERE id = ?1",
                params![id, until_ms],
            )
            .map(drop)
        })
    }
}

fn words<'a>(states: &'a [&'a str]) -> impl Iterator<Item = SqlValue> + 'a {
    states.iter().map(|state| SqlValue::from((*state).to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::TaskRow;
    use crate::testing::{task, with_sources};

    fn to<'a>(from: &'a [&'a str], to: &'a str, now_ms: i64) -> StateChange<'a> {
        StateChange {
            from,
            to,
            desired_running: false,
            reason: None,
            pre_check: None,
            rest_lag: None,
            now_ms,
        }
    }

    #[test]
    fn of_two_changes_from_one_state_only_the_first_is_made() {
        let (dir, first) = with_sources();
        let second = SqliteStore::open(dir.path()).unwrap();
        for round in 0..20 {
            let id = format!("rp-{round}");
            first.insert_task(&task(&id, "t", "ds-1", "ds-2"), 99).unwrap();
            let made = std::thread::scope(|scope| {
                let changes = [(&first, "starting"), (&second, "terminated")].map(|(store, state)| {
                    let id = &id;
                    scope.spawn(move || {
                        let change = StateChange {
                            desired_running: state == "starting",
                            reason: Some(state),
                            ..to(&["draft"], state, 7)
                        };
                        store.change_task_state(id, &change).unwrap().then_some(state)
                    })
                });
                changes.map(|change| change.join().unwrap())
            });
            let made: Vec<&str> = made.into_iter().flatten().collect();
            assert_eq!(made.len(), 1);
            let row = first.task(&id).unwrap().unwrap();
            assert_eq!(
                (row.state.as_str(), row.reason.as_deref(), row.desired_running),
                (made[0], Some(made[0]), made[0] == "starting"),
                "the wish of the one that lost is not written either"
            );
        }
    }

    #[test]
    fn a_change_from_no_state_at_all_is_never_made() {
        let (_dir, store) = with_sources();
        store.insert_task(&task("rp-1", "a", "ds-1", "ds-2"), 9).unwrap();
        assert!(!store.change_task_state("rp-1", &to(&[], "running", 2)).unwrap());
        assert_eq!(
            store.task("rp-1").unwrap(),
            Some(task("rp-1", "a", "ds-1", "ds-2"))
        );
    }

    #[test]
    fn a_state_changes_only_from_where_it_was_thought_to_be() {
        let (_dir, store) = with_sources();
        store.insert_task(&task("rp-1", "a", "ds-1", "ds-2"), 9).unwrap();
        let change = |change: StateChange<'_>| store.change_task_state("rp-1", &change).unwrap();
        assert!(!change(to(&["running"], "paused", 2)));
        assert!(change(to(&["draft", "paused"], "starting", 3)));
        assert!(change(StateChange {
            reason: Some("no broker"),
            ..to(&["starting"], "abnormal", 4)
        }));
        assert!(change(to(&["abnormal"], "starting", 5)));
        assert!(change(to(&["starting"], "terminated", 6)));
        let row = store.task("rp-1").unwrap().unwrap();
        assert_eq!(
            (
                row.state.as_str(),
                row.reason,
                row.started_ms,
                row.ended_ms,
                row.updated_ms
            ),
            ("terminated", None, Some(3), Some(6), 6)
        );
        assert!(
            !store
                .change_task_state("unknown", &to(&["draft"], "x", 7))
                .unwrap()
        );
    }

    #[test]
    fn a_task_is_in_its_state_since_it_came_into_it_also_for_another_program() {
        let (dir, store) = with_sources();
        store.insert_task(&task("rp-1", "a", "ds-1", "ds-2"), 9).unwrap();
        let change = |change: StateChange<'_>| assert!(store.change_task_state("rp-1", &change).unwrap());
        let known = |store: &SqliteStore| {
            let row = store.task("rp-1").unwrap().unwrap();
            (row.since_ms, row.rest_lag)
        };
        change(to(&["draft"], "abnormal", 4));
        change(StateChange {
            reason: Some("still no broker"),
            ..to(&["abnormal"], "abnormal", 9)
        });
        assert_eq!(known(&store), (Some(4), None), "the same state again is none");
        change(StateChange {
            rest_lag: Some(12_300),
            ..to(&["abnormal"], "paused", 11)
        });
        let new = serde_json::json!({"topics": ["x"]});
        assert!(store.change_task_settings("rp-1", &settings(1, &new)).unwrap());
        let again = SqliteStore::open(dir.path()).unwrap();
        assert_eq!(
            known(&again),
            (Some(11), Some(12_300)),
            "settings change no state"
        );
        assert_eq!(
            again.tasks(&crate::TaskFilter::default()).unwrap().0[0].since_ms,
            Some(11)
        );
        change(to(&["paused"], "starting", 20));
        assert_eq!(known(&store), (Some(20), None), "it does not rest any more");
    }

    #[test]
    fn a_pre_check_s_report_is_written_with_the_state_it_leads_to_and_else_stays() {
        let (_dir, store) = with_sources();
        store.insert_task(&task("rp-1", "a", "ds-1", "ds-2"), 9).unwrap();
        let report = serde_json::json!({"may_start": true});
        let passed = StateChange {
            pre_check: Some(&report),
            ..to(&["draft"], "pre_check_passed", 2)
        };
        assert!(store.change_task_state("rp-1", &passed).unwrap());
        assert!(
            store
                .change_task_state("rp-1", &to(&["pre_check_passed"], "starting", 3))
                .unwrap()
        );
        assert_eq!(store.task("rp-1").unwrap().unwrap().pre_check, Some(report));
    }

    fn settings<'a>(version: i64, settings: &'a Value) -> SettingsChange<'a> {
        SettingsChange {
            version,
            name: "b",
            settings,
            source_id: "ds-2",
            target_id: "ds-1",
            draft_from: None,
            now_ms: 7,
        }
    }

    #[test]
    fn settings_reports_and_mutes_are_kept() {
        let (_dir, store) = with_sources();
        store.insert_task(&task("rp-1", "a", "ds-1", "ds-2"), 9).unwrap();
        let new = serde_json::json!({"topics": ["x", "ключ"]});
        assert!(store.change_task_settings("rp-1", &settings(1, &new)).unwrap());
        let report = serde_json::json!({"may_start": true});
        store.set_task_pre_check("rp-1", Some(&report)).unwrap();
        store.set_task_muted("rp-1", Some(70)).unwrap();
        let expected = TaskRow {
            settings: new,
            settings_version: 2,
            pre_check: Some(report),
            muted_until_ms: Some(70),
            updated_ms: 7,
            ..task("rp-1", "b", "ds-2", "ds-1")
        };
        assert_eq!(store.task("rp-1").unwrap(), Some(expected));
        store.set_task_pre_check("rp-1", None).unwrap();
        assert_eq!(store.task("rp-1").unwrap().unwrap().pre_check, None);
    }

    #[test]
    fn of_two_changes_of_the_same_settings_only_the_first_is_made() {
        let (_dir, store) = with_sources();
        store.insert_task(&task("rp-1", "a", "ds-1", "ds-2"), 9).unwrap();
        let (first, second) = (serde_json::json!({"a": 1}), serde_json::json!({"a": 2}));
        assert!(store.change_task_settings("rp-1", &settings(1, &first)).unwrap());
        assert!(!store.change_task_settings("rp-1", &settings(1, &second)).unwrap());
        let row = store.task("rp-1").unwrap().unwrap();
        assert_eq!((row.settings, row.settings_version), (first, 2));
    }

    #[test]
    fn a_task_that_is_described_again_is_a_draft_without_a_pre_check_and_only_where_that_is_possible() {
        let (_dir, store) = with_sources();
        let mut row = task("rp-1", "a", "ds-1", "ds-2");
        row.pre_check = Some(serde_json::json!({"may_start": false}));
        row.state = "pre_check_failed".to_owned();
        row.reason = Some("no room".to_owned());
        store.insert_task(&row, 9).unwrap();
        let new = serde_json::json!({"topics": ["x"]});
        let edit = |from| SettingsChange {
            draft_from: Some(from),
            ..settings(1, &new)
        };
        assert!(!store.change_task_settings("rp-1", &edit(&["draft"])).unwrap());
        assert_eq!(store.task("rp-1").unwrap(), Some(row));
        assert!(
            store
                .change_task_settings("rp-1", &edit(&["draft", "pre_check_failed"]))
                .unwrap()
        );
        let row = store.task("rp-1").unwrap().unwrap();
        assert_eq!(
            (row.state.as_str(), row.pre_check, row.reason, row.settings),
            ("draft", None, None, new)
        );
    }
}
