//! Mistakes that librdkafka would report late, in its own words, or not at all.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use super::error::PropertiesError;

/// What a file with keys or certificates is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum KeyFile {
    /// Text with `-----BEGIN`.
    Pem,
    /// Java's own format.
    Jks,
    /// PKCS#12, or a certificate in DER: both are ASN.1 sequences.
    Binary,
    /// None of them.
    Unknown,
}

/// Looks at a file's first bytes. `None` if it cannot be read.
pub(super) fn kind(path: &Path) -> Option<KeyFile> {
    let mut head = Vec::new();
    File::open(path)
        .and_then(|file| file.take(64 * 1024).read_to_end(&mut head))
        .ok()?;
    Some(
        if head.starts_with(&[0xfe, 0xed, 0xfe, 0xed]) || head.starts_with(&[0xce, 0xce, 0xce, 0xce]) {
            KeyFile::Jks
        } else if head.windows(11).any(|window| window == b"-----BEGIN ") {
            KeyFile::Pem
        } else if head.first() == Some(&0x30) {
            KeyFile::Binary
        } else {
            KeyFile::Unknown
        },
    )
}

/// Checks translated properties; what may be meant so goes to `notes`.
pub(super) fn check(
    properties: &BTreeMap<String, String>,
    notes: &mut Vec<String>,
) -> Result<(), PropertiesError> {
    for key in ["ssl.ca.location", "ssl.certificate.location", "ssl.key.location"] {
        let Some(path) = properties.get(key).map(Path::new) else {
            continue;
        };
        if !path.is_file() {
            continue;
        }
        let fix = match kind(path) {
            Some(KeyFile::Jks) => format!("keytool -list -rfc -keystore '{}' > ca.pem", path.display()),
            Some(KeyFile::Binary | KeyFile::Unknown) => {
                format!("openssl x509 -inform der -in '{}' -out ca.pem", path.display())
            }
            Some(KeyFile::Pem) | None => continue,
        };
        return Err(PropertiesError::value(
            key,
            format!(
                "names '{}', which is no PEM file. Convert it, for example with: {fix}",
                path.display()
            ),
        ));
    }
    let protocol = properties
        .get("security.protocol")
        .map_or("plaintext", String::as_str)
        .to_ascii_lowercase();
    let any = |prefixes: &[&str]| {
        properties
            .keys()
            .any(|key| prefixes.iter().any(|prefix| key.starts_with(prefix)))
    };
    if any(&[
        "sasl.username",
        "sasl.password",
        "sasl.kerberos.principal",
        "sasl.oauthbearer.",
    ]) && !protocol.starts_with("sasl_")
    {
        notes.push(format!(
            "credentials are set, but security.protocol is {protocol}: they are not used. Set security.protocol to SASL_SSL or SASL_PLAINTEXT if the brokers ask for a user"
        ));
    }
    if any(&["ssl.ca.", "ssl.certificate.", "ssl.key.", "ssl.keystore."]) && !protocol.ends_with("ssl") {
        notes.push(format!(
            "certificates or keys are set, but security.protocol is {protocol}: the connection is not encrypted. Set security.protocol to SSL or SASL_SSL if the brokers use TLS"
        ));
    }
    Ok(())
}
