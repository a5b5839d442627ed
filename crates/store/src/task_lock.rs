use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};

use sluice_model::TaskName;
use xxhash_rust::xxh3::xxh3_64;

use crate::{Result, StateError, file_lock, state_dir};

/// Where the locks are.
const LOCK_DIR: &str = "running";
/// Characters of a task's name that its files show.
const SHOWN: usize = 40;

/// The right to run a task of one state directory, held by one process at a time. The system takes it back when the
/// process ends, however it ends.
#[derive(Debug)]
pub struct TaskLock {
    // Closing it releases the lock. The file stays: removing it would let two processes lock two files of one name.
    _file: File,
    owner_file: PathBuf,
}

impl TaskLock {
    /// Takes the lock of `task` in the state directory `dir`.
    ///
    /// # Errors
    /// Another process runs the task, or the directory cannot be written.
    pub fn acquire(dir: &Path, task: &TaskName) -> Result<Self> {
        let locks = dir.join(LOCK_DIR);
        state_dir::create(&locks)?;
        let base = locks.join(file_stem(task));
        let (lock_file, owner_file) = (
            base.with_added_extension("lock"),
            base.with_added_extension("pid"),
        );
        let failed = |error: std::io::Error| StateError::directory(&locks, &error);
        let file = state_dir::open_file(&lock_file).map_err(failed)?;
        let owner = || fs::read_to_string(&owner_file).ok()?.trim().parse::<u32>().ok();
        if let Err(owner) = file_lock::lock(&file, owner).map_err(failed)? {
            return Err(StateError::TaskRunning {
                task: task.clone(),
                owner: owner.map_or("another process".to_owned(), |pid| format!("process {pid}")),
            });
        }
        // In a file of its own: on Windows no other process can read a locked one.
        fs::write(&owner_file, std::process::id().to_string()).map_err(failed)?;
        Ok(Self {
            _file: file,
            owner_file,
        })
    }

    /// Whether some process runs `task` now.
    pub fn is_running(dir: &Path, task: &TaskName) -> bool {
        let path = dir
            .join(LOCK_DIR)
            .join(file_stem(task))
            .with_added_extension("lock");
        File::open(path).is_ok_and(|file| matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock)))
    }
}

impl Drop for TaskLock {
    fn drop(&mut self) {
        // Only for tidiness: the next owner of the lock writes its own.
        drop(fs::remove_file(&self.owner_file));
    }
}

/// A file name that any file system takes, and that differs for different tasks: a task's name may hold any character,
/// and upper and lower case may be the same to the file system.
fn file_stem(task: &TaskName) -> String {
    let shown: String = task
        .as_str()
        .chars()
        .take(SHOWN)
        .map(|c| {
            if c.is_ascii_alphanumeric() || c == '-' || c == '_' {
                c
            } else {
                '_'
            }
        })
        .collect();
    format!("{shown}-{:016x}", xxh3_64(task.as_str().as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> TaskName {
        TaskName::new(text).unwrap()
    }

    #[test]
    fn a_task_runs_once_at_a_time_and_the_owner_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let task = name("orders to eu");
        assert!(!TaskLock::is_running(dir.path(), &task));
        let held = TaskLock::acquire(dir.path(), &task).unwrap();
        assert!(TaskLock::is_running(dir.path(), &task));
        let error = TaskLock::acquire(dir.path(), &task).unwrap_err().to_string();
        assert!(
            error.contains(&format!("process {}", std::process::id())),
            "{error}"
        );
        assert!(TaskLock::acquire(dir.path(), &name("another")).is_ok());
        drop(held);
        assert!(!TaskLock::is_running(dir.path(), &task));
        TaskLock::acquire(dir.path(), &task).unwrap();
    }

    #[test]
    fn names_that_look_alike_have_different_files() {
        let stems: std::collections::BTreeSet<String> =
            ["a/b", "a_b", "A_B", "a.b", "../a", "中", "文", &"x".repeat(64)]
                .into_iter()
                .map(|text| file_stem(&name(text)).to_lowercase())
                .collect();
        assert_eq!(stems.len(), 8);
        for stem in stems {
            assert!(
                stem.len() < 100 && stem.is_ascii() && !stem.contains(['/', '.']),
                "{stem}"
            );
        }
    }
}
