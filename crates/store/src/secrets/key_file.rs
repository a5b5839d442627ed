//! The key of an encrypted file, for programs that nobody sits before.

use std::fs;
use std::path::Path;

use sluice_model::Secret;

use super::{SecretError, atomic_file};
use crate::Result;

const KEY_FILE: &str = "secrets.key";

/// Whether there is one.
pub(crate) fn exists(dir: &Path) -> bool {
    dir.join(KEY_FILE).exists()
}

/// The key in `dir`; made where there is none.
pub(crate) fn read_or_make(dir: &Path) -> Result<Secret> {
    let path = dir.join(KEY_FILE);
    let failed = |error: std::io::Error| SecretError::File {
        path: path.clone(),
        reason: error.to_string(),
    };
    match fs::read_to_string(&path) {
        Ok(text) if !text.trim().is_empty() => return Ok(Secret::new(text.trim())),
        Ok(_) => {}
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        Err(error) => return Err(failed(error).into()),
    }
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|error| failed(std::io::Error::other(error.to_string())))?;
    let text: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    atomic_file::replace(&path, text.as_bytes()).map_err(failed)?;
    Ok(Secret::new(text))
}
