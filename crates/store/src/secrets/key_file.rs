//! The key of an encrypted file, for programs that cannot ask for a passphrase.

use std::fs;
use std::path::Path;

use sluice_model::Secret;

use super::encrypted_file::SECRETS_FILE;
use super::{SecretError, atomic_file};
use crate::Result;

const KEY_FILE: &str = "secrets.key";

/// Whether there is one.
pub(crate) fn exists(dir: &Path) -> bool {
    dir.join(KEY_FILE).exists()
}

/// The key in `dir`.
///
/// # Errors
/// It is missing or empty although the file that it opens is there, or it cannot be read.
pub(crate) fn read(dir: &Path) -> Result<Secret> {
    match look(dir)? {
        Some(key) => Ok(key),
        None if dir.join(SECRETS_FILE).exists() => Err(SecretError::KeyMissing {
            path: dir.join(KEY_FILE),
        }
        .into()),
        None => read_or_make(dir),
    }
}

/// The key in `dir`; made where there is none.
///
/// # Errors
/// It cannot be read or written, or the system gives no random numbers.
pub(crate) fn read_or_make(dir: &Path) -> Result<Secret> {
    if let Some(key) = look(dir)? {
        return Ok(key);
    }
    let path = dir.join(KEY_FILE);
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|error| failed(&path, error.to_string()))?;
    let text: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    atomic_file::replace(&path, text.as_bytes()).map_err(|error| failed(&path, error.to_string()))?;
    Ok(Secret::new(text))
}

fn look(dir: &Path) -> Result<Option<Secret>> {
    let path = dir.join(KEY_FILE);
    match fs::read_to_string(&path) {
        Ok(text) if !text.trim().is_empty() => Ok(Some(Secret::new(text.trim()))),
        Ok(_) => Ok(None),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(failed(&path, error.to_string()).into()),
    }
}

fn failed(path: &Path, reason: String) -> SecretError {
    SecretError::File {
        path: path.to_owned(),
        reason,
    }
}
