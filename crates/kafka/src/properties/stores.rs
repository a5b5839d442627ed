//! Key and trust stores: what Java keeps in stores becomes PEM, which both lanes take.

use std::collections::BTreeMap;
use std::path::Path;

use super::content::{KeyFile, kind};
use super::error::PropertiesError;
use super::findings::Findings;
use super::paths::without_scheme;
use super::pem;
use super::store_file::{self, Store};

type Properties = BTreeMap<String, String>;
type Result<T> = std::result::Result<T, PropertiesError>;

/// Replaces properties of stores by the PEM text that is in them.
pub(super) fn translate(given: &mut Properties, base_dir: &Path, findings: &mut Findings) {
    let trust = trust_store(given, base_dir, findings);
    findings.ok(trust);
    let key = key_store(given, base_dir, findings);
    findings.ok(key);
}

fn trust_store(given: &mut Properties, base_dir: &Path, findings: &mut Findings) -> Result<()> {
    const KEY: &str = "ssl.truststore.location";
    let store_type = given.remove("ssl.truststore.type");
    let password = given.remove("ssl.truststore.password");
    let location = given.remove(KEY).filter(|location| !location.is_empty());
    if let Some(text) = given.remove("ssl.truststore.certificates") {
        let from = "ssl.truststore.certificates";
        put(
            given,
            findings,
            &["ssl.ca.pem", "ssl.ca.location"],
            from,
            pem_text(from, &text)?,
        );
    }
    let Some(location) = location.as_deref().map(without_scheme) else {
        return Ok(());
    };
    let path = base_dir.join(location);
    let store = match store_kind(KEY, &path, store_type.as_deref())? {
        KeyFile::Pem => {
            put(
                given,
                findings,
                &["ssl.ca.location", "ssl.ca.pem"],
                KEY,
                location.to_owned(),
            );
            return Ok(());
        }
        KeyFile::Binary | KeyFile::Jks | KeyFile::Unknown => open(KEY, &path, password.as_deref(), None)?,
    };
    if store.trusted.is_empty() {
        return Err(PropertiesError::value(
            KEY,
            format!(
                "names '{}', which has no certificate to trust in it",
                path.display()
            ),
        ));
    }
    let text = certificates(&store.trusted);
    put(given, findings, &["ssl.ca.pem", "ssl.ca.location"], KEY, text);
    Ok(())
}

fn key_store(given: &mut Properties, base_dir: &Path, findings: &mut Findings) -> Result<()> {
    const KEY: &str = "ssl.keystore.location";
    let store_type = given.remove("ssl.keystore.type");
    let password = given.remove("ssl.keystore.password");
    let location = given.remove(KEY).filter(|location| !location.is_empty());
    for (java, ours) in [
        ("ssl.keystore.certificate.chain", CERTIFICATE),
        ("ssl.keystore.key", PRIVATE_KEY),
    ] {
        if let Some(text) = given.remove(java) {
            put(given, findings, &ours, java, pem_text(java, &text)?);
        }
    }
    let Some(location) = location.as_deref().map(without_scheme) else {
        return Ok(());
    };
    let path = base_dir.join(location);
    if store_kind(KEY, &path, store_type.as_deref())? == KeyFile::Pem {
        for ours in [CERTIFICATE, PRIVATE_KEY] {
            let [text, file] = ours;
            put(given, findings, &[file, text], KEY, location.to_owned());
        }
        return Ok(());
    }
    let key_password = given.remove("ssl.key.password");
    let store = open(KEY, &path, password.as_deref(), key_password.as_deref())?;
    let [key] = store.keys.as_slice() else {
        return Err(PropertiesError::value(
            KEY,
            format!(
                "names '{}', which has {} private keys in it, and exactly one is needed: keep the one for this client",
                path.display(),
                store.keys.len()
            ),
        ));
    };
    put(given, findings, &CERTIFICATE, KEY, certificates(&key.chain));
    let text = pem::block("PRIVATE KEY", &key.pkcs8);
    put(given, findings, &PRIVATE_KEY, KEY, text);
    findings.note(format!(
        "certificate and private key are taken from the key store '{}'",
        path.display()
    ));
    Ok(())
}

/// A client's certificate as a text and as a file.
const CERTIFICATE: [&str; 2] = ["ssl.certificate.pem", "ssl.certificate.location"];
/// A client's key as a text and as a file.
const PRIVATE_KEY: [&str; 2] = ["ssl.key.pem", "ssl.key.location"];

/// Gives the first of two properties a value that the file has under another name; what the file says under the names
/// of the properties themselves must not be something else.
fn put(given: &mut Properties, findings: &mut Findings, names: &[&str; 2], from: &str, value: String) {
    let [name, otherwise] = *names;
    let is_given = |of: &str| given.get(of).is_some_and(|value| !value.trim().is_empty());
    if is_given(otherwise) {
        findings.contradict(otherwise, from);
    }
    findings.agree(given, name, value, from, name);
}

fn open(key: &str, path: &Path, password: Option<&str>, key_password: Option<&str>) -> Result<Store> {
    let bytes = std::fs::read(path).map_err(|error| PropertiesError::MissingFile {
        key: key.to_owned(),
        path: path.to_owned(),
        reason: error.to_string(),
    })?;
    store_file::read(&bytes, password, key_password).map_err(|reason| {
        PropertiesError::value(key, format!("names the store '{}', {reason}", path.display()))
    })
}

fn certificates(all: &[Vec<u8>]) -> String {
    all.iter().map(|der| pem::block("CERTIFICATE", der)).collect()
}

/// What a store is: its content knows better than its declared type, which is often left at Java's default.
fn store_kind(key: &str, path: &Path, declared: Option<&str>) -> Result<KeyFile> {
    if let Err(error) = std::fs::metadata(path) {
        return Err(PropertiesError::MissingFile {
            key: key.to_owned(),
            path: path.to_owned(),
            reason: error.to_string(),
        });
    }
    let found = kind(path).unwrap_or(KeyFile::Unknown);
    Ok(match declared.map(str::to_ascii_uppercase).as_deref() {
        Some("PEM") if found == KeyFile::Unknown => KeyFile::Pem,
        _ => found,
    })
}

fn pem_text(key: &str, text: &str) -> Result<String> {
    pem::restore(text).ok_or_else(|| {
        PropertiesError::value(
            key,
            "is no PEM text: it must go from -----BEGIN …----- to the matching -----END …-----",
        )
    })
}
