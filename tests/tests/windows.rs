//! The companion as it is built for Windows, under Wine (`make test-windows`, which also runs tests of other files with it).

use std::path::PathBuf;
use std::process::{Child, Command};

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use sluice_fakekafka::FakeCluster;
use sluice_testground::{Cluster, KafkaVersion};
use sluice_tests::{
    Filler, append_numbered, eventually, fake_clusters, has_exactly_numbered, numbered, odd_records,
    read_all, sluice, spawn_sluice,
};

fn ok(arguments: &[&str]) -> Result<String> {
    ensure!(
        std::env::var_os("SLUICE_COMPANION").is_some(),
        "run this by make test-windows"
    );
    let output = sluice(arguments)?;
    ensure!(
        output.status.success(),
        "{arguments:?}: {:?}\n{}{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(String::from_utf8(output.stdout)?)
}

fn text(path: &std::path::Path) -> Result<&str> {
    path.to_str().context("a path in UTF-8")
}

/// What says what is copied, and where the state of the copy is.
fn between<'a>(from: &'a str, to: &'a str, topic: &'a str, dir: &'a std::path::Path) -> Result<[&'a str; 8]> {
    Ok([
        "--from",
        from,
        "--to",
        to,
        "--topic",
        topic,
        "--state",
        text(dir)?,
    ])
}

/// Copies and verifies topic `t` of in-process clusters with the state in `dir`.
fn copies_and_verifies(dir: &std::path::Path) -> Result<()> {
    let (source, target) = fake_clusters()?;
    source.create_topic("t", 1, &[])?;
    append_numbered(&source, 0, 300)?;
    let (from, to) = (source.bootstrap(), target.bootstrap());
    let clusters = between(&from, &to, "t", dir)?;
    ok(&[&["copy"][..], &clusters, &["--until-caught-up"]].concat())?;
    has_exactly_numbered(&target, 300)?;
    ensure!(dir.is_dir(), "the state is where it was said to be");
    let report: Value = serde_json::from_str(&ok(&[&["verify"][..], &clusters, &["--json"]].concat())?)?;
    ensure!(report["result"] == "equal", "{report:#}");
    append_numbered(&source, 300, 50)?;
    ok(&[&["copy"][..], &clusters, &["--until-caught-up"]].concat())?;
    has_exactly_numbered(&target, 350)
}

#[test]
#[ignore = "needs Wine: make test-windows"]
fn it_says_its_version_and_help() -> Result<()> {
    ensure!(ok(&["--version"])?.starts_with("sluice "));
    ensure!(ok(&["copy", "--help"])?.contains("--until-caught-up"));
    Ok(())
}

#[test]
#[ignore = "needs Wine: make test-windows"]
fn a_state_folder_with_blanks_umlauts_and_chinese_is_used_as_it_is_called() -> Result<()> {
    let dir = tempfile::tempdir()?;
    copies_and_verifies(&dir.path().join("Größe & Maß").join("数据 ordner"))
}

#[test]
#[ignore = "needs Wine: make test-windows"]
fn a_state_folder_deeper_than_260_characters_is_used() -> Result<()> {
    let dir = tempfile::tempdir()?;
    let deep: PathBuf = (0..9)
        .map(|n| format!("a-folder-of-thirty-characters-{n}"))
        .collect();
    let deep = dir.path().join(deep);
    ensure!(text(&deep)?.len() > 270);
    copies_and_verifies(&deep)
}

#[test]
#[ignore = "needs Wine: make test-windows"]
fn real_clusters_are_copied_with_every_field_and_read_by_another_client() -> Result<()> {
    let cluster = || Cluster::builder(KafkaVersion::V4_3_1).start();
    let (source, target) = (cluster()?, cluster()?);
    let filler = Filler::new(&source.bootstrap())?;
    let any_time = [("message.timestamp.after.max.ms", "9223372036854775807")];
    filler.create("odd", 2, &any_time)?;
    for partition in 0..2 {
        filler.produce("odd", partition, &odd_records())?;
    }
    let dir = tempfile::tempdir()?;
    let (from, to) = (source.bootstrap(), target.bootstrap());
    let clusters = between(&from, &to, "odd", dir.path())?;
    ok(&[&["copy"][..], &clusters, &["--until-caught-up"]].concat())?;
    ok(&[&["verify"][..], &clusters].concat())?;
    for partition in 0..2 {
        let (there, here) = (
            read_all(&from, "odd", partition)?,
            read_all(&to, "odd", partition)?,
        );
        ensure!(!there.is_empty() && there.len() == here.len());
        for (one, other) in there.iter().zip(&here) {
            assert_eq!(one.content(), other.content());
        }
    }
    Ok(())
}

#[test]
#[ignore = "needs Wine: make test-windows"]
fn ctrl_c_stops_a_copy_cleanly_and_the_next_run_goes_on_exactly() -> Result<()> {
    let (source, target) = fake_clusters()?;
    source.create_topic("t", 1, &[])?;
    append_numbered(&source, 0, 100)?;
    let dir = tempfile::tempdir()?;
    let (from, to) = (source.bootstrap(), target.bootstrap());
    let clusters = between(&from, &to, "t", dir.path())?;
    let mut copy = spawn_sluice(&[&["copy"][..], &clusters].concat())?;
    eventually("it is copied", || Ok(numbered(&target)?.len() == 100))?;
    interrupt(&copy)?;
    let ended = copy.wait()?;
    ensure!(ended.code() == Some(0) || ended.code() == Some(130), "{ended:?}");
    append_numbered(&source, 100, 20)?;
    ok(&[&["copy"][..], &clusters, &["--until-caught-up"]].concat())?;
    has_exactly_numbered(&target, 120)
}

#[test]
#[ignore = "needs Wine: make test-windows"]
fn a_password_is_kept_in_the_systems_store_or_an_encrypted_file_and_found_by_the_next_command() -> Result<()>
{
    let cluster = FakeCluster::builder().start()?;
    let dir = tempfile::tempdir()?;
    let login = dir.path().join("client.properties");
    let password = "S3cret-of-windows";
    std::fs::write(
        &login,
        format!(
            "bootstrap.servers={}\nsecurity.protocol=SASL_PLAINTEXT\nsasl.mechanism=PLAIN\nsasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required username=\"anna\" password=\"{password}\";\n",
            cluster.bootstrap()
        ),
    )?;
    let data = dir.path().join("data");
    let at = ["--data", text(&data)?];
    ok(&[&["source", "add", "s", "--config", text(&login)?][..], &at].concat())?;
    let tested = ok(&[&["source", "test", "s", "--json"][..], &at].concat());
    ensure!(!format!("{tested:?}").contains(password));
    for entry in std::fs::read_dir(&data)? {
        let path = entry?.path();
        if path.is_file() {
            let bytes = std::fs::read(&path)?;
            ensure!(
                !bytes
                    .windows(password.len())
                    .any(|part| part == password.as_bytes()),
                "{}",
                path.display()
            );
        }
    }
    Ok(())
}

/// Wine tells the program of the signal as of Ctrl-C in its console.
fn interrupt(child: &Child) -> Result<()> {
    let status = Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status()?;
    ensure!(status.success(), "{status:?}");
    Ok(())
}
