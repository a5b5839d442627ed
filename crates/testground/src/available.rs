use std::{
    env,
    process::{Command, Stdio},
};

use crate::{Error, KafkaVersion, Result, jars};

const JAVA_HINT: &str = "install a Java runtime, 17 or later (Debian: openjdk-17-jre-headless)";
const COMPILER_HINT: &str = "install a JDK, 17 or later (Debian: openjdk-17-jdk-headless)";
const MAVEN_HINT: &str = "install Maven (Debian: maven)";

/// Whether real brokers can run on this machine, and if not, why not, in a sentence for a person.
///
/// # Errors
/// The sentence.
pub fn available() -> Result<(), String> {
    require_java().map_err(|error| format!("real brokers cannot run here: {error}"))?;
    // Maven is only needed to fetch: a machine with a full cache does without.
    if KafkaVersion::ALL.into_iter().all(jars::are_cached) {
        return Ok(());
    }
    require_maven().map_err(|error| format!("the jars of the brokers cannot be fetched here: {error}"))
}

/// For the first line of a test: the reason to skip it, or `None` to run it.
///
/// Prints `SKIPPED: reason` so that a skipped test is seen in the log.
///
/// # Panics
/// Where the environment variable `CI` is set: there, a test that does not run is a failure.
pub fn skip_reason() -> Option<String> {
    let reason = available().err()?;
    assert!(env::var_os("CI").is_none(), "{reason}");
    eprintln!("SKIPPED: {reason}");
    Some(reason)
}

pub(crate) fn require_java() -> Result<()> {
    require("java", "-version", JAVA_HINT)
}

pub(crate) fn require_compiler() -> Result<()> {
    require("javac", "-version", COMPILER_HINT)
}

pub(crate) fn require_maven() -> Result<()> {
    require("mvn", "--version", MAVEN_HINT)
}

fn require(program: &'static str, version_flag: &str, hint: &'static str) -> Result<()> {
    let answers = Command::new(program)
        .arg(version_flag)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    if answers {
        Ok(())
    } else {
        Err(Error::ProgramMissing { program, hint })
    }
}
