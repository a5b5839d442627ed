use std::{fmt, process::Command};

use anyhow::{Context, Result, bail};

use crate::{plan::Plan, tool::Tool, with_sluice};
use sluice_testground::KafkaVersion;

/// Which versions were measured. Asking for them also finds out early whether all programs are there.
#[derive(Debug)]
pub struct ProgramVersions {
    lines: Vec<String>,
}

impl ProgramVersions {
    /// Asks each program that the plan needs.
    ///
    /// # Errors
    /// One is not there.
    pub fn ask(plan: &Plan) -> Result<Self> {
        let mut lines = Vec::new();
        if plan.tools().iter().any(|tool| tool.is_sluice()) {
            let mut sluice = Command::new(with_sluice::binary()?);
            lines.push(first_line(sluice.arg("--version"), "sluice", |_| true)?);
        }
        if plan.tools().contains(&Tool::Kcat) {
            let version = first_line(Command::new("kcat").arg("-V"), "kcat", |line| {
                line.starts_with("Version")
            })?;
            lines.push(format!("kcat {}", kcat(&version)));
        }
        let java = first_line(Command::new("java").arg("-version"), "java", |_| true)?;
        lines.push(format!(
            "Apache Kafka {} (brokers, MirrorMaker 2, producer) on {}",
            KafkaVersion::V4_3_1,
            java.replace('"', "")
        ));
        Ok(Self { lines })
    }
}

/// The first line that fits of what the program prints, wherever it prints it.
fn first_line(command: &mut Command, name: &str, fits: impl Fn(&str) -> bool) -> Result<String> {
    let output = command
        .output()
        .with_context(|| format!("asking {name} for its version"))?;
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8_lossy(&text);
    let Some(line) = text.lines().find(|line| fits(line)) else {
        bail!("{name} does not tell its version");
    };
    Ok(line.to_owned())
}

/// `Version 1.7.1 (JSON, …, librdkafka 2.0.2 builtin.features=…)`, without the list of its features.
fn kcat(line: &str) -> String {
    let mut words = line.split([' ', ',', '(', ')']).filter(|word| !word.is_empty());
    let version = words.nth(1).unwrap_or("?");
    match words.skip_while(|word| *word != "librdkafka").nth(1) {
        Some(library) => format!("{version} (librdkafka {library})"),
        None => version.to_owned(),
    }
}

impl fmt::Display for ProgramVersions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.lines.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_two_versions_of_kcat_are_found() {
        let line = "Version 1.7.1 (JSON, Transactions, librdkafka 2.0.2 builtin.features=gzip,ssl)";
        assert_eq!(kcat(line), "1.7.1 (librdkafka 2.0.2)");
        assert_eq!(kcat("Version 2"), "2");
    }
}
