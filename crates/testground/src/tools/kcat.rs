use std::{process::Command, time::Duration};

use super::{ToolOutput, run::run};
use crate::{Error, Result};

const PATIENCE: Duration = Duration::from_secs(60);

/// Runs `kcat`, if the machine has it.
///
/// Debian 12's is built on librdkafka 2.0.2, whose SCRAM the brokers from 3.7.2 on refuse ("invalid
/// credentials"); use PLAIN or the plain listener with it.
///
/// # Errors
/// It is not there or does not end within a minute. A failure of its own is no error here: see
/// [`ToolOutput::successful`].
pub fn kcat<S: Into<String>>(args: impl IntoIterator<Item = S>) -> Result<ToolOutput> {
    let mut command = Command::new("kcat");
    command.args(args.into_iter().map(Into::into));
    run("kcat", command, None, PATIENCE).map_err(|error| match error {
        Error::Io { source, .. } if source.kind() == std::io::ErrorKind::NotFound => Error::ProgramMissing {
            program: "kcat",
            hint: "install it (Debian: kcat; macOS: brew install kcat)",
        },
        other => other,
    })
}
