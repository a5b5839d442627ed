use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// A field of a rule, a channel or quiet hours that cannot stay as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct InvalidField {
    /// The field's name, with dots for what lies inside, as `condition.seconds`.
    pub field: String,
    /// What is wrong and what would be right.
    pub message: String,
}

impl InvalidField {
    pub(crate) fn new(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            field: field.into(),
            message: message.into(),
        }
    }
}
