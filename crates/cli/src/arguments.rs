//! The command line. Scripts rely on it: what stands here may be added to, not changed.

use std::fmt::Display;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, Parser, Subcommand};
use serde::de::value::{Error as WordError, StrDeserializer};
use serde::de::{DeserializeOwned, IntoDeserializer};
use sluice_engine::VerifyScope;
use sluice_model::{
    Codec, Delivery, End, ExistingData, ForbiddenTopics, LaneChoice, MissingTimestamps, OutOfRange,
    RegexRename, Start, TaskName,
};

use crate::amount::Amount;
use crate::application::{
    AlertsCommand, CompareArguments, ControlArguments, CutoverCommand, DaemonArguments, LogArguments, Place,
    SourceCommand, TaskCommand,
};

const EXIT_CODES: &str = "Exit codes:
  0    done (verify: equal)
  1    ended with differences, gaps, quarantined records or stopped partitions
  2    could not start: bad arguments, unreachable, refused (verify: could not be checked)
  130  interrupted; what was copied is saved, the same command resumes

Secrets never stand in arguments: name a file with --from-config and --to-config, where a value may be
${env:NAME} or ${file:PATH}.
SLUICE_LOG sets the log on stderr, as SLUICE_LOG=debug.";

/// Copies Kafka topics from one cluster to another, and proves the copy equal.
#[derive(Debug, Parser)]
#[command(name = "sluice", version, after_help = EXIT_CODES)]
pub struct Arguments {
    /// Another computer, as ssh names it: source, task, cutover, compare, alerts and log are for its data folder
    /// (docs/guide/places.md).
    #[arg(long, value_name = "USER@HOST[:DIR]", env = "SLUICE_HOST", global = true)]
    pub host: Option<String>,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Copy topics; goes on until it is stopped, and resumes where it was.
    Copy(CopyArguments),
    /// Copy as a task file describes; arguments win over the file.
    Run(RunArguments),
    /// Say what a copy would do and what would go wrong; changes nothing on either cluster.
    Check(FileArguments),
    /// Read both sides again and compare every field of every record.
    Verify(VerifyArguments),
    /// List the tasks of a state directory.
    Status(StatusArguments),
    /// Watch a copy between two small built-in clusters; needs nothing installed.
    Demo(DemoArguments),
    /// Data sources: Kafka clusters that tasks are made between.
    Source {
        #[command(flatten)]
        place: Place,
        /// What to do.
        #[command(subcommand)]
        command: SourceCommand,
    },
    /// Tasks: replications that are described once and run in the daemon or the window.
    Task {
        #[command(flatten)]
        place: Place,
        /// What to do.
        #[command(subcommand)]
        command: TaskCommand,
    },
    /// Cut-overs: applications move from a task's source to its target, and back.
    Cutover {
        #[command(flatten)]
        place: Place,
        /// What to do.
        #[command(subcommand)]
        command: CutoverCommand,
    },
    /// Compare two data sources: topics with their configuration, ACLs, quotas, groups; and make the target like the source.
    Compare(Box<CompareArguments>),
    /// Alerts: rules, channels, history.
    Alerts {
        #[command(flatten)]
        place: Place,
        /// What to do.
        #[command(subcommand)]
        command: AlertsCommand,
    },
    /// Print the operation log: who did what, when, and how it came out.
    Log(LogArguments),
    /// Run the tasks of a data folder until stopped.
    Daemon(DaemonArguments),
    /// Take commands from another program, as `sluice --host` on another computer starts it.
    Control(ControlArguments),
    /// Print the completion of a shell.
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
    /// Print the manual page.
    Man {
        /// Write a page for each command into this directory instead.
        #[arg(long, value_name = "DIR")]
        dir: Option<PathBuf>,
    },
}

/// `sluice copy`
#[derive(Debug, Args)]
pub struct CopyArguments {
    #[command(flatten)]
    pub task: TaskArguments,
}

/// `sluice run`
#[derive(Debug, Args)]
pub struct RunArguments {
    /// The task file (TOML; see docs/task.md).
    #[arg(value_name = "TASK.toml")]
    pub file: PathBuf,
    #[command(flatten)]
    pub task: TaskArguments,
}

/// `sluice verify`
#[derive(Debug, Args)]
pub struct VerifyArguments {
    /// Verify only this source topic of the task; may be repeated.
    #[arg(
        long = "only-topic",
        value_name = "NAME",
        value_delimiter = ',',
        help_heading = "What to verify"
    )]
    pub only_topics: Vec<String>,
    /// Verify only what is at the source from here on: a time (RFC 3339), offset:N or offset:PARTITION=N,…
    #[arg(long, value_name = "TIME", value_parser = VerifyScope::since_of, help_heading = "What to verify")]
    pub since: Option<Start>,
    #[command(flatten)]
    pub file: FileArguments,
}

/// `sluice check` and `sluice verify`
#[derive(Debug, Args)]
pub struct FileArguments {
    /// A task file, as for run.
    #[arg(value_name = "TASK.toml")]
    pub file: Option<PathBuf>,
    #[command(flatten)]
    pub task: TaskArguments,
}

/// What describes a task.
#[derive(Debug, Args, Default)]
pub struct TaskArguments {
    /// Brokers of the source cluster, separated by commas.
    #[arg(long, value_name = "HOST:PORT[,…]", help_heading = "Clusters")]
    pub from: Option<String>,
    /// Brokers of the target cluster, separated by commas.
    #[arg(long, value_name = "HOST:PORT[,…]", help_heading = "Clusters")]
    pub to: Option<String>,
    /// Client properties for the source: librdkafka or kcat syntax, a Java client.properties, or another program's file
    /// (docs/cli.md); FILE#NAME chooses one of several clusters in it.
    #[arg(long, value_name = "FILE", help_heading = "Clusters")]
    pub from_config: Option<PathBuf>,
    /// Client properties for the target.
    #[arg(long, value_name = "FILE", help_heading = "Clusters")]
    pub to_config: Option<PathBuf>,
    /// Where a broker of the source is reached that advertises an address which is of no use from here; may be repeated.
    #[arg(long, value_name = "ADVERTISED=REACHABLE", help_heading = "Clusters")]
    pub from_address_map: Vec<String>,
    /// The same for the target.
    #[arg(long, value_name = "ADVERTISED=REACHABLE", help_heading = "Clusters")]
    pub to_address_map: Vec<String>,
    /// A SOCKS5 proxy that all connections to the source go through; its login stands in the file of --from-config.
    #[arg(long, value_name = "HOST:PORT", help_heading = "Clusters")]
    pub from_proxy: Option<String>,
    /// The same for the target.
    #[arg(long, value_name = "HOST:PORT", help_heading = "Clusters")]
    pub to_proxy: Option<String>,

    /// A topic to copy; may be repeated.
    #[arg(long = "topic", value_name = "NAME", value_delimiter = ',', help_heading = "Topics", conflicts_with_all = ["all", "include", "exclude"])]
    pub topics: Vec<String>,
    /// Copy all topics but Kafka's internal ones; later ones too.
    #[arg(long, help_heading = "Topics", conflicts_with = "include")]
    pub all: bool,
    /// Copy the topics whose whole name matches; later ones too.
    #[arg(long, value_name = "REGEX", help_heading = "Topics")]
    pub include: Option<String>,
    /// But not those whose whole name matches this.
    #[arg(long, value_name = "REGEX", help_heading = "Topics")]
    pub exclude: Option<String>,

    /// Write topic SRC to DST; may be repeated, and decides alone for that topic.
    #[arg(long, value_name = "SRC=DST", value_parser = Pair::from_str, help_heading = "Names on the target")]
    pub rename: Vec<Pair>,
    /// Replace what PATTERN finds in a name; $1 stands for its first group. May be repeated.
    #[arg(long, value_name = "PATTERN=REPLACEMENT", value_parser = regex_rename, help_heading = "Names on the target")]
    pub rename_regex: Vec<RegexRename>,
    /// Put P before each name.
    #[arg(long, value_name = "P", help_heading = "Names on the target")]
    pub prefix: Option<String>,
    /// Put S behind each name.
    #[arg(long, value_name = "S", help_heading = "Names on the target")]
    pub suffix: Option<String>,

    /// Where the copy begins, at its first launch [default: earliest].
    #[arg(
        long,
        value_name = "earliest|latest|offset:N|time:RFC3339|last:N|group:G",
        help_heading = "How to copy"
    )]
    pub start: Option<Start>,
    /// Where the copy of one topic begins; may be repeated.
    #[arg(long, value_name = "TOPIC=START", value_parser = topic_start, help_heading = "How to copy")]
    pub start_topic: Vec<(String, Start)>,
    /// Where the copy of each partition ends, before what is there; it is complete when all have ended. launch is the end of
    /// the log at the first launch, records:N are N offsets from the start [default: follow the source].
    #[arg(
        long,
        value_name = "launch|offset:N|time:RFC3339|records:N",
        help_heading = "How to copy"
    )]
    pub end: Option<End>,
    /// Where the copy of one topic ends; may be repeated.
    #[arg(long, value_name = "TOPIC=END", value_parser = topic_end, help_heading = "How to copy")]
    pub end_topic: Vec<(String, End)>,
    /// What to do with records that target topics hold before the first launch; rewrite deletes them [default: stop].
    #[arg(long, value_parser = one_of::<ExistingData>(&["stop", "append", "rewrite"]), hide_possible_values = true, value_name = "stop|append|rewrite", help_heading = "How to copy")]
    pub existing: Option<ExistingData>,
    /// What a crash may do to the target; mirror: nothing, and every record keeps its offset, in new target topics
    /// [default: exactly-once].
    #[arg(long, value_parser = one_of::<Delivery>(&["exactly-once", "at-least-once", "mirror"]), hide_possible_values = true, value_name = "exactly-once|at-least-once|mirror", help_heading = "How to copy")]
    pub delivery: Option<Delivery>,
    /// What to do where the source no longer has the records at a position: stop that partition, or go on at the
    /// nearest offset and write down the gap [default: stop].
    #[arg(long, value_parser = one_of::<OutOfRange>(&["stop", "nearest"]), hide_possible_values = true, value_name = "stop|nearest", help_heading = "How to copy")]
    pub out_of_range: Option<OutOfRange>,
    /// What to do with chosen topics that this user may not read at the source: do not start, or copy the others
    /// [default: stop].
    #[arg(long, value_parser = one_of::<ForbiddenTopics>(&["stop", "leave-out"]), hide_possible_values = true, value_name = "stop|leave-out", help_heading = "How to copy")]
    pub forbidden_topics: Option<ForbiddenTopics>,
    /// Timestamp of records that have none at the source (written before 0.10): the time of copying, or that of the
    /// record before [default: copy-time].
    #[arg(long, value_parser = one_of::<MissingTimestamps>(&["copy-time", "previous"]), hide_possible_values = true, value_name = "copy-time|previous", help_heading = "How to copy")]
    pub missing_timestamps: Option<MissingTimestamps>,
    /// How records travel: in the batches in which they are stored (wire; target of version 0.11 or later), or record by
    /// record [default: auto, which is wire where both clusters allow it].
    #[arg(long, value_parser = one_of::<LaneChoice>(&["auto", "wire", "record"]), hide_possible_values = true, value_name = "auto|wire|record", help_heading = "How to copy")]
    pub lane: Option<LaneChoice>,
    /// Copy at most this many records per second, as 5000 or 20k.
    #[arg(long, value_name = "N", help_heading = "How to copy")]
    pub rate_records: Option<Amount>,
    /// Copy at most this many bytes per second, as 10M.
    #[arg(long, value_name = "N", help_heading = "How to copy")]
    pub rate_bytes: Option<Amount>,
    /// Replicas of the topics made on the target [default: as at the source, fitted to the target's brokers].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..), help_heading = "How to copy")]
    pub replication_factor: Option<u16>,
    /// Compression towards the target [default: auto].
    #[arg(long, value_parser = one_of::<Codec>(&["auto", "none", "gzip", "snappy", "lz4", "zstd"]), hide_possible_values = true, value_name = "auto|none|gzip|snappy|lz4|zstd", help_heading = "How to copy")]
    pub compression: Option<Codec>,

    /// The task's name; the same name in the same state directory resumes [default: made of the clusters and topics].
    #[arg(long, value_parser = TaskName::new, help_heading = "The task")]
    pub name: Option<TaskName>,
    /// Where positions and reports are kept [default: the user's own state directory].
    #[arg(long, value_name = "DIR", env = "SLUICE_STATE", help_heading = "The task")]
    pub state: Option<PathBuf>,
    /// End when everything that is there has been copied (copy, run).
    #[arg(long, help_heading = "The task")]
    pub until_caught_up: bool,
    /// With --until-caught-up: how long to wait for transactions that are open at the source, as 90s or 5m, before the
    /// copy ends incomplete [default: 60s].
    #[arg(long, value_name = "DURATION", value_parser = duration, help_heading = "The task")]
    pub wait_for_transactions: Option<Duration>,
    /// Print the result as one JSON object on stdout.
    #[arg(long, help_heading = "The task")]
    pub json: bool,
    /// Show no progress.
    #[arg(long, short, help_heading = "The task")]
    pub quiet: bool,
}

/// `sluice status`
#[derive(Debug, Args)]
pub struct StatusArguments {
    /// The state directory [default: the user's own state directory].
    #[arg(long, value_name = "DIR", env = "SLUICE_STATE")]
    pub state: Option<PathBuf>,
    /// Print one JSON object.
    #[arg(long)]
    pub json: bool,
}

/// `sluice demo`
#[derive(Debug, Args)]
pub struct DemoArguments {
    /// Stop and verify after this many seconds [default: at Ctrl-C].
    #[arg(long, value_name = "N")]
    pub seconds: Option<u64>,
}

/// `SRC=DST`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pair {
    /// Before the `=`.
    pub left: String,
    /// Behind it.
    pub right: String,
}

impl FromStr for Pair {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once('=') {
            Some((left, right)) if !left.is_empty() && !right.is_empty() => Ok(Self {
                left: left.to_owned(),
                right: right.to_owned(),
            }),
            _ => Err("write the source topic, '=' and the target topic, as orders=orders-eu".to_owned()),
        }
    }
}

/// A length of time in words, as `90s`, `5m` or `1h30m`.
///
/// # Errors
/// It is not one, or negative.
fn duration(text: &str) -> Result<Duration, String> {
    text.parse::<jiff::SignedDuration>()
        .ok()
        .and_then(|time| Duration::try_from(time).ok())
        .ok_or_else(|| format!("'{text}' is not a length of time; write it as 90s, 5m or 1h"))
}

pub fn regex_rename(text: &str) -> Result<RegexRename, String> {
    // The last '=': a pattern may well hold one, a topic name never does.
    match text.rsplit_once('=') {
        Some((pattern, replacement)) if !pattern.is_empty() => Ok(RegexRename {
            pattern: pattern.to_owned(),
            replacement: replacement.to_owned(),
        }),
        _ => Err("write the pattern, '=' and the replacement, as '^prod\\.(.*)$=$1'".to_owned()),
    }
}

/// Reads `TOPIC=START`.
pub fn topic_start(text: &str) -> Result<(String, Start), String> {
    of_topic(text, "start")
}

/// Reads `TOPIC=END`.
pub fn topic_end(text: &str) -> Result<(String, End), String> {
    of_topic(text, "end")
}

fn of_topic<T: FromStr<Err: Display>>(text: &str, what: &str) -> Result<(String, T), String> {
    // The first '=': a topic name never holds one, `offset:0=5` does.
    let (topic, value) = text
        .split_once('=')
        .filter(|(topic, _)| !topic.is_empty())
        .ok_or_else(|| format!("write the topic, '=' and its {what}, as orders=offset:100"))?;
    let value = value.parse::<T>().map_err(|error| error.to_string())?;
    Ok((topic.to_owned(), value))
}

/// One of a type's words, which are those of its JSON form.
pub fn one_of<T: DeserializeOwned + Clone + Send + Sync + 'static>(
    words: &'static [&'static str],
) -> impl TypedValueParser<Value = T> {
    PossibleValuesParser::new(words).try_map(|word: String| {
        let deserializer: StrDeserializer<'_, WordError> = word.as_str().into_deserializer();
        T::deserialize(deserializer)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn task(arguments: &[&str]) -> Result<TaskArguments, String> {
        let all = ["sluice", "copy"].iter().chain(arguments);
        match Arguments::try_parse_from(all)
            .map_err(|error| error.to_string())?
            .command
        {
            Command::Copy(copy) => Ok(copy.task),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn every_word_of_a_policy_is_understood() {
        for word in ["stop", "append", "rewrite"] {
            assert!(task(&["--existing", word]).is_ok(), "{word}");
        }
        for word in ["stop", "leave-out"] {
            assert!(task(&["--forbidden-topics", word]).is_ok(), "{word}");
        }
        for word in ["copy-time", "previous"] {
            assert!(task(&["--missing-timestamps", word]).is_ok(), "{word}");
        }
        for word in ["auto", "none", "gzip", "snappy", "lz4", "zstd"] {
            assert!(task(&["--compression", word]).is_ok(), "{word}");
        }
        let read = task(&["--delivery", "at-least-once", "--out-of-range", "nearest"]).unwrap();
        assert_eq!(read.delivery, Some(Delivery::AtLeastOnce));
        assert_eq!(read.out_of_range, Some(OutOfRange::Nearest));
        assert!(
            task(&["--existing", "delete"]).unwrap_err().contains("rewrite"),
            "the right words are offered"
        );
    }

    #[test]
    fn pairs_are_split_where_names_end() {
        let read = task(&[
            "--rename",
            "a=b",
            "--rename-regex",
            "x=y(.*)=$1",
            "--start-topic",
            "a=offset:0=5,1=7",
            "--topic",
            "a,b",
            "--topic",
            "c",
        ])
        .unwrap();
        assert_eq!(
            read.rename,
            [Pair {
                left: "a".into(),
                right: "b".into()
            }]
        );
        assert_eq!(
            read.rename_regex,
            [RegexRename {
                pattern: "x=y(.*)".into(),
                replacement: "$1".into()
            }]
        );
        assert_eq!(read.start_topic[0].1.to_string(), "offset:0=5,1=7");
        assert_eq!(read.topics, ["a", "b", "c"]);
    }

    #[test]
    fn mistakes_are_explained() {
        for (arguments, words) in [
            (&["--rename", "a"][..], "orders=orders-eu"),
            (&["--start", "yesterday"], "earliest"),
            (&["--start-topic", "a=tomorrow"], "earliest"),
            (&["--end-topic", "a=earliest"], "records:N"),
            (&["--rate-bytes", "fast"], "10M"),
            (&["--replication-factor", "0"], "1.."),
            (&["--topic", "a", "--all"], "cannot be used with"),
            (&["--name", ""], "1 to 64 characters"),
            (&["--password", "x"], "unexpected argument"),
        ] {
            let error = task(arguments).unwrap_err();
            assert!(error.contains(words), "{arguments:?}: {error}");
        }
    }
}
