//! Two tasks that copy the same topics in both directions, with writers on both sides: whatever dies when, each record is on
//! both sides once. `SLUICE_KILL_ROUNDS` sets how often.

mod compacted;
mod crashes;
mod groups;
mod moving;
mod storm;

/// How often something is killed, `usual` times if nothing is said.
fn rounds(usual: usize) -> usize {
    std::env::var("SLUICE_KILL_ROUNDS")
        .ok()
        .and_then(|rounds| rounds.parse().ok())
        .unwrap_or(usual)
}
