use std::path::PathBuf;

use thiserror::Error;

/// Why no token could be signed. No sentence holds a key, a token or a part of one.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum AwsError {
    /// No place that was looked at has credentials.
    #[error(
        "no AWS credentials were found: not in the variables AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, not in the profile '{profile}' of {files}, and this computer is neither an AWS container nor an EC2 instance with a role ({instance}). Run 'aws configure', or name a profile"
    )]
    NoCredentials {
        /// The profile that was looked for.
        profile: String,
        /// The files that were read.
        files: String,
        /// What the instance's metadata service answered.
        instance: String,
    },
    /// A variable is of no use without another.
    #[error("the variable {variable} is set and {missing} is not: set both, or neither")]
    HalfSet {
        /// The one that is set.
        variable: &'static str,
        /// The one that is missing.
        missing: &'static str,
    },
    /// There is no such profile.
    #[error(
        "there is no AWS profile '{profile}' in {files}: run 'aws configure --profile {profile}', or name another one"
    )]
    NoProfile {
        /// Its name.
        profile: String,
        /// The files that were read.
        files: String,
    },
    /// A profile cannot be used.
    #[error("the AWS profile '{profile}' {reason}")]
    Profile {
        /// Its name.
        profile: String,
        /// What is wrong with it and what would be right.
        reason: String,
    },
    /// A file cannot be read.
    #[error("the file '{}' with {what} cannot be read: {reason}", .path.display())]
    File {
        /// What it has.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// The system's words.
        reason: String,
    },
    /// A service of AWS refused, or was not reached.
    #[error("{service} {reason}")]
    Service {
        /// Which.
        service: String,
        /// What it did.
        reason: String,
    },
    /// A service gave credentials that are over already.
    #[error("{service} gave AWS credentials that are no longer valid: check this computer's clock")]
    Expired {
        /// Which.
        service: String,
    },
    /// The computer's clock is at a time that no signature can have.
    #[error("this computer's clock is not at a time that AWS can be shown: set it")]
    Clock,
}

/// What this crate's functions return.
pub(crate) type Result<T, E = AwsError> = std::result::Result<T, E>;

impl AwsError {
    pub(crate) fn service(service: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::Service {
            service: service.into(),
            reason: reason.into(),
        }
    }

    pub(crate) fn profile(profile: &str, reason: impl Into<String>) -> Self {
        Self::Profile {
            profile: profile.to_owned(),
            reason: reason.into(),
        }
    }
}
