//! Logging in to Amazon MSK as an identity of AWS: credentials, found where AWS's own tools find them, and the tokens
//! that are signed with them. Both clients of Kafka take their tokens from here.

mod chain;
mod credentials;
mod error;
mod files;
mod http;
mod metadata;
mod process;
mod profile;
mod signature;
mod signer;
mod sts;
mod surroundings;

#[cfg(test)]
mod fake_http;

pub use credentials::Credentials;
pub use error::AwsError;
pub use signer::{MskSigner, SignedToken};
pub use surroundings::{Endpoints, Surroundings};
