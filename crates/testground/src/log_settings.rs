//! What the Java programs log, and where to. Kafka's jars bring no settings of their own.

use std::{fs, path::Path, process::Command};

use crate::{KafkaVersion, Result, error::Doing};

/// Logs at INFO where a consumer begins to read; nothing else distinguishes an empty topic from one not read.
const POSITIONS: &str = "org.apache.kafka.clients.consumer.internals.SubscriptionState";

/// Where the log lines of a program go.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Logging {
    /// A broker: everything, to standard output, which is its log file.
    Broker,
    /// A tool: warnings and where it begins to read, to standard error, since standard output is its answer.
    Tool,
}

impl Logging {
    /// Writes the settings into `dir` and points `command` to them.
    pub(crate) fn set(self, version: KafkaVersion, dir: &Path, command: &mut Command) -> Result<()> {
        let (level, stream) = match self {
            Self::Broker => ("INFO", "out"),
            Self::Tool => ("WARN", "err"),
        };
        let pattern = "[%d{ISO8601}] %p %m (%c{1})%n";
        let (file, text, option) = if version >= KafkaVersion::V4_3_1 {
            let text = format!(
                "appender.console.type = Console\n\
                 appender.console.name = console\n\
                 appender.console.target = SYSTEM_{}\n\
                 appender.console.layout.type = PatternLayout\n\
                 appender.console.layout.pattern = {pattern}\n\
                 logger.positions.name = {POSITIONS}\n\
                 logger.positions.level = INFO\n\
                 rootLogger.level = {level}\n\
                 rootLogger.appenderRef.console.ref = console\n",
                stream.to_uppercase()
            );
            ("log4j2.properties", text, "-Dlog4j2.configurationFile=")
        } else {
            let text = format!(
                "log4j.rootLogger={level}, console\n\
                 log4j.logger.{POSITIONS}=INFO\n\
                 log4j.appender.console=org.apache.log4j.ConsoleAppender\n\
                 log4j.appender.console.target=System.{stream}\n\
                 log4j.appender.console.layout=org.apache.log4j.PatternLayout\n\
                 log4j.appender.console.layout.ConversionPattern={pattern}\n"
            );
            ("log4j.properties", text, "-Dlog4j.configuration=file:")
        };
        let path = dir.join(file);
        fs::write(&path, text).doing(|| format!("writing {}", path.display()))?;
        command.arg(format!("{option}{}", path.display()));
        Ok(())
    }
}
