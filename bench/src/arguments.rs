use std::{num::NonZeroUsize, path::PathBuf};

use clap::Parser;

/// Copies the same topics with Sluice, kcat, MirrorMaker 2 and Connect and compares speed, CPU and memory.
#[derive(Debug, Parser)]
#[command(version)]
pub struct Arguments {
    /// One small workload, once: 200 MB of 1 KB records, lz4, 8 partitions.
    #[arg(long, conflicts_with = "full")]
    pub quick: bool,
    /// All twenty-four workloads: 1 GB of 1 KB records or 5 million of 100 B each, and twelve of Sluice alone that show
    /// its memory and how it takes to other codecs, many partitions, small batches, TLS and distance. This is the default.
    #[arg(long)]
    pub full: bool,
    /// Only the workloads whose name holds this, for example 1kb, lz4-8p or 100b-none.
    #[arg(long, value_name = "SUBSTRING")]
    pub only: Option<String>,
    /// Only the tools whose name begins with one of these; the names are record-exactly-once,
    /// record-at-least-once, wire-exactly-once, wire-at-least-once, other-exactly-once, other-at-least-once, kcat, mm2-defaults,
    /// mm2-tuned, connect-exactly-once and connect-at-least-once.
    #[arg(long, value_name = "NAME[,…]", value_delimiter = ',')]
    pub tools: Vec<String>,
    /// Another build of sluice, whose copies are made beside those of this one.
    #[arg(long, value_name = "PROGRAM")]
    pub beside: Option<PathBuf>,
    /// Measure everything so often and show the median [default: 3; with --quick 1].
    #[arg(long, value_name = "N")]
    pub runs: Option<NonZeroUsize>,
    /// Stop a copy after this long, MirrorMaker's counted from its first record, and judge it on what it has
    /// copied till then.
    #[arg(long, value_name = "SECONDS", default_value_t = 120)]
    pub limit: u64,
    /// Run MirrorMaker 2 on every workload, not only on 8 partitions of 1 KB none, 1 KB lz4 and 100 B lz4.
    #[arg(long)]
    pub mm2_everywhere: bool,
    /// The document whose generated section is replaced [default: docs/benchmarks.md, if nothing was left out].
    #[arg(long, value_name = "FILE")]
    pub document: Option<PathBuf>,
    /// Folder for the brokers' data, if it is to lie on a particular disk. It takes about 10 GB for a while.
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
}
