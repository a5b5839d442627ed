//! A password, a key's password, a proxy's password and a webhook's secret through everything that a person can do with them: none of them
//! is found in a file of the data folder, in what any command prints, or in the log.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use anyhow::{Context, Result, ensure};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use serde_json::Value;
use sluice_testground::{Cluster, KafkaVersion, SocksProxy};
use sluice_tests::{Filler, companion, eventually, skipped};

const USER: &str = "carol";
const RIGHT: &str = "Right+Pass/word-1.dolphin";
const WRONG: &str = "Wr0ng&Passw?rd-pelican";
const KEY: &str = "Key%Passphrase-walrus";
const WEBHOOK: &str = "T0KEN-in-the-path-heron";
const SIGNING: &str = "signing-secret-otter";
const HEADER: &str = "Bearer header-secret-lynx";
const PASSPHRASE: &str = "passphrase of the file badger";
const PROXY: &str = "Proxy=Pass;word-gannet";
const SECRETS: [&str; 8] = [RIGHT, WRONG, KEY, WEBHOOK, SIGNING, HEADER, PASSPHRASE, PROXY];

/// The forms in which a secret may have been written down: as it is, as JSON, percent-encoded, in hexadecimal, as UTF-16,
/// and in base64 wherever in a longer text it begins.
fn forms(secret: &str) -> Vec<(String, Vec<u8>)> {
    let bytes = secret.as_bytes();
    let hex = |upper: bool| -> String {
        bytes
            .iter()
            .map(|byte| {
                if upper {
                    format!("{byte:02X}")
                } else {
                    format!("{byte:02x}")
                }
            })
            .collect()
    };
    let percent: String = bytes
        .iter()
        .map(|byte| match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                char::from(*byte).to_string()
            }
            byte => format!("%{byte:02X}"),
        })
        .collect();
    let mut forms = vec![
        ("clear".to_owned(), bytes.to_vec()),
        ("hexadecimal".to_owned(), hex(false).into_bytes()),
        ("HEXADECIMAL".to_owned(), hex(true).into_bytes()),
        ("percent-encoded".to_owned(), percent.into_bytes()),
        (
            "UTF-16 (little end first)".to_owned(),
            secret.encode_utf16().flat_map(u16::to_le_bytes).collect(),
        ),
        (
            "UTF-16 (big end first)".to_owned(),
            secret.encode_utf16().flat_map(u16::to_be_bytes).collect(),
        ),
    ];
    for shift in 0..3_usize {
        let shifted = [&vec![0; shift][..], bytes].concat();
        // Characters that a neighbour shares are cut off at both ends.
        let begin = if shift == 0 { 0 } else { shift + 1 };
        for (name, text) in [
            ("base64", STANDARD_NO_PAD.encode(&shifted)),
            ("base64url", URL_SAFE_NO_PAD.encode(&shifted)),
        ] {
            let text = &text[begin..text.len() - 1];
            forms.push((format!("{name}, {shift} further"), text.as_bytes().to_vec()));
        }
    }
    forms
}

/// Where in `bytes` a secret is found, and in which form.
fn found_in(place: &str, bytes: &[u8]) -> Vec<String> {
    let mut found = Vec::new();
    for secret in SECRETS {
        for (form, needle) in forms(secret) {
            if bytes.windows(needle.len()).any(|window| window == needle) {
                found.push(format!("'{secret}' in {place} ({form})"));
            }
        }
    }
    found
}

fn files(dir: &Path) -> Result<Vec<PathBuf>> {
    let mut all = Vec::new();
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        if path.is_dir() {
            all.extend(files(&path)?);
        } else if path.is_file() {
            all.push(path);
        }
    }
    Ok(all)
}

#[test]
fn the_search_finds_each_form() -> Result<()> {
    for (form, text) in [
        ("clear", RIGHT.as_bytes().to_vec()),
        ("hexadecimal", hex_of(RIGHT)),
        (
            "UTF-16",
            RIGHT.encode_utf16().flat_map(u16::to_le_bytes).collect(),
        ),
    ] {
        let around = [b"{\"a\":", &text[..], b"}"].concat();
        let found = found_in("a file", &around);
        ensure!(found.iter().any(|line| line.contains(form)), "{form}: {found:?}");
    }
    for before in ["", "x", "xy", "xyz"] {
        let text = STANDARD_NO_PAD.encode(format!("{before}{RIGHT} and more"));
        let found = found_in("a file", text.as_bytes());
        ensure!(
            found.iter().any(|line| line.contains("base64")),
            "{before}: {found:?}"
        );
    }
    ensure!(found_in("a file", b"nothing to be seen").is_empty());
    Ok(())
}

fn hex_of(text: &str) -> Vec<u8> {
    text.bytes()
        .flat_map(|byte| format!("{byte:02x}").into_bytes())
        .collect()
}

/// The program on a folder, and everything it ever said.
struct Scene {
    data: PathBuf,
    input: PathBuf,
    passphrase: bool,
    said: Vec<(String, Vec<u8>)>,
}

impl Scene {
    fn command(&self, arguments: &[&str]) -> Result<Command> {
        let mut command = Command::new(companion()?);
        command
            .args(arguments)
            .arg("--data")
            .arg(&self.data)
            .env("SLUICE_LOG", "trace,librdkafka=trace")
            // Not the keychain of the user who runs the test.
            .env("DBUS_SESSION_BUS_ADDRESS", "disabled:")
            .stdin(Stdio::null());
        if self.passphrase {
            command.env("SLUICE_PASSPHRASE", PASSPHRASE);
        } else {
            command.env_remove("SLUICE_PASSPHRASE");
        }
        Ok(command)
    }

    /// Runs a command and keeps what it said.
    fn run(&mut self, arguments: &[&str]) -> Result<Output> {
        let output = self.command(arguments)?.output()?;
        let said = |stream: &str| format!("{stream} of `sluice {}`", arguments.join(" "));
        self.said.push((said("stdout"), output.stdout.clone()));
        self.said.push((said("stderr"), output.stderr.clone()));
        Ok(output)
    }

    /// Runs a command that is to end with `code`.
    fn ends(&mut self, code: i32, arguments: &[&str]) -> Result<String> {
        let output = self.run(arguments)?;
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        ensure!(
            output.status.code() == Some(code),
            "{arguments:?}: {:?}\n{stderr}",
            output.status
        );
        Ok(stderr)
    }

    fn ok(&mut self, arguments: &[&str]) -> Result<Value> {
        self.ends(0, &[arguments, &["--json"]].concat())?;
        let (_, stdout) = &self.said[self.said.len() - 2];
        Ok(serde_json::from_slice(stdout).unwrap_or_default())
    }

    fn file(&self, name: &str, text: &str) -> Result<String> {
        let path = self.input.join(name);
        fs::write(&path, text)?;
        Ok(path.to_str().context("a path in UTF-8")?.to_owned())
    }

    fn daemon(&self) -> Result<Child> {
        let log = fs::File::options()
            .create(true)
            .append(true)
            .open(self.input.join("daemon.log"))?;
        Ok(self
            .command(&["daemon"])?
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()?)
    }

    fn is(&mut self, state: &str) -> Result<()> {
        eventually(&format!("the task is {state}"), || {
            Ok(self.ok(&["task", "show", "o"])?["state"] == state)
        })
    }

    /// No secret anywhere.
    fn nothing_is_told(&self) -> Result<()> {
        let mut found = Vec::new();
        for (place, bytes) in &self.said {
            found.extend(found_in(place, bytes));
        }
        let log = fs::read(self.input.join("daemon.log"))?;
        ensure!(!log.is_empty(), "the daemon has a log");
        found.extend(found_in("the daemon's log", &log));
        let files = files(&self.data)?;
        ensure!(files.iter().any(|file| file.ends_with("sluice.db")), "{files:?}");
        for file in files {
            found.extend(found_in(&file.display().to_string(), &fs::read(&file)?));
        }
        found.sort();
        found.dedup();
        ensure!(found.is_empty(), "{found:#?}");
        Ok(())
    }
}

/// A Java `client.properties` with the login of `USER`, a client's key, and the login to a proxy.
fn properties(cluster: &Cluster, proxy: &SocksProxy, password: &str) -> Result<String> {
    let ca = cluster.ca_file()?;
    let keystore = cluster.certificates()?.client_keystore();
    Ok(format!(
        "bootstrap.servers={}\nsecurity.protocol=SASL_SSL\nsasl.mechanism=SCRAM-SHA-512\n\
         sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required \
         username=\"{USER}\" password=\"{password}\";\n\
         ssl.truststore.type=PEM\nssl.truststore.location={}\n\
         ssl.keystore.type=PEM\nssl.keystore.location={}\nssl.key.password={KEY}\n\
         sluice.proxy={}\nsluice.proxy.user={USER}\nsluice.proxy.password={PROXY}\n",
        cluster.secured_bootstrap()?,
        ca.display(),
        keystore.display(),
        proxy.address()
    ))
}

fn through_everything(cluster: &Cluster, topic: &str, passphrase: bool) -> Result<()> {
    let dir = tempfile::tempdir()?;
    let (data, input) = (dir.path().join("data"), dir.path().join("input"));
    fs::create_dir_all(&input)?;
    let mut scene = Scene {
        data,
        input,
        passphrase,
        said: Vec::new(),
    };
    let proxy = SocksProxy::start(cluster.reachable(), Some((USER, PROXY)))?;
    let right = scene.file("right.properties", &properties(cluster, &proxy, RIGHT)?)?;
    let wrong = scene.file("wrong.properties", &properties(cluster, &proxy, WRONG)?)?;

    // Added, imported, edited with its secrets left blank, looked at, tested.
    scene.ok(&["source", "add", "from", "--config", &right])?;
    scene.ok(&["source", "import", &right, "--name", "to"])?;
    scene.ok(&["source", "edit", "from", "--note", "the old cluster"])?;
    let shown = scene.ok(&["source", "show", "from"])?;
    ensure!(
        shown["secret_fields"].as_array().map(Vec::len) == Some(3),
        "all are kept: {shown:#}"
    );
    scene.ok(&["source", "list"])?;
    let test = scene.ok(&["source", "test", "from"])?;
    ensure!(
        test["ok"] == true,
        "the password that was left blank is still known: {test:#}"
    );
    scene.ok(&["source", "topics", "from"])?;
    scene.ok(&["source", "add", "mistaken", "--config", &wrong])?;
    scene.ends(1, &["source", "test", "mistaken", "--json"])?;
    scene.ends(1, &["source", "test", "mistaken"])?;

    // Input that cannot be read.
    let unfinished = scene.file(
        "unfinished.properties",
        &format!("bootstrap.servers=h:1\nsecurity.protocol=SASL_SSL\nsasl.jaas.config=x required password=\"{WRONG}"),
    )?;
    scene.ends(2, &["source", "add", "y", "--config", &unfinished, "--json"])?;
    let misplaced = scene.file(
        "misplaced.properties",
        &format!("bootstrap.servers=h:1\nsecurity.protocol={WRONG}\nssl.key.password={KEY}\n"),
    )?;
    scene.run(&["source", "add", "z", "--config", &misplaced, "--json"])?;
    // What a person puts into a field that is shown is shown: the error above may name the value of a protocol.
    scene.said.truncate(scene.said.len() - 2);
    let inline = format!("kafka://{USER}:{WRONG}@127.0.0.1:1/?security.protocol=SASL_PLAINTEXT");
    scene.run(&["source", "import", &inline, "--name", "url", "--json"])?;
    // Its own arguments are named in what this test keeps.
    for said in scene.said.iter_mut().rev().take(2) {
        said.0 = "`sluice source import URL`".to_owned();
    }

    // A webhook with a secret in its address, a signing secret and a header.
    let port = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
    let channel = scene.file(
        "channel.json",
        &serde_json::to_string(&serde_json::json!({
            "name": "hook",
            "config": {
                "kind": "webhook", "format": "generic", "url": format!("http://127.0.0.1:{port}/{WEBHOOK}"),
                "headers": { "Authorization": HEADER },
            },
            "secrets": { "signing_secret": SIGNING },
        }))?,
    )?;
    scene.ok(&["alerts", "channels", "--put", &channel])?;
    let channels = scene.ok(&["alerts", "channels"])?;
    let id = channels
        .as_array()
        .and_then(|all| all.iter().find(|channel| channel["name"] == "hook"))
        .and_then(|channel| channel["id"].as_str())
        .context("the channel")?
        .to_owned();
    scene.ends(2, &["alerts", "test", "hook"])?;
    let rule = scene.file(
        "rule.json",
        &serde_json::to_string(&serde_json::json!({
            "id": "", "name": "failed", "condition": { "kind": "failed" }, "channel_ids": [id],
            "enabled": true, "builtin": false, "notify_recovery": true,
        }))?,
    )?;
    scene.ok(&["alerts", "rules", "--put", &rule])?;
    let broken = scene.file(
        "broken.json",
        &format!("{{\"name\": \"hook\", \"config\": \"{SIGNING}\"}}"),
    )?;
    scene.ends(2, &["alerts", "channels", "--put", &broken])?;

    // A task that runs, and then fails because the password is wrong.
    let renamed = format!("{topic}={topic}.copy");
    scene.ok(&[
        "task", "create", "o", "--from", "from", "--to", "to", "--topic", topic, "--rename", &renamed,
    ])?;
    let report = scene.ok(&["task", "check", "o"])?;
    ensure!(report["may_start"] == true, "{report:#}");
    let mut daemon = scene.daemon()?;
    eventually("the daemon takes commands", || {
        Ok(fs::read_to_string(scene.data.join("owner.json")).is_ok_and(|text| text.contains("control.sock")))
    })?;
    scene.ok(&["task", "start", "o"])?;
    eventually("everything is copied", || {
        Ok(scene.ok(&["task", "show", "o"])?["written_records"] == 100)
    })?;
    scene.ends(0, &["task", "verify", "o", "--json"])?;
    scene.ok(&["source", "edit", "from", "--config", &wrong])?;
    scene.ok(&["task", "pause", "o"])?;
    scene.is("paused")?;
    scene.ok(&["task", "resume", "o"])?;
    scene.is("failed")?;
    let view = scene.ok(&["task", "show", "o"])?;
    let reason = view["last_error"].as_str().unwrap_or_default();
    ensure!(reason.contains("Check the user name, the password"), "{reason}");
    scene.ends(1, &["source", "test", "from", "--json"])?;
    eventually("somebody was to be told", || {
        let rows = scene.ok(&["alerts", "history"])?;
        Ok(rows.as_array().is_some_and(|rows| {
            rows.iter()
                .any(|row| row["state"] == "undeliverable" && row["kind"] == "raised")
        }))
    })?;

    // Everything that is handed out, as a bundle for support holds it too.
    for arguments in [
        &["task", "list"][..],
        &["task", "show", "o"],
        &["task", "log", "o"],
        &["task", "changes", "o"],
        &["task", "export", "o"],
        &["source", "list"],
        &["source", "show", "from"],
        &["alerts", "rules"],
        &["alerts", "channels"],
        &["alerts", "history"],
        &["log"],
    ] {
        scene.ends(0, arguments)?;
        scene.run(&[arguments, &["--json"]].concat())?;
    }
    let operations = scene.ok(&["log"])?;
    ensure!(
        operations.as_array().is_some_and(|rows| rows.len() > 10),
        "{operations:#}"
    );
    scene.nothing_is_told().context("while it is open")?;
    daemon.kill()?;
    daemon.wait()?;
    scene.nothing_is_told().context("after it was killed")?;
    // Secrets that were replaced or taken away stay nowhere either.
    scene.ok(&["task", "terminate", "o"])?;
    scene.ok(&["task", "rm", "o"])?;
    for name in ["from", "to", "mistaken"] {
        scene.ok(&["source", "rm", name])?;
    }
    scene.nothing_is_told().context("after they were removed")
}

#[test]
fn no_secret_is_found_in_a_file_an_answer_an_error_or_the_log() -> Result<()> {
    if skipped() {
        return Ok(());
    }
    let cluster = Cluster::builder(KafkaVersion::V4_3_1)
        .secured()
        .ssl_with_client_certificates()
        .user(USER, RIGHT)
        .start()?;
    let filler = Filler::new(&cluster.bootstrap())?;
    for (topic, passphrase) in [("with-passphrase", true), ("with-key-file", false)] {
        filler.create(topic, 1, &[])?;
        filler.numbered(topic, 1, 0, 100, 100)?;
        through_everything(&cluster, topic, passphrase)
            .with_context(|| format!("secrets in a file {topic}"))?;
    }
    Ok(())
}
