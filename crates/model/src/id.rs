use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use ts_rs::TS;
use uuid::Uuid;

use crate::{InvalidTask, Result};

/// Characters behind the prefix: 36^12 is 62 bits, so that a billion ids have one collision in ten.
const LENGTH: usize = 12;
const ALPHABET: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal, $what:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
        #[serde(try_from = "String", into = "String")]
        #[ts(type = "string")]
        pub struct $name(String);

        impl $name {
            /// A new id, which cannot be guessed from others.
            pub fn generate() -> Self {
                Self(format!("{}{}", $prefix, random_characters()))
            }

            /// Reads an id.
            ///
            /// # Errors
            /// Another prefix, another length, or other characters than small letters and digits.
            pub fn parse(text: &str) -> Result<Self> {
                if !text.strip_prefix($prefix).is_some_and(is_random_part) {
                    return Err(InvalidTask::Id {
                        text: text.to_owned(),
                        what: $what,
                        prefix: $prefix,
                    });
                }
                Ok(Self(text.to_owned()))
            }

            /// The id.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = InvalidTask;

            fn from_str(text: &str) -> Result<Self> {
                Self::parse(text)
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidTask;

            fn try_from(text: String) -> Result<Self> {
                Self::parse(&text)
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

id! {
    /// Identifies a data source: `ds-` and 12 small letters or digits.
    SourceId, "ds-", "data source"
}

id! {
    /// Identifies a task: `rp-` and 12 small letters or digits.
    TaskId, "rp-", "task"
}

fn random_characters() -> String {
    let mut bits = Uuid::new_v4().as_u128();
    let mut out = String::with_capacity(LENGTH);
    for _ in 0..LENGTH {
        out.push(char::from(ALPHABET[(bits % 36) as usize]));
        bits /= 36;
    }
    out
}

fn is_random_part(text: &str) -> bool {
    text.len() == LENGTH && text.bytes().all(|byte| ALPHABET.contains(&byte))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn generated_ids_are_valid_and_differ() {
        let ids: BTreeSet<SourceId> = (0..1000).map(|_| SourceId::generate()).collect();
        assert_eq!(ids.len(), 1000);
        for id in &ids {
            assert_eq!(SourceId::parse(id.as_str()).unwrap(), *id);
        }
        let task = TaskId::generate();
        assert!(
            task.as_str().starts_with("rp-") && task.as_str().len() == 15,
            "{task}"
        );
        assert_eq!(task.to_string().parse::<TaskId>().unwrap(), task);
    }

    #[test]
    fn the_last_characters_are_as_random_as_the_first() {
        for place in 0..LENGTH {
            let seen: BTreeSet<char> = (0..2000)
                .filter_map(|_| random_characters().chars().nth(place))
                .collect();
            assert_eq!(seen.len(), ALPHABET.len(), "place {place}");
        }
    }

    #[test]
    fn what_is_no_id_is_refused_with_the_right_form() {
        for text in [
            "",
            "ds-",
            "rp-cnj1h3gjx2vq",
            "ds-cnj1h3gjx2v",
            "ds-cnj1h3gjx2vqq",
            "ds-CNJ1H3GJX2VQ",
            "ds-cnj1h3gjx2v'",
            "ds-ééééé12",
        ] {
            let error = SourceId::parse(text).unwrap_err().to_string();
            assert!(error.contains("ds-") && error.contains("12"), "{text}: {error}");
        }
    }

    #[test]
    fn ids_are_strings_for_pages_and_checked_when_they_come_back() {
        let id = TaskId::parse("rp-cnj1h3gjx2vq").unwrap();
        let json = serde_json::to_string(&id).unwrap();
        assert_eq!(json, r#""rp-cnj1h3gjx2vq""#);
        assert_eq!(serde_json::from_str::<TaskId>(&json).unwrap(), id);
        let error = serde_json::from_str::<TaskId>(r#""ds-cnj1h3gjx2vq""#).unwrap_err();
        assert!(error.to_string().contains("rp-"), "{error}");
    }
}
