use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};

use anyhow::{Context, Result, bail};

/// The terminal companion, built beside the tests; or the program that the environment names, as one of another system
/// (`make test-windows`).
///
/// # Errors
/// It was not built: `cargo build --release -p sluice-cli`.
pub fn companion() -> Result<PathBuf> {
    if let Some(named) = std::env::var_os("SLUICE_COMPANION") {
        return Ok(named.into());
    }
    let test = std::env::current_exe()?;
    // A test stands in a folder below, a program of the tests beside it.
    let own = test.parent().context("the test's folder")?;
    let folder = match own.ends_with("deps") {
        true => own.parent().context("the test's folder")?,
        false => own,
    };
    let binary = folder.join(format!("sluice{}", std::env::consts::EXE_SUFFIX));
    if !binary.exists() {
        bail!(
            "{} is missing: cargo build --release -p sluice-cli",
            binary.display()
        );
    }
    Ok(binary)
}

/// Runs `sluice` with `args` to its end.
///
/// # Errors
/// It could not be started.
pub fn sluice(args: &[&str]) -> Result<Output> {
    Ok(Command::new(companion()?)
        .args(args)
        .stdin(Stdio::null())
        .output()?)
}

/// Starts `sluice` with `args` and lets it run.
///
/// # Errors
/// It could not be started.
pub fn spawn_sluice(args: &[&str]) -> Result<Child> {
    Ok(Command::new(companion()?)
        .args(args)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?)
}
