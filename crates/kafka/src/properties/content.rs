//! Mistakes that librdkafka would report late, in its own words, or not at all.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use super::error::PropertiesError;
use super::findings::Findings;
use super::pem;

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

/// Checks translated properties; what may be meant so goes to the notes.
pub(super) fn check(properties: &BTreeMap<String, String>, findings: &mut Findings) {
    for key in ["ssl.ca.location", "ssl.certificate.location", "ssl.key.location"] {
        if let Some(path) = properties.get(key).map(Path::new) {
            findings.ok(pem_file(key, path));
        }
    }
    for (key, java) in TEXTS {
        if let Some(text) = properties.get(*key) {
            let named = findings.name_of(&[java, key]);
            findings.ok(pem_text(key, text, &named));
        }
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
        findings.note(format!(
            "credentials are set, but security.protocol is {protocol}: they are not used. Set security.protocol to SASL_SSL or SASL_PLAINTEXT if the brokers ask for a user"
        ));
    }
    if any(&["ssl.ca.", "ssl.certificate.", "ssl.key.", "ssl.keystore."]) && !protocol.ends_with("ssl") {
        findings.note(format!(
            "certificates or keys are set, but security.protocol is {protocol}: the connection is not encrypted. Set security.protocol to SSL or SASL_SSL if the brokers use TLS"
        ));
    }
    if protocol.ends_with("ssl") {
        weakened(properties, findings);
    }
    let is_kerberos = properties
        .get("sasl.mechanism")
        .is_some_and(|mechanism| mechanism.eq_ignore_ascii_case("GSSAPI"));
    if is_kerberos && protocol.starts_with("sasl_") && !cfg!(feature = "kerberos") {
        findings.note(
            "this build of Sluice cannot log in with Kerberos (GSSAPI): use one that was built with it",
        );
    }
}

/// What the file asks for and what makes TLS prove less than it could.
fn weakened(properties: &BTreeMap<String, String>, findings: &mut Findings) {
    if properties
        .get("enable.ssl.certificate.verification")
        .is_some_and(|value| value.eq_ignore_ascii_case("false"))
    {
        findings.note(
            "the certificates of the brokers are not checked, as 'enable.ssl.certificate.verification' says: anybody on the way can read and change what is copied",
        );
    } else if properties
        .get("ssl.endpoint.identification.algorithm")
        .is_some_and(|value| value == "none")
    {
        findings.note(
            "the host names of the brokers are not checked, as 'ssl.endpoint.identification.algorithm' says: any certificate of the same authority is accepted",
        );
    }
}

/// Texts of certificates and keys, and what Java's clients call them.
const TEXTS: &[(&str, &str)] = &[
    ("https.ca.pem", "https.ca.pem"),
    ("ssl.ca.pem", "ssl.truststore.certificates"),
    ("ssl.certificate.pem", "ssl.keystore.certificate.chain"),
    ("ssl.key.pem", "ssl.keystore.key"),
];

/// What is no secret is kept in clear: a private key must not be in it.
fn pem_text(key: &str, text: &str, named: &str) -> Result<(), PropertiesError> {
    let checked = if key == "ssl.key.pem" {
        pem::check_key(text)
    } else if pem::has_private_key(text) {
        Err(
            "holds a private key, and would be kept in clear: leave only certificates there, and give the key by itself as ssl.key.pem or ssl.keystore.key",
        )
    } else {
        pem::check_certificates(text)
    };
    checked.map_err(|reason| PropertiesError::value(named, reason))
}

fn pem_file(key: &str, path: &Path) -> Result<(), PropertiesError> {
    if !path.is_file() {
        return Ok(());
    }
    let shown = path.display();
    let fix = match (kind(path), key) {
        (None, _) => return Ok(()),
        (Some(KeyFile::Pem), _) => return pem_content(key, path),
        (Some(KeyFile::Jks), "ssl.ca.location") => format!("keytool -list -rfc -keystore '{shown}' > ca.pem"),
        (Some(KeyFile::Jks), _) => format!(
            "keytool -importkeystore -srckeystore '{shown}' -destkeystore client.p12 -deststoretype PKCS12 && openssl pkcs12 -in client.p12 -out client.pem"
        ),
        (Some(KeyFile::Binary | KeyFile::Unknown), "ssl.key.location") => {
            format!("openssl pkey -inform der -in '{shown}' -out client.pem")
        }
        (Some(KeyFile::Binary | KeyFile::Unknown), _) => {
            format!("openssl x509 -inform der -in '{shown}' -out ca.pem")
        }
    };
    Err(PropertiesError::value(
        key,
        format!("names '{shown}', which is no PEM file. Convert it, for example with: {fix}"),
    ))
}

/// What a PEM file must have in it to be what a property says.
fn pem_content(key: &str, path: &Path) -> Result<(), PropertiesError> {
    let bytes = std::fs::read(path).map_err(|error| PropertiesError::MissingFile {
        key: key.to_owned(),
        path: path.to_owned(),
        reason: error.to_string(),
    })?;
    // Comments beside the blocks may be in any encoding.
    let text = String::from_utf8_lossy(&bytes);
    let checked = match key {
        "ssl.key.location" => pem::check_key(&text),
        _ => pem::check_certificates(&text),
    };
    checked
        .map_err(|reason| PropertiesError::value(key, format!("names '{}', which {reason}", path.display())))
}
