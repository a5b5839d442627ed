use tracing::{Level, Metadata};

/// Libraries that write down what they send: a webhook's path is as good as a password.
const TALKATIVE: [&str; 3] = ["ureq", "lettre", "rustls"];

/// Whether a line may be in a log at all, whatever filter a person has chosen. Every shell's log asks this.
pub fn loggable(line: &Metadata<'_>) -> bool {
    *line.level() <= Level::INFO || !TALKATIVE.iter().any(|library| line.target().starts_with(library))
}
