//! Logging in to Amazon MSK: a real broker that takes tokens only if they are signed as AWS's own signers sign them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use sluice_fakekafka::FakeCluster;
use sluice_testground::{Cluster, Jvm, KafkaVersion};
use sluice_tests::{Shared, append_numbered, companion, eventually, has_exactly_numbered, skipped};

const REGION: &str = "eu-west-1";
const LANES: [&str; 2] = ["wire", "record"];
/// A key in variables of the environment.
const VARIABLE: (&str, &str) = ("AKIDVARIABLE", "wJalrXUtnFEMI/K7MDENG+variable");
/// A key in a profile, with the token of a session.
const PROFILE: (&str, &str, &str) = (
    "ASIAPROFILE",
    "wJalrXUtnFEMI/K7MDENG+profile",
    "session/token+of==",
);
/// How long a login lasts on these brokers.
const SESSION_MS: u32 = 3_000;
/// How long a key lasts that a command gives.
const KEY_SECONDS: u32 = 8;

struct Ground {
    cluster: Cluster,
    dir: tempfile::TempDir,
}

static GROUND: Shared<Ground> = Shared::new();

impl Ground {
    fn get() -> Result<Arc<Self>> {
        GROUND.get(|| {
            let keys = format!(
                "{}:{},{}:{}:{}",
                VARIABLE.0, VARIABLE.1, PROFILE.0, PROFILE.1, PROFILE.2
            );
            let listener = |name: &str| format!("listener.name.sasl_ssl.oauthbearer.{name}");
            let cluster = Cluster::builder(KafkaVersion::V4_3_1)
                .secured()
                .java_class(
                    "MskTokenValidator",
                    include_str!("../java/MskTokenValidator.java"),
                )
                .jvm(
                    Jvm::quick()
                        .option(format!("-Dmsk.region={REGION}"))
                        .option(format!("-Dmsk.keys={keys}")),
                )
                .property("sasl.enabled.mechanisms", "SCRAM-SHA-512,OAUTHBEARER")
                .property(
                    listener("sasl.jaas.config"),
                    "org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required;",
                )
                .property(
                    listener("sasl.server.callback.handler.class"),
                    "MskTokenValidator",
                )
                .property(listener("connections.max.reauth.ms"), SESSION_MS.to_string())
                .start()?;
            let dir = tempfile::tempdir()?;
            let aws = dir.path().join(".aws");
            fs::create_dir(&aws)?;
            fs::write(
                aws.join("credentials"),
                format!(
                    "[copy]\naws_access_key_id = {}\naws_secret_access_key = {}\naws_session_token = {}\n",
                    PROFILE.0, PROFILE.1, PROFILE.2
                ),
            )?;
            let command = dir.path().join("command");
            fs::write(&command, short_lived(&dir.path().join("asked")))?;
            fs::write(
                aws.join("config"),
                format!("[profile soon]\ncredential_process = sh {}\n", command.display()),
            )?;
            Ok(Self { cluster, dir })
        })
    }

    /// What people have: the file of a Java client. `options` are those of its login module.
    fn config(&self, options: &str) -> Result<PathBuf> {
        let name: String = options.chars().filter(char::is_ascii_alphanumeric).collect();
        let file = self.dir.path().join(format!("client{name}.properties"));
        fs::write(
            &file,
            format!(
                "bootstrap.servers={}\nsecurity.protocol=SASL_SSL\nsasl.mechanism=AWS_MSK_IAM\n\
                 sasl.jaas.config=software.amazon.msk.auth.iam.IAMLoginModule required{options};\n\
                 sasl.client.callback.handler.class=software.amazon.msk.auth.iam.IAMClientCallbackHandler\n\
                 ssl.truststore.type=PEM\nssl.truststore.location={}\nsluice.aws.region={REGION}\n",
                self.cluster.secured_bootstrap()?,
                self.cluster.ca_file()?.display()
            ),
        )?;
        Ok(file)
    }

    /// `sluice` where no key of AWS is but those of this test.
    fn sluice(&self, state: &Path, arguments: &[&str]) -> Result<Command> {
        let mut command = Command::new(companion()?);
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("AWS_")) {
            command.env_remove(name);
        }
        command
            .env("HOME", self.dir.path())
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .args(arguments)
            .arg("--state")
            .arg(state)
            .stdin(Stdio::null());
        Ok(command)
    }

    /// The broker's verdicts so far that have `words` in them.
    fn verdicts(&self, words: &str) -> Result<usize> {
        let log = fs::read_to_string(self.cluster.broker(1).log_file())?;
        Ok(log.lines().filter(|line| line.contains(words)).count())
    }
}

fn with_variables(command: &mut Command, key: &str) {
    command
        .env("AWS_ACCESS_KEY_ID", VARIABLE.0)
        .env("AWS_SECRET_ACCESS_KEY", key);
}

/// A command that prints the profile's key as one that ends in a moment, and notes in a file that it was asked.
fn short_lived(asked: &Path) -> String {
    format!(
        "echo asked >> {}\n\
         until=$(perl -MPOSIX -e 'print strftime(\"%Y-%m-%dT%H:%M:%SZ\", gmtime(time + {KEY_SECONDS}))')\n\
         echo '{{\"Version\":1,\"AccessKeyId\":\"{}\",\"SecretAccessKey\":\"{}\",\"SessionToken\":\"{}\",\"Expiration\":\"'$until'\"}}'\n",
        asked.display(),
        PROFILE.0,
        PROFILE.1,
        PROFILE.2
    )
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

fn assert_no_key(text: &str) {
    for secret in [VARIABLE.1, PROFILE.1, PROFILE.2] {
        assert!(!text.contains(secret), "a key of AWS is shown");
    }
}

/// A program that ends with its test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended.
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

fn path(path: &Path) -> Result<&str> {
    path.to_str().context("a path of text")
}

#[test]
fn both_lanes_write_and_read_where_the_broker_computes_each_signature_anew() -> Result<()> {
    if skipped() {
        return Ok(());
    }
    let ground = Ground::get()?;
    let (with_profile, with_variable) = (ground.config(" awsProfileName=\"copy\"")?, ground.config("")?);
    for lane in LANES {
        let (source, target) = (FakeCluster::builder().start()?, FakeCluster::builder().start()?);
        source.create_topic("t", 1, &[])?;
        append_numbered(&source, 0, 100)?;
        let state = tempfile::tempdir()?;
        let there = format!("written.{lane}");
        let accepted = ground.verdicts(&format!("MSK token accepted: {}", PROFILE.0))?;
        let output = ground
            .sluice(
                state.path(),
                &[
                    "copy",
                    "--from",
                    &source.bootstrap(),
                    "--to-config",
                    path(&with_profile)?,
                    "--topic",
                    "t",
                    "--rename",
                    &format!("t={there}"),
                    "--lane",
                    lane,
                    "--until-caught-up",
                ],
            )?
            .output()?;
        ensure!(output.status.success(), "{lane}: {}", said(&output));
        assert_no_key(&said(&output));
        ensure!(
            ground.verdicts(&format!("MSK token accepted: {}", PROFILE.0))? > accepted,
            "{lane}: the profile's key has written"
        );

        let accepted = ground.verdicts(&format!("MSK token accepted: {}", VARIABLE.0))?;
        let mut command = ground.sluice(
            state.path(),
            &[
                "copy",
                "--from-config",
                path(&with_variable)?,
                "--to",
                &target.bootstrap(),
                "--topic",
                &there,
                "--rename",
                &format!("{there}=t"),
                "--lane",
                lane,
                "--until-caught-up",
            ],
        )?;
        with_variables(&mut command, VARIABLE.1);
        let output = command.output()?;
        ensure!(output.status.success(), "{lane}: {}", said(&output));
        has_exactly_numbered(&target, 100)?;
        ensure!(
            ground.verdicts(&format!("MSK token accepted: {}", VARIABLE.0))? > accepted,
            "{lane}: the variables' key has read"
        );
    }
    Ok(())
}

#[test]
fn a_copy_outlives_its_logins_and_the_keys_that_they_were_signed_with() -> Result<()> {
    if skipped() {
        return Ok(());
    }
    let ground = Ground::get()?;
    let config = ground.config(" awsProfileName=\"soon\"")?;
    let times_asked = || -> Result<usize> {
        Ok(fs::read_to_string(ground.dir.path().join("asked"))?
            .lines()
            .count())
    };
    for lane in LANES {
        let source = FakeCluster::builder().start()?;
        source.create_topic("t", 1, &[])?;
        append_numbered(&source, 0, 10)?;
        let state = tempfile::tempdir()?;
        let there = format!("followed.{lane}");
        let log = fs::File::create(state.path().join("said"))?;
        let arguments = [
            "copy",
            "--from",
            &source.bootstrap(),
            "--to-config",
            path(&config)?,
            "--topic",
            "t",
            "--rename",
            &format!("t={there}"),
            "--lane",
            lane,
        ];
        let mut command = ground.sluice(state.path(), &arguments)?;
        let running = Running(command.stdout(Stdio::null()).stderr(log).spawn()?);
        let copied = |count: usize| {
            eventually(&format!("{lane}: {count} records are copied"), || {
                let there = sluice_tests::read_all(&ground.cluster.bootstrap(), &there, 0);
                Ok(there.is_ok_and(|records| records.len() >= count))
            })
        };
        copied(10)?;
        let (logins, keys) = (
            ground.verdicts("MSK token accepted: ASIAPROFILE")?,
            times_asked()?,
        );
        let mut written = 10;
        eventually(
            &format!("{lane}: the broker has asked for new logins, and these for a new key"),
            || {
                append_numbered(&source, written, 1)?;
                written += 1;
                let logins = ground.verdicts("MSK token accepted: ASIAPROFILE")? - logins;
                Ok(logins >= 4 && times_asked()? - keys >= 2)
            },
        )
        .with_context(|| fs::read_to_string(state.path().join("said")).unwrap_or_default())?;
        copied(written)?;
        let records = sluice_tests::read_all(&ground.cluster.bootstrap(), &there, 0)?;
        assert_eq!(records.len(), written, "{lane}: each record once");
        drop(running);
        assert_no_key(&fs::read_to_string(state.path().join("said"))?);
    }
    Ok(())
}

#[test]
fn a_wrong_key_is_refused_by_the_broker_and_no_key_at_all_is_told_before() -> Result<()> {
    if skipped() {
        return Ok(());
    }
    let ground = Ground::get()?;
    let config = ground.config("")?;
    let target = FakeCluster::builder().start()?;
    let state = tempfile::tempdir()?;
    for (key, words) in [
        (Some("another key"), "the signature"),
        (None, "no AWS credentials were found"),
    ] {
        let arguments = [
            "check",
            "--from-config",
            path(&config)?,
            "--to",
            &target.bootstrap(),
            "--topic",
            "t",
        ];
        let mut command = ground.sluice(state.path(), &arguments)?;
        if let Some(key) = key {
            with_variables(&mut command, key);
        }
        let output = command.output()?;
        let said = said(&output);
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains(words), "{words}: {said}");
        assert!(!said.contains("another key"), "{said}");
        assert_no_key(&said);
    }
    Ok(())
}
