use std::path::Path;
use std::sync::Arc;

use sluice_model::Secret;

use super::encrypted_file::{EncryptedFile, SECRETS_FILE};
use super::key_file;
use super::keychain::{self, Keychain};
use super::session::Session;
use super::{SecretLevel, SecretStore};
use crate::{Result, state_dir};

/// Where secrets are to be kept.
#[derive(Debug, Clone)]
pub enum SecretPreference {
    /// In the file if it is there and a passphrase is given; else in the keychain if it works within 3 s; else in the
    /// file if a passphrase is given; else in memory.
    Auto {
        /// Of the file.
        passphrase: Option<Secret>,
    },
    /// For a program that nobody sits before: as `Auto`, but instead of in memory in a file whose key stands beside it,
    /// readable by its owner alone. That protects a copy of the one without the other.
    Unattended {
        /// Of the file.
        passphrase: Option<Secret>,
    },
    /// In the keychain or not at all. Its owner has 60 s to unlock it.
    Keychain,
    /// In the file or not at all.
    File {
        /// What the file is encrypted with, or is to be.
        passphrase: Secret,
    },
    /// In memory.
    Session,
}

/// Whether the state directory `dir` has a file of secrets, which needs a passphrase.
pub fn has_secrets_file(dir: &Path) -> bool {
    dir.join(SECRETS_FILE).exists()
}

/// Opens the place for the secrets of the state directory `dir`, which is made where it is missing.
/// [`SecretStore::level`] says which place it is.
///
/// # Errors
/// The directory or the place that was asked for cannot be used. Of [`SecretPreference::Auto`]: a passphrase was given
/// and the file cannot be used with it; without one it always finds a place.
pub fn open_secrets(dir: &Path, preference: SecretPreference) -> Result<Arc<dyn SecretStore>> {
    state_dir::create(dir)?;
    let passphrase = match preference {
        SecretPreference::Keychain => return Ok(Arc::new(Keychain::open(dir, keychain::PATIENCE)?)),
        SecretPreference::File { passphrase } => return Ok(Arc::new(EncryptedFile::open(dir, &passphrase)?)),
        SecretPreference::Session => return Ok(Arc::new(Session::default())),
        SecretPreference::Auto { passphrase } => passphrase,
        SecretPreference::Unattended { passphrase: None } => return unattended(dir),
        SecretPreference::Unattended { passphrase } => passphrase,
    };
    // Whoever has chosen the file before has the secrets there, also once a keychain works.
    if let Some(passphrase) = &passphrase
        && has_secrets_file(dir)
    {
        return Ok(Arc::new(EncryptedFile::open(dir, passphrase)?));
    }
    match (Keychain::open(dir, keychain::TRIAL), passphrase) {
        (Ok(keychain), _) => Ok(Arc::new(keychain)),
        (Err(error), Some(passphrase)) => {
            tracing::info!(%error, place = SecretLevel::File.place(), "secrets are not kept in the keychain");
            Ok(Arc::new(EncryptedFile::open(dir, &passphrase)?))
        }
        (Err(error), None) => {
            tracing::warn!(%error, place = SecretLevel::Session.place(), "secrets are not kept in the keychain");
            Ok(Arc::new(Session::default()))
        }
    }
}

fn unattended(dir: &Path) -> Result<Arc<dyn SecretStore>> {
    // Whoever was given a key once has the secrets in the file.
    if !key_file::exists(dir) {
        match Keychain::open(dir, keychain::TRIAL) {
            Ok(keychain) => return Ok(Arc::new(keychain)),
            Err(error) => {
                tracing::info!(%error, place = SecretLevel::File.place(), "secrets are not kept in the keychain");
            }
        }
    }
    Ok(Arc::new(EncryptedFile::open(dir, &key_file::read_or_make(dir)?)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{SecretError, StateError};

    fn file(passphrase: &str) -> SecretPreference {
        SecretPreference::File {
            passphrase: Secret::new(passphrase),
        }
    }

    #[test]
    fn each_place_keeps_replaces_and_forgets_and_says_where_it_is() {
        let dir = tempfile::tempdir().unwrap();
        for (preference, level) in [
            (SecretPreference::Session, SecretLevel::Session),
            (file("correct horse"), SecretLevel::File),
        ] {
            let secrets = open_secrets(&dir.path().join("made"), preference).unwrap();
            assert_eq!(secrets.level(), level);
            assert_eq!(secrets.get("ds-1").unwrap(), None);
            secrets.put("ds-1", &Secret::new("first")).unwrap();
            secrets.put("ds-1", &Secret::new("hunter2")).unwrap();
            secrets.put("ds-2", &Secret::new("other")).unwrap();
            assert_eq!(secrets.get("ds-1").unwrap(), Some(Secret::new("hunter2")));
            secrets.put("ds-1", &Secret::new("")).unwrap();
            secrets.remove("ds-2").unwrap();
            secrets.remove("ds-2").unwrap();
            assert_eq!(secrets.get("ds-1").unwrap(), None);
            assert_eq!(secrets.get("ds-2").unwrap(), None);
        }
    }

    #[test]
    fn a_secret_kept_for_the_session_leaves_no_file_and_is_gone_with_it() {
        let dir = tempfile::tempdir().unwrap();
        let secrets = open_secrets(dir.path(), SecretPreference::Session).unwrap();
        secrets.put("ds-1", &Secret::new("hunter2")).unwrap();
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
        drop(secrets);
        let secrets = open_secrets(dir.path(), SecretPreference::Session).unwrap();
        assert_eq!(secrets.get("ds-1").unwrap(), None);
    }

    #[test]
    fn only_a_file_has_a_passphrase_to_change() {
        let dir = tempfile::tempdir().unwrap();
        let (old, new) = (Secret::new("correct horse"), Secret::new("battery staple"));
        let session = open_secrets(dir.path(), SecretPreference::Session).unwrap();
        let error = session.change_passphrase(&old, &new).unwrap_err().to_string();
        assert!(error.contains("kept in memory"), "{error}");
        let secrets = open_secrets(dir.path(), file("correct horse")).unwrap();
        secrets.change_passphrase(&old, &new).unwrap();
        assert!(matches!(
            open_secrets(dir.path(), file("correct horse")),
            Err(StateError::Secrets(SecretError::WrongPassphrase { .. }))
        ));
        open_secrets(dir.path(), file("battery staple")).unwrap();
    }

    #[test]
    fn whoever_has_a_file_of_secrets_gets_it_also_where_a_keychain_works() {
        let dir = tempfile::tempdir().unwrap();
        assert!(!has_secrets_file(dir.path()));
        let secrets = open_secrets(dir.path(), file("correct horse")).unwrap();
        secrets.put("ds-1", &Secret::new("hunter2")).unwrap();
        assert!(has_secrets_file(dir.path()));
        let auto = |passphrase: &str| {
            let passphrase = Some(Secret::new(passphrase));
            open_secrets(dir.path(), SecretPreference::Auto { passphrase })
        };
        let found = auto("correct horse").unwrap();
        assert_eq!(found.level(), SecretLevel::File);
        assert_eq!(found.get("ds-1").unwrap(), Some(Secret::new("hunter2")));
        assert!(auto("wrong horse").is_err(), "it does not begin anew elsewhere");
    }

    #[test]
    fn nothing_that_is_printed_shows_a_secret() {
        let dir = tempfile::tempdir().unwrap();
        let auto = SecretPreference::Auto {
            passphrase: Some(Secret::new("correct horse")),
        };
        let secrets = open_secrets(dir.path(), file("correct horse")).unwrap();
        secrets.put("ds-1", &Secret::new("hunter2")).unwrap();
        let error = open_secrets(dir.path(), file("wrong horse")).unwrap_err();
        let found = secrets.get("ds-1").unwrap();
        let printed = format!("{auto:?} {secrets:?} {error:?} {error} {found:?}");
        assert!(
            !printed.contains("horse") && !printed.contains("hunter2"),
            "{printed}"
        );
        assert!(printed.contains("File"), "the level may be seen: {printed}");
    }

    #[test]
    fn without_anybody_to_ask_secrets_survive_the_program_all_the_same() {
        let dir = tempfile::tempdir().unwrap();
        let open = || open_secrets(dir.path(), SecretPreference::Unattended { passphrase: None }).unwrap();
        let first = open();
        if first.level() == SecretLevel::Keychain {
            return;
        }
        first.put("ds-1/password", &Secret::new("hunter2")).unwrap();
        drop(first);
        assert_eq!(open().get("ds-1/password").unwrap(), Some(Secret::new("hunter2")));
        for file in std::fs::read_dir(dir.path()).unwrap() {
            let content = std::fs::read(file.unwrap().path()).unwrap();
            assert!(!content.windows(7).any(|part| part == b"hunter2"));
        }
    }
}
