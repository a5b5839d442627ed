use std::path::PathBuf;

use clap::Parser;

/// Serves the page and the application behind it on 127.0.0.1, for development and tests.
#[derive(Debug, Parser)]
#[command(version)]
pub struct Arguments {
    /// Port; 0 takes a free one. The address is printed when it is ready.
    #[arg(long, default_value_t = 0)]
    pub port: u16,
    /// Folder with everything that is kept.
    #[arg(long, value_name = "DIR")]
    pub data: PathBuf,
    /// Folder with the built page; without it, commands and events only.
    #[arg(long, value_name = "DIR")]
    pub ui: Option<PathBuf>,
}
