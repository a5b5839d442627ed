use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use sluice_model::Secret;

use super::encrypted_file::{EncryptedFile, SECRETS_FILE};
use super::key_file;
use super::keychain::{self, Keychain};
use super::place::Place;
use super::session::Session;
use super::waiting_keychain::WaitingKeychain;
use super::{SecretError, SecretLevel, SecretStore};
use crate::{Result, StateError, state_dir};

/// Where secrets are to be kept.
#[derive(Debug, Clone)]
pub enum SecretPreference {
    /// Where they were kept before. In a folder without secrets: in the keychain if there is one, else in the file, which
    /// is encrypted with the passphrase or, without one, with a key beside it that its owner alone may read. That
    /// protects a copy of the one without the other.
    Automatic {
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

/// Whether the state directory `dir` has a file of secrets that needs a passphrase.
pub fn needs_passphrase(dir: &Path) -> bool {
    dir.join(SECRETS_FILE).exists() && !key_file::exists(dir)
}

/// Opens the place for the secrets of the state directory `dir`, which is made where it is missing. `has_secrets` is
/// whether secrets were kept for it before: the database knows. [`SecretStore::level`] says which place it is.
///
/// # Errors
/// The directory or the place cannot be used. A keychain that holds the secrets of the folder and cannot be used now is
/// an error of the calls that need one of them.
pub fn open_secrets(
    dir: &Path,
    preference: SecretPreference,
    has_secrets: bool,
) -> Result<Arc<dyn SecretStore>> {
    state_dir::create(dir)?;
    Ok(match preference {
        SecretPreference::Keychain => Arc::new(Keychain::open(dir, keychain::PATIENCE)?),
        SecretPreference::File { passphrase } => Arc::new(EncryptedFile::open(dir, &passphrase)?),
        SecretPreference::Session => Arc::new(Session::default()),
        SecretPreference::Automatic { passphrase } => {
            let owned = dir.to_owned();
            Arc::new(Automatic::open(
                dir,
                passphrase,
                has_secrets,
                Arc::new(move |patience| Ok(Arc::new(Keychain::open(&owned, patience)?))),
            )?)
        }
    })
}

type OpenKeychain = Arc<dyn Fn(Duration) -> Result<Arc<dyn SecretStore>> + Send + Sync>;

/// The place that was decided for a folder.
struct Automatic {
    dir: PathBuf,
    passphrase: Option<Secret>,
    keychain: OpenKeychain,
    inner: RwLock<Arc<dyn SecretStore>>,
}

impl Automatic {
    fn open(
        dir: &Path,
        passphrase: Option<Secret>,
        has_secrets: bool,
        keychain: OpenKeychain,
    ) -> Result<Self> {
        let kept = Place::read(dir)?;
        let inner = match kept.or_else(|| Place::of_older_version(dir, has_secrets)) {
            Some(place) => {
                let (store, place) = in_place(dir, place, passphrase.as_ref(), &keychain, kept.is_none())?;
                // That of an older version is noted once it is known to be right.
                if kept.is_none() && place != Place::Keychain {
                    place.keep(dir)?;
                }
                store
            }
            None => decide(dir, passphrase.as_ref(), &keychain)?,
        };
        Ok(Self {
            dir: dir.to_owned(),
            passphrase,
            keychain,
            inner: RwLock::new(inner),
        })
    }

    fn inner(&self) -> Arc<dyn SecretStore> {
        Arc::clone(&self.inner.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl SecretStore for Automatic {
    fn put(&self, handle: &str, secret: &Secret) -> Result<()> {
        self.inner().put(handle, secret)
    }

    fn get(&self, handle: &str) -> Result<Option<Secret>> {
        self.inner().get(handle)
    }

    fn remove(&self, handle: &str) -> Result<()> {
        self.inner().remove(handle)
    }

    fn check(&self, wait_for_owner: bool) -> Result<()> {
        self.inner().check(wait_for_owner)
    }

    fn level(&self) -> SecretLevel {
        self.inner().level()
    }

    fn change_passphrase(&self, current: &Secret, new: &Secret) -> Result<()> {
        self.inner().change_passphrase(current, new)
    }

    fn leave_keychain(&self) -> Result<()> {
        let mut inner = self.inner.write().unwrap_or_else(PoisonError::into_inner);
        if inner.level() != SecretLevel::Keychain {
            return Err(SecretError::NotInKeychain { level: inner.level() }.into());
        }
        if (self.keychain)(keychain::TRIAL).is_ok() {
            return Err(SecretError::KeychainWorks.into());
        }
        *inner = in_file(&self.dir, self.passphrase.as_ref(), Place::replace)?;
        Ok(())
    }
}

/// The store of a place. A folder of an older version may have a key file beside a file that a passphrase protects; its
/// real place is answered, too.
fn in_place(
    dir: &Path,
    place: Place,
    passphrase: Option<&Secret>,
    keychain: &OpenKeychain,
    older: bool,
) -> Result<(Arc<dyn SecretStore>, Place)> {
    let store: Arc<dyn SecretStore> = match place {
        Place::Keychain => Arc::new(waiting(dir, keychain)),
        Place::Passphrase => match passphrase {
            Some(passphrase) => Arc::new(EncryptedFile::open(dir, passphrase)?),
            None => {
                return Err(SecretError::PassphraseNeeded {
                    path: dir.join(SECRETS_FILE),
                }
                .into());
            }
        },
        Place::KeyFile => match (EncryptedFile::open(dir, &key_file::read(dir)?), passphrase) {
            (Err(StateError::Secrets(SecretError::WrongPassphrase { .. })), Some(passphrase)) if older => {
                return Ok((Arc::new(EncryptedFile::open(dir, passphrase)?), Place::Passphrase));
            }
            (store, passphrase) => {
                if passphrase.is_some() {
                    tracing::warn!(
                        "a passphrase was given, but the secrets of this folder are protected by the key beside them"
                    );
                }
                Arc::new(store?)
            }
        },
    };
    Ok((store, place))
}

fn waiting(dir: &Path, keychain: &OpenKeychain) -> WaitingKeychain {
    let keychain = Arc::clone(keychain);
    WaitingKeychain::new(
        dir.to_owned(),
        Box::new(move |patience| keychain(patience)),
        keychain::TRIAL,
        keychain::PATIENCE,
    )
}

/// The place of a folder that has no secrets yet. The keychain is decided for when the first secret is put there. One
/// that exists and is late is waited for by the command that keeps the first secret.
fn decide(dir: &Path, passphrase: Option<&Secret>, keychain: &OpenKeychain) -> Result<Arc<dyn SecretStore>> {
    let waiting = waiting(dir, keychain);
    match waiting.opened(keychain::TRIAL) {
        Ok(_) => Ok(Arc::new(waiting)),
        Err(StateError::Secrets(SecretError::KeychainSilent { .. })) if passphrase.is_none() => {
            Ok(Arc::new(waiting))
        }
        Err(error) => {
            tracing::info!(%error, place = SecretLevel::File.place(), "secrets are not kept in the keychain");
            in_file(dir, passphrase, Place::keep)
        }
    }
}

fn in_file(
    dir: &Path,
    passphrase: Option<&Secret>,
    keep: fn(Place, &Path) -> Result<()>,
) -> Result<Arc<dyn SecretStore>> {
    let (store, place) = match passphrase {
        Some(passphrase) => (EncryptedFile::open(dir, passphrase)?, Place::Passphrase),
        None => (
            EncryptedFile::open(dir, &key_file::read_or_make(dir)?)?,
            Place::KeyFile,
        ),
    };
    keep(place, dir)?;
    Ok(Arc::new(store))
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    /// How a keychain fails.
    type Failure = fn() -> SecretError;

    /// A keychain that does as the test says, and keeps what is put into it.
    #[derive(Clone, Default)]
    struct Chain {
        failure: Arc<Mutex<Option<Failure>>>,
        kept: Arc<Session>,
    }

    impl Chain {
        fn fails(&self, with: Option<Failure>) {
            *self.failure.lock().unwrap() = with;
        }

        fn open(&self, dir: &Path, passphrase: Option<&str>, has_secrets: bool) -> Result<Automatic> {
            let chain = self.clone();
            Automatic::open(
                dir,
                passphrase.map(Secret::new),
                has_secrets,
                Arc::new(move |_| match *chain.failure.lock().unwrap() {
                    Some(failure) => Err(failure().into()),
                    None => Ok(Arc::new(InKeychain(Arc::clone(&chain.kept)))),
                }),
            )
        }
    }

    struct InKeychain(Arc<Session>);

    impl SecretStore for InKeychain {
        fn put(&self, handle: &str, secret: &Secret) -> Result<()> {
            self.0.put(handle, secret)
        }

        fn get(&self, handle: &str) -> Result<Option<Secret>> {
            self.0.get(handle)
        }

        fn remove(&self, handle: &str) -> Result<()> {
            self.0.remove(handle)
        }

        fn level(&self) -> SecretLevel {
            SecretLevel::Keychain
        }
    }

    fn late() -> SecretError {
        SecretError::KeychainSilent { seconds: 3 }
    }

    fn missing() -> SecretError {
        SecretError::Keychain {
            reason: "there is no service".to_owned(),
        }
    }

    fn files(dir: &Path) -> Vec<String> {
        let mut names: Vec<String> = std::fs::read_dir(dir)
            .unwrap()
            .map(|file| file.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    fn secret() -> Secret {
        Secret::new("hunter2")
    }

    #[test]
    fn a_keychain_that_is_late_or_gone_once_makes_no_key_file_and_its_secrets_are_found_again() {
        let dir = tempfile::tempdir().unwrap();
        let chain = Chain::default();
        chain
            .open(dir.path(), None, false)
            .unwrap()
            .put("ds-1", &secret())
            .unwrap();
        for failure in [late as Failure, missing] {
            for passphrase in [None, Some("correct horse")] {
                chain.fails(Some(failure));
                let secrets = chain.open(dir.path(), passphrase, true).unwrap();
                let error = secrets.get("ds-1").unwrap_err().to_string();
                assert!(
                    error.contains("Unlock it") && error.contains("try again") && error.contains("enter the"),
                    "{error}"
                );
                assert!(secrets.put("ds-2", &secret()).is_err());
                assert_eq!(files(dir.path()), ["secrets.place"]);
                chain.fails(None);
                assert_eq!(
                    secrets.get("ds-1").unwrap(),
                    Some(secret()),
                    "the same program finds it again"
                );
            }
        }
    }

    #[test]
    fn secrets_of_an_older_version_s_keychain_are_not_given_up_for_a_key_file() {
        let dir = tempfile::tempdir().unwrap();
        let chain = Chain::default();
        chain.kept.put("ds-1", &secret()).unwrap();
        chain.fails(Some(late));
        let secrets = chain.open(dir.path(), None, true).unwrap();
        assert!(secrets.get("ds-1").is_err());
        assert!(files(dir.path()).is_empty());
        chain.fails(None);
        assert_eq!(secrets.get("ds-1").unwrap(), Some(secret()));
    }

    #[test]
    fn a_new_folder_whose_keychain_is_late_waits_for_it_and_is_not_decided() {
        let dir = tempfile::tempdir().unwrap();
        let chain = Chain::default();
        chain.fails(Some(late));
        let secrets = chain.open(dir.path(), None, false).unwrap();
        assert!(secrets.put("ds-1", &secret()).is_err());
        assert!(files(dir.path()).is_empty());
        chain.fails(None);
        secrets.put("ds-1", &secret()).unwrap();
        assert_eq!(files(dir.path()), ["secrets.place"]);
    }

    #[test]
    fn a_folder_that_has_a_key_file_stays_with_it_also_where_a_keychain_works_later() {
        let dir = tempfile::tempdir().unwrap();
        let chain = Chain::default();
        chain.fails(Some(missing));
        let secrets = chain.open(dir.path(), None, false).unwrap();
        assert_eq!(secrets.level(), SecretLevel::File);
        secrets.put("ds-1", &secret()).unwrap();
        chain.fails(None);
        for passphrase in [None, Some("correct horse")] {
            let secrets = chain.open(dir.path(), passphrase, true).unwrap();
            assert_eq!(secrets.get("ds-1").unwrap(), Some(secret()));
        }
    }

    #[test]
    fn a_folder_with_a_passphrase_asks_for_it_and_makes_no_key_beside_it() {
        let dir = tempfile::tempdir().unwrap();
        let chain = Chain::default();
        chain.fails(Some(missing));
        chain
            .open(dir.path(), Some("correct horse"), false)
            .unwrap()
            .put("ds-1", &secret())
            .unwrap();
        for failure in [None, Some(missing as Failure)] {
            chain.fails(failure);
            let error = chain.open(dir.path(), None, true).err().unwrap();
            assert!(
                matches!(error, StateError::Secrets(SecretError::PassphraseNeeded { .. })),
                "{error}"
            );
            assert!(needs_passphrase(dir.path()));
        }
        let error = chain.open(dir.path(), Some("wrong horse"), true).err().unwrap();
        assert!(matches!(
            error,
            StateError::Secrets(SecretError::WrongPassphrase { .. })
        ));
        let secrets = chain.open(dir.path(), Some("correct horse"), true).unwrap();
        assert_eq!(secrets.get("ds-1").unwrap(), Some(secret()));
    }

    #[test]
    fn a_key_file_that_an_older_version_left_beside_a_passphrase_s_file_does_no_harm() {
        let dir = tempfile::tempdir().unwrap();
        EncryptedFile::open(dir.path(), &Secret::new("correct horse"))
            .unwrap()
            .put("ds-1", &secret())
            .unwrap();
        key_file::read_or_make(dir.path()).unwrap();
        let chain = Chain::default();
        for _ in 0..2 {
            let secrets = chain.open(dir.path(), Some("correct horse"), true).unwrap();
            assert_eq!(secrets.get("ds-1").unwrap(), Some(secret()));
        }
    }

    #[test]
    fn a_key_that_is_missing_is_not_replaced_while_its_file_is_there() {
        let dir = tempfile::tempdir().unwrap();
        let chain = Chain::default();
        chain.fails(Some(missing));
        chain
            .open(dir.path(), None, false)
            .unwrap()
            .put("ds-1", &secret())
            .unwrap();
        let key = std::fs::read(dir.path().join("secrets.key")).unwrap();
        std::fs::remove_file(dir.path().join("secrets.key")).unwrap();
        let error = chain.open(dir.path(), None, true).err().unwrap();
        assert!(
            matches!(error, StateError::Secrets(SecretError::KeyMissing { .. })),
            "{error}"
        );
        std::fs::write(dir.path().join("secrets.key"), key).unwrap();
        assert!(chain.open(dir.path(), None, true).is_ok());
    }

    #[test]
    fn a_place_says_whether_it_can_be_used_now_and_a_keychain_that_is_back_is_used_again() {
        let dir = tempfile::tempdir().unwrap();
        let chain = Chain::default();
        chain
            .open(dir.path(), None, false)
            .unwrap()
            .put("ds-1", &secret())
            .unwrap();
        chain.fails(Some(missing));
        let secrets = chain.open(dir.path(), None, true).unwrap();
        for wait_for_owner in [false, true] {
            let error = secrets.check(wait_for_owner).unwrap_err();
            assert!(
                matches!(error, StateError::Secrets(SecretError::Keychain { .. })),
                "{error}"
            );
        }
        chain.fails(None);
        secrets.check(true).unwrap();
        assert_eq!(secrets.get("ds-1").unwrap(), Some(secret()));
        chain.fails(Some(missing));
        secrets.leave_keychain().unwrap();
        secrets.check(false).unwrap();
    }

    #[test]
    fn secrets_of_a_keychain_that_is_gone_can_be_entered_again_elsewhere() {
        let dir = tempfile::tempdir().unwrap();
        let chain = Chain::default();
        let secrets = chain.open(dir.path(), None, false).unwrap();
        secrets.put("ds-1", &secret()).unwrap();
        let error = secrets.leave_keychain().unwrap_err();
        assert!(
            matches!(error, StateError::Secrets(SecretError::KeychainWorks)),
            "{error}"
        );
        chain.fails(Some(missing));
        secrets.leave_keychain().unwrap();
        assert_eq!(secrets.level(), SecretLevel::File);
        assert_eq!(secrets.get("ds-1").unwrap(), None);
        secrets.put("ds-1", &secret()).unwrap();
        assert!(secrets.leave_keychain().is_err(), "it is not there any more");
        drop(secrets);
        let secrets = chain.open(dir.path(), None, true).unwrap();
        assert_eq!(secrets.get("ds-1").unwrap(), Some(secret()));
    }

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
            let secrets = open_secrets(&dir.path().join("made"), preference, false).unwrap();
            assert_eq!(secrets.level(), level);
            assert_eq!(secrets.get("ds-1").unwrap(), None);
            secrets.put("ds-1", &Secret::new("first")).unwrap();
            secrets.put("ds-1", &secret()).unwrap();
            secrets.put("ds-2", &Secret::new("other")).unwrap();
            assert_eq!(secrets.get("ds-1").unwrap(), Some(secret()));
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
        let secrets = open_secrets(dir.path(), SecretPreference::Session, false).unwrap();
        secrets.put("ds-1", &secret()).unwrap();
        assert!(files(dir.path()).is_empty());
        drop(secrets);
        let secrets = open_secrets(dir.path(), SecretPreference::Session, false).unwrap();
        assert_eq!(secrets.get("ds-1").unwrap(), None);
    }

    #[test]
    fn only_a_file_has_a_passphrase_to_change() {
        let dir = tempfile::tempdir().unwrap();
        let (old, new) = (Secret::new("correct horse"), Secret::new("battery staple"));
        let session = open_secrets(dir.path(), SecretPreference::Session, false).unwrap();
        let error = session.change_passphrase(&old, &new).unwrap_err().to_string();
        assert!(error.contains("kept in memory"), "{error}");
        let secrets = open_secrets(dir.path(), file("correct horse"), false).unwrap();
        secrets.change_passphrase(&old, &new).unwrap();
        assert!(matches!(
            open_secrets(dir.path(), file("correct horse"), true),
            Err(StateError::Secrets(SecretError::WrongPassphrase { .. }))
        ));
        open_secrets(dir.path(), file("battery staple"), true).unwrap();
    }

    #[test]
    fn nothing_that_is_printed_shows_a_secret() {
        let dir = tempfile::tempdir().unwrap();
        let automatic = SecretPreference::Automatic {
            passphrase: Some(Secret::new("correct horse")),
        };
        let secrets = open_secrets(dir.path(), file("correct horse"), false).unwrap();
        secrets.put("ds-1", &secret()).unwrap();
        let error = open_secrets(dir.path(), file("wrong horse"), true).unwrap_err();
        let found = secrets.get("ds-1").unwrap();
        let printed = format!("{automatic:?} {secrets:?} {error:?} {error} {found:?}");
        assert!(
            !printed.contains("horse") && !printed.contains("hunter2"),
            "{printed}"
        );
        assert!(printed.contains("File"), "the level may be seen: {printed}");
    }
}
