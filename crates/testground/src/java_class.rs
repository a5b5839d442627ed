use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use crate::{Error, Jars, Result, available, error::Doing};

/// A Java class of the tests' own, for the brokers of a cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct JavaClass {
    /// Its name; it is in no package.
    pub(crate) name: String,
    /// The text of its file.
    pub(crate) source: String,
}

impl JavaClass {
    /// Compiles it against the jars, to where a broker with the folder `dir` finds it.
    ///
    /// # Errors
    /// There is no compiler, or it refuses the text.
    pub(crate) fn compile(&self, jars: &Jars, dir: &Path) -> Result<()> {
        available::require_compiler()?;
        let classes = classes_dir(dir);
        fs::create_dir_all(&classes).doing(|| format!("making {}", classes.display()))?;
        let file = dir.join(format!("{}.java", self.name));
        fs::write(&file, &self.source).doing(|| format!("writing {}", file.display()))?;
        let output = Command::new("javac")
            .arg("-cp")
            .arg(jars.classpath())
            .arg("-d")
            .arg(&classes)
            .arg(&file)
            .stdin(Stdio::null())
            .output()
            .doing(|| "running javac".to_owned())?;
        if output.status.success() {
            return Ok(());
        }
        Err(Error::Tool {
            tool: "javac".to_owned(),
            status: output.status.to_string(),
            output: String::from_utf8_lossy(&output.stderr).into_owned(),
        })
    }
}

/// Where a process with the folder `dir` looks for classes beside the jars.
pub(crate) fn classes_dir(dir: &Path) -> PathBuf {
    dir.join("classes")
}
