use std::{
    process::{Child, ChildStdout, Command, ExitStatus},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result};

use crate::{die_with_parent::die_with_parent, interrupt, process_figures, reap::try_reap};

const LOOK_AGAIN: Duration = Duration::from_millis(10);

/// A child process whose CPU time and memory are watched. Dropping it kills it.
#[derive(Debug)]
pub struct Observed {
    name: &'static str,
    child: Child,
    peak_memory: Option<u64>,
    ended: Option<(ExitStatus, Option<Duration>)>,
}

impl Observed {
    /// Starts it. The calling thread must outlive it.
    ///
    /// # Errors
    /// It cannot be started.
    pub fn spawn(name: &'static str, mut command: Command) -> Result<Self> {
        die_with_parent(&mut command);
        let child = command.spawn().with_context(|| format!("starting {name}"))?;
        Ok(Self {
            name,
            child,
            peak_memory: None,
            ended: None,
        })
    }

    /// The reading end of its standard output, if that is a pipe.
    pub fn take_stdout(&mut self) -> Option<ChildStdout> {
        self.child.stdout.take()
    }

    /// Waits for all to end, and kills those that have not when the limit is over. Returns whether all ended by
    /// themselves.
    ///
    /// # Errors
    /// The operating system refuses, or Ctrl-C was pressed.
    pub fn wait_for_all(all: &mut [Self], since: Instant, limit: Duration) -> Result<bool> {
        while !Self::have_all_ended(all)? {
            interrupt::check()?;
            if since.elapsed() >= limit {
                for one in all.iter_mut() {
                    one.kill()?;
                }
                return Ok(false);
            }
            thread::sleep(LOOK_AGAIN);
        }
        Ok(true)
    }

    fn have_all_ended(all: &mut [Self]) -> Result<bool> {
        let mut ended = true;
        for one in all {
            ended &= one.look()?;
        }
        Ok(ended)
    }

    /// Whether it has ended. Each look takes note of its memory, since nobody can after the end: the peak that the
    /// operating system reports then includes that of the process it was forked from.
    fn look(&mut self) -> Result<bool> {
        if self.ended.is_some() {
            return Ok(true);
        }
        let peak = process_figures::peak_memory(self.child.id());
        self.peak_memory = self.peak_memory.max(peak);
        let reaped = try_reap(&mut self.child).with_context(|| format!("waiting for {}", self.name))?;
        self.ended = reaped.map(|reaped| (reaped.status, reaped.cpu));
        Ok(self.ended.is_some())
    }

    fn kill(&mut self) -> Result<()> {
        while !self.look()? {
            self.child
                .kill()
                .with_context(|| format!("killing {}", self.name))?;
            thread::sleep(LOOK_AGAIN);
        }
        Ok(())
    }

    /// How it ended; `None` while it runs.
    pub fn status(&self) -> Option<ExitStatus> {
        self.ended.map(|(status, _)| status)
    }

    /// User and system time of its whole life.
    pub fn cpu(&self) -> Option<Duration> {
        self.ended.and_then(|(_, cpu)| cpu)
    }

    /// The most memory it had resident, in bytes.
    pub fn peak_memory(&self) -> Option<u64> {
        self.peak_memory
    }
}

impl Drop for Observed {
    fn drop(&mut self) {
        if let Err(error) = self.kill() {
            eprintln!("sluice-bench: {error:#}; it may be left over");
        }
    }
}
