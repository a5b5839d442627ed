//! A task that rests, and what its log has of its life, also after a restart of the program.

use anyhow::{Context, Result};
use sluice_app::{
    BacklogView, LogEvent, MarkView, TaskAcceptGaps, TaskBacklog, TaskMarks, TaskOpenGaps, TaskTune,
    TroubleCause,
};
use sluice_engine::{AcceptedGap, PartitionKey};
use sluice_fakekafka::Access;
use sluice_model::{RateLimits, TaskState};
use sluice_tests::{Ground, TASK, eventually, now_ms};

fn backlog(ground: &Ground) -> Result<BacklogView> {
    let asked = ground.app()?.call(TaskBacklog { task: TASK.into() })?;
    asked.context("the task was launched")
}

fn marks(ground: &Ground, from_ms: i64) -> Result<Vec<MarkView>> {
    Ok(ground.app()?.call(TaskMarks {
        task: TASK.into(),
        from_ms,
        to_ms: None,
    })?)
}

#[test]
fn a_paused_task_says_since_when_and_how_its_backlog_has_grown_also_after_a_restart() -> Result<()> {
    let mut ground = Ground::running()?;
    eventually("it is caught up", || {
        Ok(ground.task()?.snapshot.lag_records == Some(0))
    })?;
    let before = now_ms();
    ground.pause()?;
    let since = ground.task()?.snapshot.since_ms.context("since when")?;
    assert!((before..=now_ms()).contains(&since), "{since}");
    let nothing = BacklogView {
        offsets: 0,
        since: Some(0),
    };
    assert_eq!(backlog(&ground)?, nothing);

    ground.append(10, 30)?;
    let grown = BacklogView {
        offsets: 30,
        since: Some(30),
    };
    assert_eq!(backlog(&ground)?, grown);
    ground.reopen()?;
    assert_eq!(ground.task()?.snapshot.since_ms, Some(since));
    assert_eq!(backlog(&ground)?, grown);

    ground.resume()?;
    ground.has_exactly(40)?;
    ground.reaches(TaskState::Running)?;
    assert!(ground.task()?.snapshot.since_ms > Some(since));
    Ok(())
}

#[test]
fn a_failed_task_says_since_when_after_a_restart() -> Result<()> {
    let mut ground = Ground::running()?;
    ground.fail()?;
    let trouble = ground.task()?.snapshot.trouble.context("a trouble")?;
    let since = trouble.since_ms.context("since when")?;
    ground.reopen()?;
    let again = ground.task()?.snapshot;
    assert_eq!(again.since_ms, Some(since));
    assert_eq!(again.trouble.and_then(|trouble| trouble.since_ms), Some(since));
    Ok(())
}

#[test]
fn a_gap_that_stopped_a_task_is_told_and_can_be_accepted_after_a_restart() -> Result<()> {
    let mut ground = Ground::running()?;
    ground.pause()?;
    ground.append(10, 40)?;
    ground.source.delete_records("t", 0, 31)?;
    ground.resume()?;
    eventually("the partition has stopped", || {
        Ok(ground.task()?.snapshot.stopped_partitions == 1)
    })?;
    ground.reaches(TaskState::Abnormal)?;
    ground.pause()?;
    ground.reopen()?;

    let trouble = ground.task()?.snapshot.trouble.context("the gap is shown")?;
    assert_eq!(trouble.cause, TroubleCause::Gap, "{trouble:#?}");
    let open = ground.app()?.call(TaskOpenGaps {
        task: TASK.into(),
        topic: None,
    })?;
    assert_eq!(open.len(), 1, "{open:#?}");
    ground.app()?.call(TaskAcceptGaps {
        task: TASK.into(),
        gaps: open
            .into_iter()
            .map(|stopped| AcceptedGap {
                key: PartitionKey {
                    topic: stopped.topic,
                    partition: stopped.partition,
                },
                range: stopped.gap.range,
                reason: stopped.gap.reason,
            })
            .collect(),
    })?;
    ground.reaches(TaskState::Running)?;
    eventually("what is left has arrived", || Ok(ground.arrived()?.len() == 29))?;
    Ok(())
}

#[test]
fn a_run_that_tries_a_partition_again_says_when() -> Result<()> {
    let ground = Ground::running()?;
    ground.source.deny("t", Access::Read);
    ground.append(10, 5)?;
    ground.reaches(TaskState::Abnormal)?;
    eventually("the next try has its time", || {
        let trouble = ground.task()?.snapshot.trouble;
        Ok(trouble.is_some_and(|trouble| trouble.next_try_ms > Some(now_ms())))
    })?;
    ground.source.allow("t", Access::Read);
    ground.has_exactly(15)?;
    ground.reaches(TaskState::Running)?;
    assert_eq!(ground.task()?.snapshot.trouble, None);
    Ok(())
}

#[test]
fn what_happened_to_a_task_has_its_mark_and_its_line_in_the_log() -> Result<()> {
    let begin = now_ms();
    let ground = Ground::running()?;
    ground.app()?.call(TaskTune {
        task: TASK.into(),
        spec: None,
        rate: Some(RateLimits {
            records_per_second: Some(5_000),
            bytes_per_second: None,
        }),
        version: None,
    })?;
    ground.pause()?;
    ground.resume()?;
    ground.reaches(TaskState::Running)?;
    ground.target_goes()?;
    ground.append(10, 5)?;
    ground.reaches(TaskState::Abnormal)?;
    ground.target_returns()?;
    ground.has_exactly(15)?;
    ground.reaches(TaskState::Running)?;

    let found = marks(&ground, begin)?;
    let events: Vec<LogEvent> = found.iter().map(|mark| mark.event).collect();
    assert_eq!(
        events,
        [
            LogEvent::Started,
            LogEvent::Settings,
            LogEvent::Paused,
            LogEvent::Resumed,
            LogEvent::Abnormal,
            LogEvent::Recovered,
        ],
        "{found:#?}"
    );
    assert!(
        found.windows(2).all(|pair| pair[0].at_ms <= pair[1].at_ms),
        "in order of time: {found:#?}"
    );
    assert_eq!(found[1].message, "settings changed: rate");
    let lines = ground.log(Default::default())?;
    for mark in &found {
        let line = lines.iter().find(|line| line.id == mark.line);
        let line = line.with_context(|| format!("a line of {mark:#?}"))?;
        assert_eq!((line.event, &line.message), (Some(mark.event), &mark.message));
    }
    let later = marks(&ground, found[2].at_ms)?;
    assert_eq!(
        later.first().map(|mark| mark.line),
        Some(found[2].line),
        "only of the range"
    );
    Ok(())
}
