//! Results on stdout.

use std::io::{self, Write};

use anyhow::Context;

/// Writes a result. The reading program may have ended already, as `head` does; that is no failure.
///
/// # Errors
/// Stdout cannot be written, because a disk is full, for example.
pub fn write(text: &str) -> anyhow::Result<()> {
    let mut stdout = io::stdout().lock();
    let written = stdout
        .write_all(text.as_bytes())
        .and_then(|()| {
            if text.ends_with('\n') {
                Ok(())
            } else {
                stdout.write_all(b"\n")
            }
        })
        .and_then(|()| stdout.flush());
    match written {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other.context("the result cannot be written to stdout"),
    }
}
