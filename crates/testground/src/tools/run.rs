use std::{
    fs::File,
    io::{Read, Seek},
    process::{Command, ExitStatus, Stdio},
    thread,
    time::{Duration, Instant},
};

use crate::{Error, Result, error::Doing, spawner};

const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// What a program printed, and how it ended.
#[derive(Debug, Clone)]
pub struct ToolOutput {
    /// The Java class or program.
    pub tool: String,
    /// How it ended.
    pub status: ExitStatus,
    /// Its standard output.
    pub stdout: Vec<u8>,
    /// Its standard error, with its log.
    pub stderr: String,
}

impl ToolOutput {
    /// Standard output as text; other bytes than UTF-8 become U+FFFD.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }

    /// Standard output, line by line.
    pub fn lines(&self) -> Vec<String> {
        self.text().lines().map(str::to_owned).collect()
    }

    /// Itself, if the program ended with success.
    ///
    /// # Errors
    /// It did not; the error carries what it printed.
    pub fn successful(self) -> Result<Self> {
        if self.status.success() {
            return Ok(self);
        }
        let output = format!("{}{}", self.text(), self.stderr);
        Err(Error::Tool {
            tool: self.tool,
            status: self.status.to_string(),
            output,
        })
    }
}

/// Runs `command` to its end, or kills it when `patience` is over.
pub(crate) fn run(
    tool: &str,
    mut command: Command,
    stdin: Option<File>,
    patience: Duration,
) -> Result<ToolOutput> {
    let file = || tempfile::tempfile().doing(|| format!("making a file for the output of {tool}"));
    // Files instead of pipes: they need not be emptied while the program runs.
    let (mut out, mut err) = (file()?, file()?);
    let handle = |file: &File| {
        file.try_clone()
            .doing(|| format!("opening the output of {tool} twice"))
    };
    command
        .stdin(stdin.map_or_else(Stdio::null, Stdio::from))
        .stdout(handle(&out)?)
        .stderr(handle(&err)?);
    let mut child = spawner::spawn(command).doing(|| format!("starting {tool}"))?;
    let since = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().doing(|| format!("waiting for {tool}"))? {
            break status;
        }
        if since.elapsed() >= patience {
            child.kill().doing(|| format!("killing {tool}"))?;
            child.wait().doing(|| format!("waiting for the end of {tool}"))?;
            return Err(Error::ToolTimeout {
                tool: tool.to_owned(),
                waited: patience,
            });
        }
        thread::sleep(LOOK_AGAIN);
    };
    let read = |file: &mut File| {
        let mut bytes = Vec::new();
        file.rewind()
            .and_then(|()| file.read_to_end(&mut bytes))
            .doing(|| format!("reading the output of {tool}"))?;
        Ok::<_, Error>(bytes)
    };
    let stdout = read(&mut out)?;
    let stderr = String::from_utf8_lossy(&read(&mut err)?).into_owned();
    Ok(ToolOutput {
        tool: tool.to_owned(),
        status,
        stdout,
        stderr,
    })
}
