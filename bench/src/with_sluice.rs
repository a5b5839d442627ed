//! A copy by Sluice, as its user makes it: one command, from the start of the process to its end. Making the target
//! topic is part of it.

use std::{
    env,
    fs::File,
    io::{Read, Seek},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use tempfile::TempDir;

use crate::{
    grounds::Grounds, measurement::Measurement, network::Way, observed::Observed, tool::Tool,
    workload::Workload,
};

const PATIENCE_TO_VERIFY: Duration = Duration::from_secs(600);

/// A copy that was made, with the state that Sluice keeps of it.
pub struct SluiceCopy {
    /// What it took.
    pub measurement: Measurement,
    state: TempDir,
    program: PathBuf,
}

/// The `sluice` that was built beside this program.
///
/// # Errors
/// It was not built.
pub fn binary() -> Result<PathBuf> {
    let own = env::current_exe().context("looking for the folder of this program")?;
    let binary = own.with_file_name(format!("sluice{}", env::consts::EXE_SUFFIX));
    if !binary.exists() {
        bail!("sluice was not built beside this program: cargo build --release -p sluice-cli");
    }
    Ok(binary)
}

/// Copies the workload with `tool`, which is Sluice in one of its modes.
///
/// # Errors
/// It fails or does not copy everything.
pub fn copy(
    grounds: &Grounds,
    workload: &Workload,
    tool: Tool,
    program: &Path,
    limit: Duration,
) -> Result<SluiceCopy> {
    let state = tempfile::tempdir()?;
    let way = Way::over(workload.network, grounds)?;
    let mut command = command(program, "copy", &way, workload, &state);
    let delivery = if tool.is_exactly_once() {
        "exactly-once"
    } else {
        "at-least-once"
    };
    command
        .args(["--delivery", delivery])
        .args(["--existing", "rewrite"])
        .args(["--until-caught-up", "--json"]);
    if let Some(lane) = tool.lane() {
        command.args(["--lane", lane]);
    }

    let (mut output, mut log) = (tempfile::tempfile()?, tempfile::tempfile()?);
    command.stdout(output.try_clone()?).stderr(log.try_clone()?);
    let since = Instant::now();
    let mut process = [Observed::spawn("sluice", command)?];
    let whole = Observed::wait_for_all(&mut process, since, limit)?;
    let wall = since.elapsed();
    let [process] = process;

    let records = if whole {
        if process.status().is_none_or(|status| !status.success()) {
            bail!("sluice copy failed: {}", tail(&mut log)?);
        }
        let records = written(&text(&mut output)?)?;
        if records != workload.records {
            bail!("sluice copied {records} records instead of {}", workload.records);
        }
        records
    } else {
        grounds.copied(workload)?
    };
    Ok(SluiceCopy {
        measurement: Measurement {
            records,
            wall,
            cpu: process.cpu(),
            peak_memory: process.peak_memory(),
            whole,
        },
        state,
        program: program.to_owned(),
    })
}

impl SluiceCopy {
    /// Compares both sides with `sluice verify`, outside of what is measured. Returns whether they are equal.
    ///
    /// # Errors
    /// It cannot be started or does not end.
    pub fn verify(&self, grounds: &Grounds, workload: &Workload) -> Result<bool> {
        let way = Way::over(workload.network, grounds)?;
        let mut command = command(&self.program, "verify", &way, workload, &self.state);
        let mut log = tempfile::tempfile()?;
        command.stdout(log.try_clone()?).stderr(log.try_clone()?);
        let mut process = [Observed::spawn("sluice verify", command)?];
        if !Observed::wait_for_all(&mut process, Instant::now(), PATIENCE_TO_VERIFY)? {
            bail!("sluice verify took more than {} s", PATIENCE_TO_VERIFY.as_secs());
        }
        let [process] = process;
        let equal = process.status().is_some_and(|status| status.success());
        if !equal {
            eprintln!("{}", tail(&mut log)?);
        }
        Ok(equal)
    }
}

fn command(program: &Path, verb: &str, way: &Way, workload: &Workload, state: &TempDir) -> Command {
    let mut command = Command::new(program);
    command
        .arg(verb)
        .args(way.arguments())
        .args(["--topic", &workload.name()])
        .arg("--state")
        .arg(state.path())
        .arg("--quiet")
        // The user's own settings are none of the benchmark's.
        .env_remove("SLUICE_STATE")
        .env_remove("SLUICE_LOG")
        .stdin(Stdio::null());
    command
}

/// `totals.written_records` of the report.
fn written(report: &str) -> Result<u64> {
    let report: serde_json::Value =
        serde_json::from_str(report).context("reading the report of sluice copy")?;
    report["totals"]["written_records"]
        .as_u64()
        .context("the report of sluice copy has no totals.written_records")
}

fn text(file: &mut File) -> Result<String> {
    let mut bytes = Vec::new();
    file.rewind()?;
    file.read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// The end of what a program printed, for an error message.
fn tail(file: &mut File) -> Result<String> {
    let text = text(file)?;
    let lines: Vec<&str> = text.lines().collect();
    Ok(lines[lines.len().saturating_sub(20)..].join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_report_is_read() {
        assert_eq!(written(r#"{"totals":{"written_records":7}}"#).unwrap(), 7);
        assert!(written(r#"{"totals":{}}"#).is_err());
    }
}
