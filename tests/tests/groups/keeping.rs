//! Groups that are kept in step while their task runs.

use anyhow::{Result, ensure};
use sluice_app::{TaskGroups, TaskGroupsKeep, TaskLogQuery};
use sluice_engine::GroupState;
use sluice_model::GroupSync;
use sluice_tests::{Ground, TASK, eventually};

use crate::ground::{commit_fake, values_from};

fn keep(ground: &Ground, groups: Option<&str>) -> Result<()> {
    ground.app()?.call(TaskGroupsKeep {
        task: TASK.into(),
        sync: groups.map(|groups| GroupSync {
            groups: groups.to_owned(),
            interval_seconds: 1,
        }),
        version: None,
    })?;
    Ok(())
}

/// Whether the record that a group reads next on the target is the one at this offset of the source. Its own offset may be
/// another one: markers of the copy's transactions count there.
fn stands_at(ground: &Ground, group: &str, number: usize) -> Result<()> {
    eventually(&format!("{group} reads v{number} next"), || {
        Ok(next(ground, group)? == Some(format!("v{number}")))
    })
}

/// The record that a group reads next on the target.
fn next(ground: &Ground, group: &str) -> Result<Option<String>> {
    let Some(committed) = ground.target.committed(group, "t", 0) else {
        return Ok(None);
    };
    Ok(values_from(&ground.target, "t", committed.offset)?
        .into_iter()
        .next())
}

#[test]
fn chosen_groups_follow_while_the_task_runs_and_stay_where_they_are_when_it_is_switched_off() -> Result<()> {
    let ground = Ground::running()?;
    commit_fake(&ground.source, "billing", "t", 3, "");
    commit_fake(&ground.source, "other", "t", 3, "");
    keep(&ground, Some("bill.*"))?;
    stands_at(&ground, "billing", 3)?;
    commit_fake(&ground.source, "billing", "t", 8, "");
    stands_at(&ground, "billing", 8)?;
    let view = ground.app()?.call(TaskGroups {
        task: TASK.into(),
        groups: Vec::new(),
    })?;
    ensure!(
        view.continuous.is_some() && view.last_sync.as_ref().is_some_and(|last| last.error.is_none()),
        "{view:#?}"
    );
    ensure!(
        view.report
            .group("billing")
            .is_some_and(|group| group.state == GroupState::Synced),
        "{view:#?}"
    );
    ensure!(next(&ground, "other")?.is_none(), "it was not chosen");

    // What comes back to an earlier position at the source does not on the target.
    commit_fake(&ground.source, "billing", "t", 5, "");
    keep(&ground, Some(".*"))?;
    stands_at(&ground, "other", 3)?;
    ensure!(next(&ground, "billing")?.as_deref() == Some("v8"));

    keep(&ground, None)?;
    commit_fake(&ground.source, "other", "t", 9, "");
    ground.append(10, 10)?;
    ground.has_exactly(20)?;
    ensure!(
        next(&ground, "other")?.as_deref() == Some("v3"),
        "it was switched off"
    );
    Ok(())
}

#[test]
fn a_sync_that_fails_is_in_the_log_once_and_stops_no_copy() -> Result<()> {
    let ground = Ground::running()?;
    commit_fake(&ground.source, "billing", "t", 3, "");
    let denied = kafka_protocol::error::ResponseError::GroupAuthorizationFailed;
    ground
        .source
        .fail_next(kafka_protocol::messages::ApiKey::ListGroups, denied, u32::MAX);
    keep(&ground, Some(".*"))?;
    let lines = || -> Result<usize> {
        let query = TaskLogQuery {
            text: Some("consumer groups could not be synced".into()),
            ..TaskLogQuery::default()
        };
        Ok(ground.log(query)?.len())
    };
    eventually("the log says it", || Ok(lines()? > 0))?;
    ground.append(10, 10)?;
    ground.has_exactly(20)?;
    ground.source.clear_faults();
    stands_at(&ground, "billing", 3)?;
    ensure!(lines()? == 1, "{:#?}", ground.log(TaskLogQuery::default()));
    Ok(())
}
