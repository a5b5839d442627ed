//! Follows a running task to its end: events, progress, signals.

use std::collections::BTreeMap;
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant};

use sluice_engine::{Event, Observer, Outcome, Progress, Running};

use crate::interrupts::Interrupts;
use crate::screen::Screen;
use crate::words;

/// How often the display is refreshed.
const REFRESH: Duration = Duration::from_millis(200);
/// How often `on_second` is called.
const SECOND: Duration = Duration::from_secs(1);
/// Lines of one kind that are written before only their number counts.
const LINES_PER_KIND: u64 = 20;

/// What a task says while it runs. Events come on the engine's own thread, so they are only queued there.
pub struct Events {
    queue: Receiver<Event>,
    written: BTreeMap<&'static str, u64>,
}

impl Events {
    /// An observer for the engine, and the events it gets.
    pub fn new() -> (Observer, Self) {
        let (sender, queue) = mpsc::channel();
        // The receiver is gone only when the process ends.
        let observer = std::sync::Arc::new(move |event| drop(sender.send(event)));
        (
            observer,
            Self {
                queue,
                written: BTreeMap::new(),
            },
        )
    }

    /// Writes what was said since the last time.
    pub fn write(&mut self, screen: &Screen, quiet: bool) {
        while let Ok(event) = self.queue.try_recv() {
            let (kind, line) = match event {
                Event::Info(_) if quiet => continue,
                Event::Info(text) => ("", text),
                Event::Warning(text) => ("warning", format!("warning: {text}")),
                Event::Gap(gap) => (
                    "gap",
                    format!(
                        "gap: {} {} cannot be copied ({}): {} offsets",
                        gap.key,
                        gap.range,
                        words::word(&gap.reason),
                        words::count(gap.range.len())
                    ),
                ),
                Event::Quarantined { key, offset, reason } => (
                    "quarantine",
                    format!("quarantine: the target refused {key} offset {offset}: {reason}"),
                ),
                Event::PartitionStopped { key, reason, .. } => {
                    ("stopped", format!("stopped: {key}: {reason}"))
                }
            };
            let written = self.written.entry(kind).or_default();
            *written += 1;
            if kind.is_empty() || *written <= LINES_PER_KIND {
                screen.say(&line);
            } else if *written == LINES_PER_KIND + 1 {
                screen.say(&format!(
                    "{kind}: further ones are only counted here; the report has them all"
                ));
            }
        }
    }
}

/// Shows a running task until it ends. `on_second` is called about every second and ends the task by answering false.
pub fn follow(
    running: Running,
    events: &mut Events,
    screen: &Screen,
    quiet: bool,
    interrupts: &Interrupts,
    on_second: &mut dyn FnMut(&Progress) -> bool,
) -> Outcome {
    let mut display = screen.display(quiet);
    let mut reported = false;
    let mut last_second: Option<Instant> = None;
    while !running.is_finished() {
        events.write(screen, quiet);
        let progress = running.progress();
        display.copying(&progress);
        if last_second.is_none_or(|last| last.elapsed() >= SECOND) {
            last_second = Some(Instant::now());
            if !on_second(&progress) {
                running.stop();
            }
        }
        if interrupts.asked() && !reported {
            reported = true;
            running.stop();
            screen
                .say("stopping: what is on its way is being finished and saved (Ctrl-C again ends at once)");
        }
        std::thread::sleep(REFRESH);
    }
    let outcome = running.wait();
    drop(display);
    events.write(screen, quiet);
    outcome
}
