//! The command line of `sluice cutover`. Scripts rely on it: it may be added to, not changed.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

/// `sluice cutover`
#[derive(Debug, Subcommand)]
pub enum CutoverCommand {
    /// Choose groups and topics; changes nothing.
    Plan(CutoverPlanArguments),
    /// Ask every question and try the translation of the groups; writes nothing to a cluster.
    Rehearse(CutoverName),
    /// Carry out the next step.
    Next {
        /// Name or id of the task, or id of the cut-over.
        task: String,
        /// Do not let this question hold the step; may be repeated. The report keeps it.
        #[arg(long, value_name = "QUESTION", value_delimiter = ',')]
        overrule: Vec<String>,
    },
    /// Show the steps and where it stands.
    Status(CutoverName),
    /// Give it up before the switch, or begin the way back behind it, which `next` carries on.
    Back {
        /// Name or id of the task, or id of the cut-over.
        task: String,
        /// How producers of the present side are stopped on the way back.
        #[arg(long, value_enum, default_value_t)]
        fence: Fence,
        /// Seconds for which their silence is watched.
        #[arg(long, value_name = "SECONDS")]
        silence: Option<u32>,
    },
    /// Write the report to a file: HTML, or JSON with --json or where the file's name ends so.
    Report {
        /// Name or id of the task, or id of the cut-over.
        task: String,
        /// The file.
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
}

/// Which cut-over.
#[derive(Debug, Args)]
pub struct CutoverName {
    /// Name or id of the task, or id of the cut-over.
    pub task: String,
}

/// `sluice cutover plan`
#[derive(Debug, Args)]
pub struct CutoverPlanArguments {
    /// Name or id of the task.
    pub task: String,
    /// Move this group, with the topics that it reads; may be repeated [default: all groups and topics].
    #[arg(
        long = "group",
        allow_hyphen_values = true,
        value_name = "GROUP",
        value_delimiter = ','
    )]
    pub groups: Vec<String>,
    /// How producers are stopped: by you, or by rules of access that deny WRITE. An authorisation error ends most
    /// producers; they have to be started again.
    #[arg(long, value_enum, default_value_t)]
    pub fence: Fence,
    /// Seconds for which the silence of the source is watched [default: 15].
    #[arg(long, value_name = "SECONDS")]
    pub silence: Option<u32>,
    /// Do not copy back what is written to the target after the switch, until you go back.
    #[arg(long)]
    pub no_follow: bool,
}

/// How producers are stopped.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum Fence {
    /// By a person.
    #[default]
    None,
    /// By rules of access.
    Acl,
}
