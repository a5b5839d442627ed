use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use sluice_engine::{Progress, Stage, VerifyProgress};

use crate::output::visible;
use crate::words;

/// How often a plain status line is written where there is no terminal.
const PLAIN_EVERY: Duration = Duration::from_secs(5);
/// Steps of a bar: hundredths of a per cent.
const STEPS: u64 = 10_000;

/// Stderr: lines that stay, and below them, on a terminal, what is going on.
#[derive(Clone)]
pub struct Screen {
    bars: MultiProgress,
    terminal: bool,
}

impl Screen {
    /// Finds out whether stderr is a terminal.
    pub fn new() -> Self {
        let terminal = std::io::stderr().is_terminal();
        let target = if terminal {
            ProgressDrawTarget::stderr()
        } else {
            ProgressDrawTarget::hidden()
        };
        Self {
            bars: MultiProgress::with_draw_target(target),
            terminal,
        }
    }

    /// Writes a line that stays.
    pub fn say(&self, line: &str) {
        let line = visible(line);
        self.bars.suspend(|| {
            // A full disk behind stderr, or a reader of it that has ended, is no reason to end a copy, and nothing is left to
            // tell it to.
            match writeln!(std::io::stderr().lock(), "{line}") {
                Ok(()) | Err(_) => {}
            }
        });
    }

    /// A display of something that goes on; `quiet` shows nothing.
    pub fn display(&self, quiet: bool) -> Display {
        let kind = match (quiet, self.terminal) {
            (true, _) => Kind::Nothing,
            (false, true) => {
                let bar = self
                    .bars
                    .add(ProgressBar::new(STEPS).with_style(style(Looks::Line)));
                bar.enable_steady_tick(Duration::from_millis(200));
                Kind::Bar {
                    bar,
                    looks: Looks::Line,
                }
            }
            (false, false) => Kind::Lines { last: None },
        };
        Display {
            screen: self.clone(),
            kind,
        }
    }
}

/// What is going on: a bar, or a line every few seconds. It goes away when dropped.
pub struct Display {
    screen: Screen,
    kind: Kind,
}

enum Kind {
    Nothing,
    Bar { bar: ProgressBar, looks: Looks },
    Lines { last: Option<Instant> },
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Looks {
    Bar,
    Line,
}

impl Display {
    /// Shows a copy's progress.
    pub fn copying(&mut self, progress: &Progress) {
        let looks = if progress.stage == Stage::Full {
            Looks::Bar
        } else {
            Looks::Line
        };
        self.show(looks, share(progress.full_percent / 100.0), &copy_line(progress));
    }

    /// Shows a verification's progress.
    pub fn verifying(&mut self, progress: &VerifyProgress) {
        let done = if progress.total == 0 {
            0.0
        } else {
            progress.records as f64 / progress.total as f64
        };
        let line = format!(
            "{:.1} % | {} records compared | {} of {}",
            done * 100.0,
            words::count(progress.records),
            progress.partitions_done,
            words::plural(progress.partitions, "partition", "partitions")
        );
        self.show(Looks::Bar, share(done), &line);
    }

    fn show(&mut self, wanted: Looks, position: u64, line: &str) {
        match &mut self.kind {
            Kind::Nothing => {}
            Kind::Bar { bar, looks } => {
                if *looks != wanted {
                    bar.set_style(style(wanted));
                    *looks = wanted;
                }
                bar.set_position(position);
                bar.set_message(line.to_owned());
            }
            Kind::Lines { last } => {
                if last.is_none_or(|last| last.elapsed() >= PLAIN_EVERY) {
                    *last = Some(Instant::now());
                    let time = jiff::Zoned::now().strftime("%H:%M:%S").to_string();
                    self.screen.say(&format!("{time} {line}"));
                }
            }
        }
    }
}

impl Drop for Display {
    fn drop(&mut self) {
        if let Kind::Bar { bar, .. } = &self.kind {
            bar.finish_and_clear();
        }
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "clamped to 0..=STEPS before"
)]
fn share(done: f64) -> u64 {
    (done * STEPS as f64).clamp(0.0, STEPS as f64) as u64
}

fn style(looks: Looks) -> ProgressStyle {
    let template = match looks {
        Looks::Bar => "{spinner} [{bar:20}] {wide_msg}",
        Looks::Line => "{spinner} {wide_msg}",
    };
    // Both templates are constant and right; were they not, a plain bar would do.
    ProgressStyle::with_template(template)
        .unwrap_or_else(|_| ProgressStyle::default_bar())
        .progress_chars("=> ")
}

/// A copy's state in a line, what matters most first: a narrow terminal cuts the end off.
fn copy_line(progress: &Progress) -> String {
    let mut parts = vec![match progress.stage {
        Stage::Structure => "making the target topics ready".to_owned(),
        Stage::Full => format!("backlog {:.1} %", progress.full_percent),
        Stage::Incremental if progress.caught_up => "caught up".to_owned(),
        Stage::Incremental => "following".to_owned(),
    }];
    parts.extend(progress.error.as_ref().map(|error| format!("retrying: {error}")));
    for (number, one, many) in [
        (
            progress.stopped_partitions,
            "partition stopped",
            "partitions stopped",
        ),
        (progress.gaps, "gap", "gaps"),
        (
            progress.quarantined,
            "record in quarantine",
            "records in quarantine",
        ),
    ] {
        if number > 0 {
            parts.push(words::plural(number, one, many));
        }
    }
    if progress.stage == Stage::Structure {
        return parts.join(" | ");
    }
    let lag = progress.lag_records.map_or_else(
        || "lag not known yet".to_owned(),
        |lag| format!("lag {}", words::count(lag)),
    );
    if progress.stage == Stage::Full {
        parts.extend(
            progress
                .eta_seconds
                .map(|s| format!("{} left", words::span(Duration::from_secs(s)))),
        );
        parts.push(lag);
    } else {
        let delay = progress
            .delay_ms
            .map_or_else(String::new, |ms| format!(", delay {}", words::span_ms(ms)));
        parts.push(format!("{lag}{delay}"));
    }
    parts.push(format!("{} records/s", words::count(progress.write_rate.round())));
    parts.push(format!("{}/s", words::bytes(progress.write_bytes_rate)));
    parts.push(format!(
        "{} records copied",
        words::count(progress.written_records)
    ));
    parts.join(" | ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_what_matters_in_each_stage() {
        let mut progress = Progress {
            stage: Stage::Full,
            full_percent: 42.13,
            write_rate: 12_345.4,
            write_bytes_rate: 1_200_000.0,
            lag_records: Some(1_000_000),
            eta_seconds: Some(81),
            ..Progress::default()
        };
        assert_eq!(
            copy_line(&progress),
            "backlog 42.1 % | 1 min 21 s left | lag 1,000,000 | 12,345 records/s | 1.2 MB/s | 0 records copied"
        );
        progress.stage = Stage::Incremental;
        progress.caught_up = true;
        progress.lag_records = Some(0);
        progress.delay_ms = Some(0);
        progress.written_records = 7;
        progress.stopped_partitions = 1;
        progress.gaps = 2;
        assert_eq!(
            copy_line(&progress),
            "caught up | 1 partition stopped | 2 gaps | lag 0, delay 0 s | 12,345 records/s | 1.2 MB/s | 7 records copied"
        );
    }
}
