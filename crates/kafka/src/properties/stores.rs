//! Key and trust stores: what Java keeps in stores, librdkafka takes as PEM files, PEM text or PKCS#12.

use std::collections::BTreeMap;
use std::path::Path;

use super::content::{KeyFile, kind};
use super::error::PropertiesError;
use super::pem;

type Properties = BTreeMap<String, String>;
type Result<T> = std::result::Result<T, PropertiesError>;

/// Replaces properties of stores by those librdkafka can use; refuses Java's own formats with the command that converts
/// them.
pub(super) fn translate(given: &mut Properties, base_dir: &Path) -> Result<()> {
    trust_store(given, base_dir)?;
    key_store(given, base_dir)
}

fn trust_store(given: &mut Properties, base_dir: &Path) -> Result<()> {
    let store_type = given.remove("ssl.truststore.type");
    given.remove("ssl.truststore.password");
    if let Some(text) = given.remove("ssl.truststore.certificates") {
        given.insert(
            "ssl.ca.pem".to_owned(),
            pem_text("ssl.truststore.certificates", &text)?,
        );
    }
    const KEY: &str = "ssl.truststore.location";
    let Some(location) = given.remove(KEY).filter(|location| !location.is_empty()) else {
        return Ok(());
    };
    let path = base_dir.join(&location);
    let shown = path.display();
    match store_kind(KEY, &path, store_type.as_deref())? {
        KeyFile::Pem => {
            given.insert("ssl.ca.location".to_owned(), location);
            Ok(())
        }
        KeyFile::Binary => Err(PropertiesError::value(
            KEY,
            format!(
                "names the PKCS#12 trust store '{shown}', and certificates are needed as PEM. Convert it with: openssl pkcs12 -in '{shown}' -nokeys -out ca.pem (or: keytool -list -rfc -keystore '{shown}' > ca.pem), and set ssl.ca.location=ca.pem instead"
            ),
        )),
        KeyFile::Jks | KeyFile::Unknown => Err(PropertiesError::value(
            KEY,
            format!(
                "names the Java trust store '{shown}', which only Java can read. Convert it with: keytool -list -rfc -keystore '{shown}' > ca.pem, and set ssl.ca.location=ca.pem instead"
            ),
        )),
    }
}

fn key_store(given: &mut Properties, base_dir: &Path) -> Result<()> {
    let store_type = given.remove("ssl.keystore.type");
    for (java, ours) in [
        ("ssl.keystore.certificate.chain", "ssl.certificate.pem"),
        ("ssl.keystore.key", "ssl.key.pem"),
    ] {
        if let Some(text) = given.remove(java) {
            given.insert(ours.to_owned(), pem_text(java, &text)?);
        }
    }
    const KEY: &str = "ssl.keystore.location";
    let Some(location) = given.remove(KEY).filter(|location| !location.is_empty()) else {
        return Ok(());
    };
    let path = base_dir.join(&location);
    let shown = path.display();
    match store_kind(KEY, &path, store_type.as_deref())? {
        KeyFile::Pem => {
            given.remove("ssl.keystore.password");
            given.insert("ssl.certificate.location".to_owned(), location.clone());
            given.insert("ssl.key.location".to_owned(), location);
        }
        KeyFile::Binary => {
            // A PKCS#12 store has one password for the store and the key.
            if let Some(password) = given.remove("ssl.key.password") {
                given
                    .entry("ssl.keystore.password".to_owned())
                    .or_insert(password);
            }
            given.insert(KEY.to_owned(), location);
        }
        KeyFile::Jks | KeyFile::Unknown => {
            return Err(PropertiesError::value(
                KEY,
                format!(
                    "names the Java key store '{shown}', which only Java can read. Convert it with: keytool -importkeystore -srckeystore '{shown}' -destkeystore client.p12 -deststoretype PKCS12, and set ssl.keystore.location=client.p12 instead"
                ),
            ));
        }
    }
    Ok(())
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
        Some("PKCS12") if found == KeyFile::Unknown => KeyFile::Binary,
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
