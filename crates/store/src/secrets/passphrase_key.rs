use argon2::{Algorithm, Argon2, Params, Version};
use sluice_model::Secret;
use zeroize::Zeroizing;

use super::SecretError;

/// Bytes of the salt, as RFC 9106 recommends (§4).
pub(crate) const SALT: usize = 16;
/// Bytes of the key of XChaCha20-Poly1305.
pub(crate) const KEY: usize = 32;
/// Bytes that show whether a passphrase is the right one.
pub(crate) const CHECK: usize = 32;

/// What deriving a key costs its owner, and an attacker who guesses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cost {
    /// Memory in KiB.
    pub(crate) memory_kib: u32,
    /// Passes over it.
    pub(crate) passes: u32,
    /// Lanes it is divided into.
    pub(crate) lanes: u32,
}

impl Cost {
    /// RFC 9106 §4, the second recommended option: 64 MiB, three passes, four lanes.
    pub(crate) const USUAL: Self = Self {
        memory_kib: 64 * 1024,
        passes: 3,
        lanes: 4,
    };
    /// More than any version of this program asks for. A file that asks for more was made to exhaust the machine.
    const HIGHEST: Self = Self {
        memory_kib: 1024 * 1024,
        passes: 64,
        lanes: 64,
    };

    /// Whether this program would derive a key at this cost.
    pub(crate) fn is_sane(self) -> bool {
        self.memory_kib <= Self::HIGHEST.memory_kib
            && self.passes <= Self::HIGHEST.passes
            && self.lanes <= Self::HIGHEST.lanes
    }
}

/// A key derived from a passphrase with Argon2id. Its bytes are overwritten when it is dropped.
pub(crate) struct PassphraseKey {
    cost: Cost,
    salt: [u8; SALT],
    // The key, then the check: two halves of one output of Argon2, neither of which reveals anything of the other.
    derived: Zeroizing<[u8; KEY + CHECK]>,
}

impl PassphraseKey {
    /// Derives the key of a new file.
    ///
    /// # Errors
    /// The passphrase is empty, or the system gives no random numbers or no memory.
    pub(crate) fn new(passphrase: &Secret, cost: Cost) -> Result<Self, SecretError> {
        let mut salt = [0; SALT];
        getrandom::fill(&mut salt).map_err(|error| SecretError::Encryption {
            reason: error.to_string(),
        })?;
        Self::derive(passphrase, cost, salt)
    }

    /// Derives the key of a file that has a salt. Whether it is the right one is checked by [`PassphraseKey::check`].
    ///
    /// # Errors
    /// As of [`PassphraseKey::new`].
    pub(crate) fn derive(passphrase: &Secret, cost: Cost, salt: [u8; SALT]) -> Result<Self, SecretError> {
        if passphrase.reveal().is_empty() {
            return Err(SecretError::EmptyPassphrase);
        }
        let failed = |error: argon2::Error| SecretError::Encryption {
            reason: error.to_string(),
        };
        let params = Params::new(cost.memory_kib, cost.passes, cost.lanes, None).map_err(failed)?;
        let mut derived = Zeroizing::new([0; KEY + CHECK]);
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_into(passphrase.reveal().as_bytes(), &salt, derived.as_mut_slice())
            .map_err(failed)?;
        Ok(Self { cost, salt, derived })
    }

    /// What deriving it cost.
    pub(crate) fn cost(&self) -> Cost {
        self.cost
    }

    /// What it was derived with besides the passphrase.
    pub(crate) fn salt(&self) -> [u8; SALT] {
        self.salt
    }

    /// The key of the cipher.
    pub(crate) fn key(&self) -> &[u8] {
        &self.derived[..KEY]
    }

    /// Bytes that may stand in the file, to tell a wrong passphrase from an altered file.
    pub(crate) fn check(&self) -> &[u8] {
        &self.derived[KEY..]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHEAP: Cost = Cost {
        memory_kib: 8,
        passes: 1,
        lanes: 1,
    };

    #[test]
    fn a_key_depends_on_passphrase_salt_and_cost_and_on_nothing_else() {
        let derive = |passphrase: &str, cost, salt| {
            let key = PassphraseKey::derive(&Secret::new(passphrase), cost, [salt; SALT]).unwrap();
            (key.key().to_vec(), key.check().to_vec())
        };
        let twice = Cost { passes: 2, ..CHEAP };
        let (key, check) = derive("correct horse", CHEAP, 1);
        assert_eq!(derive("correct horse", CHEAP, 1), (key.clone(), check.clone()));
        for other in [
            derive("correct horsf", CHEAP, 1),
            derive("correct horse", CHEAP, 2),
            derive("correct horse", twice, 1),
        ] {
            assert!(other.0 != key && other.1 != check);
        }
        assert_ne!(key, check, "the file shows the check");
    }

    #[test]
    fn each_new_key_has_its_own_salt() {
        let passphrase = Secret::new("correct horse");
        let one = PassphraseKey::new(&passphrase, CHEAP).unwrap();
        let other = PassphraseKey::new(&passphrase, CHEAP).unwrap();
        assert!(one.salt() != other.salt() && one.key() != other.key());
    }

    #[test]
    fn an_empty_passphrase_is_refused() {
        assert!(matches!(
            PassphraseKey::new(&Secret::new(""), CHEAP),
            Err(SecretError::EmptyPassphrase)
        ));
    }

    #[test]
    fn a_file_cannot_ask_for_more_than_a_machine_can_give() {
        assert!(Cost::USUAL.is_sane());
        assert!(
            !Cost {
                memory_kib: u32::MAX,
                ..Cost::USUAL
            }
            .is_sane()
        );
        assert!(
            !Cost {
                passes: u32::MAX,
                ..Cost::USUAL
            }
            .is_sane()
        );
        assert!(
            !Cost {
                lanes: u32::MAX,
                ..Cost::USUAL
            }
            .is_sane()
        );
    }
}
