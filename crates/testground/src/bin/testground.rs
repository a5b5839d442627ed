//! Kafka clusters on loopback from the command line, for developers and benchmark scripts.

use std::{
    error::Error,
    fs,
    io::{self, IsTerminal, Read, Write},
    path::{Path, PathBuf},
    process::ExitCode,
    sync::mpsc,
    thread,
};

use clap::{Args, Parser, Subcommand};
use sluice_testground::{
    Cluster, Jars, Jvm, KafkaVersion,
    tools::{ConnectWorker, JavaTool},
};

/// Real Apache Kafka on loopback.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Start a cluster, print where it is as JSON, and keep it until Ctrl-C, SIGTERM or the end of a piped
    /// standard input.
    Up(Box<Up>),
    /// Start a worker of a Connect cluster with MirrorMaker's connectors, print its address as JSON, and keep it in the
    /// same way.
    Connect {
        /// The Kafka that it stands on.
        #[arg(long, value_name = "HOST:PORT")]
        on: String,
        /// Its Connect cluster: workers of one name share the work.
        #[arg(long, default_value = "connect")]
        group: String,
        /// Write the JSON into this file too, once it answers.
        #[arg(long, value_name = "FILE")]
        port_file: Option<PathBuf>,
    },
    /// Fetch the jars of all versions, or of those named.
    Jars {
        /// Versions, for example 4.3.1.
        versions: Vec<KafkaVersion>,
    },
    /// Run a class with a `main` from the jars, for example org.apache.kafka.tools.TopicCommand.
    Tool {
        /// Whose jars.
        #[arg(long, default_value_t = KafkaVersion::V4_3_1)]
        version: KafkaVersion,
        /// The class.
        class: String,
        /// Its arguments.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<String>,
    },
}

#[derive(Debug, Args)]
struct Up {
    /// One of 4.3.1, 3.9.1, 2.0.1, 1.0.2, 0.10.2.2.
    #[arg(long, default_value_t = KafkaVersion::V4_3_1)]
    version: KafkaVersion,
    /// How many brokers, 1 to 3.
    #[arg(long, default_value_t = 1)]
    brokers: usize,
    /// Add a listener with passwords over TLS.
    #[arg(long)]
    secured: bool,
    /// Add a listener with TLS only.
    #[arg(long)]
    ssl: bool,
    /// Grant nothing to anybody but the plain listener and `admin`.
    #[arg(long)]
    acls: bool,
    /// A line of server.properties, KEY=VALUE. May be given several times.
    #[arg(long = "property", value_name = "KEY=VALUE", value_parser = key_value)]
    properties: Vec<(String, String)>,
    /// Heap of each broker in MB. Also leaves the other settings of the JVM at Java's defaults, as a
    /// benchmark wants them; without it they are those for a quick start.
    #[arg(long, value_name = "MB")]
    heap: Option<u32>,
    /// One more option for the JVM of each broker. May be given several times.
    #[arg(long = "jvm-option", value_name = "OPTION", allow_hyphen_values = true)]
    jvm_options: Vec<String>,
    /// Folder for the data, if it is to lie on a particular disk.
    #[arg(long, value_name = "DIR")]
    parent_dir: Option<PathBuf>,
    /// Write the JSON into this file too, once everything is up.
    #[arg(long, value_name = "FILE")]
    port_file: Option<PathBuf>,
}

fn main() -> ExitCode {
    let outcome = match Arguments::parse().command {
        Command::Up(up) => up.run(),
        Command::Connect { on, group, port_file } => connect(on, group, port_file.as_deref()),
        Command::Jars { versions } => fetch(versions),
        Command::Tool { version, class, args } => return tool(version, class, args),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => failure(&*error),
    }
}

impl Up {
    fn run(self) -> Result<(), Box<dyn Error>> {
        // Before the start, so that a Ctrl-C during it is kept and clears up as well.
        let end = wait_for_end()?;
        let jvm = self
            .jvm_options
            .iter()
            .fold(self.heap.map_or_else(Jvm::quick, Jvm::full), |jvm, option| {
                jvm.option(option)
            });
        let mut builder = Cluster::builder(self.version).brokers(self.brokers).jvm(jvm);
        if self.secured {
            builder = builder.secured();
        }
        if self.ssl {
            builder = builder.ssl();
        }
        if self.acls {
            builder = builder.acls();
        }
        if let Some(dir) = self.parent_dir {
            builder = builder.parent_dir(dir);
        }
        for (key, value) in self.properties {
            builder = builder.property(key, value);
        }
        let cluster = builder.start()?;
        keep(
            &serde_json::to_string(&cluster.addresses())?,
            self.port_file.as_deref(),
            &end,
        )
    }
}

fn connect(on: String, group: String, port_file: Option<&Path>) -> Result<(), Box<dyn Error>> {
    let end = wait_for_end()?;
    let worker = ConnectWorker::on(on, group).exactly_once().start()?;
    keep(
        &serde_json::json!({ "url": worker.url() }).to_string(),
        port_file,
        &end,
    )
}

/// Says where what was started is, in `json`, and waits for the reason to end.
fn keep(
    json: &str,
    port_file: Option<&Path>,
    end: &mpsc::Receiver<&'static str>,
) -> Result<(), Box<dyn Error>> {
    if let Some(file) = port_file {
        write_whole(file, json)?;
    }
    println!("{json}");
    io::stdout().flush()?;
    // An error means that no client is left to ask for the end.
    let reason = end.recv().unwrap_or("nothing left to wait for");
    eprintln!("{reason}: stopping");
    if let Some(file) = port_file {
        fs::remove_file(file)?;
    }
    Ok(())
}

/// Sends the reason to end, once there is one.
fn wait_for_end() -> Result<mpsc::Receiver<&'static str>, ctrlc::Error> {
    let (ended, end) = mpsc::channel();
    let by_input = ended.clone();
    // The receivers are gone when these fail: the end has begun.
    ctrlc::set_handler(move || {
        ended.send("signal").ok();
    })?;
    if input_has_an_owner() {
        thread::spawn(move || {
            let mut ignored = [0; 1024];
            let mut input = io::stdin();
            while !matches!(input.read(&mut ignored), Ok(0) | Err(_)) {}
            by_input.send("standard input closed").ok();
        });
    }
    Ok(end)
}

/// Whether the end of standard input says that the parent process is gone. Shells give background jobs /dev/null,
/// which ends at once and says nothing.
fn input_has_an_owner() -> bool {
    io::stdin().is_terminal() || input_is_pipe()
}

#[cfg(unix)]
fn input_is_pipe() -> bool {
    use std::os::unix::fs::FileTypeExt;

    fs::metadata("/dev/stdin").is_ok_and(|meta| meta.file_type().is_fifo() || meta.file_type().is_socket())
}

#[cfg(not(unix))]
fn input_is_pipe() -> bool {
    true
}

/// A program that waits for the file must not read half of it.
fn write_whole(file: &Path, text: &str) -> io::Result<()> {
    let beside = file.with_extension("part");
    fs::write(&beside, text)?;
    fs::rename(beside, file)
}

fn fetch(versions: Vec<KafkaVersion>) -> Result<(), Box<dyn Error>> {
    let versions = if versions.is_empty() {
        KafkaVersion::ALL.to_vec()
    } else {
        versions
    };
    for version in versions {
        println!("{version}\t{}", Jars::ensure(version)?.dir().display());
    }
    Ok(())
}

fn tool(version: KafkaVersion, class: String, args: Vec<String>) -> ExitCode {
    // A person who waits has Ctrl-C.
    let forever = std::time::Duration::from_secs(u64::from(u32::MAX));
    let output = match JavaTool::new(version, class).args(args).patience(forever).run() {
        Ok(output) => output,
        Err(error) => return failure(&error),
    };
    eprint!("{}", output.stderr);
    match io::stdout().write_all(&output.stdout) {
        Ok(()) if output.status.success() => ExitCode::SUCCESS,
        Ok(()) => ExitCode::FAILURE,
        Err(error) => failure(&error),
    }
}

fn failure(error: &dyn Error) -> ExitCode {
    eprintln!("testground: {error}");
    ExitCode::FAILURE
}

fn key_value(text: &str) -> Result<(String, String), String> {
    text.split_once('=')
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .ok_or_else(|| format!("`{text}` is not KEY=VALUE"))
}
