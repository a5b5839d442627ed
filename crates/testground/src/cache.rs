//! Where everything lies that outlives a cluster.

use std::{
    env,
    fs::{self, File},
    path::PathBuf,
};

use crate::{Error, Result, error::Doing};

/// `$SLUICE_CACHE`, or `~/.cache/sluice`.
pub(crate) fn cache_dir() -> Result<PathBuf> {
    if let Some(dir) = env::var_os("SLUICE_CACHE").filter(|dir| !dir.is_empty()) {
        return Ok(PathBuf::from(dir));
    }
    let home = env::home_dir().ok_or_else(|| {
        Error::NotOffered("a cache folder without a home folder; set SLUICE_CACHE".to_owned())
    })?;
    Ok(home.join(".cache").join("sluice"))
}

/// Opens the lock file `name` of the test ground, made if it is not there. The caller locks it.
pub(crate) fn lock_file(name: &str) -> Result<File> {
    let dir = cache_dir()?.join("testground");
    fs::create_dir_all(&dir).doing(|| format!("making {}", dir.display()))?;
    let path = dir.join(name);
    File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path)
        .doing(|| format!("opening the lock file {}", path.display()))
}
