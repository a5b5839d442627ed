use std::{
    env,
    fs::{self, File},
    path::{Path, PathBuf},
};

use tempfile::TempDir;

use crate::{Result, cache, error::Doing};

const IN_USE: &str = "in-use.lock";
const PREFIX: &str = "cluster-";

/// The folder of one cluster: data, logs, certificates. Deleted when dropped.
///
/// A process that is killed cannot delete; so each new folder first clears away those whose lock no process holds.
#[derive(Debug)]
pub(crate) struct Workspace {
    // Before the folder, since Windows deletes no open file.
    _in_use: File,
    dir: TempDir,
}

impl Workspace {
    /// A new folder under `parent`, or under the system's folder for temporary files.
    pub(crate) fn new(parent: Option<&Path>) -> Result<Self> {
        let parent = parent.map_or_else(|| env::temp_dir().join("sluice-testground"), Path::to_owned);
        fs::create_dir_all(&parent).doing(|| format!("making {}", parent.display()))?;
        // A folder that another process has made but not yet locked must not look abandoned.
        let making = cache::lock_file("workspaces.lock")?;
        making
            .lock()
            .doing(|| "waiting to make the folder of a cluster".to_owned())?;
        clear_abandoned(&parent);
        let dir = tempfile::Builder::new()
            .prefix(PREFIX)
            .tempdir_in(&parent)
            .doing(|| format!("making a folder in {}", parent.display()))?;
        let in_use = dir.path().join(IN_USE);
        let in_use = File::create(&in_use).doing(|| format!("making {}", in_use.display()))?;
        in_use
            .lock()
            .doing(|| "locking the folder of a cluster".to_owned())?;
        Ok(Self { _in_use: in_use, dir })
    }

    pub(crate) fn path(&self) -> &Path {
        self.dir.path()
    }

    pub(crate) fn subdir(&self, name: &str) -> Result<PathBuf> {
        let dir = self.dir.path().join(name);
        fs::create_dir_all(&dir).doing(|| format!("making {}", dir.display()))?;
        Ok(dir)
    }
}

/// Best effort: what cannot be deleted now will be next time.
fn clear_abandoned(parent: &Path) {
    let Ok(entries) = fs::read_dir(parent) else { return };
    for dir in entries.flatten().map(|entry| entry.path()) {
        let ours = dir
            .file_name()
            .is_some_and(|name| name.to_string_lossy().starts_with(PREFIX));
        let abandoned = ours && File::open(dir.join(IN_USE)).is_ok_and(|lock| lock.try_lock().is_ok());
        if abandoned && let Err(error) = fs::remove_dir_all(&dir) {
            tracing::debug!(dir = %dir.display(), %error, "an abandoned folder stays");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_abandoned_folder_is_cleared_and_one_in_use_is_not() {
        let parent = tempfile::tempdir().unwrap();
        let in_use = Workspace::new(Some(parent.path())).unwrap();
        let abandoned = parent.path().join(format!("{PREFIX}gone"));
        let foreign = parent.path().join("foreign");
        for dir in [&abandoned, &foreign] {
            fs::create_dir(dir).unwrap();
            File::create(dir.join(IN_USE)).unwrap();
        }
        let next = Workspace::new(Some(parent.path())).unwrap();
        assert!(!abandoned.exists());
        assert!(foreign.exists() && in_use.path().exists() && next.path().exists());
    }
}
