use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::FieldError;

const PRODUCTION: &str = "Production";
/// The longest name of an environment in characters; the reference console has the same limit.
const LONGEST_NAME: usize = 16;

/// What a data source is for: a name and the colour that pages show it in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct Environment {
    /// 1 to 16 characters.
    pub name: String,
    /// `#rrggbb`.
    pub colour: String,
}

impl Environment {
    /// Where mistakes cost most: writing to such a data source asks for its name.
    pub fn production() -> Self {
        Self {
            name: PRODUCTION.to_owned(),
            colour: "#c62828".to_owned(),
        }
    }

    /// The environment of a data source that names none.
    pub fn development() -> Self {
        Self {
            name: "Development".to_owned(),
            colour: "#2e7d32".to_owned(),
        }
    }

    /// Whether the name is Production, in capital or small letters.
    pub fn is_production(&self) -> bool {
        self.name.trim().eq_ignore_ascii_case(PRODUCTION)
    }

    /// Everything that cannot stay as it is, in the fields `name` and `colour`.
    pub fn check(&self) -> Vec<FieldError> {
        let mut errors = Vec::new();
        let length = self.name.trim().chars().count();
        if !(1..=LONGEST_NAME).contains(&length) {
            errors.push(FieldError::new(
                "name",
                format!(
                    "the environment's name must have 1 to {LONGEST_NAME} characters, this one has {length}"
                ),
            ));
        }
        let is_colour = self
            .colour
            .strip_prefix('#')
            .is_some_and(|digits| digits.len() == 6 && digits.bytes().all(|digit| digit.is_ascii_hexdigit()));
        if !is_colour {
            errors.push(FieldError::new(
                "colour",
                "the environment's colour must be written as #rrggbb, for example #2e7d32",
            ));
        }
        errors
    }
}

impl Default for Environment {
    fn default() -> Self {
        Self::development()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(name: &str, colour: &str) -> Environment {
        Environment {
            name: name.to_owned(),
            colour: colour.to_owned(),
        }
    }

    #[test]
    fn the_two_that_exist_from_the_start_are_valid() {
        assert_eq!(Environment::production().check(), []);
        assert_eq!(Environment::default().check(), []);
        assert_eq!(Environment::default(), Environment::development());
    }

    #[test]
    fn names_are_counted_in_characters() {
        assert_eq!(environment(&"生".repeat(16), "#AABBcc").check(), []);
        let errors = environment(&"生".repeat(17), "#aabbcc").check();
        assert_eq!(errors.len(), 1);
        assert_eq!(errors[0].field, "name");
        assert!(errors[0].message.contains("17"), "{errors:?}");
    }

    #[test]
    fn both_mistakes_are_told_at_once() {
        for colour in ["", "red", "#fff", "#gggggg", "2e7d32#", "#ééé"] {
            let fields: Vec<String> = environment(" ", colour)
                .check()
                .into_iter()
                .map(|error| error.field)
                .collect();
            assert_eq!(fields, ["name", "colour"], "{colour}");
        }
    }

    #[test]
    fn production_is_known_by_its_name_whatever_its_letters() {
        assert!(Environment::production().is_production());
        assert!(environment("PRODUCTION ", "#000000").is_production());
        assert!(!environment("Pre-production", "#000000").is_production());
    }
}
