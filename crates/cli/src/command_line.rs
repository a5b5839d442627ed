//! The command line as it is shown: for each command the options that mean something to it, and an example.

use std::path::PathBuf;

use clap::parser::ValueSource;
use clap::{ArgMatches, Command, CommandFactory, FromArgMatches};

use crate::arguments::Arguments;

/// Options that a command takes, because it shares them with others, and that mean nothing to it or are refused with what
/// to do instead.
const WITHOUT_MEANING: &[(&str, &[&str])] = &[
    ("check", &["until_caught_up", "wait_for_transactions", "quiet"]),
    (
        "verify",
        &[
            "existing",
            "out_of_range",
            "rate_records",
            "rate_bytes",
            "replication_factor",
            "compression",
            "until_caught_up",
            "wait_for_transactions",
        ],
    ),
    (
        "task create",
        &[
            "from_config",
            "to_config",
            "from_address_map",
            "to_address_map",
            "from_proxy",
            "to_proxy",
            "name",
            "state",
            "wait_for_transactions",
            "quiet",
        ],
    ),
];

/// An example of each command; they are parsed by a test.
const EXAMPLES: &[(&str, &str)] = &[
    (
        "copy",
        "sluice copy --from old:9092 --to new:9092 --topic orders --until-caught-up",
    ),
    ("run", "sluice run orders.toml --until-caught-up"),
    (
        "check",
        "sluice check --from old:9092 --from-config old.properties --to new:9092 --all",
    ),
    (
        "verify",
        "sluice verify --from old:9092 --to new:9092 --topic orders",
    ),
    ("status", "sluice status"),
    ("demo", "sluice demo --seconds 30"),
    (
        "source add",
        "sluice source add prod --bootstrap old:9092 --config client.properties --env production",
    ),
    ("source list", "sluice source list"),
    ("source show", "sluice source show prod"),
    ("source test", "sluice source test prod"),
    (
        "source edit",
        "sluice source edit prod --bootstrap old-1:9092,old-2:9092",
    ),
    (
        "source import",
        "sluice source import client.properties --name prod",
    ),
    ("source rm", "sluice source rm prod"),
    ("source leave-keychain", "sluice source leave-keychain"),
    ("source topics", "sluice source topics prod"),
    (
        "task create",
        "sluice task create orders --from prod --to new --topic orders",
    ),
    ("task list", "sluice task list --state running"),
    ("task show", "sluice task show orders"),
    ("task check", "sluice task check orders"),
    ("task start", "sluice task start orders"),
    ("task move", "sluice task move orders --run-on workers"),
    ("task pause", "sluice task pause orders"),
    ("task resume", "sluice task resume orders"),
    ("task retry", "sluice task retry orders"),
    ("task terminate", "sluice task terminate orders"),
    ("task rm", "sluice task rm orders"),
    ("task copy", "sluice task copy orders orders-2"),
    (
        "task modify",
        "sluice task modify orders --add payments --start-topic payments=latest",
    ),
    ("task set", "sluice task set orders --rate-bytes 10M"),
    ("task log", "sluice task log orders --level warning"),
    ("task changes", "sluice task changes orders"),
    ("task gaps", "sluice task gaps orders --accept orders-0@100..250"),
    (
        "task quarantine",
        "sluice task quarantine orders --replay orders-0@1913",
    ),
    ("task verify", "sluice task verify orders --topic orders"),
    ("task readiness", "sluice task readiness orders --group billing"),
    (
        "task sync-configuration",
        "sluice task sync-configuration orders on --yes",
    ),
    (
        "task groups",
        "sluice task groups orders --sync --group billing --dry-run",
    ),
    ("task export", "sluice task export orders"),
    ("task import", "sluice task import orders.toml --name orders-2"),
    ("cutover plan", "sluice cutover plan orders --group billing"),
    ("cutover rehearse", "sluice cutover rehearse orders"),
    ("cutover next", "sluice cutover next orders"),
    ("cutover status", "sluice cutover status orders"),
    ("cutover back", "sluice cutover back orders"),
    ("cutover report", "sluice cutover report orders --out report.html"),
    ("compare", "sluice compare prod new --apply acls"),
    ("alerts rules", "sluice alerts rules --put rule.json"),
    ("alerts channels", "sluice alerts channels --put channel.json"),
    ("alerts test", "sluice alerts test on-call"),
    ("alerts history", "sluice alerts history --task orders"),
    (
        "alerts mute",
        "sluice alerts mute orders --until 2026-12-01T08:00:00Z",
    ),
    ("log", "sluice log --action task_pause"),
    ("daemon", "sluice daemon --metrics 127.0.0.1:9464"),
    ("control", "sluice control --stdio --data /var/lib/sluice"),
    (
        "completions",
        "sluice completions bash > ~/.local/share/bash-completion/completions/sluice",
    ),
    ("man", "sluice man | man -l -"),
];

/// The arguments of this process, and the data folder that stands among them: one of the environment is of this computer.
/// Wrong ones, and those that ask for help, end it here.
pub fn parse() -> (Arguments, Option<PathBuf>) {
    let matches = command().get_matches();
    let data = given_data(&matches);
    let arguments = Arguments::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    (arguments, data)
}

fn given_data(matches: &ArgMatches) -> Option<PathBuf> {
    let is_given = matches.try_contains_id("data").is_ok()
        && matches.value_source("data") == Some(ValueSource::CommandLine);
    let own = is_given
        .then(|| matches.get_one::<PathBuf>("data").cloned())
        .flatten();
    own.or_else(|| matches.subcommand().and_then(|(_, inner)| given_data(inner)))
}

/// The command line.
pub fn command() -> Command {
    let mut root = Arguments::command();
    for (path, options) in WITHOUT_MEANING {
        root = at(root, path, |command| {
            // In place: an option that is taken out and put back would stand last.
            command.mut_args(|argument| {
                let is_meaningless = options.contains(&argument.get_id().as_str());
                argument.hide(is_meaningless)
            })
        });
    }
    root = at(root, "task create", |command| {
        command.mut_args(|argument| match argument.get_id().as_str() {
            "from" => argument
                .value_name("SOURCE")
                .help("The data source to copy from: name or id (`sluice source list`)"),
            "to" => argument
                .value_name("SOURCE")
                .help("The data source to copy to: name or id"),
            _ => argument,
        })
    });
    for (path, example) in EXAMPLES {
        root = at(root, path, |command| {
            command.after_help(format!("Example:\n  {example}"))
        });
    }
    root
}

/// `change` made to the command of a path, as `task create`.
fn at(root: Command, path: &str, change: impl FnOnce(Command) -> Command) -> Command {
    match path.split_once(' ') {
        None => root.mut_subcommand(path, change),
        Some((group, name)) => root.mut_subcommand(group, |command| command.mut_subcommand(name, change)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The paths of all commands that do something.
    fn leaves(command: &Command, path: &str, found: &mut Vec<String>) {
        for one in command.get_subcommands() {
            let path = format!("{path} {}", one.get_name()).trim().to_owned();
            if one.has_subcommands() {
                leaves(one, &path, found);
            } else {
                found.push(path);
            }
        }
    }

    fn help(path: &str) -> String {
        let words = ["sluice"].into_iter().chain(path.split(' ')).chain(["--help"]);
        command().try_get_matches_from(words).unwrap_err().to_string()
    }

    #[test]
    fn the_definition_is_consistent() {
        command().debug_assert();
    }

    #[test]
    fn every_command_has_an_example_that_it_takes() {
        let mut found = Vec::new();
        leaves(&command(), "", &mut found);
        let mut named: Vec<&str> = EXAMPLES.iter().map(|(path, _)| *path).collect();
        named.sort_unstable();
        found.sort_unstable();
        assert_eq!(found, named);
        for (path, example) in EXAMPLES {
            assert!(example.starts_with(&format!("sluice {path}")), "{example}");
            let words = example
                .split([' '])
                .take_while(|word| !matches!(*word, ">" | "|"));
            if let Err(error) = command().try_get_matches_from(words) {
                panic!("{example}: {error}");
            }
            assert!(help(path).contains(example), "{path}");
        }
    }

    #[test]
    fn the_help_of_a_command_has_its_own_options_only() {
        let create = help("task create");
        for option in [
            "--from-config",
            "--state",
            "--name",
            "HOST:PORT",
            "--wait-for-transactions",
            "--quiet",
        ] {
            assert!(!create.contains(option), "{option}: {create}");
        }
        for option in [
            "--from <SOURCE>",
            "--topic",
            "--start",
            "--delivery",
            "--spec",
            "How to copy",
        ] {
            assert!(create.contains(option), "{option}: {create}");
        }
        let place = |heading: &str| create.find(heading).unwrap();
        assert!(place("Clusters:") < place("Topics:") && place("Topics:") < place("How to copy:"));
        let check = help("check");
        assert!(
            !check.contains("--until-caught-up") && check.contains("--from-config"),
            "{check}"
        );
        let verify = help("verify");
        assert!(
            !verify.contains("--rate-bytes") && verify.contains("--only-topic"),
            "{verify}"
        );
        assert!(help("copy").contains("--until-caught-up"));
    }

    #[test]
    fn a_data_folder_of_the_command_line_is_found_behind_any_command() {
        for (words, expected) in [
            ("sluice task list --data /d", Some("/d")),
            ("sluice task --data /d list", Some("/d")),
            ("sluice --host a@b log --data /d", Some("/d")),
            ("sluice task list --host a@b", None),
            ("sluice man", None),
        ] {
            let matches = command().try_get_matches_from(words.split(' ')).unwrap();
            assert_eq!(given_data(&matches), expected.map(PathBuf::from), "{words}");
        }
    }

    #[test]
    fn an_option_that_is_not_shown_is_still_taken_so_that_scripts_go_on() {
        let words = [
            "sluice", "check", "--from", "a:1", "--to", "b:1", "--topic", "t", "--quiet",
        ];
        assert!(command().try_get_matches_from(words).is_ok());
    }
}
