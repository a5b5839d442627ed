//! The command line of what the application keeps. Scripts rely on it: it may be added to, not changed.

use std::path::PathBuf;

use clap::builder::BoolishValueParser;
use clap::{Args, Subcommand};
use jiff::Timestamp;
use sluice_app::{ExportFormat, Host, MetricsAddress};
use sluice_engine::{Question, VerifyScope};
use sluice_model::{Spec, Start, TaskState, Weekday};

use super::compare_arguments::SyncConfigurationArguments;
use super::gap_place::GapPlace;
use super::groups::SyncGroups;
use super::readiness::readiness_question;
use super::record_place::RecordPlace;
use super::verification::VerifyAt;
use crate::amount::Amount;
use crate::arguments::{Pair, TaskArguments, one_of, topic_start};

/// Where everything is kept, and how it is printed.
#[derive(Debug, Args, Clone)]
pub struct Place {
    /// The data folder [default: the user's own].
    #[arg(long, value_name = "DIR", env = "SLUICE_DATA", global = true)]
    pub data: Option<PathBuf>,
    /// Print JSON on stdout.
    #[arg(long, global = true)]
    pub json: bool,
    /// Another computer that has the data folder.
    #[arg(skip)]
    pub host: Option<Host>,
}

/// `sluice source`
#[derive(Debug, Subcommand)]
pub enum SourceCommand {
    /// Add a Kafka cluster, or a Connect cluster that tasks may run on.
    Add(Box<SourceAddArguments>),
    /// List the data sources.
    List,
    /// Show one.
    Show {
        /// Name or id.
        source: String,
    },
    /// Test the connection step by step.
    Test {
        /// Name or id.
        source: String,
    },
    /// Change one; what is not given stays. Tasks that run take it in after a pause and a resume.
    Edit(SourceEditArguments),
    /// Add a data source from another program's configuration file or from a URL.
    Import {
        /// A Java client.properties, a configuration of librdkafka or kcat, another program's file (docs/cli.md), or a
        /// URL; FILE#NAME chooses one of several clusters in a file.
        file: String,
        /// Another name than the file's.
        #[arg(long)]
        name: Option<String>,
        /// Environment, as production.
        #[arg(long, value_name = "TAG")]
        env: Option<String>,
    },
    /// Remove one that no task uses.
    Rm {
        /// Name or id.
        source: String,
    },
    /// Leave a keychain that is gone for good: secrets are kept in a file, and each has to be entered again.
    LeaveKeychain,
    /// List the topics of one.
    Topics {
        /// Name or id.
        source: String,
    },
}

/// `sluice source add`
#[derive(Debug, Args)]
pub struct SourceAddArguments {
    /// Name.
    pub name: String,
    /// Its brokers, separated by commas.
    #[arg(long, value_name = "HOST:PORT[,…]")]
    pub bootstrap: Option<String>,
    /// It is a Connect cluster: the address of a worker's REST interface, or several with commas between them.
    #[arg(long, value_name = "URL[,…]", conflicts_with_all = ["bootstrap", "config", "address_map", "proxy", "read_only"])]
    pub connect: Option<String>,
    /// How to log in there: lines username=…, password=…, token=…, ca_file=… .
    #[arg(long, value_name = "FILE", requires = "connect", conflicts_with = "bootstrap")]
    pub connect_config: Option<PathBuf>,
    /// Client properties: librdkafka or kcat syntax, or a Java client.properties. Secrets come from here, never from
    /// the command line.
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Where a broker is reached that advertises an address which is of no use from here; may be repeated.
    #[arg(long, value_name = "ADVERTISED=REACHABLE")]
    pub address_map: Vec<String>,
    /// A SOCKS5 proxy that all connections go through; its login stands in the file of --config, as sluice.proxy.user and
    /// sluice.proxy.password.
    #[arg(long, value_name = "HOST:PORT")]
    pub proxy: Option<String>,
    /// Environment, as production.
    #[arg(long, value_name = "TAG")]
    pub env: Option<String>,
    /// Nothing is written to it: it can be copied from, looked at and compared, and no more.
    #[arg(long)]
    pub read_only: bool,
    /// Whatever is worth remembering.
    #[arg(long)]
    pub note: Option<String>,
}

/// `sluice source edit`
#[derive(Debug, Args)]
pub struct SourceEditArguments {
    /// Name or id.
    pub source: String,
    /// Another name.
    #[arg(long)]
    pub name: Option<String>,
    /// Other brokers.
    #[arg(long, value_name = "HOST:PORT[,…]")]
    pub bootstrap: Option<String>,
    /// Other client properties; they replace all that is known of security.
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Another address map, as a whole; may be repeated. A blank one takes it away.
    #[arg(long, value_name = "ADVERTISED=REACHABLE")]
    pub address_map: Vec<String>,
    /// Another SOCKS5 proxy. A blank one takes it and its login away.
    #[arg(long, value_name = "HOST:PORT")]
    pub proxy: Option<String>,
    /// Another environment.
    #[arg(long, value_name = "TAG")]
    pub env: Option<String>,
    /// Whether nothing is written to it from now on.
    #[arg(long, value_name = "YES|NO", value_parser = BoolishValueParser::new())]
    pub read_only: Option<bool>,
    /// Another note.
    #[arg(long)]
    pub note: Option<String>,
}

/// `sluice task`
#[derive(Debug, Subcommand)]
pub enum TaskCommand {
    /// Describe a task; it does nothing yet.
    Create(Box<TaskCreateArguments>),
    /// List tasks.
    List {
        /// Only those in this state; may be repeated.
        #[arg(long, value_parser = one_of::<TaskState>(STATES))]
        state: Vec<TaskState>,
        /// Only those whose name or id contains this.
        #[arg(long)]
        text: Option<String>,
        /// Only those with this tag.
        #[arg(long)]
        tag: Option<String>,
    },
    /// Show everything about one.
    Show(TaskName),
    /// Inspect both clusters; changes nothing on them.
    Check(TaskName),
    /// Launch one whose check has passed. It runs in `sluice daemon` or in the window.
    Start {
        /// Name or id.
        task: String,
        /// The target's name: needed where data of a Production data source will be deleted.
        #[arg(long, value_name = "TARGET")]
        confirm: Option<String>,
    },
    /// Stop one at a saved position.
    Pause(TaskName),
    /// Go on from there.
    Resume(TaskName),
    /// Try again now.
    Retry(TaskName),
    /// End one for good; what it copied stays.
    Terminate(TaskName),
    /// Remove one and its history; topics stay as they are.
    Rm {
        /// Name or id.
        task: String,
        /// Also the connectors of a task that runs on Connect, and their offsets there.
        #[arg(long)]
        connectors: bool,
        /// Also where Connect cannot be asked: the task's connectors may go on copying there.
        #[arg(long, conflicts_with = "connectors")]
        leave_connectors: bool,
    },
    /// Make a draft with the settings of another.
    Copy {
        /// Name or id.
        task: String,
        /// Its name.
        name: String,
    },
    /// Add, remove or rename topics, also while it runs.
    Modify(ModifyArguments),
    /// Change Spec and rates, also while it runs.
    Set(SetArguments),
    /// Print its log, the oldest line first.
    Log {
        /// Name or id.
        task: String,
        /// Only lines of this level or above.
        #[arg(long, value_parser = ["info", "warning", "error"])]
        level: Option<String>,
        /// Only lines that contain this.
        #[arg(long)]
        text: Option<String>,
        /// Lines at most.
        #[arg(long, default_value_t = 500)]
        limit: usize,
    },
    /// Print what was changed of its topics.
    Changes(TaskName),
    /// List source offsets that could not be copied because they are gone.
    Gaps {
        /// Name or id.
        task: String,
        /// Go on behind this gap, as it is listed: TOPIC-PARTITION@FROM..TO; may be repeated.
        #[arg(long, value_name = "GAP")]
        accept: Vec<GapPlace>,
    },
    /// List records that the target refused, or decide about one.
    Quarantine {
        /// Name or id.
        task: String,
        /// Write this record to the target now, behind what is there: TOPIC-PARTITION@OFFSET.
        #[arg(long, value_name = "RECORD", conflicts_with = "discard")]
        replay: Option<RecordPlace>,
        /// Leave this record out for good.
        #[arg(long, value_name = "RECORD")]
        discard: Option<RecordPlace>,
    },
    /// Read both sides again and compare every field of every record.
    Verify {
        /// Name or id.
        task: String,
        /// Only this source topic; may be repeated.
        #[arg(long = "topic", value_name = "NAME", value_delimiter = ',')]
        topics: Vec<String>,
        /// Only what is at the source from here on: a time (RFC 3339), offset:N or offset:PARTITION=N,…
        #[arg(long, value_name = "TIME", value_parser = VerifyScope::since_of)]
        since: Option<Start>,
        /// Only what is newer than earlier verifications proved equal; the other partitions whole.
        #[arg(long = "continue", conflicts_with = "since")]
        continues: bool,
        /// Of a pair: the other direction as well, so that both sides together are proved.
        #[arg(long)]
        both_ways: bool,
    },
    /// Ask whether applications may move to its target now; changes nothing.
    Readiness {
        /// Name or id.
        task: String,
        /// Only this question, by its id (docs/cli.md); may be repeated. Only all of them make it ready.
        #[arg(long, value_name = "ID", value_delimiter = ',', value_parser = readiness_question)]
        only: Vec<Question>,
        /// Only this group is to move; may be repeated. By default all that read the task's topics.
        #[arg(
            long = "group",
            allow_hyphen_values = true,
            value_name = "NAME",
            value_delimiter = ','
        )]
        groups: Vec<String>,
        /// The lag that this group has at the source is accepted; may be repeated.
        #[arg(long = "accept-lag", value_name = "GROUP", value_delimiter = ',')]
        accepted_lag: Vec<String>,
        /// How many seconds the source must have been silent [default: 5].
        #[arg(long, value_name = "SECONDS")]
        window: Option<u32>,
    },
    /// Keep the configuration of its target topics like the source's while it runs, or no longer.
    SyncConfiguration(SyncConfigurationArguments),
    /// List the consumer groups that read its topics, or bring their positions to the target.
    Groups(GroupsArguments),
    /// Let it go on at another place, with its positions: on a Connect cluster, or here. Pause it before.
    Move {
        /// Name or id.
        task: String,
        /// Name or id of the data source that is the Connect cluster; `here` for this computer.
        #[arg(long, value_name = "NAME|here")]
        run_on: String,
    },
    /// Write it down, without secrets.
    Export {
        /// Name or id.
        task: String,
        /// Its settings as TOML, its connectors as Kafka Connect takes them, or a resource of Strimzi.
        #[arg(long = "as", value_name = "FORM", default_value = "toml", value_parser = one_of::<ExportFormat>(EXPORTS))]
        format: ExportFormat,
    },
    /// Make a draft out of an exported task.
    Import {
        /// The file.
        file: PathBuf,
        /// Another name.
        #[arg(long)]
        name: Option<String>,
    },
}

/// Words of [`TaskState`].
const STATES: &[&str] = &[
    "draft",
    "pre_checking",
    "pre_check_failed",
    "pre_check_passed",
    "starting",
    "running",
    "pausing",
    "paused",
    "abnormal",
    "failed",
    "completed",
    "terminating",
    "terminated",
];
/// Words of [`ExportFormat`].
const EXPORTS: &[&str] = &["toml", "connect", "strimzi"];
/// Words of [`Spec`].
const SPECS: &[&str] = &["micro", "small", "medium", "large", "xlarge"];

/// Which task.
#[derive(Debug, Args)]
pub struct TaskName {
    /// Name or id.
    pub task: String,
}

/// `sluice task create`
#[derive(Debug, Args)]
pub struct TaskCreateArguments {
    /// Name of the task.
    #[arg(value_name = "NAME")]
    pub task_name: String,
    /// What describes it, as for `sluice copy`; here --from and --to name data sources.
    #[command(flatten)]
    pub task: TaskArguments,
    /// Make two tasks, of which the second copies the same topics back: both sides may be written, and each task leaves out
    /// what the other wrote.
    #[arg(long)]
    pub both_ways: bool,
    /// Where it runs: the name of a data source that is a Connect cluster; this computer without it.
    #[arg(long, value_name = "NAME")]
    pub run_on: Option<String>,
    /// How much it may use.
    #[arg(long, value_parser = one_of::<Spec>(SPECS))]
    pub spec: Option<Spec>,
    /// Words by which the task is found, separated by commas; may be repeated.
    #[arg(long = "tag", value_name = "TAG", value_delimiter = ',')]
    pub tags: Vec<String>,
}

/// `sluice task modify`
#[derive(Debug, Args)]
pub struct ModifyArguments {
    /// Name or id.
    pub task: String,
    /// Copy this topic as well; may be repeated.
    #[arg(long, value_name = "TOPIC", value_delimiter = ',')]
    pub add: Vec<String>,
    /// Copy this topic no longer; may be repeated.
    #[arg(long, value_name = "TOPIC", value_delimiter = ',')]
    pub remove: Vec<String>,
    /// Write topic SRC to DST from now on; may be repeated.
    #[arg(long, value_name = "SRC=DST", value_parser = <Pair as std::str::FromStr>::from_str)]
    pub rename: Vec<Pair>,
    /// Instead of the pattern so far: copy the topics that this one matches.
    #[arg(long, value_name = "REGEX")]
    pub include: Option<String>,
    /// Instead of the pattern so far: leave out the topics that this one matches.
    #[arg(long, value_name = "REGEX")]
    pub exclude: Option<String>,
    /// Where the copy of an added topic begins; may be repeated.
    #[arg(long, value_name = "TOPIC=START", value_parser = topic_start)]
    pub start_topic: Vec<(String, Start)>,
}

/// `sluice task set`
#[derive(Debug, Args)]
pub struct SetArguments {
    /// Name or id.
    pub task: String,
    /// How much it may use.
    #[arg(long, value_parser = one_of::<Spec>(SPECS))]
    pub spec: Option<Spec>,
    /// Records per second at most; 0 for the Spec's.
    #[arg(long, value_name = "N")]
    pub rate_records: Option<Amount>,
    /// Bytes per second at most, as 10M; 0 for the Spec's.
    #[arg(long, value_name = "N")]
    pub rate_bytes: Option<Amount>,
    /// The tags it is to have from now on, separated by commas; '' for none.
    #[arg(long, value_name = "TAG[,…]")]
    pub tags: Option<String>,
    /// Keep the groups whose whole name matches in step on the target while the task runs; `off` for none.
    #[arg(long, value_name = "REGEX|off")]
    pub sync_groups: Option<SyncGroups>,
    /// Seconds between two such syncs; 10 if not given.
    #[arg(long, value_name = "SECONDS", requires = "sync_groups", value_parser = clap::value_parser!(u32).range(1..))]
    pub sync_interval: Option<u32>,
    /// Verify the task by itself every day at this local time, as 02:00; `off` for never.
    #[arg(long, value_name = "HH:MM|off")]
    pub verify_at: Option<VerifyAt>,
    /// On this day of the week alone, as sunday.
    #[arg(long, value_name = "DAY", requires = "verify_at")]
    pub verify_on: Option<Weekday>,
    /// Everything each time, not only what is newer than what was proved before.
    #[arg(long, requires = "verify_at")]
    pub verify_everything: bool,
}

impl SetArguments {
    /// Whether it changes Spec or rates.
    pub fn tunes(&self) -> bool {
        self.spec.is_some() || self.rate_records.is_some() || self.rate_bytes.is_some()
    }
}

/// `sluice task groups`
#[derive(Debug, Args)]
pub struct GroupsArguments {
    /// Name or id.
    pub task: String,
    /// Commit the positions on the target, translated exactly; needs --all or --group.
    #[arg(long)]
    pub sync: bool,
    /// All groups that read the task's topics.
    #[arg(long, requires = "sync", conflicts_with = "group")]
    pub all: bool,
    /// Only this group; may be repeated.
    #[arg(long, allow_hyphen_values = true, value_name = "GROUP")]
    pub group: Vec<String>,
    /// Also set back positions that are further on the target.
    #[arg(long, requires = "sync")]
    pub rewind: bool,
    /// Leave out positions before the copy's start, and those whose records are gone.
    #[arg(long, requires = "sync")]
    pub exact_only: bool,
    /// Change nothing: show what would be committed.
    #[arg(long, requires = "sync")]
    pub dry_run: bool,
}

/// `sluice alerts`
#[derive(Debug, Subcommand)]
pub enum AlertsCommand {
    /// List the rules, or add one from a JSON file.
    Rules {
        /// Add or replace the rule in this JSON file (docs/alerts.md).
        #[arg(long, value_name = "FILE", conflicts_with = "rm")]
        put: Option<PathBuf>,
        /// Remove the rule of this id or name.
        #[arg(long, value_name = "RULE")]
        rm: Option<String>,
    },
    /// List the channels, or add one from a JSON file.
    Channels {
        /// Add or replace the channel in this JSON file (docs/alerts.md); it may hold secrets.
        #[arg(long, value_name = "FILE", conflicts_with = "rm")]
        put: Option<PathBuf>,
        /// Remove the channel of this id or name.
        #[arg(long, value_name = "CHANNEL")]
        rm: Option<String>,
    },
    /// Send a message to a channel.
    Test {
        /// Id or name.
        channel: String,
    },
    /// Print what was sent, suppressed or undeliverable.
    History {
        /// Only about this task.
        #[arg(long)]
        task: Option<String>,
        /// Rows at most.
        #[arg(long, default_value_t = 500)]
        limit: usize,
    },
    /// Mute a task's alerts until a time, or tell them again.
    Mute {
        /// Name or id.
        task: String,
        /// Until when, as 2026-12-01T08:00:00Z.
        #[arg(long, required_unless_present = "off")]
        until: Option<Timestamp>,
        /// No longer.
        #[arg(long)]
        off: bool,
    },
}

/// `sluice log`
#[derive(Debug, Args)]
pub struct LogArguments {
    #[command(flatten)]
    pub place: Place,
    /// Only this action, as task_pause.
    #[arg(long)]
    pub action: Option<String>,
    /// Only rows that contain this.
    #[arg(long)]
    pub text: Option<String>,
    /// Rows at most.
    #[arg(long, default_value_t = 500)]
    pub limit: usize,
}

/// `sluice daemon`
#[derive(Debug, Args)]
pub struct DaemonArguments {
    #[command(flatten)]
    pub place: Place,
    /// Serve the numbers of the tasks for Prometheus at http://HOST:PORT/metrics; a port alone is one of 127.0.0.1.
    #[arg(long, value_name = "HOST:PORT")]
    pub metrics: Option<MetricsAddress>,
}

/// `sluice control`
#[derive(Debug, Args)]
pub struct ControlArguments {
    #[command(flatten)]
    pub place: Place,
    /// Read requests from stdin and write answers to stdout, a line of JSON each, until stdin ends.
    #[arg(long, required = true)]
    pub stdio: bool,
}
