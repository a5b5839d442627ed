use std::path::PathBuf;

use thiserror::Error;

use super::SecretLevel;

/// Why secrets cannot be kept or read. No sentence holds one.
#[derive(Debug, Error)]
pub enum SecretError {
    /// The keychain of the system refuses, is locked, or is not there.
    #[error(
        "the keychain of this system, where the secrets are to be, cannot be used: {reason}. Unlock it or start its service and try again; if it is gone for good, leave it with `sluice source leave-keychain` and enter the secrets again"
    )]
    Keychain {
        /// The keychain's words.
        reason: String,
    },
    /// The keychain does not answer, as it does while it waits to be unlocked.
    #[error(
        "the keychain of this system, where the secrets are to be, has not answered for {seconds} s. Unlock it if it asks for a password and try again; if it is gone for good, leave it with `sluice source leave-keychain` and enter the secrets again"
    )]
    KeychainSilent {
        /// How long it was waited for.
        seconds: u64,
    },
    /// The file was protected with another passphrase.
    #[error("the passphrase does not open '{}'. Give the one it was protected with; if it is lost, remove the file and enter the passwords of the data sources again", .path.display())]
    WrongPassphrase {
        /// The file.
        path: PathBuf,
    },
    /// The file is protected with a passphrase, and none was given.
    #[error("the file of secrets '{}' is protected with a passphrase. Give it (a terminal takes it from SLUICE_PASSPHRASE) and try again; if it is lost, remove the file and enter the secrets again", .path.display())]
    PassphraseNeeded {
        /// The file.
        path: PathBuf,
    },
    /// The key that protects the file is missing.
    #[error("the key '{}' is missing, without which the file of secrets beside it cannot be read. Put it back and try again; if it is lost, remove the file of secrets and enter the secrets again", .path.display())]
    KeyMissing {
        /// The key's file.
        path: PathBuf,
    },
    /// The keychain was to be left although it holds the secrets and can be used.
    #[error(
        "the keychain of this system can be used, and the secrets are in it. Nothing has to be entered again"
    )]
    KeychainWorks,
    /// The keychain was to be left, but the secrets are elsewhere.
    #[error("the secrets are kept {}, not in the keychain of this system. There is nothing to leave", .level.place())]
    NotInKeychain {
        /// Where they are.
        level: SecretLevel,
    },
    /// A passphrase of no characters protects nothing.
    #[error("an empty passphrase protects nothing. Choose one that is hard to guess")]
    EmptyPassphrase,
    /// The file is cut off, was altered, or is something else.
    #[error("the file of secrets '{}' cannot be trusted: {what}. Restore it from a backup, or remove it and enter the passwords of the data sources again", .path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        what: &'static str,
    },
    /// A newer version of the program has written the file.
    #[error("the file of secrets '{}' was written by a newer version of Sluice (its format is {found}, this version knows {known}). Use that version", .path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// The format's number in the file.
        found: u16,
        /// The newest number this version knows.
        known: u16,
    },
    /// The file cannot be read or written.
    #[error("the file of secrets '{}' cannot be used: {reason}. Check that the file is there, its owner and permissions, and the space on the disk", .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The system's words.
        reason: String,
    },
    /// Another process has been changing the file for too long.
    #[error("the file of secrets '{}' has been locked by another process for too long. See which process has it open and try again", .path.display())]
    Busy {
        /// The file.
        path: PathBuf,
    },
    /// A passphrase was to be changed where there is none.
    #[error("secrets are kept {}, where no passphrase protects them. There is none to change", .level.place())]
    NoPassphrase {
        /// Where they are.
        level: SecretLevel,
    },
    /// The system gave no random numbers, or no memory to derive the key in.
    #[error("the secrets cannot be encrypted: {reason}. Close other programs and try again")]
    Encryption {
        /// What failed.
        reason: String,
    },
}

impl SecretError {
    /// Whether the same may succeed later, once the keychain has been unlocked or started.
    pub fn is_passing(&self) -> bool {
        matches!(
            self,
            Self::Keychain { .. } | Self::KeychainSilent { .. } | Self::Busy { .. }
        )
    }
}
