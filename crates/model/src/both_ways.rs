//! What two tasks may be that copy the same topics in both directions.

use std::collections::BTreeMap;

use crate::{
    Delivery, ExistingData, InvalidTask, LaneChoice, Rename, Result, Start, Task, TaskName, TaskSettings,
};

/// Longest name of a task, in characters.
const NAME_LIMIT: usize = 64;
/// What the task in the other direction is called behind the name of the first.
const SUFFIX: &str = " (other way)";

/// What of a task has to fit a pair.
struct Parts<'a> {
    rename: &'a Rename,
    existing: ExistingData,
    delivery: Delivery,
    lane: LaneChoice,
    start: &'a Start,
    start_overrides: &'a BTreeMap<String, Start>,
    has_ends: bool,
}

impl Parts<'_> {
    fn check(&self) -> Result<()> {
        let refused = |reason| Err(InvalidTask::BothWays { reason });
        if *self.rename != Rename::default() {
            return refused("has the same topic names on both sides: leave the renaming out");
        }
        if self.existing != ExistingData::Append {
            return refused("writes behind what the topics hold: choose 'append' for existing data");
        }
        if self.delivery == Delivery::Mirror {
            return refused(
                "cannot keep offsets equal, because both sides are written: choose exactly once or at least once",
            );
        }
        if self.lane == LaneChoice::Record {
            return refused("needs the wire lane: choose lane 'auto' or 'wire'");
        }
        if self.has_ends {
            return refused("has no end position: leave it out");
        }
        let mut starts = std::iter::once(self.start).chain(self.start_overrides.values());
        let is_of_one_side =
            |start: &Start| matches!(start, Start::Offset(_) | Start::Offsets(_) | Start::Group(_));
        if starts.any(is_of_one_side) {
            return refused(
                "starts where both sides have it: earliest, latest, a time or the last records; offsets and groups are of one side",
            );
        }
        Ok(())
    }
}

impl Task {
    /// # Errors
    /// It has a partner, and something that a pair cannot have.
    pub(crate) fn check_both_ways(&self) -> Result<()> {
        if self.both_ways.is_none() {
            return Ok(());
        }
        Parts {
            rename: &self.rename,
            existing: self.existing,
            delivery: self.delivery,
            lane: self.lane,
            start: &self.start,
            start_overrides: &self.start_overrides,
            has_ends: self.has_ends(),
        }
        .check()
    }
}

impl TaskSettings {
    /// # Errors
    /// It has a partner, and something that a pair cannot have.
    pub(crate) fn check_both_ways(&self) -> Result<()> {
        if self.both_ways.is_none() {
            return Ok(());
        }
        Parts {
            rename: &self.rename,
            existing: self.existing,
            delivery: self.delivery,
            lane: self.lane,
            start: &self.start,
            start_overrides: &self.start_overrides,
            has_ends: self.has_ends(),
        }
        .check()?;
        let refused = |reason| Err(InvalidTask::BothWays { reason });
        if self.run_on.is_some() {
            return refused(
                "runs on this computer: a Connect cluster cannot leave out what the other task wrote",
            );
        }
        if self.configuration_sync.on {
            return refused(
                "cannot keep the configuration of its topics in step: each side would follow the other",
            );
        }
        Ok(())
    }

    /// The task that copies in the other direction, with the same topics and everything else alike.
    #[must_use]
    pub fn other_way(&self) -> Self {
        let room = NAME_LIMIT - SUFFIX.len();
        let stem: String = self.name.as_str().chars().take(room).collect();
        let name = TaskName::new(&format!("{}{SUFFIX}", stem.trim_end()));
        Self {
            name: name.unwrap_or_else(|_| self.name.clone()),
            source: self.target.clone(),
            target: self.source.clone(),
            // Of the first one's target.
            replication_factor: None,
            ..self.clone()
        }
    }

    /// Whether a change to `new` leaves what both tasks of a pair must have in common.
    pub fn keeps_pair(&self, new: &Self) -> bool {
        self.both_ways == new.both_ways
            && (self.both_ways.is_none()
                || (&self.source, &self.target, &self.objects) == (&new.source, &new.target, &new.objects))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{End, Objects, SourceId, TaskId};

    fn settings() -> TaskSettings {
        let mut settings = TaskSettings::new(
            TaskName::new("orders").unwrap(),
            SourceId::generate(),
            SourceId::generate(),
            Objects::Topics(vec!["t".to_owned()]),
        );
        settings.existing = ExistingData::Append;
        settings.both_ways = Some(TaskId::generate());
        settings
    }

    #[test]
    fn a_pair_has_nothing_that_holds_of_one_side_alone() {
        assert_eq!(settings().check(), []);
        type Change = fn(&mut TaskSettings);
        let changes: [(Change, &str); 9] = [
            (|s| s.run_on = Some(SourceId::generate()), "a Connect cluster"),
            (|s| s.rename.prefix = "x.".to_owned(), "same topic names"),
            (|s| s.existing = ExistingData::Rewrite, "append"),
            (|s| s.delivery = Delivery::Mirror, "offsets equal"),
            (|s| s.lane = LaneChoice::Record, "wire lane"),
            (|s| s.end = Some(End::Launch), "no end"),
            (|s| s.start = Start::Offset(3), "offsets and groups"),
            (
                |s| {
                    s.start_overrides
                        .insert("t".to_owned(), Start::Group("g".to_owned()));
                },
                "offsets and groups",
            ),
            (|s| s.configuration_sync.on = true, "configuration"),
        ];
        for (change, says) in changes {
            let mut changed = settings();
            change(&mut changed);
            let errors = changed.check();
            assert!(
                errors
                    .iter()
                    .any(|error| error.field == "both_ways" && error.message.contains(says)),
                "{says}: {errors:?}"
            );
            changed.both_ways = None;
            assert!(
                changed.check().iter().all(|error| error.field != "both_ways"),
                "{says}"
            );
        }
    }

    #[test]
    fn the_other_way_leads_back_under_a_name_of_its_own() {
        let there = settings();
        let back = there.other_way();
        assert_eq!((&back.source, &back.target), (&there.target, &there.source));
        assert_eq!(back.name.as_str(), "orders (other way)");
        let long = TaskSettings {
            name: TaskName::new(&"中".repeat(64)).unwrap(),
            ..settings()
        };
        assert_eq!(long.other_way().name.as_str().chars().count(), 64);
    }

    #[test]
    fn a_pair_keeps_its_sides_and_topics() {
        let pair = settings();
        let mut new = pair.clone();
        new.rate.records_per_second = Some(7);
        assert!(pair.keeps_pair(&new));
        new.objects = Objects::Topics(vec!["u".to_owned()]);
        assert!(!pair.keeps_pair(&new));
        new = TaskSettings {
            both_ways: None,
            ..pair.clone()
        };
        assert!(!pair.keeps_pair(&new));
    }
}
