//! Properties that name a file: relative ones start beside the configuration, and all of them must be readable.

use std::collections::BTreeMap;
use std::path::Path;

use super::error::PropertiesError;

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

pub(super) fn settle(
    properties: &mut BTreeMap<String, String>,
    base_dir: &Path,
) -> Result<(), PropertiesError> {
    for (key, value) in properties
        .iter_mut()
        .filter(|(key, _)| FILES.contains(&key.as_str()))
    {
        // The place of the system's certificates, by librdkafka's word.
        if key.ends_with("ca.location") && value == "probe" {
            continue;
        }
        let path = base_dir.join(&*value);
        std::fs::metadata(&path)
            .and_then(|meta| {
                if meta.is_file() {
                    std::fs::File::open(&path).map(drop)
                } else {
                    Ok(())
                }
            })
            .map_err(|error| PropertiesError::MissingFile {
                key: key.clone(),
                path: path.clone(),
                reason: error.to_string(),
            })?;
        *value = path
            .to_str()
            .ok_or_else(|| PropertiesError::value(key, "names a path that is not UTF-8; move the file"))?
            .to_owned();
    }
    Ok(())
}
