use std::path::PathBuf;

use clap::Parser;

/// Replicates Kafka topics between clusters, in a window.
#[derive(Debug, Clone, Parser)]
#[command(name = "sluice-desktop", version)]
pub struct Arguments {
    /// Folder with everything that is kept [default: the user's own, which `sluice` has too].
    #[arg(long, value_name = "DIR", env = "SLUICE_DATA")]
    pub data: Option<PathBuf>,
    /// Start without a window, in the tray. Without a tray the window is shown all the same.
    #[arg(long)]
    pub hidden: bool,
    /// Start with two demo clusters and a task between them.
    #[arg(long)]
    pub demo: bool,
}
