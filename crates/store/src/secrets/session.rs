use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use sluice_model::Secret;
use zeroize::Zeroizing;

use super::{SecretLevel, SecretStore};
use crate::Result;

/// Secrets in memory, overwritten when they are replaced, removed or no longer needed.
#[derive(Default)]
pub(crate) struct Session(Mutex<BTreeMap<String, Zeroizing<String>>>);

impl Session {
    fn secrets(&self) -> MutexGuard<'_, BTreeMap<String, Zeroizing<String>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl SecretStore for Session {
    fn put(&self, handle: &str, secret: &Secret) -> Result<()> {
        if secret.reveal().is_empty() {
            return self.remove(handle);
        }
        let secret = Zeroizing::new(secret.reveal().to_owned());
        self.secrets().insert(handle.to_owned(), secret);
        Ok(())
    }

    fn get(&self, handle: &str) -> Result<Option<Secret>> {
        Ok(self
            .secrets()
            .get(handle)
            .map(|secret| Secret::new(secret.as_str())))
    }

    fn remove(&self, handle: &str) -> Result<()> {
        self.secrets().remove(handle);
        Ok(())
    }

    fn level(&self) -> SecretLevel {
        SecretLevel::Session
    }
}
