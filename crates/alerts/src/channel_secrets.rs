use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sluice_model::Secret;

/// What of a channel must not be seen. It serialises in clear, for the keychain alone.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ChannelSecrets {
    /// The whole URL of a webhook; without it, the one of the configuration counts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<Secret>,
    /// Values of headers whose value in the configuration is empty.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, Secret>,
    /// What a webhook's messages are signed with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signing_secret: Option<Secret>,
    /// The password of the mail server's user.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password: Option<Secret>,
}

impl ChannelSecrets {
    /// Whether there is anything to keep.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}
