use std::str::FromStr;

use clap::{Args, ValueEnum};
use sluice_app::{ParityCompare, ParityKind};
use sluice_model::{PrincipalRules, RegexRename, Rename};

use super::arguments::Place;
use crate::arguments::{Pair, regex_rename};

/// `sluice compare`
#[derive(Debug, Args)]
pub struct CompareArguments {
    #[command(flatten)]
    pub place: Place,
    /// The data source that is the model: name or id.
    #[arg(required_unless_present = "task")]
    pub source: Option<String>,
    /// The data source that is compared with it: name or id.
    #[arg(required_unless_present = "task")]
    pub target: Option<String>,
    /// Compare the topics of this task, by the names they have on its target, and what is about them.
    #[arg(long, value_name = "TASK", conflicts_with_all = ["rename", "rename_regex", "prefix", "suffix"])]
    pub task: Option<String>,

    /// Compare topics, their partitions and configuration. Without one of these four, everything is compared.
    #[arg(long, help_heading = "What to compare")]
    pub topics: bool,
    /// Compare ACLs.
    #[arg(long, help_heading = "What to compare")]
    pub acls: bool,
    /// Compare quotas.
    #[arg(long, help_heading = "What to compare")]
    pub quotas: bool,
    /// Compare which consumer groups there are.
    #[arg(long, help_heading = "What to compare")]
    pub groups: bool,
    /// Compare only this topic of the source and what is about it; may be repeated.
    #[arg(
        long = "topic",
        value_name = "NAME",
        value_delimiter = ',',
        help_heading = "What to compare"
    )]
    pub only_topics: Vec<String>,
    /// List what is the same on both sides, too.
    #[arg(long, help_heading = "What to compare")]
    pub all: bool,

    /// Topic SRC is called DST on the target; may be repeated.
    #[arg(long, value_name = "SRC=DST", value_parser = Pair::from_str, help_heading = "Names on the target")]
    pub rename: Vec<Pair>,
    /// Replace what PATTERN finds in a topic's name; $1 stands for its first group. May be repeated.
    #[arg(long, value_name = "PATTERN=REPLACEMENT", value_parser = regex_rename, help_heading = "Names on the target")]
    pub rename_regex: Vec<RegexRename>,
    /// P stands before each topic's name.
    #[arg(long, value_name = "P", help_heading = "Names on the target")]
    pub prefix: Option<String>,
    /// S stands behind each topic's name.
    #[arg(long, value_name = "S", help_heading = "Names on the target")]
    pub suffix: Option<String>,
    /// A principal has another name on the target, as 'User:CN=alice=>User:alice'; may be repeated.
    #[arg(long, value_name = "FROM=>TO", value_parser = arrow, help_heading = "Names on the target")]
    pub principal: Vec<(String, String)>,
    /// Replace what PATTERN finds in a principal; $1 stands for its first group. May be repeated.
    #[arg(long, value_name = "PATTERN=>REPLACEMENT", value_parser = arrow, help_heading = "Names on the target")]
    pub principal_regex: Vec<(String, String)>,

    /// Show what would make the target like the source; with --yes, change it. May be repeated.
    #[arg(
        long,
        value_name = "WHAT",
        value_enum,
        value_delimiter = ',',
        help_heading = "Changing the target"
    )]
    pub apply: Vec<Applying>,
    /// With --apply: take away from the target what the source does not have, too.
    #[arg(long, requires = "apply", help_heading = "Changing the target")]
    pub remove: bool,
    /// With --apply configuration: change this setting as well, which is left alone otherwise, as
    /// min.insync.replicas; may be repeated.
    #[arg(
        long,
        value_name = "SETTING",
        value_delimiter = ',',
        requires = "apply",
        help_heading = "Changing the target"
    )]
    pub with: Vec<String>,
    /// With --apply: make the changes. Without it they are only shown.
    #[arg(long, requires = "apply", help_heading = "Changing the target")]
    pub yes: bool,
}

/// `sluice task sync-configuration`
#[derive(Debug, Args)]
pub struct SyncConfigurationArguments {
    /// Name or id.
    pub task: String,
    /// Whether it is kept.
    #[arg(value_enum)]
    pub switch: Switch,
    /// Take values of the target's own away where the source has none, too.
    #[arg(long)]
    pub remove: bool,
    /// Keep this setting the same as well, which is left alone otherwise, as min.insync.replicas; may be repeated.
    #[arg(long, value_name = "SETTING", value_delimiter = ',')]
    pub with: Vec<String>,
    /// Turn it on. Without it, what it would change is only shown.
    #[arg(long)]
    pub yes: bool,
}

/// On or off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Switch {
    /// On.
    On,
    /// Off.
    Off,
}

/// What can be changed on the target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Applying {
    /// The configuration of topics.
    Configuration,
    /// ACLs.
    Acls,
    /// Quotas.
    Quotas,
}

impl CompareArguments {
    /// The request that they describe.
    pub fn wanted(&self) -> ParityCompare {
        ParityCompare {
            source: self.source.clone(),
            target: self.target.clone(),
            task: self.task.clone(),
            kinds: self.kinds(),
            topics: self.only_topics.clone(),
            rename: Rename {
                map: self
                    .rename
                    .iter()
                    .map(|pair| (pair.left.clone(), pair.right.clone()))
                    .collect(),
                regex: self.rename_regex.clone(),
                prefix: self.prefix.clone().unwrap_or_default(),
                suffix: self.suffix.clone().unwrap_or_default(),
            },
            principals: PrincipalRules {
                map: self.principal.iter().cloned().collect(),
                regex: self
                    .principal_regex
                    .iter()
                    .map(|(pattern, replacement)| RegexRename {
                        pattern: pattern.clone(),
                        replacement: replacement.clone(),
                    })
                    .collect(),
            },
            with: self.with.clone(),
            every_setting: self.all,
        }
    }

    /// What is applied is compared, and nothing else.
    fn kinds(&self) -> Vec<ParityKind> {
        let applied = self.apply.iter().map(|what| match what {
            Applying::Configuration => ParityKind::Topics,
            Applying::Acls => ParityKind::Acls,
            Applying::Quotas => ParityKind::Quotas,
        });
        let named = [
            (self.topics, ParityKind::Topics),
            (self.acls, ParityKind::Acls),
            (self.quotas, ParityKind::Quotas),
            (self.groups, ParityKind::Groups),
        ];
        match self.apply.is_empty() {
            true => named
                .into_iter()
                .filter(|(chosen, _)| *chosen)
                .map(|(_, kind)| kind)
                .collect(),
            false => applied.collect(),
        }
    }
}

/// Principals hold `=`, so two of them are written with an arrow in between.
fn arrow(text: &str) -> Result<(String, String), String> {
    match text.split_once("=>") {
        Some((left, right)) if !left.is_empty() && !right.is_empty() => {
            Ok((left.to_owned(), right.to_owned()))
        }
        _ => Err(
            "write what is at the source, '=>' and what it is on the target, as 'User:CN=alice=>User:alice'"
                .to_owned(),
        ),
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Whole {
        #[command(flatten)]
        compare: CompareArguments,
    }

    fn read(arguments: &[&str]) -> Result<CompareArguments, String> {
        Whole::try_parse_from(["compare"].iter().chain(arguments))
            .map(|whole| whole.compare)
            .map_err(|error| error.to_string())
    }

    #[test]
    fn principals_are_split_at_the_arrow_and_topics_at_the_sign() {
        let wanted = read(&[
            "a",
            "b",
            "--principal",
            "User:CN=x,O=y=>User:x",
            "--rename",
            "t=u",
            "--acls",
        ])
        .unwrap()
        .wanted();
        assert_eq!(wanted.principals.map["User:CN=x,O=y"], "User:x");
        assert_eq!(wanted.rename.map["t"], "u");
        assert_eq!(wanted.kinds, [ParityKind::Acls]);
        assert!(
            read(&["a", "b", "--principal", "User:x=User:y"])
                .unwrap_err()
                .contains("'=>'")
        );
    }

    #[test]
    fn what_is_applied_is_compared_and_nothing_is_changed_without_being_asked() {
        let arguments = read(&["a", "b", "--apply", "acls,quotas"]).unwrap();
        assert_eq!(arguments.wanted().kinds, [ParityKind::Acls, ParityKind::Quotas]);
        assert!(!arguments.yes);
        for lonely in ["--yes", "--remove"] {
            assert!(
                read(&["a", "b", lonely]).unwrap_err().contains("--apply"),
                "{lonely}"
            );
        }
    }

    #[test]
    fn a_task_stands_for_both_data_sources() {
        assert!(read(&["--task", "t"]).is_ok());
        assert!(read(&["a"]).is_err());
    }
}
