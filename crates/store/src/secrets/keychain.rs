use std::path::Path;
use std::time::Duration;

use keyring::Entry;
use sluice_model::Secret;
use xxhash_rust::xxh3::xxh3_64;
use zeroize::Zeroizing;

use super::call_thread::CallThread;
use super::{SecretError, SecretLevel, SecretStore};
use crate::{Result, StateError};

/// The name under which the entries stand in the keychain.
const SERVICE: &str = "sluice";
/// How long a keychain that was not chosen by a person may take to prove itself. One that asks its owner for a password takes
/// longer, and a program that starts by itself cannot ask.
pub(crate) const TRIAL: Duration = Duration::from_secs(3);
/// How long a person may take to unlock a keychain they have chosen.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// Secrets in the keychain of the system: Keychain on macOS, Credential Manager on Windows, Secret Service elsewhere.
pub(crate) struct Keychain {
    /// Tells the state directories of one user apart.
    prefix: String,
    // The keychain may wait for its owner as long as it likes.
    calls: CallThread,
}

impl Keychain {
    /// Opens the keychain for the state directory `dir`, which is there, if an entry can be written, read and removed
    /// within `patience`.
    ///
    /// # Errors
    /// There is no keychain, it refuses, or it does not answer in time.
    pub(crate) fn open(dir: &Path, patience: Duration) -> Result<Self> {
        let dir = dir
            .canonicalize()
            .map_err(|error| StateError::directory(dir, &error))?;
        let keychain = Self {
            prefix: prefix(&dir),
            calls: CallThread::start("sluice-keychain").map_err(|error| SecretError::Keychain {
                reason: error.to_string(),
            })?,
        };
        // Of its own process: two that start together must not remove each other's.
        let account = keychain.account(&format!("trial-{}", std::process::id()));
        keychain.call(patience, move || try_out(&account))?;
        Ok(keychain)
    }

    fn account(&self, handle: &str) -> String {
        format!("{}/{handle}", self.prefix)
    }

    fn call<T: Send + 'static>(
        &self,
        patience: Duration,
        call: impl FnOnce() -> keyring::Result<T> + Send + 'static,
    ) -> Result<T> {
        match self.calls.call(patience, call) {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) => Err(SecretError::Keychain {
                reason: reason(&error),
            }
            .into()),
            Err(_) => Err(SecretError::KeychainSilent {
                seconds: patience.as_secs(),
            }
            .into()),
        }
    }
}

impl SecretStore for Keychain {
    fn put(&self, handle: &str, secret: &Secret) -> Result<()> {
        if secret.reveal().is_empty() {
            return self.remove(handle);
        }
        let account = self.account(handle);
        let secret = Zeroizing::new(secret.reveal().to_owned());
        self.call(PATIENCE, move || {
            Entry::new(SERVICE, &account)?.set_password(&secret)
        })
    }

    fn get(&self, handle: &str) -> Result<Option<Secret>> {
        let account = self.account(handle);
        let secret = self.call(PATIENCE, move || {
            match Entry::new(SERVICE, &account)?.get_password() {
                Ok(secret) => Ok(Some(Zeroizing::new(secret))),
                Err(keyring::Error::NoEntry) => Ok(None),
                Err(error) => Err(error),
            }
        })?;
        Ok(secret.map(|secret| Secret::new(secret.as_str())))
    }

    fn remove(&self, handle: &str) -> Result<()> {
        let account = self.account(handle);
        self.call(PATIENCE, move || {
            match Entry::new(SERVICE, &account)?.delete_credential() {
                Ok(()) | Err(keyring::Error::NoEntry) => Ok(()),
                Err(error) => Err(error),
            }
        })
    }

    fn check(&self, wait_for_owner: bool) -> Result<()> {
        let account = self.account(&format!("check-{}", std::process::id()));
        let patience = if wait_for_owner { PATIENCE } else { TRIAL };
        self.call(patience, move || try_out(&account))
    }

    fn level(&self) -> SecretLevel {
        SecretLevel::Keychain
    }
}

fn prefix(canonical: &Path) -> String {
    format!("{:016x}", xxh3_64(canonical.to_string_lossy().as_bytes()))
}

/// Writes, reads and removes an entry.
fn try_out(account: &str) -> keyring::Result<()> {
    const CONTENT: &str = "Sluice tries whether this keychain works";
    let entry = Entry::new(SERVICE, account)?;
    entry.set_password(CONTENT)?;
    let content = entry.get_password();
    entry.delete_credential()?;
    if content? == CONTENT {
        Ok(())
    } else {
        Err(keyring::Error::BadStoreFormat(
            "it does not give back what was put into it".to_owned(),
        ))
    }
}

/// The keychain's words, without what it holds.
fn reason(error: &keyring::Error) -> String {
    match (error, Entry::store_status()) {
        // That there is no store says nothing; why there is none does.
        (keyring::Error::NoDefaultStore, Err(cause)) => cause.to_string(),
        // Lists the entries, which name the handles of other programs.
        (keyring::Error::Ambiguous(_), _) => "it holds several entries of the same name".to_owned(),
        _ => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn state_directories_have_their_own_entries() {
        let prefixes =
            ["/home/a/sluice", "/home/b/sluice", "/home/a/sluice2"].map(|dir| prefix(Path::new(dir)));
        assert!(prefixes[0] != prefixes[1] && prefixes[0] != prefixes[2]);
        assert_eq!(prefixes[0].len(), 16);
        assert_eq!(
            prefix(Path::new("/home/a/sluice")),
            "f23147116453e4e8",
            "another hash would lose every secret of before"
        );
    }

    #[test]
    fn what_a_keychain_holds_is_in_no_sentence() {
        for error in [
            keyring::Error::BadEncoding(b"hunter2".to_vec()),
            keyring::Error::BadDataFormat(b"hunter2".to_vec(), "no JSON".into()),
            keyring::Error::Ambiguous(Vec::new()),
        ] {
            let text = SecretError::Keychain {
                reason: reason(&error),
            };
            let text = format!("{text} {text:?}");
            assert!(!text.contains("hunter2") && !text.contains("104"), "{text}");
        }
    }
}
