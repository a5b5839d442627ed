//! The socket by which other programs give commands (docs/adr/0004): whatever comes through it, its owner goes on.
#![cfg(unix)]

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use sluice_app::{
    App, ControlServer, ErrorCode, Opening, RemoteApp, SourceAdd, SourceList, SourceShow, TaskPause,
};
use sluice_model::SourceForm;
use sluice_store::{Owner, SecretPreference};
use sluice_tests::{eventually, spawn_sluice};

/// An application that takes commands. Fields drop in their order.
struct Host {
    server: Option<ControlServer>,
    app: Arc<App>,
    dir: tempfile::TempDir,
}

impl Host {
    fn new() -> Result<Self> {
        let dir = tempfile::tempdir()?;
        let app = Self::open(dir.path())?;
        Ok(Self {
            server: Some(ControlServer::start(Arc::clone(&app))?),
            app,
            dir,
        })
    }

    fn open(dir: &Path) -> Result<Arc<App>> {
        Ok(Arc::new(App::open(Opening {
            dir: dir.to_owned(),
            program: "a test".to_owned(),
            secrets: SecretPreference::Session,
            runs_tasks: true,
            desktop: None,
            demo: None,
        })?))
    }

    fn endpoint(&self) -> Result<String> {
        endpoint(self.dir.path())
    }

    fn remote(&self) -> Result<RemoteApp> {
        Ok(RemoteApp::at(self.endpoint()?))
    }

    fn connect(&self) -> Result<UnixStream> {
        Ok(UnixStream::connect(self.endpoint()?)?)
    }

    /// What is answered to one line.
    fn answer(&self, line: &[u8]) -> Result<Value> {
        let mut stream = self.connect()?;
        stream.write_all(line)?;
        let mut answer = String::new();
        BufReader::new(stream).read_line(&mut answer)?;
        Ok(serde_json::from_str(&answer)?)
    }

    /// It takes commands as before.
    fn answers(&self) -> Result<()> {
        self.remote()?.call(SourceList {})?;
        Ok(())
    }
}

fn endpoint(dir: &Path) -> Result<String> {
    let owner = Owner::read(dir)?.context("an owner")?;
    owner.endpoint.context("an endpoint")
}

fn line(command: &str, request: &Value) -> Vec<u8> {
    let mut line = json!({ "command": command, "request": request })
        .to_string()
        .into_bytes();
    line.push(b'\n');
    line
}

#[test]
fn errors_come_back_with_their_code_sentence_and_fields() -> Result<()> {
    let host = Host::new()?;
    let remote = host.remote()?;
    let missing = remote.call(SourceShow {
        source: "nowhere".into(),
    });
    let error = missing.err().context("there is none")?;
    assert_eq!(error.code, ErrorCode::NotFound);
    ensure!(error.message.contains("'nowhere'"), "{error}");
    let empty = remote.call(SourceAdd {
        form: SourceForm::default(),
        secrets: std::collections::BTreeMap::new(),
    });
    let error = empty.err().context("it has no name")?;
    assert_eq!(error.code, ErrorCode::InvalidInput);
    ensure!(
        error.fields.iter().any(|field| field.field == "name"),
        "{error:?}"
    );
    let nothing = remote.call(TaskPause { task: "x".into() });
    assert_eq!(nothing.err().map(|error| error.code), Some(ErrorCode::NotFound));
    // The same as where the command is given to the application itself.
    let here = host.app.call(TaskPause { task: "x".into() });
    let there = remote.call(TaskPause { task: "x".into() });
    assert_eq!(here.err(), there.err());
    Ok(())
}

#[test]
fn events_are_sent_to_whoever_asks_and_hold_up_no_end() -> Result<()> {
    let mut host = Host::new()?;
    let begin = || -> Result<BufReader<UnixStream>> {
        let mut stream = host.connect()?;
        stream.write_all(&line("events", &json!({})))?;
        Ok(BufReader::new(stream))
    };
    let read = |stream: &mut BufReader<UnixStream>| -> Result<Value> {
        let mut text = String::new();
        stream.read_line(&mut text)?;
        Ok(serde_json::from_str(&text)?)
    };
    let mut followers: Vec<_> = (0..16).map(|_| begin()).collect::<Result<_>>()?;
    for follower in &mut followers {
        ensure!(read(follower)? == json!({"ok": null}));
    }
    let refused = read(&mut begin()?)?;
    ensure!(
        refused["error"]["message"]
            .as_str()
            .is_some_and(|words| words.contains("hear of events already")),
        "{refused:#}"
    );
    let form = SourceForm {
        name: "s".to_owned(),
        bootstrap: "a:1".to_owned(),
        ..SourceForm::default()
    };
    host.remote()?.call(SourceAdd {
        form,
        secrets: std::collections::BTreeMap::new(),
    })?;
    for follower in &mut followers {
        let event = read(follower)?;
        ensure!(event["event"]["kind"] == "sources_changed", "{event:#}");
    }
    // One that is gone leaves its place to another.
    drop(followers.pop());
    eventually("there is room again", || {
        Ok(read(&mut begin()?)? == json!({"ok": null}))
    })?;
    drop(host.server.take());
    for follower in &mut followers {
        let mut rest = String::new();
        follower.read_to_string(&mut rest)?;
    }
    Ok(())
}

#[test]
fn what_is_no_request_or_no_command_is_answered_with_a_sentence() -> Result<()> {
    let host = Host::new()?;
    for (sent, words) in [
        (line("make_coffee", &json!({})), "no command 'make_coffee'"),
        (line("source_show", &json!({ "sauce": 1 })), "sauce"),
        (line("source_show", &json!([])), "source_show"),
        (b"{}\n".to_vec(), "not a request"),
        (b"\n".to_vec(), "not a request"),
        (b"GET / HTTP/1.1\r\n\r\n".to_vec(), "not a request"),
        (b"\xff\xfe\x00\n".to_vec(), "not a request"),
        (vec![b'['; 100_000], "not a request"),
    ] {
        let sent = if sent.ends_with(b"\n") {
            sent
        } else {
            [sent, b"\n".to_vec()].concat()
        };
        let answer = host.answer(&sent)?;
        assert_eq!(answer["error"]["code"], "invalid_input", "{answer:#}");
        let sentence = answer["error"]["message"].as_str().unwrap_or_default();
        ensure!(sentence.contains(words), "{words}: {sentence}");
    }
    host.answers()
}

#[test]
fn a_request_that_is_too_long_is_refused_and_not_kept() -> Result<()> {
    let host = Host::new()?;
    let long = "x".repeat(17 * 1024 * 1024);
    let answer = host.answer(&line("source_show", &json!({ "source": long })))?;
    assert_eq!(answer["error"]["code"], "invalid_input");
    let sentence = answer["error"]["message"].as_str().unwrap_or_default();
    ensure!(sentence.contains("16 MB at most"), "{sentence}");
    // The companion does not even send it.
    let refused = host.remote()?.call(SourceShow { source: long });
    let error = refused.err().context("too long")?;
    assert_eq!(error.code, ErrorCode::InvalidInput);
    ensure!(error.message.contains("16 MB at most"), "{error}");
    host.answers()
}

#[test]
fn who_says_nothing_too_little_or_hangs_up_holds_up_nobody_and_not_the_end() -> Result<()> {
    let mut host = Host::new()?;
    let silent: Vec<UnixStream> = (0..20).map(|_| host.connect()).collect::<Result<_>>()?;
    let mut half = host.connect()?;
    half.write_all(b"{\"command\": \"source_")?;
    drop(host.connect()?);
    let mut gone = host.connect()?;
    gone.write_all(&line("source_list", &json!({})))?;
    drop(gone);
    host.answers()?;
    // The end does not wait for them; they are hung up on.
    drop(host.server.take());
    for stream in silent.iter().chain([&half]) {
        let mut rest = Vec::new();
        let read = (&*stream).read_to_end(&mut rest);
        ensure!(read.is_err() || rest.is_empty(), "nothing was asked: {rest:?}");
    }
    let refused = UnixStream::connect(host.dir.path().join("control.sock"));
    ensure!(refused.is_err(), "there is no listener any more");
    // The same program may take commands again.
    host.server = Some(ControlServer::start(Arc::clone(&host.app))?);
    host.answers()
}

#[test]
fn an_owner_that_has_gone_is_told_from_one_that_refuses() -> Result<()> {
    let mut host = Host::new()?;
    let remote = host.remote()?;
    drop(host.server.take());
    let error = remote.call(SourceList {}).err().context("it has gone")?;
    assert_eq!(error.code, ErrorCode::Owned);
    ensure!(error.retryable, "{error:?}");
    ensure!(error.message.contains("repeat the command"), "{error}");
    Ok(())
}

#[test]
fn what_a_killed_owner_left_behind_is_in_nobody_s_way() -> Result<()> {
    let dir = tempfile::tempdir()?;
    let data = dir.path().to_str().context("a path in UTF-8")?;
    let mut first: Option<PathBuf> = None;
    for _ in 0..2 {
        let mut daemon = spawn_sluice(&["daemon", "--data", data])?;
        eventually("it takes commands", || Ok(endpoint(dir.path()).is_ok()))?;
        let socket = PathBuf::from(endpoint(dir.path())?);
        ensure!(socket.exists(), "{socket:?}");
        daemon.kill()?;
        daemon.wait()?;
        ensure!(socket.exists(), "it had no time to tidy up");
        // Without an owner a command is carried out at once, by the process that gives it.
        let output = sluice_tests::sluice(&["source", "list", "--json", "--data", data])?;
        ensure!(output.status.success(), "{output:?}");
        ensure!(
            first
                .replace(socket.clone())
                .is_none_or(|before| before == socket),
            "one socket for one folder"
        );
    }
    Ok(())
}

#[test]
fn a_folder_whose_path_is_too_long_for_a_socket_has_one_elsewhere_for_its_user_alone() -> Result<()> {
    use std::os::unix::fs::{FileTypeExt, PermissionsExt};
    let dir = tempfile::tempdir()?;
    let deep = dir
        .path()
        .join("a-folder-with-a-long-name".repeat(3))
        .join("and-another".repeat(4));
    let app = Host::open(&deep)?;
    let server = ControlServer::start(Arc::clone(&app))?;
    let socket = PathBuf::from(endpoint(&deep)?);
    ensure!(deep.as_os_str().len() > 108, "{deep:?}");
    ensure!(
        socket.as_os_str().len() <= 100 && !socket.starts_with(&deep),
        "{socket:?}"
    );
    let about = std::fs::metadata(&socket)?;
    ensure!(about.file_type().is_socket(), "{socket:?}");
    if cfg!(target_os = "linux") {
        assert_eq!(about.permissions().mode() & 0o077, 0, "others may not connect");
    }
    let data = deep.to_str().context("a path in UTF-8")?;
    let output = sluice_tests::sluice(&["source", "add", "far", "--bootstrap", "h:1", "--data", data])?;
    ensure!(output.status.success(), "{output:?}");
    let there = app.call(SourceList {})?;
    assert_eq!(there.len(), 1, "the program that has the folder did it");
    drop(server);
    ensure!(!socket.exists(), "it is tidied away");
    Ok(())
}
