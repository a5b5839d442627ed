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
        if let Some(path) = findings.ok(readable(key, &base_dir.join(&*value))) {
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
