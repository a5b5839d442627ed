use std::{fs::File, path::PathBuf, time::Duration};

use super::{ToolOutput, run::run};
use crate::{Jars, Jvm, KafkaVersion, Result, error::Doing, log_settings::Logging};

const PATIENCE: Duration = Duration::from_secs(120);

/// A Java class with a `main`, run with the jars of one Kafka version.
#[derive(Debug, Clone)]
pub struct JavaTool {
    version: KafkaVersion,
    class: String,
    args: Vec<String>,
    jvm: Jvm,
    stdin: Option<PathBuf>,
    patience: Duration,
}

impl JavaTool {
    /// The class `class` of Kafka `version`.
    pub fn new(version: KafkaVersion, class: impl Into<String>) -> Self {
        Self {
            version,
            class: class.into(),
            args: Vec::new(),
            jvm: Jvm::quick(),
            stdin: None,
            patience: PATIENCE,
        }
    }

    /// One more argument.
    #[must_use]
    pub fn arg(mut self, arg: impl Into<String>) -> Self {
        self.args.push(arg.into());
        self
    }

    /// More arguments.
    #[must_use]
    pub fn args(mut self, args: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.args.extend(args.into_iter().map(Into::into));
        self
    }

    /// How the Java virtual machine runs. [`Jvm::quick`] if not said.
    #[must_use]
    pub fn jvm(mut self, jvm: Jvm) -> Self {
        self.jvm = jvm;
        self
    }

    /// A file it reads as its standard input. Nothing if not said.
    #[must_use]
    pub fn stdin(mut self, file: impl Into<PathBuf>) -> Self {
        self.stdin = Some(file.into());
        self
    }

    /// How long it may run before it is killed. Two minutes if not said.
    #[must_use]
    pub fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// Runs it to its end. Its log, warnings and worse, goes to standard error.
    ///
    /// # Errors
    /// It cannot be started or does not end in time. A failure of its own is no error here: see
    /// [`ToolOutput::successful`].
    pub fn run(self) -> Result<ToolOutput> {
        let jars = Jars::ensure(self.version)?;
        let settings = tempfile::tempdir().doing(|| format!("making a folder for {}", self.class))?;
        let mut command = self.jvm.command();
        Logging::Tool.set(self.version, settings.path(), &mut command)?;
        command
            .arg("-cp")
            .arg(jars.classpath())
            .arg(&self.class)
            .args(&self.args);
        let open = |path: &PathBuf| File::open(path).doing(|| format!("opening {}", path.display()));
        run(
            &self.class,
            command,
            self.stdin.as_ref().map(open).transpose()?,
            self.patience,
        )
    }
}
