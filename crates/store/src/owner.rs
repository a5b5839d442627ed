use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::secrets::atomic_file;
use crate::{Result, StateError, file_lock, state_dir};

/// What the owner holds locked.
const LOCK_FILE: &str = "owner.lock";
/// What the owner says of itself. In a file of its own: on Windows no other process can read a locked one.
const INFO_FILE: &str = "owner.json";
/// How often what the owner says is looked for, and how long apart: it says who it is a moment after it has the lock.
const ATTEMPTS: u32 = 10;
const PAUSE: Duration = Duration::from_millis(30);

/// Who owns a state directory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnerInfo {
    /// Its process.
    pub pid: u32,
    /// What it calls itself, as "Sluice" or "sluice serve".
    pub program: String,
    /// Since when, in ms since 1970.
    pub since_ms: i64,
    /// Where it takes commands of other processes, once it does.
    pub endpoint: Option<String>,
}

/// The right to work in a state directory, held by one process at a time. The system takes it back when the process
/// ends, however it ends.
#[derive(Debug)]
pub struct Owner {
    // Closing it releases the lock, after `drop` has removed the other file. The file stays: removing it would let two
    // processes lock two files of one name.
    _lock: File,
    info_file: PathBuf,
    info: Mutex<OwnerInfo>,
}

impl Owner {
    /// Takes the state directory `dir` for this process, which calls itself `program`.
    ///
    /// # Errors
    /// Another process owns it, or it cannot be written.
    pub fn take(dir: &Path, program: &str) -> Result<Self> {
        state_dir::create(dir)?;
        let failed = |error: io::Error| StateError::directory(dir, &error);
        let lock = state_dir::open_file(&dir.join(LOCK_FILE)).map_err(failed)?;
        if let Err(named) = file_lock::lock(&lock, || read_info(dir).ok()).map_err(failed)? {
            let other = named.map_or_else(|| read_info(dir), Ok)?;
            return Err(StateError::Owned {
                dir: dir.to_owned(),
                pid: other.pid,
                program: other.program,
                since_ms: other.since_ms,
            });
        }
        let info_file = dir.join(INFO_FILE);
        // Before anything else: what an owner that was killed has said is not true of this one.
        remove(&info_file).map_err(failed)?;
        let info = OwnerInfo {
            pid: std::process::id(),
            program: program.to_owned(),
            since_ms: Timestamp::now().as_millisecond(),
            endpoint: None,
        };
        write(&info_file, &info)?;
        Ok(Self {
            _lock: lock,
            info_file,
            info: Mutex::new(info),
        })
    }

    /// Who owns the state directory `dir` now, if some process does. What a killed one left behind does not count.
    ///
    /// # Errors
    /// The directory cannot be read, or the owner does not say who it is.
    pub fn read(dir: &Path) -> Result<Option<OwnerInfo>> {
        if is_owned(dir)? {
            match read_info(dir) {
                // It may have let go in between.
                Err(error) => is_owned(dir)?.then_some(Err(error)).transpose(),
                Ok(info) => Ok(Some(info)),
            }
        } else {
            Ok(None)
        }
    }

    /// Tells other processes where this one takes commands.
    ///
    /// # Errors
    /// The directory cannot be written.
    pub fn publish_endpoint(&self, endpoint: &str) -> Result<()> {
        let mut info = self.info.lock().unwrap_or_else(PoisonError::into_inner);
        info.endpoint = Some(endpoint.to_owned());
        write(&self.info_file, &info)
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        if let Err(error) = remove(&self.info_file) {
            tracing::debug!(%error, "the file that names the owner stays; without the lock it counts for nothing");
        }
    }
}

fn is_owned(dir: &Path) -> Result<bool> {
    let failed = |error: io::Error| StateError::directory(dir, &error);
    let lock = match File::open(dir.join(LOCK_FILE)) {
        Ok(lock) => lock,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(failed(error)),
    };
    match lock.try_lock_shared() {
        Ok(()) => Ok(false),
        Err(TryLockError::WouldBlock) => Ok(true),
        Err(TryLockError::Error(error)) => Err(failed(error)),
    }
}

/// What the owner says of itself.
fn read_info(dir: &Path) -> Result<OwnerInfo> {
    let mut attempts = ATTEMPTS;
    loop {
        let info = fs::read(dir.join(INFO_FILE))
            .map_err(|error| error.to_string())
            .and_then(|text| serde_json::from_slice(&text).map_err(|error| error.to_string()));
        match info {
            Ok(info) => return Ok(info),
            Err(_) if attempts > 0 => {
                attempts -= 1;
                std::thread::sleep(PAUSE);
            }
            Err(reason) => {
                tracing::debug!(%reason, "the owner does not say who it is");
                return Err(StateError::OwnerUnknown {
                    dir: dir.to_owned(),
                    lock: dir.join(LOCK_FILE),
                });
            }
        }
    }
}

fn write(info_file: &Path, info: &OwnerInfo) -> Result<()> {
    let failed = |error: io::Error| StateError::directory(info_file.parent().unwrap_or(info_file), &error);
    let text = serde_json::to_vec(info).map_err(|error| failed(error.into()))?;
    atomic_file::replace(info_file, &text).map_err(failed)
}

fn remove(file: &Path) -> io::Result<()> {
    match fs::remove_file(file) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader, Write};
    use std::process::{Command, Stdio};
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    /// Tells the test that it is the process to be killed, and where its state is.
    const VICTIM: &str = "SLUICE_STORE_TEST_OWNER";

    #[test]
    fn a_directory_has_one_owner_at_a_time_and_a_refusal_names_it() {
        let dir = tempfile::tempdir().unwrap();
        let state = dir.path().join("state");
        assert_eq!(Owner::read(&state).unwrap(), None);
        let owner = Owner::take(&state, "sluice serve").unwrap();
        let info = Owner::read(&state).unwrap().unwrap();
        assert_eq!(
            (info.pid, info.program.as_str(), &info.endpoint),
            (std::process::id(), "sluice serve", &None)
        );
        let age = Timestamp::now().as_millisecond() - info.since_ms;
        assert!((0..60_000).contains(&age), "{age} ms");
        let error = Owner::take(&state, "Sluice").unwrap_err();
        assert!(
            matches!(&error, StateError::Owned { pid, program, since_ms, .. }
                if (*pid, program.as_str(), *since_ms) == (info.pid, "sluice serve", info.since_ms)),
            "{error:?}"
        );
        drop(owner);
        assert_eq!(Owner::read(&state).unwrap(), None);
        assert!(!state.join(INFO_FILE).exists());
        Owner::take(&state, "Sluice").unwrap();
    }

    #[test]
    fn a_refusal_says_who_since_when_and_what_to_do() {
        let error = StateError::Owned {
            dir: "/s".into(),
            pid: 42,
            program: "sluice serve".into(),
            since_ms: 1_700_000_000_000,
        };
        assert_eq!(
            error.to_string(),
            "the state directory '/s' is in use by sluice serve (process 42, since 2023-11-14 22:13:20 UTC). \
             Work in that one, or stop it and start again"
        );
    }

    #[test]
    fn an_endpoint_is_seen_from_the_moment_it_is_published() {
        let dir = tempfile::tempdir().unwrap();
        let owner = Owner::take(dir.path(), "Sluice").unwrap();
        let before = Owner::read(dir.path()).unwrap().unwrap();
        for endpoint in ["/run/one.sock", "/run/two.sock"] {
            owner.publish_endpoint(endpoint).unwrap();
            let expected = OwnerInfo {
                endpoint: Some(endpoint.into()),
                ..before.clone()
            };
            assert_eq!(Owner::read(dir.path()).unwrap(), Some(expected));
        }
    }

    #[test]
    fn an_owner_that_cannot_be_read_is_still_an_owner() {
        let dir = tempfile::tempdir().unwrap();
        let _owner = Owner::take(dir.path(), "Sluice").unwrap();
        fs::write(dir.path().join(INFO_FILE), "{").unwrap();
        for error in [
            Owner::take(dir.path(), "another").unwrap_err(),
            Owner::read(dir.path()).unwrap_err(),
        ] {
            let text = error.to_string();
            assert!(
                text.contains("in use by another process") && text.contains(LOCK_FILE),
                "{text}"
            );
        }
    }

    #[test]
    fn a_process_that_only_asks_for_the_owner_keeps_no_other_out() {
        let dir = tempfile::tempdir().unwrap();
        drop(Owner::take(dir.path(), "Sluice").unwrap());
        let asked = AtomicU32::new(0);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                // Longer than `Owner::read` does, so that it is met: a quarter of the time the lock is held.
                while asked.load(Ordering::Relaxed) < 30 {
                    let asking = File::open(dir.path().join(LOCK_FILE)).unwrap();
                    if asking.try_lock_shared().is_ok() {
                        asked.fetch_add(1, Ordering::Relaxed);
                        std::thread::sleep(Duration::from_millis(1));
                    }
                    drop(asking);
                    std::thread::sleep(Duration::from_millis(3));
                }
            });
            while asked.load(Ordering::Relaxed) < 30 {
                Owner::take(dir.path(), "Sluice").unwrap();
            }
        });
    }

    /// Owns `dir` and says so, until it is killed.
    fn own_for_ever(dir: &Path) -> ! {
        let owner = Owner::take(dir, "victim").unwrap();
        owner.publish_endpoint("/run/victim.sock").unwrap();
        println!("owned");
        io::stdout().flush().unwrap();
        loop {
            std::thread::park();
        }
    }

    #[test]
    fn a_directory_is_free_once_its_owner_was_killed_whatever_it_left_behind() {
        if let Ok(dir) = std::env::var(VICTIM) {
            own_for_ever(Path::new(&dir));
        }
        let dir = tempfile::tempdir().unwrap();
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args([
                "--exact",
                "owner::tests::a_directory_is_free_once_its_owner_was_killed_whatever_it_left_behind",
                "--nocapture",
            ])
            .env(VICTIM, dir.path())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let said = BufReader::new(child.stdout.take().unwrap())
            .lines()
            .any(|line| line.unwrap().ends_with("owned"));
        assert!(said, "it owns the directory");
        let info = Owner::read(dir.path()).unwrap().unwrap();
        assert_eq!(
            (info.pid, info.program.as_str(), info.endpoint.as_deref()),
            (child.id(), "victim", Some("/run/victim.sock"))
        );
        assert!(matches!(
            Owner::take(dir.path(), "heir"),
            Err(StateError::Owned { pid, .. }) if pid == child.id()
        ));
        child.kill().unwrap();
        child.wait().unwrap();

        assert!(dir.path().join(INFO_FILE).exists(), "it had no time to tidy up");
        assert_eq!(Owner::read(dir.path()).unwrap(), None);
        let _heir = Owner::take(dir.path(), "heir").unwrap();
        let info = Owner::read(dir.path()).unwrap().unwrap();
        assert_eq!(
            (info.pid, info.program.as_str(), info.endpoint),
            (std::process::id(), "heir", None)
        );
    }
}
