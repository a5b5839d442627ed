//! Passwords, keys and webhook addresses are in no file of the state directory, wherever secrets are kept. For the
//! keychain see `keychain.rs`.
#![expect(clippy::unwrap_used, reason = "a test may fail by it")]

mod rows_and_secrets;

use sluice_model::Secret;
use sluice_store::{SecretLevel, SecretPreference, SqliteStore, open_secrets};

const PASSPHRASE: &str = "correct horse battery";

#[test]
fn no_byte_of_a_secret_is_found_in_any_file_while_the_state_is_open_and_afterwards() {
    let file = SecretPreference::File {
        passphrase: Secret::new(PASSPHRASE),
    };
    for (preference, level) in [
        (SecretPreference::Session, SecretLevel::Session),
        (file, SecretLevel::File),
    ] {
        let dir = tempfile::tempdir().unwrap();
        let secrets = open_secrets(dir.path(), preference, false).unwrap();
        assert_eq!(secrets.level(), level);
        let store = SqliteStore::open(dir.path()).unwrap();
        rows_and_secrets::save(&store, &*secrets);
        rows_and_secrets::are_not_below(dir.path(), Some(PASSPHRASE));
        for (handle, _) in rows_and_secrets::SECRETS {
            secrets.remove(handle).unwrap();
        }
        drop((secrets, store));
        rows_and_secrets::are_not_below(dir.path(), Some(PASSPHRASE));
    }
}

#[test]
fn a_secret_that_is_there_is_found_by_the_search() {
    let dir = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(dir.path()).unwrap();
    let (_, secret) = rows_and_secrets::SECRETS[0];
    store.set_setting("mistake", &secret.into()).unwrap();
    assert!(!rows_and_secrets::files_with(dir.path(), secret).is_empty());
}
