use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::{Context, Result};
use sluice_app::{LogView, SourceAdd, TaskDelete, TaskLogQuery, TaskTerminate, TaskVerify};
use sluice_connect::ConnectClient;
use sluice_engine::{VerificationReport, VerificationResult};
use sluice_model::{
    ConnectAccess, ConnectLogin, ConnectSettings, Secret, SourceForm, SourceId, SourceKind, TaskSettings,
    TaskState,
};
use sluice_testground::tools::ConnectWorker;
use sluice_testground::{Cluster, KafkaVersion};
use sluice_tests::{Desk, Filler, Shared, cluster};

static GROUND: Shared<Ground> = Shared::new();

/// Two clusters, and a worker of a Connect cluster on the second that can be exactly once.
pub struct Ground {
    pub worker: ConnectWorker,
    pub source: Cluster,
    pub target: Cluster,
}

/// The ground that the tests of this file share.
pub fn ground() -> Result<Arc<Ground>> {
    GROUND.get(|| {
        let (source, target) = std::thread::scope(|scope| {
            let source = scope.spawn(|| cluster(KafkaVersion::V4_3_1));
            let target = cluster(KafkaVersion::V4_3_1)?;
            let source = source.join().map_err(|_| anyhow::anyhow!("no source"))??;
            anyhow::Ok((source, target))
        })?;
        let worker = worker(&target).start()?;
        Ok(Ground {
            worker,
            source,
            target,
        })
    })
}

/// A worker of the shared Connect cluster.
pub fn worker(target: &Cluster) -> sluice_testground::tools::ConnectWorkerBuilder {
    ConnectWorker::on(target.bootstrap(), "connect").exactly_once()
}

/// An application with both clusters and the Connect cluster.
pub struct Scene {
    pub desk: Desk,
    pub from: SourceId,
    pub to: SourceId,
    pub on: SourceId,
    // Behind the application, which has a lock in it.
    pub dir: tempfile::TempDir,
}

impl Scene {
    /// On Connect at these addresses.
    pub fn new(source: &Cluster, target: &Cluster, urls: &[String]) -> Result<Self> {
        let dir = tempfile::tempdir()?;
        let desk = Desk::open(dir.path())?;
        let from = desk.source("from", &source.bootstrap())?;
        let to = desk.source("to", &target.bootstrap())?;
        let on = add_connect(&desk, "there", &urls.join(","), None)?;
        Ok(Self {
            desk,
            from,
            to,
            on,
            dir,
        })
    }

    /// A copy of `topics` that runs on Connect.
    pub fn settings(&self, name: &str, topics: &[&str]) -> Result<TaskSettings> {
        let mut settings = self.desk.settings(name, &self.from, &self.to, topics)?;
        settings.run_on = Some(self.on.clone());
        Ok(settings)
    }

    /// A task, named as its one topic, that runs on Connect and has copied what that holds.
    pub fn copied(&self, filler: &Filler, topic: &str, records: usize) -> Result<String> {
        filler.create(topic, 1, &[])?;
        filler.numbered(topic, 1, 0, records, 50)?;
        let task = self.desk.launch(self.settings(topic, &[topic])?)?;
        self.desk.copies(&task, records as u64)?;
        Ok(task)
    }

    /// Ends a task and removes it with its connectors.
    pub fn remove(&self, task: String) -> Result<()> {
        self.desk.app.call(TaskTerminate { task: task.clone() })?;
        self.desk.reaches(&task, TaskState::Terminated)?;
        Ok(self.desk.app.call(TaskDelete {
            task,
            connectors: true,
            ..TaskDelete::default()
        })?)
    }

    /// Compares both sides.
    pub fn verify(&self, task: &str) -> Result<VerificationReport> {
        Ok(self.desk.app.call(TaskVerify {
            task: task.to_owned(),
            ..TaskVerify::default()
        })?)
    }

    /// Both sides are equal, record by record.
    pub fn is_equal(&self, task: &str, records: u64) -> Result<()> {
        let report = self.verify(task)?;
        anyhow::ensure!(
            report.result == VerificationResult::Equal && report.source_records == records,
            "{report:#?}"
        );
        Ok(())
    }

    /// The task's log, oldest first.
    pub fn log(&self, task: &str) -> Result<Vec<LogView>> {
        let mut lines = self.desk.app.call(TaskLogQuery {
            task: task.to_owned(),
            ..TaskLogQuery::default()
        })?;
        lines.reverse();
        Ok(lines)
    }
}

/// Adds a Connect cluster; with a user and a password where they are given.
pub fn add_connect(desk: &Desk, name: &str, url: &str, login: Option<(&str, &str)>) -> Result<SourceId> {
    let (user, password) = login.unzip();
    add(desk, connect_form(name, url, user), password)
}

/// The form of a Connect cluster; with a basic login where there is a user.
pub fn connect_form(name: &str, url: &str, user: Option<&str>) -> SourceForm {
    SourceForm {
        name: name.to_owned(),
        kind: SourceKind::Connect,
        connect: ConnectSettings {
            url: url.to_owned(),
            login: user.map_or(ConnectLogin::None, |_| ConnectLogin::Basic),
        },
        username: user.map(str::to_owned),
        ..SourceForm::default()
    }
}

/// Adds a data source; with a password where it has one.
pub fn add(desk: &Desk, form: SourceForm, password: Option<&str>) -> Result<SourceId> {
    let secrets = password
        .map(|password| ("password".to_owned(), Secret::new(password)))
        .into_iter()
        .collect::<BTreeMap<_, _>>();
    Ok(desk.app.call(SourceAdd { form, secrets })?.id)
}

/// Somebody else at the REST interface of a worker.
pub fn somebody(worker: &ConnectWorker) -> Result<ConnectClient> {
    ConnectClient::new(&ConnectAccess {
        urls: vec![worker.url()],
        login: ConnectLogin::None,
        user: String::new(),
        password: None,
        ca_file: None,
    })
    .context("a client of Connect")
}
