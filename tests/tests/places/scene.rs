use std::path::PathBuf;
use std::process::{Child, Output};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use sluice_app::{FarApp, Host, Ssh};
use sluice_fakekafka::FakeCluster;
use sluice_store::Owner;
use sluice_tests::{SshServer, eventually, fake_clusters, spawn_sluice};

/// A server with a data folder, and two clusters.
pub struct Scene {
    pub server: SshServer,
    pub source: FakeCluster,
    pub target: FakeCluster,
    daemon: Option<Child>,
}

impl Scene {
    /// `None` where there is no OpenSSH.
    pub fn start() -> Result<Option<Self>> {
        let Some(server) = SshServer::start()? else {
            return Ok(None);
        };
        let (source, target) = fake_clusters()?;
        source.create_topic("t", 1, &[])?;
        Ok(Some(Self {
            server,
            source,
            target,
            daemon: None,
        }))
    }

    /// The data folder there, which is named in no command: it is the user's own.
    pub fn folder(&self) -> PathBuf {
        self.server.dir().join("state/sluice")
    }

    /// Runs the tasks of the folder from now on.
    pub fn start_daemon(&mut self) -> Result<()> {
        let folder = self.folder();
        let data = folder.to_str().context("a path in UTF-8")?;
        self.daemon = Some(spawn_sluice(&["daemon", "--data", data])?);
        eventually("the daemon takes commands", || {
            Ok(Owner::read(&folder)?.is_some_and(|owner| owner.endpoint.is_some()))
        })
    }

    /// Ends the program that runs the tasks, as by a power cut.
    pub fn kill_daemon(&mut self) -> Result<()> {
        let mut daemon = self.daemon.take().context("a daemon")?;
        daemon.kill()?;
        daemon.wait()?;
        Ok(())
    }

    /// Runs a command on the folder there.
    pub fn run(&self, arguments: &[&str]) -> Result<Output> {
        self.server.sluice(&[&["--host", "place"], arguments].concat())
    }

    /// Runs a command that is to succeed.
    pub fn ok(&self, arguments: &[&str]) -> Result<Output> {
        succeeded(arguments, self.run(arguments)?)
    }

    /// The answer of a command that is to succeed.
    pub fn json(&self, arguments: &[&str]) -> Result<Value> {
        let output = self.ok(&[arguments, &["--json"]].concat())?;
        Ok(serde_json::from_slice(&output.stdout)?)
    }

    /// Adds both clusters and a checked task `o`.
    pub fn prepare(&self) -> Result<()> {
        self.ok(&["source", "add", "from", "--bootstrap", &self.source.bootstrap()])?;
        self.ok(&["source", "add", "to", "--bootstrap", &self.target.bootstrap()])?;
        self.ok(&[
            "task", "create", "o", "--from", "from", "--to", "to", "--topic", "t",
        ])?;
        self.ok(&["task", "check", "o"]).map(drop)
    }

    /// The application there, as a window drives it.
    pub fn far(&self, patience: Duration) -> Result<FarApp> {
        let host: Host = "place".parse()?;
        let app = FarApp::start(host, Ssh::named(self.server.client(), false), patience, |_| ())?;
        app.connected()?;
        Ok(app)
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        if self.daemon.is_some()
            && let Err(error) = self.kill_daemon()
        {
            eprintln!("the daemon could not be ended: {error}");
        }
    }
}

/// What a command wrote on standard error.
pub fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// The output of a command that is to succeed.
pub fn succeeded(arguments: &[&str], output: Output) -> Result<Output> {
    ensure!(
        output.status.success(),
        "{arguments:?}: {:?}\n{}",
        output.status,
        said(&output)
    );
    Ok(output)
}
