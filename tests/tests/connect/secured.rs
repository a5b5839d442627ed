//! Clusters that are reached over TLS and with passwords, and workers with a certificate of their own.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result};
use sluice_app::{ExportFormat, SourceTest, TaskCreate, TaskExport};
use sluice_connect::ConnectorKind;
use sluice_model::{ConnectLogin, SaslMechanism, SecurityProtocol, SourceForm, SourceId};
use sluice_testground::tools::ConnectWorker;
use sluice_testground::{Certificates, Cluster, KafkaVersion, Mechanism, Validity};
use sluice_tests::{Desk, Filler, eventually, read_all, skipped};

use crate::gate::Gate;
use crate::scene::{Scene, add, add_connect, connect_form, ground, somebody};

#[test]
fn a_client_certificate_at_the_source_and_a_password_at_the_target_reach_the_workers() -> Result<()> {
    if skipped() {
        return Ok(());
    }
    let (source, target) = std::thread::scope(|scope| {
        let source = scope.spawn(|| {
            Cluster::builder(KafkaVersion::V4_3_1)
                .ssl()
                .property("listener.name.ssl.ssl.client.auth", "required")
                .start()
        });
        let target = Cluster::builder(KafkaVersion::V4_3_1).secured().start()?;
        let source = source.join().map_err(|_| anyhow::anyhow!("no source"))??;
        anyhow::Ok((source, target))
    })?;
    let worker = ConnectWorker::on(target.bootstrap(), "secured")
        .exactly_once()
        .property("config.providers", "file")
        .property(
            "config.providers.file.class",
            "org.apache.kafka.common.config.provider.FileConfigProvider",
        )
        .start()?;
    let dir = tempfile::tempdir()?;
    let desk = Desk::open(dir.path())?;
    let from = by_certificate(&desk, &source)?;
    let to = by_password(&desk, &target)?;
    let on = add_connect(&desk, "there", &worker.url(), None)?;
    let scene = Scene {
        desk,
        from,
        to,
        on,
        dir,
    };
    let filler = Filler::new(&source.bootstrap())?;
    filler.create("kept", 2, &[])?;
    filler.numbered("kept", 2, 0, 2_000, 100)?;

    let task = scene.desk.launch(scene.settings("kept", &["kept"])?)?;
    scene.desk.copies(&task, 4_000)?;
    scene.is_equal(&task, 4_000)?;
    let configuration = somebody(&worker)?
        .config(&ConnectorKind::Source.name_of(&task))?
        .context("the connector is there")?;
    assert_eq!(
        configuration
            .get("source.cluster.security.protocol")
            .map(String::as_str),
        Some("SSL")
    );
    assert_eq!(
        configuration
            .get("target.cluster.security.protocol")
            .map(String::as_str),
        Some("SASL_SSL")
    );
    scene.desk.pauses(&task)?;

    filler.create("declared", 2, &[])?;
    filler.numbered("declared", 2, 0, 500, 100)?;
    let deployed = deploy(&scene, &worker, &source, &target)?;
    let client = somebody(&worker)?;
    eventually("the deployed connectors copy without Sluice", || {
        for name in &deployed {
            let failure = client.status(name)?.and_then(|status| status.failure());
            anyhow::ensure!(failure.is_none(), "{name}: {failure:?}");
        }
        // The connector makes the topic, so it is not there at first.
        let arrived = |partition| {
            read_all(&target.bootstrap(), "declared", partition).is_ok_and(|all| all.len() == 500)
        };
        Ok(arrived(0) && arrived(1))
    })?;
    Ok(())
}

/// Deploys the export of a task as its administrator would, with the secrets in the file that the references name. Returns the names of the connectors.
fn deploy(scene: &Scene, worker: &ConnectWorker, source: &Cluster, target: &Cluster) -> Result<Vec<String>> {
    let app = &scene.desk.app;
    let settings = scene.settings("declared", &["declared"])?;
    let exported = app.call(TaskExport {
        task: app.call(TaskCreate { settings })?.id.to_string(),
        format: ExportFormat::Connect,
    })?;
    let user = target.users().first().context("a user")?;
    let key = std::fs::read_to_string(source.certificates()?.client_key_file())?;
    for secret in [user.password.as_str(), key.lines().nth(1).context("a key")?] {
        assert!(!exported.contains(secret), "secrets are references");
    }
    let login = target.secured_client_properties(&user.name, Mechanism::ScramSha512)?;
    let login = login.iter().find(|(name, _)| name == "sasl.jaas.config");
    let login = &login.context("a login")?.1;

    let file = scene.dir.path().join("secrets.properties");
    let mut kept = String::new();
    for reference in exported.split("${file:").skip(1) {
        let name = reference.split([':', '}']).nth(1).context("a name")?;
        let value = if name.ends_with("sasl.jaas.config") {
            login
        } else {
            &key
        };
        kept.push_str(&format!("{name}={}\n", value.replace('\n', "\\n")));
    }
    std::fs::write(&file, kept)?;
    let exported = exported.replace(
        "/etc/kafka-connect/sluice.properties",
        &file.display().to_string(),
    );
    let client = somebody(worker)?;
    let mut names = Vec::new();
    for connector in serde_json::from_str::<Vec<serde_json::Value>>(&exported)? {
        let config: BTreeMap<String, String> = serde_json::from_value(connector["config"].clone())?;
        let name = connector["name"].as_str().context("a name")?;
        client.create(name, &config, false)?;
        names.push(name.to_owned());
    }
    Ok(names)
}

#[test]
fn a_worker_with_a_certificate_of_a_private_authority_is_reached_by_its_file_and_by_no_other() -> Result<()> {
    if skipped() {
        return Ok(());
    }
    let target = sluice_tests::cluster(KafkaVersion::V4_3_1)?;
    let dir = tempfile::tempdir()?;
    let ours = Certificates::generate(dir.path().join("ours"), Validity::Valid)?;
    let others = Certificates::generate(dir.path().join("others"), Validity::Valid)?;
    let worker = ConnectWorker::on(target.bootstrap(), "private")
        .login("me", "open sesame")
        .tls(&ours)
        .start()?;
    let desk = Desk::open(&dir.path().join("data"))?;
    let test = |source: &SourceId| {
        desk.app.call(SourceTest {
            source: Some(source.to_string()),
            ..SourceTest::default()
        })
    };
    let good = with_authority(&desk, "ours", &worker.url(), Some(&ours.ca_file()))?;
    eventually("the worker is a member of its cluster, and answers", || {
        Ok(test(&good)?.ok)
    })?;
    for (name, ca) in [("others", Some(others.ca_file())), ("none", None)] {
        let refused = test(&with_authority(&desk, name, &worker.url(), ca.as_deref())?)?;
        assert!(!refused.ok);
        assert!(
            refused.steps[0].message.contains("certificate"),
            "{name}: {refused:#?}"
        );
        assert!(!format!("{refused:?}").contains("open sesame"));
    }
    Ok(())
}

#[test]
fn a_gateway_before_the_workers_that_asks_for_a_token_gets_it_with_each_question() -> Result<()> {
    if skipped() {
        return Ok(());
    }
    let ground = ground()?;
    let gate = Gate::before(&ground.worker.url(), Some("open sesame"))?;
    let mut scene = Scene::new(&ground.source, &ground.target, &[ground.worker.url()])?;
    let with = |name: &str, token: &str| {
        let mut form = connect_form(name, &gate.url(), None);
        form.connect.login = ConnectLogin::Bearer;
        add(&scene.desk, form, Some(token))
    };
    let (good, wrong) = (
        with("token", "open sesame")?,
        with("wrong token", "wrong sesame")?,
    );
    let test = |source: &SourceId| {
        scene.desk.app.call(SourceTest {
            source: Some(source.to_string()),
            ..SourceTest::default()
        })
    };
    let report = test(&good)?;
    assert!(report.ok, "{report:#?}");
    let refused = test(&wrong)?;
    assert!(
        refused.steps[0].message.contains("refuses the login (HTTP 401)"),
        "{refused:#?}"
    );
    assert!(!format!("{refused:?}").contains("sesame"), "no secret is shown");

    scene.on = good;
    let filler = Filler::new(&ground.source.bootstrap())?;
    filler.create("gated", 1, &[])?;
    filler.numbered("gated", 1, 0, 300, 50)?;
    let task = scene.desk.launch(scene.settings("gated", &["gated"])?)?;
    scene.desk.copies(&task, 300)?;
    scene.desk.pauses(&task)?;
    scene.is_equal(&task, 300)
}

fn by_certificate(desk: &Desk, cluster: &Cluster) -> Result<SourceId> {
    let certificates = cluster.certificates()?;
    let form = SourceForm {
        name: "by certificate".to_owned(),
        bootstrap: cluster.ssl_bootstrap()?,
        protocol: SecurityProtocol::Ssl,
        ca_file: Some(cluster.ca_file()?.display().to_string()),
        certificate_file: Some(certificates.client_certificate_file().display().to_string()),
        key_file: Some(certificates.client_key_file().display().to_string()),
        ..SourceForm::default()
    };
    add(desk, form, None)
}

fn by_password(desk: &Desk, cluster: &Cluster) -> Result<SourceId> {
    let user = cluster.users().first().context("a user")?;
    let form = SourceForm {
        name: "by password".to_owned(),
        bootstrap: cluster.secured_bootstrap()?,
        protocol: SecurityProtocol::SaslSsl,
        mechanism: Some(SaslMechanism::ScramSha512),
        username: Some(user.name.clone()),
        ca_file: Some(cluster.ca_file()?.display().to_string()),
        ..SourceForm::default()
    };
    add(desk, form, Some(&user.password))
}

fn with_authority(desk: &Desk, name: &str, url: &str, ca: Option<&Path>) -> Result<SourceId> {
    let mut form = connect_form(name, url, Some("me"));
    form.ca_file = ca.map(|file| file.display().to_string());
    add(desk, form, Some("open sesame"))
}
