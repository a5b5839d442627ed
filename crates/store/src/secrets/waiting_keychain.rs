use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sluice_model::Secret;

use super::place::Place;
use super::{SecretLevel, SecretStore};
use crate::Result;

/// How a place behind the keychain is opened: the keychain itself, or one of a test.
type Open = Box<dyn Fn(Duration) -> Result<Arc<dyn SecretStore>> + Send + Sync>;

/// The keychain of the system as the place of a folder's secrets. One that is locked, late or not started yet is an
/// error of the call that needs it, and is tried again by the next one.
pub(crate) struct WaitingKeychain {
    dir: PathBuf,
    open: Open,
    opened: Mutex<Option<Arc<dyn SecretStore>>>,
    /// How long a call that reads a secret waits for it.
    trial: Duration,
    /// How long a person who is keeping a secret may take to unlock it.
    patience: Duration,
}

impl WaitingKeychain {
    pub(crate) fn new(dir: PathBuf, open: Open, trial: Duration, patience: Duration) -> Self {
        Self {
            dir,
            open,
            opened: Mutex::new(None),
            trial,
            patience,
        }
    }

    /// Tries to open it.
    ///
    /// # Errors
    /// There is no keychain, it refuses, or it does not answer in time.
    pub(crate) fn opened(&self, patience: Duration) -> Result<Arc<dyn SecretStore>> {
        let mut opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(keychain) = &*opened {
            return Ok(Arc::clone(keychain));
        }
        let keychain = (self.open)(patience)?;
        *opened = Some(Arc::clone(&keychain));
        Ok(keychain)
    }
}

impl SecretStore for WaitingKeychain {
    fn put(&self, handle: &str, secret: &Secret) -> Result<()> {
        let keychain = self.opened(self.patience)?;
        // Before the secret: what is in the keychain must never look like a folder without a place.
        Place::Keychain.keep(&self.dir)?;
        keychain.put(handle, secret)
    }

    fn get(&self, handle: &str) -> Result<Option<Secret>> {
        self.opened(self.trial)?.get(handle)
    }

    fn remove(&self, handle: &str) -> Result<()> {
        self.opened(self.trial)?.remove(handle)
    }

    fn check(&self, wait_for_owner: bool) -> Result<()> {
        let patience = if wait_for_owner { self.patience } else { self.trial };
        self.opened(patience)?.check(wait_for_owner)
    }

    fn level(&self) -> SecretLevel {
        SecretLevel::Keychain
    }
}
