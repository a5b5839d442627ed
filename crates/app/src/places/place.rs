use serde::{Deserialize, Serialize};
use sluice_model::FieldError;
use ts_rs::TS;

use super::host::Host;

/// The longest name in characters.
const LONGEST_NAME: usize = 40;

/// A computer with a data folder, under a name and a colour of the person's choice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Place {
    /// Id.
    pub id: String,
    /// What it is called.
    pub name: String,
    /// Its mark beside the name.
    pub colour: PlaceColour,
    /// `user@host[:data folder]`.
    #[ts(type = "string")]
    pub host: Host,
}

/// Colours of places.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum PlaceColour {
    /// Blue.
    Blue,
    /// Teal.
    Teal,
    /// Green.
    Green,
    /// Amber.
    Amber,
    /// Red.
    Red,
    /// Violet.
    Violet,
}

impl Place {
    /// A place from what a person entered, among the places there are.
    ///
    /// # Errors
    /// The fields that are wrong.
    pub(super) fn new(
        id: &str,
        name: &str,
        colour: PlaceColour,
        host: &str,
        others: &[Self],
    ) -> Result<Self, Vec<FieldError>> {
        let name = name.trim();
        let mut wrong = Vec::new();
        if name.is_empty() || name.chars().count() > LONGEST_NAME || name.contains(char::is_control) {
            wrong.push(FieldError::new(
                "name",
                format!("a name has 1 to {LONGEST_NAME} characters"),
            ));
        }
        let is_taken = |other: &&Self| other.id != id && other.name.to_lowercase() == name.to_lowercase();
        if others.iter().any(|other| is_taken(&other)) {
            wrong.push(FieldError::new(
                "name",
                format!("another place is called '{name}'"),
            ));
        }
        match host.parse() {
            Ok(host) if wrong.is_empty() => Ok(Self {
                id: id.to_owned(),
                name: name.to_owned(),
                colour,
                host,
            }),
            Ok(_) => Err(wrong),
            Err(error) => {
                wrong.push(FieldError::new("host", error.to_string()));
                Err(wrong)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_of_one_place_and_everything_wrong_is_named() {
        let berlin = Place::new("1", " Berlin ", PlaceColour::Red, "anna@b", &[]).unwrap();
        assert_eq!(berlin.name, "Berlin");
        let others = [berlin];
        let same = Place::new("2", "berlin", PlaceColour::Red, "-x", &others).unwrap_err();
        let fields: Vec<&str> = same.iter().map(|error| error.field.as_str()).collect();
        assert_eq!(fields, ["name", "host"]);
        assert!(Place::new("1", "berlin", PlaceColour::Blue, "anna@b:/d", &others).is_ok());
        assert!(Place::new("2", "", PlaceColour::Blue, "b", &others).is_err());
    }
}
