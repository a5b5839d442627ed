//! Each trouble has a sentence of its own, at every place where a person meets it (through the application's commands).

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use sluice_app::{
    ErrorCode, SourceAdd, SourceTest, SourceTopics, StoppedAtGap, TaskAcceptGaps, TaskCheck, TaskCreate,
    TaskLogQuery, TaskOpenGaps,
};
use sluice_engine::{AcceptedGap, ItemResult, PartitionKey, PreCheckReport};
use sluice_fakekafka::{Access, ApiKey, FakeCluster};
use sluice_kafka::{ProbeReport, ProbeResult};
use sluice_model::{SaslMechanism, Secret, SecurityProtocol, SourceForm, TaskState};
use sluice_testground::{Cluster, KafkaVersion, Validity};
use sluice_tests::{Desk, Ground, TASK, eventually, fake_clusters, skipped};

/// A data source without TLS and without a login.
fn open_form(cluster: &FakeCluster) -> SourceForm {
    SourceForm {
        name: "from".into(),
        bootstrap: cluster.bootstrap(),
        ..SourceForm::default()
    }
}

/// What the step says that failed.
fn failed_step(report: &ProbeReport, id: &str) -> Result<String> {
    let step = report.steps.iter().find(|step| step.id == id);
    let step = step.with_context(|| format!("no step {id}: {report:#?}"))?;
    ensure!(step.result == ProbeResult::Failed, "{id}: {report:#?}");
    Ok(step.message.clone())
}

/// Cause, effect and remedy of an item that failed.
fn failed(report: &PreCheckReport, id: &str) -> Result<String> {
    let item = report.items.iter().find(|item| item.id == id);
    let item = item.with_context(|| format!("no item {id}: {report:#?}"))?;
    ensure!(item.result == ItemResult::Failed, "{report:#?}");
    ensure!(!report.may_start, "{report:#?}");
    Ok(format!("{}; {}. {}", item.cause, item.effect, item.remedy))
}

fn says(sentence: &str, words: &[&str]) -> Result<()> {
    for word in words {
        ensure!(sentence.contains(word), "'{word}' is missing: {sentence}");
    }
    Ok(())
}

/// A desk with the data source `from` of `form` and a plaintext target `to`, and the report of a check between them.
fn checked(
    dir: &std::path::Path,
    form: SourceForm,
    password: Option<&str>,
    target: &FakeCluster,
) -> Result<(Desk, PreCheckReport)> {
    let desk = Desk::open(dir)?;
    let secrets: BTreeMap<String, Secret> = password
        .map(|password| ("password".to_owned(), Secret::new(password)))
        .into_iter()
        .collect();
    let from = desk.app.call(SourceAdd { form, secrets })?.id;
    let to = desk.source("to", &target.bootstrap())?;
    let settings = desk.settings("t", &from, &to, &["t"])?;
    let task = desk.app.call(TaskCreate { settings })?.id.to_string();
    let report = desk.app.call(TaskCheck { task })?;
    Ok((desk, report))
}

fn test(desk: &Desk) -> Result<ProbeReport> {
    Ok(desk.app.call(SourceTest {
        source: Some("from".into()),
        ..SourceTest::default()
    })?)
}

#[test]
fn a_wrong_password_is_called_one() -> Result<()> {
    let source = FakeCluster::builder().sasl_plain_user("alice", "right").start()?;
    let (_, target) = fake_clusters()?;
    let dir = tempfile::tempdir()?;
    let form = SourceForm {
        name: "from".into(),
        bootstrap: source.bootstrap(),
        protocol: SecurityProtocol::SaslPlaintext,
        mechanism: Some(SaslMechanism::Plain),
        username: Some("alice".into()),
        ..SourceForm::default()
    };
    let (desk, report) = checked(dir.path(), form, Some("wrong-one"), &target)?;
    says(
        &failed(&report, "source_connection")?,
        &[
            "authentication",
            "Check the user name, the password and sasl.mechanism",
        ],
    )?;
    says(&failed_step(&test(&desk)?, "sasl")?, &["user name and password"])?;
    let refused = desk.app.call(SourceTopics {
        source: "from".into(),
    });
    let error = refused.err().context("nobody is let in")?;
    assert_eq!(error.code, ErrorCode::AuthenticationFailed, "{error}");
    says(&error.message, &["'from'", "Correct the user, the password"])?;
    ensure!(!error.message.contains("wrong-one"), "{error}");
    Ok(())
}

#[test]
fn an_expired_certificate_is_called_one() -> Result<()> {
    if skipped() {
        return Ok(());
    }
    let source = Cluster::builder(KafkaVersion::V4_3_1)
        .ssl()
        .certificate_validity(Validity::Expired)
        .start()?;
    let (_, target) = fake_clusters()?;
    let dir = tempfile::tempdir()?;
    let form = SourceForm {
        name: "from".into(),
        bootstrap: source.ssl_bootstrap()?,
        protocol: SecurityProtocol::Ssl,
        ca_file: Some(source.ca_file()?.display().to_string()),
        ..SourceForm::default()
    };
    let (desk, report) = checked(dir.path(), form, None, &target)?;
    says(
        &failed(&report, "source_connection")?,
        &["certificate has expired", "renewed", "clock"],
    )?;
    says(&failed_step(&test(&desk)?, "tls")?, &["expired"])
}

#[test]
fn an_advertised_listener_that_is_out_of_reach_is_named() -> Result<()> {
    let (source, target) = fake_clusters()?;
    source.create_topic("t", 4, &[])?;
    let closed = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
    for id in source.broker_ids() {
        source.advertise(id, closed)?;
    }
    let dir = tempfile::tempdir()?;
    let (desk, report) = checked(dir.path(), open_form(&source), None, &target)?;
    let place = format!("127.0.0.1:{closed}");
    let told: Vec<String> = report
        .items
        .iter()
        .filter(|item| item.result == ItemResult::Failed)
        .map(|item| format!("{}; {}. {}", item.cause, item.effect, item.remedy))
        .collect();
    ensure!(
        told.iter()
            .any(|sentence| sentence.contains("advertised.listeners") && sentence.contains(&place)),
        "{told:#?}"
    );
    ensure!(!report.may_start, "{report:#?}");
    says(
        &failed_step(&test(&desk)?, "advertised")?,
        &[&place, "advertised.listeners"],
    )
}

#[test]
fn a_cluster_that_takes_its_time_to_list_its_topics_is_connected_all_the_same() -> Result<()> {
    let (source, target) = fake_clusters()?;
    source.create_topic("t", 4, &[])?;
    source.delay(ApiKey::Metadata, Duration::from_millis(1_200));
    let dir = tempfile::tempdir()?;
    let (desk, report) = checked(dir.path(), open_form(&source), None, &target)?;
    ensure!(report.may_start, "{report:#?}");
    let report = test(&desk)?;
    ensure!(
        report.steps.iter().all(|step| step.result != ProbeResult::Failed),
        "{report:#?}"
    );
    Ok(())
}

#[test]
fn a_topic_that_may_not_be_read_or_written_is_named_with_the_right_that_is_missing() -> Result<()> {
    for (access, right) in [(Access::Read, "READ"), (Access::Write, "WRITE")] {
        let ground = Ground::running()?;
        let cluster = match access {
            Access::Read => &ground.source,
            Access::Write => &ground.target,
        };
        cluster.deny("t", access);
        ground.append(10, 10)?;
        ground.reaches(TaskState::Abnormal)?;
        let view = ground.task()?;
        let reason = view.snapshot.last_error.context("a reason")?;
        says(&reason, &["t-0", right])?;
        let log = ground.log(TaskLogQuery {
            min_level: Some("warning".into()),
            ..TaskLogQuery::default()
        })?;
        ensure!(log.iter().any(|line| line.message.contains(right)), "{log:#?}");
        cluster.allow("t", access);
        ground.has_exactly(20)?;
        ground.reaches(TaskState::Running)?;

        // Of a task that has not begun the check says it.
        cluster.deny("t", access);
        let mut settings = ground.settings()?;
        settings.name = sluice_model::TaskName::new("another")?;
        settings.existing = sluice_model::ExistingData::Append;
        let task = ground.app()?.call(TaskCreate { settings })?.id.to_string();
        let report = ground.app()?.call(TaskCheck { task })?;
        let told: Vec<String> = report
            .items
            .iter()
            .filter(|item| item.result == ItemResult::Failed)
            .map(|item| format!("{}; {}. {}", item.cause, item.effect, item.remedy))
            .collect();
        ensure!(
            told.iter()
                .any(|sentence| sentence.contains("'t'") && sentence.contains(right)),
            "{right}: {told:#?}"
        );
    }
    Ok(())
}

#[test]
fn a_task_that_waits_for_a_cluster_that_is_away_ends_when_it_is_told_to() -> Result<()> {
    let mut ground = Ground::running()?;
    ground.target_goes()?;
    ground.pause()?;
    ground.resume()?;
    ground.reaches(TaskState::Abnormal)?;
    // A try of twelve seconds is given up in its middle: it does not come to its end, which would be told.
    let tries = || -> Result<usize> {
        let log = ground.log(TaskLogQuery::default())?;
        Ok(log
            .iter()
            .filter(|line| line.message.contains("trying again"))
            .count())
    };
    eventually("it has tried once", || Ok(tries()? == 1))?;
    ground.app()?.call(sluice_app::TaskRetry { task: TASK.into() })?;
    ground.pause()?;
    assert_eq!(tries()?, 1, "the second try was given up");
    ground.append(10, 10)?;
    ground.resume()?;
    ground
        .app()?
        .call(sluice_app::TaskTerminate { task: TASK.into() })?;
    ground.reaches(TaskState::Terminated)?;
    let log = ground.log(TaskLogQuery::default())?;
    ensure!(
        !log.iter().any(|line| line.level == "error"),
        "who is told to end has not failed: {log:#?}"
    );
    ground.target_returns()?;
    ground.reopen()?;
    eventually("it stays what it was", || {
        Ok(ground.task()?.snapshot.state == TaskState::Terminated)
    })?;
    assert_eq!(ground.arrived()?.len(), 10);
    Ok(())
}

/// The gaps that a person is asked about.
fn open_gaps(ground: &Ground) -> Result<Vec<StoppedAtGap>> {
    Ok(ground.app()?.call(TaskOpenGaps {
        task: TASK.into(),
        topic: None,
    })?)
}

#[test]
fn an_accepted_gap_is_passed_after_a_restart_although_the_target_was_away_when_it_was_accepted() -> Result<()>
{
    let mut ground = Ground::running()?;
    ground.pause()?;
    ground.append(10, 10)?;
    ground.source.delete_records("t", 0, 15)?;
    ground.resume()?;
    eventually("it has stopped at the gap", || Ok(open_gaps(&ground)?.len() == 1))?;
    ground.pause()?;
    ground.target_goes()?;
    let gaps = open_gaps(&ground)?
        .into_iter()
        .map(|shown| AcceptedGap {
            key: PartitionKey {
                topic: shown.topic,
                partition: shown.partition,
            },
            range: shown.gap.range,
            reason: shown.gap.reason,
        })
        .collect();
    ground.app()?.call(TaskAcceptGaps {
        task: TASK.into(),
        gaps,
    })?;
    ground.reaches(TaskState::Abnormal)?;
    assert!(open_gaps(&ground)?.is_empty(), "nobody is asked twice");

    ground.reopen()?;
    assert!(open_gaps(&ground)?.is_empty(), "nor after a restart");
    ground.target_returns()?;
    let expected: Vec<String> = (0..10).chain(15..20).map(|n| format!("v{n}")).collect();
    eventually("it goes on behind the gap", || Ok(ground.arrived()? == expected))
        .with_context(|| format!("{:#?}", ground.task()))?;
    ground.pause()?;
    assert!(
        ground
            .store()?
            .accepted_gaps(&ground.task()?.snapshot.task_id.to_string())?
            .is_empty(),
        "the ledger has it now"
    );
    Ok(())
}
