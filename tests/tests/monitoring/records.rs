//! Records that do not arrive, and the log that says so.

use anyhow::{Context, Result};
use sluice_alerts::Condition;
use sluice_app::{ErrorCode, LogView, TaskGaps, TaskLogQuery, TaskQuarantine};
use sluice_fakekafka::FakeRecord;
use sluice_model::{OutOfRange, TaskState};
use sluice_store::LogRow;
use sluice_tests::{Ground, TASK, eventually, now_ms};

#[test]
fn records_deleted_under_a_paused_task_are_a_gap_with_the_exact_range_in_the_ledger_and_the_log() -> Result<()>
{
    let mut ground = Ground::new()?;
    ground.append(0, 50)?;
    let mut settings = ground.settings()?;
    settings.out_of_range = OutOfRange::Nearest;
    ground.launch(settings)?;
    ground.has_exactly(50)?;
    let rule = ground.rule("Gaps", Condition::GapFound, |_| {})?;
    ground.in_force(&rule)?;
    ground.pause()?;
    ground.append(50, 50)?;
    ground.source.delete_records("t", 0, 73)?;
    ground.resume()?;
    eventually("what is left has arrived", || Ok(ground.arrived()?.len() >= 77))?;
    let expected: Vec<String> = (0..50).chain(73..100).map(|n| format!("v{n}")).collect();
    assert_eq!(ground.arrived()?, expected);
    let gaps = |ground: &Ground| -> Result<Vec<(String, i32, i64, i64)>> {
        let gaps = ground.app()?.call(TaskGaps { task: TASK.into() })?;
        Ok(gaps
            .into_iter()
            .map(|gap| (gap.topic, gap.partition, gap.from, gap.to))
            .collect())
    };
    assert_eq!(gaps(&ground)?, [("t".to_owned(), 0, 50, 73)]);
    let lines = ground.log(TaskLogQuery {
        min_level: Some("error".into()),
        text: Some("gap:".into()),
        ..TaskLogQuery::default()
    })?;
    assert_eq!(lines.len(), 1, "{lines:#?}");
    let line = lines.first().context("a line")?;
    assert_eq!(
        (line.topic.as_deref(), line.partition, line.offset),
        (Some("t"), Some(0), Some(50))
    );
    assert!(line.message.contains("[50, 73)"), "{line:#?}");
    let told = ground.raised_by("Gaps")?;
    assert!(told.body.contains("1 new gap"), "{told:#?}");
    assert!(told.body.contains("The latest: t-0 50–72."), "{told:#?}");
    eventually("the gap is counted", || Ok(ground.task()?.snapshot.gaps == 1))?;
    ground.reopen()?;
    assert_eq!(gaps(&ground)?, [("t".to_owned(), 0, 50, 73)]);
    ground.reaches(TaskState::Running)?;
    eventually("the gap is still counted", || {
        Ok(ground.task()?.snapshot.gaps == 1)
    })?;
    assert_eq!(ground.told_by("Gaps")?.len(), 1, "told once");
    Ok(())
}

#[test]
fn a_record_the_target_finds_too_large_is_in_quarantine_with_its_offset_and_the_rest_goes_on() -> Result<()> {
    let mut ground = Ground::new()?;
    ground
        .target
        .create_topic("t", 1, &[("max.message.bytes", "20000")])?;
    let mut settings = ground.settings()?;
    settings.existing = sluice_model::ExistingData::Append;
    ground.append(0, 30)?;
    ground.launch(settings)?;
    ground.has_exactly(30)?;
    let rule = ground.rule("Quarantine", Condition::RecordQuarantined, |_| {})?;
    ground.in_force(&rule)?;
    // Not a constant: it must be too large after compression too.
    let mut state = 1u64;
    let secret: Vec<u8> = (0..60_000)
        .map(|_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            b'a' + (state >> 60) as u8
        })
        .collect();
    let shown = String::from_utf8_lossy(&secret[..24]).into_owned();
    let large = FakeRecord::new("large", secret).at(1_700_000_000_123);
    ground.source.append("t", 0, vec![large])?;
    for n in 30..60 {
        let record = FakeRecord::new(format!("k{n}"), format!("v{n}")).at(now_ms());
        ground.source.append("t", 0, vec![record])?;
    }
    ground.has_exactly(60)?;
    let quarantine = |ground: &Ground, after_id: i64| {
        anyhow::Ok(ground.app()?.call(TaskQuarantine {
            task: TASK.into(),
            after_id,
            limit: None,
        })?)
    };
    let kept = quarantine(&ground, 0)?;
    assert_eq!(kept.len(), 1, "{kept:#?}");
    let row = kept.first().context("a row")?.clone();
    assert_eq!((row.topic.as_str(), row.partition, row.offset), ("t", 0, 30));
    assert_eq!((row.size, row.timestamp_ms), (60_005, 1_700_000_000_123));
    assert!(!row.reason.is_empty());
    assert_eq!(quarantine(&ground, row.id)?, []);
    eventually("it is counted", || Ok(ground.task()?.snapshot.quarantined == 1))?;
    assert_eq!(ground.task()?.snapshot.state, TaskState::Running);
    let lines = ground.log(TaskLogQuery {
        min_level: Some("error".into()),
        text: Some("quarantine".into()),
        ..TaskLogQuery::default()
    })?;
    assert_eq!(lines.len(), 1, "{lines:#?}");
    let line = lines.first().context("a line")?;
    assert_eq!(
        (line.topic.as_deref(), line.partition, line.offset),
        (Some("t"), Some(0), Some(30))
    );
    let all = ground.log(TaskLogQuery::default())?;
    let told = ground.raised_by("Quarantine")?;
    assert!(told.body.contains("1 record"), "{told:#?}");
    let texts = serde_json::to_string(&(ground.history()?, ground.task()?, &all))?;
    assert!(
        !texts.contains(&shown),
        "no payload is anywhere but in quarantine"
    );
    ground.reopen()?;
    assert_eq!(quarantine(&ground, 0)?, [row]);
    Ok(())
}

#[test]
fn the_log_is_searched_by_level_text_and_page() -> Result<()> {
    let ground = Ground::new()?;
    ground.launch(ground.settings()?)?;
    ground.pause()?;
    ground.append(0, 10)?;
    ground.target_goes()?;
    ground.resume()?;
    ground.reaches(TaskState::Abnormal)?;
    ground.target_returns()?;
    ground.has_exactly(10)?;
    ground.reaches(TaskState::Running)?;
    let tried = ground.log(TaskLogQuery {
        min_level: Some("warning".into()),
        text: Some("trying again in 1 s".into()),
        ..TaskLogQuery::default()
    })?;
    assert_eq!(
        tried.len(),
        1,
        "a start that fails for now is repeated: {tried:#?}"
    );
    ground.pause()?;
    let all = ground.log(TaskLogQuery::default())?;
    assert!(
        all.windows(2).all(|pair| pair[0].id > pair[1].id),
        "the newest first"
    );
    let levels = |least: &str| {
        let lines = ground.log(TaskLogQuery {
            min_level: Some(least.into()),
            ..TaskLogQuery::default()
        })?;
        anyhow::Ok(lines)
    };
    assert_eq!(levels("info")?, all);
    let warnings = levels("warning")?;
    let expected: Vec<_> = all.iter().filter(|line| line.level != "info").cloned().collect();
    assert!(!warnings.is_empty() && warnings.len() < all.len());
    assert_eq!(warnings, expected);
    assert!(levels("error")?.iter().all(|line| line.level == "error"));
    let wrong = ground.app()?.call(TaskLogQuery {
        task: TASK.into(),
        min_level: Some("loud".into()),
        ..TaskLogQuery::default()
    });
    assert_eq!(wrong.map_err(|error| error.code), Err(ErrorCode::InvalidInput));
    let paused = ground.log(TaskLogQuery {
        text: Some("the task is paused".into()),
        ..TaskLogQuery::default()
    })?;
    assert_eq!(paused.len(), 2, "{all:#?}");
    // What would be a wildcard elsewhere is a sign like any other.
    let none = ground.log(TaskLogQuery {
        text: Some("task%paused".into()),
        ..TaskLogQuery::default()
    })?;
    assert_eq!(none, []);
    let first = ground.log(TaskLogQuery {
        limit: Some(2),
        ..TaskLogQuery::default()
    })?;
    assert_eq!(first, all[..2]);
    let next = ground.log(TaskLogQuery {
        before_id: first.last().map(|line| line.id),
        ..TaskLogQuery::default()
    })?;
    assert_eq!(next, all[2..]);
    let newer = ground.log(TaskLogQuery {
        after_id: next.first().map(|line| line.id),
        ..TaskLogQuery::default()
    })?;
    assert_eq!(newer, all[..2]);
    let between = ground.log(TaskLogQuery {
        from_ms: all.get(2).map(|line| line.at_ms),
        to_ms: all.first().map(|line| line.at_ms),
        ..TaskLogQuery::default()
    })?;
    let (from, to) = (all[2].at_ms, all[0].at_ms);
    let expected: Vec<_> = all
        .iter()
        .filter(|line| (from..to).contains(&line.at_ms))
        .cloned()
        .collect();
    assert_eq!(between, expected);
    Ok(())
}

#[test]
fn the_whole_log_can_be_written_out_page_by_page_and_lines_of_last_week_go() -> Result<()> {
    let mut ground = Ground::new()?;
    ground.launch(ground.settings()?)?;
    ground.pause()?;
    let task = ground.task()?.id;
    let line = |n: i64, days: i64| LogRow {
        id: 0,
        task_id: task.as_str().to_owned(),
        at_ms: now_ms() - days * 86_400_000 + n,
        level: "info".into(),
        message: format!("line {n} of {days} days ago"),
        topic: None,
        partition: None,
        offset: None,
        event: None,
    };
    let lines: Vec<LogRow> = (0..1_200)
        .map(|n| line(n, 6))
        .chain((0..10).map(|n| line(n, 8)))
        .collect();
    ground.store()?.append_task_log(&lines)?;
    ground.reopen()?;
    eventually("what is older than a week is gone", || {
        let old = ground.log(TaskLogQuery {
            text: Some("of 8 days ago".into()),
            ..TaskLogQuery::default()
        })?;
        Ok(old.is_empty())
    })?;
    let mut written = Vec::new();
    loop {
        let page = ground.log(TaskLogQuery {
            before_id: written.last().map(|line: &LogView| line.id),
            ..TaskLogQuery::default()
        })?;
        if page.is_empty() {
            break;
        }
        assert!(page.len() <= 500, "{} lines at once", page.len());
        written.extend(page);
    }
    let of_a_week: Vec<&str> = written
        .iter()
        .rev()
        .map(|line| line.message.as_str())
        .filter(|message| message.ends_with("6 days ago"))
        .collect();
    let expected: Vec<String> = (0..1_200).map(|n| format!("line {n} of 6 days ago")).collect();
    assert_eq!(of_a_week, expected);
    assert!(
        written.iter().any(|line| line.message == "the task is paused"),
        "and what the task itself said"
    );
    Ok(())
}
