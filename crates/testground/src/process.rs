use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    thread,
    time::{Duration, Instant},
};

use crate::{Result, error::Doing, spawner};

const LOOK_AGAIN: Duration = Duration::from_millis(20);
const TAIL_LINES: usize = 40;

/// How a process that was asked to stop did end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// By itself, after the polite signal.
    ByItself,
    /// Killed, since it had not ended within the time allowed.
    Killed,
    /// It was not running.
    Before,
}

/// A child process with its output in a log file. Dropping it kills it.
#[derive(Debug)]
pub(crate) struct Process {
    name: String,
    child: Child,
    log: PathBuf,
    paused: bool,
}

impl Process {
    /// Starts `command`; what it prints is appended to `log`.
    pub(crate) fn spawn(name: &str, mut command: Command, log: &Path) -> Result<Self> {
        let out = File::options()
            .create(true)
            .append(true)
            .open(log)
            .doing(|| format!("opening {}", log.display()))?;
        let err = out
            .try_clone()
            .doing(|| format!("opening {} twice", log.display()))?;
        command.stdin(Stdio::null()).stdout(out).stderr(err);
        let child = spawner::spawn(command).doing(|| format!("starting {name}"))?;
        Ok(Self {
            name: name.to_owned(),
            child,
            log: log.to_owned(),
            paused: false,
        })
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn log(&self) -> &Path {
        &self.log
    }

    pub(crate) fn has_ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
    }

    /// Asks politely, waits, and kills when `patience` is over.
    pub(crate) fn stop(&mut self, patience: Duration) -> Result<Ended> {
        self.ask_to_stop()?;
        self.wait_or_kill(patience)
    }

    /// Sends the polite signal and returns at once.
    pub(crate) fn ask_to_stop(&mut self) -> Result<()> {
        // A stopped process would keep the signal for later.
        if self.paused {
            self.resume()?;
        }
        if self.has_ended().is_none() {
            signal::terminate(&mut self.child, &self.name)
        } else {
            Ok(())
        }
    }

    pub(crate) fn wait_or_kill(&mut self, patience: Duration) -> Result<Ended> {
        let deadline = Instant::now() + patience;
        while self.has_ended().is_none() {
            if Instant::now() >= deadline {
                self.kill()?;
                return Ok(Ended::Killed);
            }
            thread::sleep(LOOK_AGAIN);
        }
        Ok(Ended::ByItself)
    }

    /// Kills and waits until the process is gone.
    pub(crate) fn kill(&mut self) -> Result<()> {
        self.child.kill().doing(|| format!("killing {}", self.name))?;
        self.child
            .wait()
            .doing(|| format!("waiting for the end of {}", self.name))?;
        Ok(())
    }

    pub(crate) fn pause(&mut self) -> Result<()> {
        signal::pause(&mut self.child, &self.name)?;
        self.paused = true;
        Ok(())
    }

    pub(crate) fn resume(&mut self) -> Result<()> {
        signal::resume(&mut self.child, &self.name)?;
        self.paused = false;
        Ok(())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if self.has_ended().is_none()
            && let Err(error) = self.kill()
        {
            tracing::warn!(%error, "a process of the test ground may be left over");
        }
    }
}

/// The last lines of a log file, for an error message.
pub(crate) fn tail(log: &Path) -> String {
    let text = fs::read(log).map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    let text = text.unwrap_or_else(|error| format!("(no log: {error})"));
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(TAIL_LINES)..].join("\n")
}

/// Waits for the next look at something that is coming up.
pub(crate) fn a_moment() {
    thread::sleep(LOOK_AGAIN);
}

#[cfg(unix)]
mod signal {
    use std::{io, process::Child};

    use crate::{Error, Result, error::Doing};

    pub(super) fn terminate(child: &mut Child, name: &str) -> Result<()> {
        send(child, name, libc::SIGTERM)
    }

    /// Returns when it stands still: until then its threads may go on for a while.
    pub(super) fn pause(child: &mut Child, name: &str) -> Result<()> {
        send(child, name, libc::SIGSTOP)?;
        // SAFETY: all zeros is a valid value of this plain structure of integers.
        #[expect(unsafe_code, reason = "the standard library waits for ends alone")]
        let mut change: libc::siginfo_t = unsafe { std::mem::zeroed() };
        let what = libc::WSTOPPED | libc::WEXITED | libc::WNOWAIT;
        // SAFETY: `change` outlives the call; WNOWAIT leaves an end to be collected by the standard library.
        #[expect(unsafe_code, reason = "the standard library waits for ends alone")]
        let failed = unsafe { libc::waitid(libc::P_PID, child.id(), &raw mut change, what) } != 0;
        if failed {
            return Err(io::Error::last_os_error()).doing(|| format!("waiting for {name} to stand still"));
        }
        Ok(())
    }

    pub(super) fn resume(child: &mut Child, name: &str) -> Result<()> {
        send(child, name, libc::SIGCONT)
    }

    /// The exclusive borrow and the look at `try_wait` make sure that the pid still is the child's: a pid is
    /// given to no other process before its owner has been waited for.
    fn send(child: &mut Child, name: &str, signal: libc::c_int) -> Result<()> {
        let not_running = || Error::NotRunning(name.to_owned());
        if child.try_wait().is_ok_and(|ended| ended.is_some()) {
            return Err(not_running());
        }
        let pid = libc::pid_t::try_from(child.id()).map_err(|_| not_running())?;
        // SAFETY: kill takes two integers; the pid is that of a child not yet waited for.
        #[expect(unsafe_code, reason = "the standard library only sends SIGKILL")]
        let refused = unsafe { libc::kill(pid, signal) } != 0;
        if refused {
            Err(io::Error::last_os_error()).doing(|| format!("signalling {name}"))
        } else {
            Ok(())
        }
    }
}

#[cfg(not(unix))]
mod signal {
    use std::process::Child;

    use crate::{Error, Result};

    pub(super) fn terminate(_child: &mut Child, name: &str) -> Result<()> {
        Err(no_signals("a polite stop", name))
    }

    pub(super) fn pause(_child: &mut Child, name: &str) -> Result<()> {
        Err(no_signals("a pause", name))
    }

    pub(super) fn resume(_child: &mut Child, name: &str) -> Result<()> {
        Err(no_signals("a pause", name))
    }

    fn no_signals(what: &str, name: &str) -> Error {
        Error::NotOffered(format!("{what} of {name}: this operating system has no signals"))
    }
}
