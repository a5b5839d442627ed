use std::fs::{self, File, TryLockError};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sluice_model::Secret;
use zeroize::Zeroizing;

use super::file_format::{self, Secrets};
use super::passphrase_key::{Cost, PassphraseKey};
use super::{SecretError, SecretLevel, SecretStore, atomic_file};
use crate::{Result, state_dir};

/// The file's name in the state directory.
pub(crate) const SECRETS_FILE: &str = "secrets.enc";
/// Held while the file is changed. Beside it, because the file itself is replaced with each change.
const LOCK_FILE: &str = "secrets.lock";
/// How often the lock is tried, and how long apart: 3 s in all. A change takes some milliseconds.
const ATTEMPTS: u32 = 100;
const PAUSE: Duration = Duration::from_millis(30);

/// Secrets in a file that a passphrase encrypts. Only the derived key stays in memory: each use reads the file, so
/// that several processes with the same passphrase see each other's changes.
pub(crate) struct EncryptedFile {
    path: PathBuf,
    lock_path: PathBuf,
    key: Mutex<PassphraseKey>,
}

impl EncryptedFile {
    /// Opens the file of the state directory `dir` with its passphrase, or makes an empty one with this passphrase.
    ///
    /// # Errors
    /// The passphrase is wrong or empty; the file is damaged, of a newer version, or cannot be read or written.
    pub(crate) fn open(dir: &Path, passphrase: &Secret) -> Result<Self> {
        Self::open_at_cost(dir, passphrase, Cost::USUAL)
    }

    /// As [`EncryptedFile::open`]; `cost` is that of a new file.
    fn open_at_cost(dir: &Path, passphrase: &Secret, cost: Cost) -> Result<Self> {
        state_dir::create(dir)?;
        let (path, lock_path) = (dir.join(SECRETS_FILE), dir.join(LOCK_FILE));
        if let Some(file) = read_if_there(&path)? {
            return Self::unlock(path, lock_path, &file, passphrase);
        }
        let turn = take_turn(&path, &lock_path)?;
        // Another process may have made it before this one's turn.
        if let Some(file) = read_if_there(&path)? {
            drop(turn);
            return Self::unlock(path, lock_path, &file, passphrase);
        }
        let key = PassphraseKey::new(passphrase, cost)?;
        write(&path, &Secrets::new(), &key)?;
        Ok(Self {
            path,
            lock_path,
            key: Mutex::new(key),
        })
    }

    fn unlock(path: PathBuf, lock_path: PathBuf, file: &[u8], passphrase: &Secret) -> Result<Self> {
        let (salt, cost) = file_format::derivation(&path, file)?;
        let key = PassphraseKey::derive(passphrase, cost, salt)?;
        // Drops the secrets at once: this only proves that the key opens all of the file.
        file_format::open(&path, file, &key)?;
        Ok(Self {
            path,
            lock_path,
            key: Mutex::new(key),
        })
    }

    fn key(&self) -> MutexGuard<'_, PassphraseKey> {
        self.key.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn read(&self, key: &PassphraseKey) -> Result<Secrets> {
        let file = fs::read(&self.path).map_err(|error| file_error(&self.path, &error))?;
        Ok(file_format::open(&self.path, &file, key)?)
    }

    /// Replaces the file where `change` says that it has changed something.
    fn change(&self, change: impl FnOnce(&mut Secrets) -> bool) -> Result<()> {
        let key = self.key();
        let _turn = take_turn(&self.path, &self.lock_path)?;
        let mut secrets = self.read(&key)?;
        if change(&mut secrets) {
            write(&self.path, &secrets, &key)?;
        }
        Ok(())
    }
}

impl SecretStore for EncryptedFile {
    fn put(&self, handle: &str, secret: &Secret) -> Result<()> {
        if secret.reveal().is_empty() {
            return self.remove(handle);
        }
        self.change(|secrets| {
            secrets.insert(handle.to_owned(), Zeroizing::new(secret.reveal().to_owned()));
            true
        })
    }

    fn get(&self, handle: &str) -> Result<Option<Secret>> {
        let secrets = self.read(&self.key())?;
        Ok(secrets.get(handle).map(|secret| Secret::new(secret.as_str())))
    }

    fn remove(&self, handle: &str) -> Result<()> {
        self.change(|secrets| secrets.remove(handle).is_some())
    }

    fn level(&self) -> SecretLevel {
        SecretLevel::File
    }

    fn change_passphrase(&self, current: &Secret, new: &Secret) -> Result<()> {
        let mut key = self.key();
        let given = PassphraseKey::derive(current, key.cost(), key.salt())?;
        if given.check() != key.check() {
            return Err(SecretError::WrongPassphrase {
                path: self.path.clone(),
            }
            .into());
        }
        let next = PassphraseKey::new(new, key.cost())?;
        let _turn = take_turn(&self.path, &self.lock_path)?;
        let secrets = self.read(&key)?;
        write(&self.path, &secrets, &next)?;
        *key = next;
        Ok(())
    }
}

fn read_if_there(path: &Path) -> Result<Option<Vec<u8>>> {
    match fs::read(path) {
        Ok(file) => Ok(Some(file)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(file_error(path, &error).into()),
    }
}

fn write(path: &Path, secrets: &Secrets, key: &PassphraseKey) -> Result<()> {
    let file = file_format::seal(secrets, key)?;
    Ok(atomic_file::replace(path, &file).map_err(|error| file_error(path, &error))?)
}

/// The right to change the file, until the answer is dropped.
fn take_turn(path: &Path, lock_path: &Path) -> Result<File> {
    let failed = |error: io::Error| file_error(lock_path, &error);
    let lock = state_dir::open_file(lock_path).map_err(failed)?;
    for _ in 0..ATTEMPTS {
        match lock.try_lock() {
            Ok(()) => return Ok(lock),
            Err(TryLockError::WouldBlock) => std::thread::sleep(PAUSE),
            Err(TryLockError::Error(error)) => return Err(failed(error).into()),
        }
    }
    Err(SecretError::Busy {
        path: path.to_owned(),
    }
    .into())
}

fn file_error(path: &Path, error: &io::Error) -> SecretError {
    SecretError::File {
        path: path.to_owned(),
        reason: error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::StateError;

    const CHEAP: Cost = Cost {
        memory_kib: 8,
        passes: 1,
        lanes: 1,
    };

    fn passphrase() -> Secret {
        Secret::new("correct horse")
    }

    fn open(dir: &Path) -> EncryptedFile {
        EncryptedFile::open_at_cost(dir, &passphrase(), CHEAP).unwrap()
    }

    fn refusal(dir: &Path, passphrase: &str) -> SecretError {
        match EncryptedFile::open_at_cost(dir, &Secret::new(passphrase), CHEAP) {
            Err(StateError::Secrets(error)) => error,
            Err(error) => panic!("{error}"),
            Ok(_) => panic!("it opened"),
        }
    }

    #[test]
    fn secrets_are_there_again_with_the_passphrase_and_only_with_it() {
        let dir = tempfile::tempdir().unwrap();
        let file = open(dir.path());
        file.put("ds-1", &Secret::new("first")).unwrap();
        file.put("ds-1", &Secret::new("hunter2")).unwrap();
        file.put("ds-2", &Secret::new("other")).unwrap();
        file.remove("ds-2").unwrap();
        file.remove("never there").unwrap();
        drop(file);
        let file = open(dir.path());
        assert_eq!(file.get("ds-1").unwrap(), Some(Secret::new("hunter2")));
        assert_eq!(file.get("ds-2").unwrap(), None);
        let error = refusal(dir.path(), "wrong horse");
        assert!(matches!(error, SecretError::WrongPassphrase { .. }), "{error}");
        let text = error.to_string();
        assert!(
            text.contains("secrets.enc") && text.contains("Give the one") && !text.contains("horse"),
            "{text}"
        );
    }

    #[test]
    fn the_first_passphrase_holds_from_the_moment_the_file_is_opened() {
        let dir = tempfile::tempdir().unwrap();
        drop(open(dir.path()));
        assert!(matches!(
            refusal(dir.path(), "another"),
            SecretError::WrongPassphrase { .. }
        ));
        assert!(matches!(refusal(dir.path(), ""), SecretError::EmptyPassphrase));
    }

    #[test]
    fn an_empty_secret_forgets_the_one_before() {
        let dir = tempfile::tempdir().unwrap();
        let file = open(dir.path());
        file.put("ds-1", &Secret::new("hunter2")).unwrap();
        file.put("ds-1", &Secret::new("")).unwrap();
        assert_eq!(file.get("ds-1").unwrap(), None);
    }

    #[test]
    fn a_changed_passphrase_replaces_the_old_one_and_a_wrong_one_changes_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let file = open(dir.path());
        file.put("ds-1", &Secret::new("hunter2")).unwrap();
        let before = fs::read(dir.path().join(SECRETS_FILE)).unwrap();
        let new = Secret::new("battery staple");
        for (current, new) in [(&new, &new), (&passphrase(), &Secret::new(""))] {
            file.change_passphrase(current, new).unwrap_err();
            assert_eq!(fs::read(dir.path().join(SECRETS_FILE)).unwrap(), before);
        }
        file.change_passphrase(&passphrase(), &new).unwrap();
        assert_eq!(file.get("ds-1").unwrap(), Some(Secret::new("hunter2")));
        file.put("ds-2", &Secret::new("later")).unwrap();
        assert!(matches!(
            refusal(dir.path(), "correct horse"),
            SecretError::WrongPassphrase { .. }
        ));
        let again = EncryptedFile::open_at_cost(dir.path(), &new, CHEAP).unwrap();
        assert_eq!(again.get("ds-1").unwrap(), Some(Secret::new("hunter2")));
        assert_eq!(again.get("ds-2").unwrap(), Some(Secret::new("later")));
    }

    #[test]
    fn another_process_changing_the_passphrase_is_noticed_and_nothing_is_overwritten() {
        let dir = tempfile::tempdir().unwrap();
        let (one, other) = (open(dir.path()), open(dir.path()));
        one.put("ds-1", &Secret::new("hunter2")).unwrap();
        one.change_passphrase(&passphrase(), &Secret::new("new")).unwrap();
        assert!(matches!(
            other.put("ds-1", &Secret::new("lost?")),
            Err(StateError::Secrets(SecretError::WrongPassphrase { .. }))
        ));
        assert_eq!(one.get("ds-1").unwrap(), Some(Secret::new("hunter2")));
    }

    #[test]
    fn several_writers_lose_no_secret_of_each_other() {
        let dir = tempfile::tempdir().unwrap();
        drop(open(dir.path()));
        std::thread::scope(|scope| {
            for writer in 0..4 {
                let dir = dir.path();
                scope.spawn(move || {
                    let file = open(dir);
                    for number in 0..10 {
                        let secret = Secret::new(format!("{writer}-{number}"));
                        file.put(&format!("ds-{writer}-{number}"), &secret).unwrap();
                    }
                });
            }
        });
        let file = open(dir.path());
        for writer in 0..4 {
            for number in 0..10 {
                let secret = Secret::new(format!("{writer}-{number}"));
                assert_eq!(file.get(&format!("ds-{writer}-{number}")).unwrap(), Some(secret));
            }
        }
    }

    #[test]
    fn a_writer_waits_its_turn_and_says_so_when_it_does_not_come() {
        let dir = tempfile::tempdir().unwrap();
        let file = open(dir.path());
        let held = take_turn(&file.path, &file.lock_path).unwrap();
        let error = file.put("ds-1", &Secret::new("hunter2")).unwrap_err().to_string();
        assert!(error.contains("locked by another process"), "{error}");
        assert_eq!(file.get("ds-1").unwrap(), None, "reading needs no turn");
        drop(held);
        file.put("ds-1", &Secret::new("hunter2")).unwrap();
    }

    #[test]
    fn what_a_killed_process_left_of_a_new_file_does_no_harm() {
        let dir = tempfile::tempdir().unwrap();
        let file = open(dir.path());
        file.put("ds-1", &Secret::new("old")).unwrap();
        let whole = fs::read(dir.path().join(SECRETS_FILE)).unwrap();
        fs::write(dir.path().join("secrets.enc.new"), &whole[..whole.len() / 2]).unwrap();
        let again = open(dir.path());
        assert_eq!(again.get("ds-1").unwrap(), Some(Secret::new("old")));
        again.put("ds-1", &Secret::new("new")).unwrap();
        assert_eq!(open(dir.path()).get("ds-1").unwrap(), Some(Secret::new("new")));
        assert!(!dir.path().join("secrets.enc.new").exists());
    }

    #[test]
    fn a_damaged_file_is_neither_opened_nor_replaced() {
        let dir = tempfile::tempdir().unwrap();
        let file = open(dir.path());
        file.put("ds-1", &Secret::new("hunter2")).unwrap();
        let path = dir.path().join(SECRETS_FILE);
        let mut bytes = fs::read(&path).unwrap();
        *bytes.last_mut().unwrap() ^= 1;
        fs::write(&path, &bytes).unwrap();
        assert!(matches!(
            refusal(dir.path(), "correct horse"),
            SecretError::Damaged { .. }
        ));
        file.put("ds-2", &Secret::new("new")).unwrap_err();
        file.get("ds-1").unwrap_err();
        assert_eq!(fs::read(&path).unwrap(), bytes);
    }

    #[test]
    fn no_file_of_the_directory_holds_a_secret_a_handle_or_the_passphrase() {
        let dir = tempfile::tempdir().unwrap();
        let file = open(dir.path());
        file.put("ds-1/password", &Secret::new("hunter2")).unwrap();
        for entry in fs::read_dir(dir.path()).unwrap() {
            let path = entry.unwrap().path();
            let bytes = fs::read(&path).unwrap();
            for text in ["hunter2", "ds-1", "correct horse"] {
                assert!(
                    !bytes.windows(text.len()).any(|part| part == text.as_bytes()),
                    "{text} in {}",
                    path.display()
                );
            }
        }
    }

    #[cfg(unix)]
    #[test]
    fn only_its_owner_may_read_the_file() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        open(dir.path()).put("ds-1", &Secret::new("hunter2")).unwrap();
        for name in [SECRETS_FILE, LOCK_FILE] {
            let mode = fs::metadata(dir.path().join(name)).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{name}");
        }
    }
}
