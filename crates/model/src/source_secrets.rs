use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize};
use ts_rs::TS;

use crate::Secret;

/// The secrets of a data source, apart from its form. They come from a page and never go back to one: they
/// serialise as nothing. A field that is left blank is no secret.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(default, deny_unknown_fields)]
pub struct SourceSecrets {
    /// The password of the SASL user.
    #[serde(skip_serializing, deserialize_with = "not_blank")]
    #[ts(as = "Option<String>", optional = nullable)]
    pub password: Option<Secret>,
    /// The password of the private key.
    #[serde(skip_serializing, deserialize_with = "not_blank")]
    #[ts(as = "Option<String>", optional = nullable)]
    pub key_password: Option<Secret>,
    /// The private key itself, as PEM: one that was imported with a key store. A `key_file` counts before it.
    #[serde(skip_serializing, deserialize_with = "not_blank")]
    #[ts(as = "Option<String>", optional = nullable)]
    pub key_pem: Option<Secret>,
    /// The secret of the OAuth client.
    #[serde(skip_serializing, deserialize_with = "not_blank")]
    #[ts(as = "Option<String>", optional = nullable)]
    pub oauth_client_secret: Option<Secret>,
    /// The password of the proxy's user.
    #[serde(skip_serializing, deserialize_with = "not_blank")]
    #[ts(as = "Option<String>", optional = nullable)]
    pub proxy_password: Option<Secret>,
}

impl SourceSecrets {
    /// The fields that may hold a secret.
    pub const FIELDS: [&str; 5] = [
        "password",
        "key_password",
        "key_pem",
        "oauth_client_secret",
        "proxy_password",
    ];

    /// The secrets that are given, by field.
    pub fn given(&self) -> impl Iterator<Item = (&'static str, &Secret)> {
        let [
            password,
            key_password,
            key_pem,
            oauth_client_secret,
            proxy_password,
        ] = Self::FIELDS;
        [
            (password, &self.password),
            (key_password, &self.key_password),
            (key_pem, &self.key_pem),
            (oauth_client_secret, &self.oauth_client_secret),
            (proxy_password, &self.proxy_password),
        ]
        .into_iter()
        .filter_map(|(field, secret)| {
            let secret = secret.as_ref().filter(|secret| !secret.reveal().is_empty())?;
            Some((field, secret))
        })
    }

    /// The secret of one field, if it is given.
    pub fn get(&self, field: &str) -> Option<&Secret> {
        self.given()
            .find_map(|(name, secret)| (name == field).then_some(secret))
    }

    /// Those that are given here, and `kept` ones for the fields left blank.
    #[must_use]
    pub fn or(self, kept: Self) -> Self {
        let filled = |new: Option<Secret>, kept| new.filter(|secret| !secret.reveal().is_empty()).or(kept);
        Self {
            password: filled(self.password, kept.password),
            key_password: filled(self.key_password, kept.key_password),
            key_pem: filled(self.key_pem, kept.key_pem),
            oauth_client_secret: filled(self.oauth_client_secret, kept.oauth_client_secret),
            proxy_password: filled(self.proxy_password, kept.proxy_password),
        }
    }
}

fn not_blank<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Secret>, D::Error> {
    // Serde's own sentence would show a password that came as a number.
    let secret = Option::<Secret>::deserialize(deserializer)
        .map_err(|_| D::Error::custom("a secret must be written as text"))?;
    Ok(secret.filter(|secret| !secret.reveal().is_empty()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all() -> SourceSecrets {
        serde_json::from_str(
            r#"{"password":"hunter2","key_password":"hunter3","oauth_client_secret":"hunter4","proxy_password":"hunter5"}"#,
        )
        .unwrap()
    }

    #[test]
    fn secrets_come_in_and_neither_json_nor_debug_output_shows_them() {
        let secrets = all();
        let seen: Vec<(&str, &str)> = secrets
            .given()
            .map(|(field, secret)| (field, secret.reveal()))
            .collect();
        assert_eq!(
            seen,
            [
                ("password", "hunter2"),
                ("key_password", "hunter3"),
                ("oauth_client_secret", "hunter4"),
                ("proxy_password", "hunter5")
            ]
        );
        assert_eq!(serde_json::to_string(&secrets).unwrap(), "{}");
        assert!(!format!("{secrets:?}").contains("hunter"), "{secrets:?}");
    }

    #[test]
    fn blank_fields_keep_what_there_was() {
        let edited: SourceSecrets =
            serde_json::from_str(r#"{"password":"","key_password":null,"oauth_client_secret":"new"}"#)
                .unwrap();
        assert_eq!(edited.given().count(), 1);
        let merged = edited.or(all());
        assert_eq!(merged.get("password").map(Secret::reveal), Some("hunter2"));
        assert_eq!(merged.get("key_password").map(Secret::reveal), Some("hunter3"));
        assert_eq!(merged.get("oauth_client_secret").map(Secret::reveal), Some("new"));
        assert_eq!(merged.get("proxy_password").map(Secret::reveal), Some("hunter5"));
        assert_eq!(merged.get("username"), None);
    }

    #[test]
    fn blanks_within_a_password_are_its_own() {
        let secrets: SourceSecrets = serde_json::from_str(r#"{"password":" p w "}"#).unwrap();
        assert_eq!(secrets.password.as_ref().map(Secret::reveal), Some(" p w "));
    }

    #[test]
    fn a_password_that_is_a_number_is_refused_and_not_shown() {
        let error = serde_json::from_str::<SourceSecrets>(r#"{"password":123456}"#)
            .unwrap_err()
            .to_string();
        assert!(error.contains("as text") && !error.contains("123456"), "{error}");
    }

    #[test]
    fn an_unknown_field_is_refused_without_its_value() {
        let error = serde_json::from_str::<SourceSecrets>(r#"{"pass":"hunter2"}"#)
            .unwrap_err()
            .to_string();
        assert!(error.contains("pass") && !error.contains("hunter2"), "{error}");
    }
}
