//! Passwords and keys of data sources, apart from the database, whose rows hold handles only.

pub(crate) mod atomic_file;
mod call_thread;
mod encrypted_file;
mod error;
mod file_format;
mod key_file;
mod keychain;
mod open;
mod passphrase_key;
mod place;
mod secret_level;
mod secret_store;
mod session;
mod waiting_keychain;

pub use error::SecretError;
pub use open::{SecretPreference, needs_passphrase, open_secrets};
pub use secret_level::SecretLevel;
pub use secret_store::SecretStore;
