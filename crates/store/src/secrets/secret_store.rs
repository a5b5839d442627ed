use std::fmt;

use sluice_model::Secret;

use super::{SecretError, SecretLevel};
use crate::Result;

/// Keeps secrets by handle. The database holds handles only.
pub trait SecretStore: Send + Sync {
    /// Keeps a secret in place of the one the handle had. An empty one forgets it.
    ///
    /// # Errors
    /// It cannot be kept; the one before is still there.
    fn put(&self, handle: &str, secret: &Secret) -> Result<()>;

    /// The secret of a handle, or nothing where none was put.
    ///
    /// # Errors
    /// The place cannot be read.
    fn get(&self, handle: &str) -> Result<Option<Secret>>;

    /// Forgets the secret of a handle. That there is none is no error.
    ///
    /// # Errors
    /// The place cannot be written.
    fn remove(&self, handle: &str) -> Result<()>;

    /// Whether secrets can be kept and read now. A keychain that is locked asks its owner for the password: it is waited
    /// for 60 s with `wait_for_owner`, and 3 s without.
    ///
    /// # Errors
    /// They cannot.
    fn check(&self, _wait_for_owner: bool) -> Result<()> {
        // Of no secret: reading shows whether the place can be used.
        self.get("check").map(drop)
    }

    /// Where they are.
    fn level(&self) -> SecretLevel;

    /// Protects the secrets with another passphrase from now on. The current one is asked for, so that a passer-by who
    /// finds the program open cannot shut its owner out.
    ///
    /// # Errors
    /// No passphrase protects them, the current one is wrong, the new one is empty, or the place cannot be written; the
    /// current one still opens it then.
    fn change_passphrase(&self, _current: &Secret, _new: &Secret) -> Result<()> {
        Err(SecretError::NoPassphrase { level: self.level() }.into())
    }

    /// Gives up a keychain that is gone for good: secrets are kept in a file from now on, and all have to be entered
    /// again.
    ///
    /// # Errors
    /// They are not in a keychain, the keychain works, or the file cannot be made.
    fn leave_keychain(&self) -> Result<()> {
        Err(SecretError::NotInKeychain { level: self.level() }.into())
    }
}

/// Shows where the secrets are, and none of them.
impl fmt::Debug for dyn SecretStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SecretStore").field(&self.level()).finish()
    }
}
