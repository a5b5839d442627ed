//! The log: to stderr, by the filter in SLUICE_LOG.

use std::io::{self, Write};

use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::screen::Screen;

/// The environment variable with the filter, as `debug` or `sluice_engine=debug,librdkafka=trace`.
const FILTER_VARIABLE: &str = "SLUICE_LOG";

/// Starts logging.
pub fn install(screen: &Screen) {
    let filter = EnvFilter::try_from_env(FILTER_VARIABLE).unwrap_or_else(|_| EnvFilter::new("warn"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        // What a terminal obeys is made visible by the screen.
        .with_ansi(false)
        .with_writer(AboveBars(screen.clone()))
        .finish()
        .with(filter_fn(sluice_app::loggable))
        .init();
}

/// Writes lines above progress bars instead of through them.
struct AboveBars(Screen);

impl<'a> MakeWriter<'a> for AboveBars {
    type Writer = Line;

    fn make_writer(&'a self) -> Line {
        Line {
            screen: self.0.clone(),
            bytes: Vec::new(),
        }
    }
}

/// One log line; written when it is complete.
struct Line {
    screen: Screen,
    bytes: Vec<u8>,
}

impl Write for Line {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        if !self.bytes.is_empty() {
            self.screen.say(String::from_utf8_lossy(&self.bytes).trim_end());
        }
    }
}
