//! A data source and a channel with secrets, saved as the application does, and a search for those secrets.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::json;
use sluice_model::Secret;
use sluice_store::{ChannelRow, DataSourceRow, SecretStore, SqliteStore};

/// The secrets of the rows, by handle.
pub const SECRETS: [(&str, &str); 4] = [
    ("ds-1/sasl.password", "hunter2-pässword"),
    (
        "ds-1/ssl.key.pem",
        "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBg\n-----END PRIVATE KEY-----",
    ),
    ("ch-1/url", "https://hooks.example/T0/B0/x9tokenx9"),
    ("ch-1/hmac", "signing-k3y"),
];

/// Saves the rows with the handles of [`SECRETS`], and the secrets where `secrets` keeps them. What was there before is
/// replaced, so that the pages of the former rows are in the files as well.
pub fn save(store: &SqliteStore, secrets: &dyn SecretStore) {
    let handles = |prefix: &str| -> BTreeMap<String, String> {
        SECRETS
            .iter()
            .filter_map(|(handle, _)| Some((handle.strip_prefix(prefix)?.to_owned(), (*handle).to_owned())))
            .collect()
    };
    let mut source = DataSourceRow {
        id: "ds-1".to_owned(),
        name: "Production".to_owned(),
        settings: json!({"bootstrap": "a:9093", "sasl": {"user": "ada"}}),
        secrets: handles("ds-1/"),
        created_ms: 1,
        updated_ms: 1,
    };
    for (handle, secret) in SECRETS {
        secrets.put(handle, &Secret::new("another, of before")).unwrap();
        secrets.put(handle, &Secret::new(secret)).unwrap();
    }
    store.insert_source(&source).unwrap();
    source.updated_ms = 2;
    store.update_source(&source).unwrap();
    store
        .put_channel(&ChannelRow {
            id: "ch-1".to_owned(),
            name: "ops".to_owned(),
            body: json!({"kind": "webhook"}),
            secrets: handles("ch-1/"),
            created_ms: 1,
            updated_ms: 1,
        })
        .unwrap();
    for (handle, secret) in SECRETS {
        assert_eq!(secrets.get(handle).unwrap(), Some(Secret::new(secret)));
    }
}

/// Every file below `dir` whose bytes hold `text`.
pub fn files_with(dir: &Path, text: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files_with(&path, text));
        } else if path.is_file() {
            let bytes = fs::read(&path).unwrap();
            if bytes.windows(text.len()).any(|window| window == text.as_bytes()) {
                found.push(path);
            }
        }
    }
    found
}

/// No file below `dir` holds a secret of the rows, or `passphrase`; their handles are in the database alone.
pub fn are_not_below(dir: &Path, passphrase: Option<&str>) {
    let texts = SECRETS.iter().flat_map(|(_, secret)| secret.lines());
    for text in texts.chain(passphrase).chain(["another, of before"]) {
        assert_eq!(files_with(dir, text), Vec::<PathBuf>::new(), "'{text}' is there");
    }
    let handle = files_with(dir, "ds-1/sasl.password");
    assert!(!handle.is_empty(), "the search finds what is there");
    for file in handle {
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        assert!(name.starts_with("sluice.db"), "a handle is in {name}");
    }
}
