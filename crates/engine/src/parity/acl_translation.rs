use sluice_model::{PrincipalRules, Rename};

use crate::parity::acl_rule::{AclOperation, AclRule, PatternKind, ResourceKind};

/// How rules of the source are written on the target: topics by the names they have there, principals by rules.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AclTranslation {
    /// Names of topics.
    pub rename: Rename,
    /// Names of principals.
    pub principals: PrincipalRules,
}

impl AclTranslation {
    /// The rule as it is on the target.
    ///
    /// # Errors
    /// Why there is no such rule there.
    pub fn apply(&self, rule: &AclRule) -> Result<AclRule, String> {
        if rule.operation == AclOperation::ClusterAction {
            return Err("it belongs to the brokers of its cluster".to_owned());
        }
        let name = match rule.resource {
            ResourceKind::Topic => self.topic(rule)?,
            ResourceKind::DelegationToken => {
                return Err("a delegation token exists on its own cluster only".to_owned());
            }
            ResourceKind::User if rule.pattern == PatternKind::Literal && !rule.is_wildcard() => self
                .principals
                .apply(&rule.name)
                .map_err(|error| error.to_string())?,
            ResourceKind::User
            | ResourceKind::Group
            | ResourceKind::Cluster
            | ResourceKind::TransactionalId => rule.name.clone(),
        };
        let principal = self
            .principals
            .apply(&rule.principal)
            .map_err(|error| error.to_string())?;
        Ok(AclRule {
            name,
            principal,
            ..rule.clone()
        })
    }

    fn topic(&self, rule: &AclRule) -> Result<String, String> {
        match rule.pattern {
            // Every topic is every topic, whatever each is called.
            PatternKind::Literal if rule.is_wildcard() => Ok(rule.name.clone()),
            PatternKind::Literal => self.rename.apply(&rule.name).map_err(|error| error.to_string()),
            PatternKind::Prefixed => self.prefix(&rule.name).ok_or_else(|| {
                "it is about every topic that begins so, and the renaming gives these topics names that no one beginning covers; make a rule for each of them on the target".to_owned()
            }),
        }
    }

    /// The beginning that the target's names of exactly those topics have whose names begin with `prefix`: only where
    /// nothing but a common prefix is put before them.
    fn prefix(&self, prefix: &str) -> Option<String> {
        let rename = &self.rename;
        if !rename.regex.is_empty() || !rename.suffix.is_empty() {
            return None;
        }
        let is_as_usual = |source: &String, target: &String| *target == format!("{}{source}", rename.prefix);
        let has_exception = rename
            .map
            .iter()
            .any(|(source, target)| source.starts_with(prefix) && !is_as_usual(source, target));
        (!has_exception).then(|| format!("{}{prefix}", rename.prefix))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use sluice_model::RegexRename;

    use super::*;
    use crate::parity::acl_rule::Permission;

    fn rule(resource: ResourceKind, pattern: PatternKind, name: &str) -> AclRule {
        AclRule {
            resource,
            pattern,
            name: name.to_owned(),
            principal: "User:alice".to_owned(),
            host: "*".to_owned(),
            operation: AclOperation::Write,
            permission: Permission::Allow,
        }
    }

    fn mapped(pairs: &[(&str, &str)]) -> Rename {
        Rename {
            map: pairs
                .iter()
                .map(|(source, target)| ((*source).to_owned(), (*target).to_owned()))
                .collect(),
            ..Rename::default()
        }
    }

    fn name(rename: Rename, pattern: PatternKind, topic: &str) -> Result<String, String> {
        let translation = AclTranslation {
            rename,
            principals: PrincipalRules::default(),
        };
        Ok(translation
            .apply(&rule(ResourceKind::Topic, pattern, topic))?
            .name)
    }

    #[test]
    fn a_renamed_topic_is_renamed_in_a_literal_rule_and_the_wildcard_stays() {
        let rename = || mapped(&[("orders", "orders.eu")]);
        assert_eq!(
            name(rename(), PatternKind::Literal, "orders").unwrap(),
            "orders.eu"
        );
        assert_eq!(name(rename(), PatternKind::Literal, "clicks").unwrap(), "clicks");
        assert_eq!(name(rename(), PatternKind::Literal, "*").unwrap(), "*");
    }

    #[test]
    fn a_prefixed_rule_is_translated_only_where_one_prefix_covers_exactly_the_same_topics() {
        let prefixed = |rename| name(rename, PatternKind::Prefixed, "ord");
        assert_eq!(prefixed(Rename::default()).unwrap(), "ord");
        assert_eq!(
            prefixed(mapped(&[("clicks", "c")])).unwrap(),
            "ord",
            "no topic of it is renamed"
        );
        let why = prefixed(mapped(&[("orders", "orders.eu")])).unwrap_err();
        assert!(why.contains("a rule for each of them"), "{why}");
        let with = |change: fn(&mut Rename)| {
            let mut rename = Rename::default();
            change(&mut rename);
            rename
        };
        assert_eq!(
            prefixed(with(|rename| rename.prefix = "eu.".into())).unwrap(),
            "eu.ord"
        );
        assert!(prefixed(with(|rename| rename.suffix = ".eu".into())).is_err());
        let regex = RegexRename {
            pattern: "x".into(),
            replacement: "y".into(),
        };
        let by_pattern = Rename {
            regex: vec![regex],
            ..Rename::default()
        };
        assert!(prefixed(by_pattern).is_err());
    }

    #[test]
    fn groups_and_transactional_ids_keep_their_names_and_principals_get_the_targets() {
        let translation = AclTranslation {
            rename: mapped(&[("same", "other")]),
            principals: PrincipalRules {
                map: BTreeMap::from([("User:alice".into(), "User:bob".into())]),
                ..PrincipalRules::default()
            },
        };
        for resource in [
            ResourceKind::Group,
            ResourceKind::TransactionalId,
            ResourceKind::Cluster,
        ] {
            let found = translation
                .apply(&rule(resource, PatternKind::Literal, "same"))
                .unwrap();
            assert_eq!(
                (found.name.as_str(), found.principal.as_str()),
                ("same", "User:bob")
            );
        }
        let user = rule(ResourceKind::User, PatternKind::Literal, "User:alice");
        assert_eq!(translation.apply(&user).unwrap().name, "User:bob");
    }

    #[test]
    fn what_belongs_to_one_cluster_is_not_translated() {
        let translation = AclTranslation::default();
        let token = rule(ResourceKind::DelegationToken, PatternKind::Literal, "x");
        assert!(translation.apply(&token).is_err());
        let brokers = AclRule {
            operation: AclOperation::ClusterAction,
            ..rule(ResourceKind::Cluster, PatternKind::Literal, "kafka-cluster")
        };
        assert!(translation.apply(&brokers).is_err());
    }
}
