//! The program's own log: JSON lines in the data folder, a file a day.

use std::path::{Path, PathBuf};

use tracing_appender::non_blocking::WorkerGuard;
use tracing_appender::rolling::{RollingFileAppender, Rotation};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// The environment variable with the filter, as `debug` or `sluice_engine=debug,librdkafka=trace`.
const FILTER_VARIABLE: &str = "SLUICE_LOG";
/// What is written if it says nothing.
const USUAL_FILTER: &str = "info,zbus=warn,tao=warn,wry=warn";
/// Files that are kept, one a day.
const FILES: usize = 14;

/// Where the log files of a data folder are.
pub fn dir(data: &Path) -> PathBuf {
    data.join("logs")
}

/// Starts logging. Where no file can be written it logs to stderr, and the window says what is wrong with the folder.
pub fn start(data: &Path) -> Option<WorkerGuard> {
    match files(data) {
        Ok(files) => {
            let (writer, guard) = tracing_appender::non_blocking(files);
            install(writer);
            Some(guard)
        }
        Err(error) => {
            install(std::io::stderr);
            tracing::warn!(%error, dir = %dir(data).display(), "no log files can be written");
            None
        }
    }
}

fn files(data: &Path) -> anyhow::Result<RollingFileAppender> {
    // Before it looks for old files there.
    std::fs::create_dir_all(dir(data))?;
    Ok(RollingFileAppender::builder()
        .rotation(Rotation::DAILY)
        .filename_prefix("sluice")
        .filename_suffix("jsonl")
        .max_log_files(FILES)
        .build(dir(data))?)
}

fn install(writer: impl for<'a> MakeWriter<'a> + Send + Sync + 'static) {
    let filter = EnvFilter::try_from_env(FILTER_VARIABLE).unwrap_or_else(|_| EnvFilter::new(USUAL_FILTER));
    tracing_subscriber::fmt()
        .json()
        .with_env_filter(filter)
        .with_writer(writer)
        .finish()
        .with(filter_fn(sluice_app::loggable))
        .init();
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        tracing::error!(%panic, "a thread panicked");
        usual(panic);
    }));
}
