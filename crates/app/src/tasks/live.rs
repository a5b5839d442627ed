use std::sync::Arc;

use sluice_engine::Progress;

/// What is known of a live task.
#[derive(Default, Clone)]
pub(crate) struct Live {
    /// Shared, because that of a large task is large and is looked at often.
    pub(crate) progress: Option<Arc<Progress>>,
    /// Since when its longest standing partition has made no progress, in ms since 1970.
    pub(crate) stuck_since_ms: Option<i64>,
    /// When the numbers were taken, in ms since 1970.
    pub(crate) taken_ms: i64,
    /// When they were last published, in ms since 1970.
    pub(super) published_ms: i64,
    /// Why it does not run although that could not be stored: the disk is full, the database is locked.
    pub(crate) persist_error: Option<String>,
    /// Its last run has ended and the next has not begun: the numbers are those of the last one.
    pub(crate) is_between_runs: bool,
    /// When the next attempt comes by itself, in ms since 1970.
    pub(crate) next_try_ms: Option<i64>,
}

/// Time in ms between two events with the numbers of a task: at most four a second, and the fewer the more partitions,
/// because each of them is looked at for an event.
pub(super) fn publishing_pause_ms(partitions: usize) -> i64 {
    i64::try_from(partitions / 4)
        .unwrap_or(i64::MAX)
        .clamp(200, 2_500)
}

#[cfg(test)]
mod tests {
    use super::publishing_pause_ms;

    #[test]
    fn the_numbers_of_large_tasks_are_published_less_often() {
        assert!(
            publishing_pause_ms(1) <= 250 && publishing_pause_ms(800) <= 250,
            "four a second"
        );
        assert_eq!(publishing_pause_ms(4_000), 1_000);
        assert_eq!(
            publishing_pause_ms(1_000_000),
            2_500,
            "the page calls numbers old after 5 s"
        );
    }
}
