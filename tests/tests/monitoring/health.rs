//! A task whose clusters go and come back.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use sluice_app::{MetricPoint, SourceAdd, SourceEdit, TaskLogQuery, TaskMetrics, TaskRetry, TaskSnapshot};
use sluice_fakekafka::FakeCluster;
use sluice_model::{SaslMechanism, Secret, SecurityProtocol, SourceForm, TaskState};
use sluice_tests::{Ground, TASK, eventually, now_ms};

#[test]
fn an_outage_shows_in_state_delay_and_log_is_over_by_itself_and_stays_in_the_charts() -> Result<()> {
    let ground = Ground::new()?;
    ground.append(0, 50)?;
    ground.launch(ground.settings()?)?;
    ground.has_exactly(50)?;
    let idle = || {
        eventually("the delay and the lag are 0", || {
            let now = ground.task()?.snapshot;
            Ok(now.delay_ms == Some(0) && now.lag_records == Some(0))
        })
    };
    idle()?;
    let first = ground.task()?.snapshot.at_ms;
    eventually("three seconds of idle numbers", || {
        let now = ground.task()?.snapshot;
        assert_eq!(now.delay_ms, Some(0), "an idle task has no delay: {now:#?}");
        Ok(now.at_ms >= first + 3_000)
    })?;

    let begin = now_ms() - 10_000;
    ground.target_goes()?;
    ground.append(50, 30)?;
    let grown = |than: i64| {
        eventually("the delay grows", || {
            Ok(ground.task()?.snapshot.delay_ms.is_some_and(|delay| delay > than))
        })
    };
    grown(0)?;
    let before = ground.task()?.snapshot.delay_ms.unwrap_or_default();
    grown(before + 2_000)?;
    assert_eq!(ground.task()?.snapshot.lag_records, Some(30));
    ground.reaches(TaskState::Abnormal)?;
    // On a busy machine the silence is noticed before the client tells what broke; the reason follows.
    eventually("the reason names what broke", || {
        let reason = ground.task()?.reason.unwrap_or_default();
        Ok(reason.contains("connection refused"))
    })?;
    let seen = ground.task()?.snapshot;
    assert!(seen.last_error.is_some(), "{seen:#?}");

    ground.target_returns()?;
    ground.has_exactly(80)?;
    ground.reaches(TaskState::Running)?;
    idle()?;
    assert_eq!(ground.task()?.reason, None, "what is over is not told any more");
    let lines = |text: &str| {
        ground.log(TaskLogQuery {
            text: Some(text.into()),
            ..TaskLogQuery::default()
        })
    };
    let (gone, back) = (lines("abnormal: ")?, lines("runs normally again")?);
    assert_eq!((gone.len(), back.len()), (1, 1), "{gone:#?} {back:#?}");
    assert_eq!(
        (gone[0].level.as_str(), back[0].level.as_str()),
        ("warning", "info")
    );

    eventually("latency is told", || {
        Ok(ground.task()?.snapshot.latency.is_some())
    })?;
    let latency = ground.task()?.snapshot.latency.context("latency")?;
    let percentiles = [latency.p50_ms, latency.p95_ms, latency.p99_ms, latency.p999_ms];
    assert!(
        percentiles.is_sorted() && latency.p50_ms > 0.0 && latency.samples > 0,
        "{latency:?}"
    );
    let definition = "from when the reader handed a record over to when the target's";
    assert!(
        sluice_app::typescript().contains(definition),
        "pages say what is measured"
    );

    ground.pause()?;
    the_outage_is_charted(&ground, begin, &seen)
}

/// The charts since `begin`, in ms since 1970, show delay and backlog of an outage, and latencies.
fn the_outage_is_charted(ground: &Ground, begin: i64, seen: &TaskSnapshot) -> Result<()> {
    let points = ground
        .app()?
        .call(TaskMetrics {
            task: TASK.into(),
            from_ms: begin,
            to_ms: None,
            max_points: None,
        })?
        .points;
    let greatest = |pick: fn(&MetricPoint) -> Option<i64>| points.iter().filter_map(pick).max();
    assert!(greatest(|point| point.delay_ms) >= seen.delay_ms, "{points:#?}");
    assert!(greatest(|point| point.lag_records) >= Some(30), "{points:#?}");
    let lag_bytes = seen.lag_bytes.context("a lag in bytes")?;
    assert!(
        greatest(|point| point.lag_bytes) >= Some(i64::try_from(lag_bytes)?),
        "{points:#?}"
    );
    let charted = points.iter().rev().find(|point| point.p50_ms.is_some());
    let charted = charted.context("latency in the chart")?;
    assert!(
        charted.p50_ms <= charted.p95_ms
            && charted.p95_ms <= charted.p99_ms
            && charted.p99_ms <= charted.p999_ms,
        "{charted:#?}"
    );
    Ok(())
}

#[test]
fn a_wrong_password_fails_the_task_at_once_with_a_sentence_and_is_not_tried_again() -> Result<()> {
    let ground = Ground::between(
        FakeCluster::builder().brokers(2).cluster_id("source").start()?,
        FakeCluster::builder()
            .brokers(2)
            .cluster_id("target")
            .sasl_plain_user("copier", "right-one")
            .start()?,
    )?;
    let secrets = |password: &str| BTreeMap::from([("password".to_owned(), Secret::new(password))]);
    let east = SourceForm {
        name: "east".into(),
        bootstrap: ground.target.bootstrap(),
        protocol: SecurityProtocol::SaslPlaintext,
        mechanism: Some(SaslMechanism::Plain),
        username: Some("copier".into()),
        ..SourceForm::default()
    };
    ground.app()?.call(SourceAdd {
        form: SourceForm {
            name: "west".into(),
            bootstrap: ground.source.bootstrap(),
            ..SourceForm::default()
        },
        secrets: BTreeMap::new(),
    })?;
    ground.app()?.call(SourceAdd {
        form: east.clone(),
        secrets: secrets("right-one"),
    })?;
    ground.append(0, 20)?;
    ground.launch(ground.settings()?)?;
    ground.has_exactly(20)?;
    ground.pause()?;
    let edit = |password: &str| -> Result<()> {
        ground.app()?.call(SourceEdit {
            source: "east".into(),
            form: east.clone(),
            secrets: secrets(password),
            based_on_ms: None,
        })?;
        Ok(())
    };
    edit("wr0ng-one")?;
    ground.append(20, 20)?;
    ground.resume()?;
    ground.reaches(TaskState::Failed)?;
    let reason = ground.task()?.reason.unwrap_or_default();
    assert!(reason.to_lowercase().contains("authenticat"), "{reason}");
    assert!(!reason.contains("given up"), "{reason}");
    let lines = ground.log(TaskLogQuery::default())?;
    let with = |text: &str| lines.iter().filter(|line| line.message.contains(text)).count();
    assert_eq!(with("failed:"), 1, "{lines:#?}");
    assert_eq!(with("trying again"), 0, "{lines:#?}");
    assert_eq!(
        with("right-one") + with("wr0ng-one"),
        0,
        "no password is in the log"
    );

    edit("right-one")?;
    ground.app()?.call(TaskRetry { task: TASK.into() })?;
    ground.reaches(TaskState::Running)?;
    ground.has_exactly(40)
}
