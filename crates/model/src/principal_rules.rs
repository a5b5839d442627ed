use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::rename::replaced;
use crate::{InvalidTask, RegexRename, Result};

/// How principals of the source are called on the target: an entry of `map` decides alone; otherwise the regex rules apply
/// in order. Without rules they keep their names.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(default, deny_unknown_fields)]
pub struct PrincipalRules {
    /// Source principal → target principal, such as `User:CN=alice` → `User:alice`.
    pub map: BTreeMap<String, String>,
    /// Search-and-replace rules.
    pub regex: Vec<RegexRename>,
}

impl PrincipalRules {
    /// The target's name of `principal`.
    ///
    /// # Errors
    /// A pattern that does not compile, or a result that is no principal (`Kind:name`).
    pub fn apply(&self, principal: &str) -> Result<String> {
        let name = match self.map.get(principal) {
            Some(name) => name.clone(),
            None => replaced(&self.regex, principal)?,
        };
        let is_principal = name
            .split_once(':')
            .is_some_and(|(kind, rest)| !kind.is_empty() && !rest.is_empty());
        match is_principal {
            true => Ok(name),
            false => Err(InvalidTask::Principal { name }),
        }
    }

    /// # Errors
    /// A pattern that does not compile, or a mapped name that is no principal.
    pub fn check(&self) -> Result<()> {
        self.map
            .keys()
            .try_for_each(|principal| self.apply(principal).map(drop))?;
        replaced(&self.regex, "").map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_map_decides_alone_and_patterns_come_after() {
        let rules = PrincipalRules {
            map: BTreeMap::from([("User:CN=alice,O=x".into(), "User:alice".into())]),
            regex: vec![RegexRename {
                pattern: "^User:CN=([^,]+).*$".into(),
                replacement: "User:$1".into(),
            }],
        };
        assert_eq!(rules.apply("User:CN=alice,O=x").unwrap(), "User:alice");
        assert_eq!(rules.apply("User:CN=bob,O=y").unwrap(), "User:bob");
        assert_eq!(rules.apply("User:*").unwrap(), "User:*");
    }

    #[test]
    fn what_is_no_principal_is_refused() {
        let rules = PrincipalRules {
            map: BTreeMap::from([("User:a".into(), "alice".into())]),
            ..PrincipalRules::default()
        };
        let error = rules.check().unwrap_err().to_string();
        assert!(error.contains("'alice'") && error.contains("User:"), "{error}");
    }
}
