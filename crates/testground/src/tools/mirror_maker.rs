use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use crate::{
    Ended, Jars, Jvm, KafkaVersion, Result, broker, error::Doing, process::Process,
    server_properties::to_text, workspace::Workspace,
};

const PATIENCE_TO_STOP: Duration = Duration::from_secs(30);

/// A running MirrorMaker 2, in dedicated mode. Dropping it kills it.
///
/// It keeps its positions on the target in `mm2-offsets.source.internal`. If a target topic is deleted and made
/// again, it copies nothing, silently: delete the `mm2-*`, `heartbeats` and `*.checkpoints.internal` topics too.
#[derive(Debug)]
pub struct MirrorMaker {
    process: Process,
    workspace: Workspace,
}

/// What a MirrorMaker is to do.
#[derive(Debug, Clone)]
pub struct MirrorMakerBuilder {
    version: KafkaVersion,
    jvm: Jvm,
    properties: BTreeMap<String, String>,
}

impl MirrorMaker {
    /// Describes one that copies from the cluster at `source` to that at `target`, both bootstrap servers. Topics
    /// keep their names, and nothing but records is copied often: see [`MirrorMakerBuilder::property`].
    pub fn between(source: impl Into<String>, target: impl Into<String>) -> MirrorMakerBuilder {
        let mut properties = BTreeMap::new();
        let mut set = |key: &str, value: String| {
            properties.insert(key.to_owned(), value);
        };
        set("clusters", "source, target".to_owned());
        set("source.bootstrap.servers", source.into());
        set("target.bootstrap.servers", target.into());
        set("source->target.enabled", "true".to_owned());
        set("target->source.enabled", "false".to_owned());
        set("source->target.topics", ".*".to_owned());
        set(
            "replication.policy.class",
            "org.apache.kafka.connect.mirror.IdentityReplicationPolicy".to_owned(),
        );
        for topic in [
            "replication",
            "checkpoints.topic.replication",
            "heartbeats.topic.replication",
            "offset-syncs.topic.replication",
            "offset.storage.replication",
            "status.storage.replication",
            "config.storage.replication",
        ] {
            set(&format!("{topic}.factor"), "1".to_owned());
        }
        set("emit.heartbeats.enabled", "false".to_owned());
        MirrorMakerBuilder {
            version: KafkaVersion::V4_3_1,
            jvm: Jvm::default(),
            properties,
        }
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.process.pid()
    }

    /// What it prints.
    pub fn log_file(&self) -> &Path {
        self.process.log()
    }

    /// Its settings.
    pub fn properties_file(&self) -> PathBuf {
        properties_file(self.workspace.path())
    }

    /// Whether the process lives.
    pub fn is_running(&mut self) -> bool {
        self.process.has_ended().is_none()
    }

    /// Asks it to shut down and waits; it is killed after 30 s.
    ///
    /// # Errors
    /// The operating system refuses, or has no signals.
    pub fn stop(&mut self) -> Result<Ended> {
        if !self.is_running() {
            return Ok(Ended::Before);
        }
        self.process.stop(PATIENCE_TO_STOP)
    }

    /// Kills it.
    ///
    /// # Errors
    /// The operating system refuses.
    pub fn kill(&mut self) -> Result<()> {
        self.process.kill()
    }
}

impl MirrorMakerBuilder {
    /// The topics, names or regular expressions separated by commas. All if not said.
    #[must_use]
    pub fn topics(self, topics: impl Into<String>) -> Self {
        self.property("source->target.topics", topics)
    }

    /// One line of `mm2.properties`. Overrides what would be set.
    #[must_use]
    pub fn property(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.properties.insert(key.into(), value.into());
        self
    }

    /// The version, 4.3.1 if not said; 3.9.1 also speaks to clusters from before 2.1.
    #[must_use]
    pub fn version(mut self, version: KafkaVersion) -> Self {
        self.version = version;
        self
    }

    /// How the Java virtual machine runs. [`Jvm::quick`] if not said, which is unfair in a benchmark.
    #[must_use]
    pub fn jvm(mut self, jvm: Jvm) -> Self {
        self.jvm = jvm;
        self
    }

    /// Starts it and returns at once; it begins to copy some seconds later.
    ///
    /// # Errors
    /// The jars cannot be had or the process cannot be started.
    pub fn start(self) -> Result<MirrorMaker> {
        let jars = Jars::ensure(self.version)?;
        let workspace = Workspace::new(None)?;
        let properties = properties_file(workspace.path());
        fs::write(&properties, to_text(&self.properties))
            .doing(|| format!("writing {}", properties.display()))?;
        let mut command = broker::java(&self.jvm, &jars, workspace.path())?;
        command
            .arg("org.apache.kafka.connect.mirror.MirrorMaker")
            .arg(&properties);
        let log = workspace.path().join("mirror-maker.log");
        let process = Process::spawn("MirrorMaker", command, &log)?;
        Ok(MirrorMaker { process, workspace })
    }
}

fn properties_file(dir: &Path) -> PathBuf {
    dir.join("mm2.properties")
}
