use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// A field of a form that cannot stay as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct FieldError {
    /// The field's name, with dots for what lies inside, as `environment.colour`.
    pub field: String,
    /// What is wrong and what would be right. Never the value of a secret.
    pub message: String,
}

impl FieldError {
    /// An error of `field`.
    pub fn new(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            field: field.into(),
            message: message.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_gets_the_field_and_the_sentence() {
        let error = FieldError::new("name", "give a name");
        assert_eq!(
            serde_json::to_string(&error).unwrap(),
            r#"{"field":"name","message":"give a name"}"#
        );
    }
}
