//! Chosen topics that the user may not read at the source: one judgement for check and copy, and the task's choice to
//! leave them out.

use std::collections::BTreeMap;
use std::fs;
use std::sync::Arc;

use anyhow::Result;
use sluice_app::{SourceAdd, TaskCheck, TaskCreate, TaskStart};
use sluice_engine::{Event, ItemResult, PreCheckContext, PreCheckItem, precheck};
use sluice_model::{
    Cluster as DataSource, ForbiddenTopics, Objects, SaslMechanism, Secret, SecurityProtocol, SourceForm,
    TaskName,
};
use sluice_testground::{Cluster, KafkaVersion, tools::acls};
use sluice_tests::{Bench, Desk, Filler, Shared, cluster, read_all, skipped, sluice};

static NEW: Shared<Cluster> = Shared::new();
static SECURED: Shared<Cluster> = Shared::new();

fn new() -> Result<Arc<Cluster>> {
    NEW.get(|| cluster(KafkaVersion::V4_3_1))
}

fn secured() -> Result<Arc<Cluster>> {
    SECURED.get(|| Ok(Cluster::builder(KafkaVersion::V4_3_1).secured().acls().start()?))
}

fn properties(cluster: &Cluster) -> Result<Vec<(&'static str, String)>> {
    Ok(vec![
        ("security.protocol", "sasl_ssl".to_owned()),
        ("sasl.mechanism", "SCRAM-SHA-512".to_owned()),
        ("sasl.username", "alice".to_owned()),
        ("sasl.password", "alice-secret".to_owned()),
        ("ssl.ca.location", cluster.ca_file()?.display().to_string()),
    ])
}

fn grant(cluster: &Cluster, topic: &str, operation: &str) -> Result<()> {
    acls(
        cluster,
        [
            "--add",
            "--allow-principal",
            "User:alice",
            "--operation",
            operation,
            "--topic",
            topic,
        ],
    )?;
    Ok(())
}

/// Source, target, a task that copies both topics, the topic that may be read, and the one that may not.
type Scene = (Arc<Cluster>, Arc<Cluster>, Bench, String, String);

/// A secured source with two topics, of which Alice may read `open` alone; and a task of hers that copies both.
fn ground(prefix: &str) -> Result<Scene> {
    let (source, target) = (secured()?, new()?);
    let (open, closed) = (format!("{prefix}-open"), format!("{prefix}-closed"));
    let filler = Filler::new(&source.bootstrap())?;
    for topic in [&open, &closed] {
        filler.create(topic, 1, &[])?;
        filler.numbered(topic, 1, 0, 10, 50)?;
        grant(&source, topic, "Describe")?;
    }
    grant(&source, &open, "Read")?;
    let mut bench = Bench::new(&source.bootstrap(), &target.bootstrap(), &[&open])?;
    bench.task.objects = Objects::Matching {
        include: format!("{prefix}-.*"),
        exclude: None,
    };
    bench.task.source = DataSource::new(&source.secured_bootstrap()?)?;
    for (key, value) in properties(&source)? {
        bench.task.source.set(key, value);
    }
    Ok((source, target, bench, open, closed))
}

fn permission(bench: &Bench) -> Result<PreCheckItem> {
    let never = std::sync::atomic::AtomicBool::new(false);
    let report = precheck(
        &bench.task,
        bench.store.as_ref(),
        &PreCheckContext::default(),
        &never,
        &|_| {},
    );
    let item = report
        .items
        .iter()
        .find(|item| item.id == "source_permission")
        .cloned();
    assert_eq!(
        report.may_start,
        item.as_ref()
            .is_some_and(|item| item.result != ItemResult::Failed),
        "{report:#?}"
    );
    item.ok_or_else(|| anyhow::anyhow!("no item about the permission"))
}

#[test]
fn check_and_start_refuse_a_forbidden_topic_alike_and_name_the_way_out() -> Result<()> {
    if skipped() {
        return Ok(());
    }
    let (source, target, bench, _, closed) = ground("stop")?;
    let item = permission(&bench)?;
    assert_eq!(item.result, ItemResult::Failed, "{item:#?}");
    assert!(
        item.cause.contains(&format!("'{closed}'")) && item.remedy.contains("--forbidden-topics leave-out"),
        "{item:#?}"
    );
    let Err(refused) = bench.start(true) else {
        panic!("the copy was started");
    };
    assert!(refused.to_string().contains(&closed), "{refused}");

    let dir = tempfile::tempdir()?;
    let file = dir.path().join("alice.properties");
    let text: String = properties(&source)?
        .iter()
        .map(|(key, value)| format!("{key}={value}\n"))
        .collect();
    fs::write(&file, text)?;
    for command in ["check", "copy"] {
        let state = dir.path().join(command);
        let output = sluice(&[
            command,
            "--from",
            &source.secured_bootstrap()?,
            "--from-config",
            &file.display().to_string(),
            "--to",
            &target.bootstrap(),
            "--include",
            "stop-.*",
            "--until-caught-up",
            "--state",
            &state.display().to_string(),
        ])?;
        let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{command}: {said}");
        assert!(said.contains(&closed), "{command}: {said}");
    }
    Ok(())
}

#[test]
fn a_forbidden_topic_is_left_out_by_name_where_the_task_says_so_and_copied_once_it_is_granted() -> Result<()>
{
    if skipped() {
        return Ok(());
    }
    let (source, target, mut bench, open, closed) = ground("leave")?;
    bench.task.forbidden_topics = ForbiddenTopics::LeaveOut;
    let item = permission(&bench)?;
    assert_eq!(item.result, ItemResult::Warning, "{item:#?}");
    assert!(
        item.cause.contains(&format!("'{closed}'")) && item.effect.contains("left out"),
        "{item:#?}"
    );
    bench.copy()?;
    assert_eq!(read_all(&target.bootstrap(), &open, 0)?.len(), 10);
    let named = |event: &Event| matches!(event, Event::Warning(text) if text.contains(&closed));
    assert!(bench.events().iter().any(named), "{:#?}", bench.events());
    let topics = sluice_kafka::Admin::new(&DataSource::new(&target.bootstrap())?)?
        .metadata()?
        .topics;
    assert!(!topics.contains_key(&closed), "nothing was made for it");

    grant(&source, &closed, "Read")?;
    bench.copy()?;
    assert_eq!(read_all(&target.bootstrap(), &closed, 0)?.len(), 10);
    assert_eq!(read_all(&target.bootstrap(), &open, 0)?.len(), 10);
    assert_eq!(permission(&bench)?.result, ItemResult::Success);
    Ok(())
}

#[test]
fn a_task_that_may_read_nothing_is_refused_whatever_it_says() -> Result<()> {
    if skipped() {
        return Ok(());
    }
    let (_, _, mut bench, _, closed) = ground("nothing")?;
    bench.task.objects = Objects::Topics([closed].into());
    bench.task.forbidden_topics = ForbiddenTopics::LeaveOut;
    let item = permission(&bench)?;
    assert_eq!(item.result, ItemResult::Failed, "{item:#?}");
    assert_eq!(item.effect, "there is nothing to copy");
    Ok(())
}

#[test]
fn a_task_of_the_application_is_judged_as_a_copy_is() -> Result<()> {
    if skipped() {
        return Ok(());
    }
    let (source, target, bench, open, closed) = ground("app")?;
    let dir = tempfile::tempdir()?;
    let desk = Desk::open(dir.path())?;
    let secured = desk
        .app
        .call(SourceAdd {
            form: SourceForm {
                name: "secured".to_owned(),
                bootstrap: source.secured_bootstrap()?,
                protocol: SecurityProtocol::SaslSsl,
                mechanism: Some(SaslMechanism::ScramSha512),
                username: Some("alice".to_owned()),
                ca_file: Some(source.ca_file()?.display().to_string()),
                ..SourceForm::default()
            },
            secrets: BTreeMap::from([("password".to_owned(), Secret::new("alice-secret"))]),
        })?
        .id;
    let plain = desk.source("plain", &target.bootstrap())?;
    let mut settings = desk.settings("forbidden", &secured, &plain, &[])?;
    settings.objects = bench.task.objects;
    let id = desk
        .app
        .call(TaskCreate {
            settings: settings.clone(),
        })?
        .id
        .to_string();
    let checked = desk.app.call(TaskCheck { task: id.clone() })?;
    let names_it = |item: &PreCheckItem| item.result == ItemResult::Failed && item.cause.contains(&closed);
    assert!(
        !checked.may_start && checked.items.iter().any(names_it),
        "{checked:#?}"
    );
    let started = desk.app.call(TaskStart {
        task: id,
        confirm: None,
    });
    let refused = started.err().map(|error| error.to_string()).unwrap_or_default();
    assert!(refused.contains("pre_check_failed"), "{refused}");

    settings.forbidden_topics = ForbiddenTopics::LeaveOut;
    settings.name = TaskName::new("leaves-out")?;
    let id = desk.launch(settings)?;
    desk.copies(&id, 10)?;
    assert_eq!(read_all(&target.bootstrap(), &open, 0)?.len(), 10);
    Ok(())
}
