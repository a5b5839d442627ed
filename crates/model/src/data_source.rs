use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::{SourceForm, SourceId};

/// A data source as pages see it: no secret, only which ones are kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct DataSource {
    /// Identifies it, whatever its name becomes.
    pub id: SourceId,
    /// What the user entered.
    pub form: SourceForm,
    /// The fields of [`crate::SourceSecrets`] that a secret is kept for.
    pub secret_fields: Vec<String>,
    /// When it was made, in milliseconds since 1970.
    #[ts(type = "number")]
    pub created_ms: i64,
    /// When it was last changed, in milliseconds since 1970.
    #[ts(type = "number")]
    pub updated_ms: i64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_learns_which_secrets_are_kept_and_gets_times_as_numbers() {
        let source = DataSource {
            id: SourceId::parse("ds-0123456789ab").unwrap(),
            form: SourceForm::default(),
            secret_fields: vec!["password".to_owned()],
            created_ms: 1,
            updated_ms: 2,
        };
        let json = serde_json::to_value(&source).unwrap();
        assert_eq!(json["id"], "ds-0123456789ab");
        assert_eq!(json["secret_fields"][0], "password");
        assert_eq!(json["form"]["protocol"], "PLAINTEXT");
        let inline = DataSource::inline(&ts_rs::Config::default());
        assert!(inline.contains("created_ms: number"), "{inline}");
    }
}
