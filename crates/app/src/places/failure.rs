use thiserror::Error;

use crate::{AppError, ErrorCode};

/// Why an application on another computer cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(crate) enum FarFailure {
    /// There is no ssh.
    #[error(
        "ssh cannot be started here ({reason}): install OpenSSH's client, or name another program in the environment variable SLUICE_SSH"
    )]
    NoSsh { reason: String },
    /// No command can name the folder.
    #[error("the data folder cannot be named in a command: {reason}")]
    Folder { reason: String },
    /// The host key is another one than before.
    #[error(
        "'{host}' has another host key than before: it was set up again, or another computer answers in its name. Nothing was sent. Ask its administrator, and only if the new key is right forget the old one: ssh-keygen -R {host}"
    )]
    HostKeyChanged { host: String },
    /// The host key was never seen.
    #[error(
        "the host key of '{host}' is not known here: connect once in a terminal, compare the key's fingerprint and accept it: ssh {host}"
    )]
    HostKeyUnknown { host: String },
    /// The login failed.
    #[error(
        "'{host}' refuses the login ({words}): it must work in a terminal without a question (ssh {host}). Put your public key there with ssh-copy-id, and load a key that has a passphrase with ssh-add"
    )]
    LoginRefused { host: String, words: String },
    /// There is no `sluice` there.
    #[error(
        "`sluice` was not found on '{host}': install it there where commands of ssh find it, as in /usr/local/bin (docs/guide/places.md has the commands)"
    )]
    NotInstalled { host: String },
    /// There is one that cannot be started.
    #[error("`sluice` cannot be started on '{host}': {words}")]
    NotRunnable { host: String, words: String },
    /// It does not know this way to be driven.
    #[error("`sluice` on '{host}' is too old to be driven from here: install version {here} there")]
    TooOld { host: String, here: &'static str },
    /// It is driven another way.
    #[error(
        "`sluice` on '{host}' is version {there}, which is driven another way than version {here} does: update Sluice here"
    )]
    TooNew {
        host: String,
        there: String,
        here: &'static str,
    },
    /// No connection came about.
    #[error(
        "'{host}' cannot be reached: {words}. Look at the name, at the network, and whether its ssh server runs"
    )]
    Unreachable { host: String, words: String },
    /// The program there cannot work.
    #[error("Sluice on '{host}' cannot work: {words}")]
    Trouble {
        host: String,
        words: String,
        is_passing: bool,
    },
    /// Nothing that is an answer came.
    #[error("'{host}' took the connection, but `sluice` did not answer there within {seconds} s")]
    NoAnswer { host: String, seconds: u64 },
    /// What came is no answer.
    #[error(
        "'{host}' took the connection, but what came is not an answer of `sluice`: do the scripts of its login shell print something?"
    )]
    Unreadable { host: String },
    /// Ssh ended for another reason.
    #[error("ssh to '{host}' ended: {words}")]
    Ended { host: String, words: String },
    /// Nothing came for too long.
    #[error("the connection to '{host}' is lost: nothing came for {seconds} s")]
    Silent { host: String, seconds: u64 },
    /// The connection broke.
    #[error("the connection to '{host}' is lost: {words}")]
    Lost { host: String, words: String },
}

impl FarFailure {
    /// Whether it may pass by itself. What a person has to mend is not tried again: a server may lock out who knocks too often.
    pub(super) fn is_passing(&self) -> bool {
        match self {
            Self::Unreachable { .. }
            | Self::NoAnswer { .. }
            | Self::Ended { .. }
            | Self::Silent { .. }
            | Self::Lost { .. } => true,
            Self::Trouble { is_passing, .. } => *is_passing,
            Self::NoSsh { .. }
            | Self::Folder { .. }
            | Self::HostKeyChanged { .. }
            | Self::HostKeyUnknown { .. }
            | Self::LoginRefused { .. }
            | Self::NotInstalled { .. }
            | Self::NotRunnable { .. }
            | Self::TooOld { .. }
            | Self::TooNew { .. }
            | Self::Unreadable { .. } => false,
        }
    }
}

impl From<FarFailure> for AppError {
    fn from(failure: FarFailure) -> Self {
        let mut error = Self::new(ErrorCode::PlaceUnreachable, failure.to_string());
        error.retryable = failure.is_passing();
        error
    }
}
