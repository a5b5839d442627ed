use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// Where secrets are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum SecretLevel {
    /// In the keychain of the system.
    Keychain,
    /// In a file that a passphrase encrypts.
    File,
    /// In memory: they are gone when the program ends.
    Session,
}

impl SecretLevel {
    /// The place as part of a sentence.
    pub fn place(self) -> &'static str {
        match self {
            Self::Keychain => "in the keychain of the system",
            Self::File => "in an encrypted file",
            Self::Session => "in memory",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_is_one_lower_case_word_in_json_and_in_typescript() {
        for (level, word) in [
            (SecretLevel::Keychain, "\"keychain\""),
            (SecretLevel::File, "\"file\""),
            (SecretLevel::Session, "\"session\""),
        ] {
            assert_eq!(serde_json::to_string(&level).unwrap(), word);
            assert_eq!(serde_json::from_str::<SecretLevel>(word).unwrap(), level);
            let declared = SecretLevel::decl(&ts_rs::Config::default());
            assert!(declared.contains(word), "{declared}");
        }
    }
}
