//! Properties that name a file: relative ones start beside the configuration, and all of them must be readable.

use std::collections::BTreeMap;
use std::path::Path;

use super::error::PropertiesError;
use super::findings::Findings;

const FILES: &[&str] = &[
    "sasl.kerberos.keytab",
    "sasl.oauthbearer.assertion.private.key.file",
    "ssl.ca.location",
    "ssl.certificate.location",
    "ssl.crl.location",
    "ssl.key.location",
    "ssl.keystore.location",
    "https.ca.location",
];

/// Takes out files that lie inside a Java program, where only that program finds them.
pub(super) fn leave_inside(properties: &mut BTreeMap<String, String>, findings: &mut Findings) {
    properties.retain(|key, value| {
        let is_inside = key.ends_with(".location") && value.trim_start().starts_with("classpath:");
        if is_inside {
            findings.fault(PropertiesError::value(
                key,
                "names a file inside a Java program (classpath:), where only that program finds it: name a file of this computer",
            ));
        }
        !is_inside
    });
}

/// A path without the scheme that Spring writes before a file.
pub(super) fn without_scheme(location: &str) -> &str {
    match location.strip_prefix("file:") {
        Some(path) => path.strip_prefix("//").unwrap_or(path),
        None => location,
    }
}

/// Makes them absolute; reports those that cannot be read.
pub(super) fn settle(properties: &mut BTreeMap<String, String>, base_dir: &Path, findings: &mut Findings) {
    for (key, value) in properties
        .iter_mut()
        .filter(|(key, _)| FILES.contains(&key.as_str()))
    {
        // The place of the system's certificates, by librdkafka's word.
        if key.ends_with("ca.location") && value == "probe" {
            continue;
        }
        if let Some(path) = findings.ok(readable(key, &base_dir.join(without_scheme(value)))) {
            *value = path;
        }
    }
}

fn readable(key: &str, path: &Path) -> Result<String, PropertiesError> {
    std::fs::metadata(path)
        .and_then(|meta| {
            if meta.is_file() {
                std::fs::File::open(path).map(drop)
            } else {
                Ok(())
            }
        })
        .map_err(|error| PropertiesError::MissingFile {
            key: key.to_owned(),
            path: path.to_owned(),
            reason: error.to_string(),
        })?;
    path.to_str()
        .map(str::to_owned)
        .ok_or_else(|| PropertiesError::value(key, "names a path that is not UTF-8; move the file"))
}
