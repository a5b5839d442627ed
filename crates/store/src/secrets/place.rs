//! Which place holds the secrets of a data folder. It is decided once and kept in the folder: a place that cannot be
//! reached today is an error, never a reason to begin another one beside it.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::encrypted_file::SECRETS_FILE;
use super::{SecretError, atomic_file, key_file};
use crate::Result;

/// Holds one word.
pub(crate) const PLACE_FILE: &str = "secrets.place";

/// Where the secrets of a folder are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// In the keychain of the system.
    Keychain,
    /// In the file, which a passphrase opens.
    Passphrase,
    /// In the file, which a key beside it opens.
    KeyFile,
}

impl Place {
    const ALL: [Self; 3] = [Self::Keychain, Self::Passphrase, Self::KeyFile];

    fn word(self) -> &'static str {
        match self {
            Self::Keychain => "keychain",
            Self::Passphrase => "passphrase",
            Self::KeyFile => "key_file",
        }
    }

    /// The place that was decided for `dir`, if one was.
    ///
    /// # Errors
    /// The note of it cannot be read, or names a place that this version does not know.
    pub(crate) fn read(dir: &Path) -> Result<Option<Self>> {
        let path = path(dir);
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(failed(path, error.to_string()).into()),
        };
        match Self::ALL.into_iter().find(|place| place.word() == text.trim()) {
            Some(place) => Ok(Some(place)),
            None => Err(failed(
                path,
                format!("it names no place that this version knows: {:?}", text.trim()),
            )
            .into()),
        }
    }

    /// The place of a folder of a version that kept no note: what is in the folder says it, and secrets that are in no
    /// file of the folder (`has_secrets`) are in the keychain.
    pub(crate) fn of_older_version(dir: &Path, has_secrets: bool) -> Option<Self> {
        if key_file::exists(dir) {
            Some(Self::KeyFile)
        } else if dir.join(SECRETS_FILE).exists() {
            Some(Self::Passphrase)
        } else {
            has_secrets.then_some(Self::Keychain)
        }
    }

    /// Keeps the decision.
    ///
    /// # Errors
    /// The folder cannot be written.
    pub(crate) fn keep(self, dir: &Path) -> Result<()> {
        if Self::read(dir)? == Some(self) {
            return Ok(());
        }
        self.replace(dir)
    }

    /// Keeps another decision.
    ///
    /// # Errors
    /// The folder cannot be written.
    pub(crate) fn replace(self, dir: &Path) -> Result<()> {
        let path = path(dir);
        Ok(
            atomic_file::replace(&path, format!("{}\n", self.word()).as_bytes())
                .map_err(|error| failed(path, error.to_string()))?,
        )
    }
}

fn path(dir: &Path) -> PathBuf {
    dir.join(PLACE_FILE)
}

fn failed(path: PathBuf, reason: String) -> SecretError {
    SecretError::File { path, reason }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_decision_is_kept_and_a_word_of_a_newer_version_is_named() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(Place::read(dir.path()).unwrap(), None);
        for place in Place::ALL {
            place.keep(dir.path()).unwrap();
            assert_eq!(Place::read(dir.path()).unwrap(), Some(place));
        }
        fs::write(path(dir.path()), "vault\n").unwrap();
        let error = Place::read(dir.path()).unwrap_err().to_string();
        assert!(error.contains("vault") && error.contains(PLACE_FILE), "{error}");
    }

    #[test]
    fn a_folder_of_an_older_version_shows_its_place_by_what_is_in_it() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(Place::of_older_version(dir.path(), false), None);
        assert_eq!(Place::of_older_version(dir.path(), true), Some(Place::Keychain));
        fs::write(dir.path().join(SECRETS_FILE), "x").unwrap();
        assert_eq!(Place::of_older_version(dir.path(), true), Some(Place::Passphrase));
        key_file::read_or_make(dir.path()).unwrap();
        assert_eq!(Place::of_older_version(dir.path(), true), Some(Place::KeyFile));
    }
}
