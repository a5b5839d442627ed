//! What a Connect cluster cannot do for a task, and what is said of it.

use anyhow::Result;
use sluice_app::{ErrorCode, SourceTest, SourceTopics, TaskCheck, TaskCreate};
use sluice_engine::ItemResult;
use sluice_kafka::ProbeResult;
use sluice_model::{Delivery, RateLimits};
use sluice_testground::tools::ConnectWorker;
use sluice_tests::{Filler, skipped};

use crate::scene::{Scene, add_connect, ground};

#[test]
fn a_wrong_login_and_a_worker_without_the_plugin_are_named_step_by_step() -> Result<()> {
    if skipped() {
        return Ok(());
    }
    let ground = ground()?;
    let worker = ConnectWorker::on(ground.target.bootstrap(), "bare")
        .login("me", "open sesame")
        .without_mirror()
        .start()?;
    let scene = Scene::new(&ground.source, &ground.target, &[ground.worker.url()])?;
    let desk = &scene.desk;
    let test = |source: &str| {
        desk.app.call(SourceTest {
            source: Some(source.to_owned()),
            ..SourceTest::default()
        })
    };
    let good = test("there")?;
    let results: Vec<(&str, ProbeResult)> = good
        .steps
        .iter()
        .map(|step| (step.id.as_str(), step.result))
        .collect();
    assert_eq!(
        results,
        [
            ("connect_version", ProbeResult::Success),
            ("connect_plugins", ProbeResult::Success),
            ("connect_exactly_once", ProbeResult::Success),
            ("connect_overrides", ProbeResult::Success),
            ("connect_kafka", ProbeResult::Success),
        ],
        "{good:#?}"
    );
    add_connect(desk, "wrong", &worker.url(), Some(("me", "wrong")))?;
    let wrong = test("wrong")?;
    assert!(!wrong.ok);
    assert!(
        wrong.steps[0].message.contains("refuses the login (HTTP 401)"),
        "{wrong:#?}"
    );
    assert!(
        wrong.steps[1..]
            .iter()
            .all(|step| step.result == ProbeResult::Skipped)
    );
    assert!(!format!("{wrong:?}").contains("wrong,"), "no secret is shown");
    add_connect(desk, "bare", &worker.url(), Some(("me", "open sesame")))?;
    let bare = test("bare")?;
    assert!(!bare.ok);
    assert!(
        bare.steps[1]
            .message
            .contains("the workers do not have MirrorSourceConnector"),
        "{bare:#?}"
    );
    assert!(bare.steps[2].message.contains("unknown"), "{bare:#?}");
    Ok(())
}

#[test]
fn what_connect_cannot_do_is_refused_before_a_start() -> Result<()> {
    if skipped() {
        return Ok(());
    }
    let ground = ground()?;
    let scene = Scene::new(&ground.source, &ground.target, &[ground.worker.url()])?;
    let desk = &scene.desk;
    let filler = Filler::new(&ground.source.bootstrap())?;
    filler.create("left.internal", 1, &[])?;
    let settings = scene.settings("refused", &["left.internal"])?;
    let field = |change: &dyn Fn(&mut sluice_model::TaskSettings)| {
        let mut settings = settings.clone();
        change(&mut settings);
        let refused = desk.app.call(TaskCreate { settings }).err();
        refused.map(|error| {
            error
                .fields
                .first()
                .map(|field| field.field.clone())
                .unwrap_or_default()
        })
    };
    assert_eq!(
        field(&|settings| settings.rename.suffix = "-copy".to_owned()).as_deref(),
        Some("rename")
    );
    assert_eq!(
        field(&|settings| settings.delivery = Delivery::Mirror).as_deref(),
        Some("delivery")
    );
    assert_eq!(
        field(&|settings| settings.rate = RateLimits {
            records_per_second: Some(5),
            bytes_per_second: None
        })
        .as_deref(),
        Some("rate")
    );
    assert_eq!(
        field(&|settings| settings.run_on = Some(settings.target.clone())).as_deref(),
        Some("run_on"),
        "a Kafka cluster is no place to run"
    );
    assert_eq!(
        field(&|settings| settings.target = scene.on.clone()).as_deref(),
        Some("target"),
        "a Connect cluster has no records"
    );
    let topics = desk.app.call(SourceTopics {
        source: "there".into(),
    });
    assert_eq!(
        topics.map_err(|error| error.code).err(),
        Some(ErrorCode::InvalidInput)
    );

    // The other way round: the Connect cluster does not stand on this target.
    let mut backwards = settings.clone();
    (backwards.source, backwards.target) = (scene.to.clone(), scene.from.clone());
    let created = desk.app.call(TaskCreate { settings: backwards })?;
    let report = desk.app.call(TaskCheck {
        task: created.id.to_string(),
    })?;
    let of = |report: &sluice_engine::PreCheckReport, id: &str| {
        report
            .items
            .iter()
            .find(|item| item.id == id)
            .map(|item| item.result)
    };
    assert_eq!(
        of(&report, "connect_target"),
        Some(ItemResult::Failed),
        "{report:#?}"
    );

    let created = desk.app.call(TaskCreate { settings })?;
    let task = created.id.to_string();
    let report = desk.app.call(TaskCheck { task })?;
    assert!(!report.may_start);
    assert_eq!(
        of(&report, "connect_names"),
        Some(ItemResult::Failed),
        "{report:#?}"
    );
    assert_eq!(of(&report, "connect_delivery"), Some(ItemResult::Success));
    assert_eq!(of(&report, "connect_losses"), Some(ItemResult::Warning));
    for item in ["delivery", "lane", "compression"] {
        assert_eq!(
            of(&report, item),
            None,
            "the workers decide it, not the engine here"
        );
    }
    Ok(())
}
