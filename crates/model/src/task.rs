use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{
    Cluster, Codec, Delivery, End, ExistingData, ForbiddenTopics, InvalidTask, LaneChoice, MissingTimestamps,
    Objects, OutOfRange, RateLimits, Rename, Result, Start,
};

/// A task's name: 1 to 64 characters (not bytes), without blanks at its ends.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TaskName(String);

impl TaskName {
    /// # Errors
    /// Empty after trimming, or longer than 64 characters.
    pub fn new(name: &str) -> Result<Self> {
        let name = name.trim();
        let length = name.chars().count();
        if !(1..=64).contains(&length) {
            return Err(InvalidTask::NameLength { length });
        }
        Ok(Self(name.to_owned()))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for TaskName {
    type Error = InvalidTask;

    fn try_from(name: String) -> Result<Self> {
        Self::new(&name)
    }
}

impl From<TaskName> for String {
    fn from(name: TaskName) -> Self {
        name.0
    }
}

impl fmt::Display for TaskName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One replication: source, target, objects and settings. What a user describes; what a launch made of it
/// (positions, target topics) is kept beside it, never in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Task {
    /// Identifies the task within its state and, with both cluster ids, on the target.
    pub name: TaskName,
    /// Where records come from.
    pub source: Cluster,
    /// Where they go.
    pub target: Cluster,
    /// Which topics.
    pub objects: Objects,
    /// Their names on the target.
    pub rename: Rename,
    /// Where the copy begins.
    pub start: Start,
    /// Start positions of single source topics, before `start`.
    pub start_overrides: BTreeMap<String, Start>,
    /// Where it ends; `None` follows the source.
    pub end: Option<End>,
    /// End positions of single source topics, before `end`.
    pub end_overrides: BTreeMap<String, End>,
    /// What to do with records already in target topics.
    pub existing: ExistingData,
    /// What a crash may do to the target.
    pub delivery: Delivery,
    /// What to do when a position is not in the source.
    pub out_of_range: OutOfRange,
    /// What to do with topics that this user may not read.
    pub forbidden_topics: ForbiddenTopics,
    /// Timestamp of records that have none at the source.
    pub missing_timestamps: MissingTimestamps,
    /// How records travel.
    pub lane: LaneChoice,
    /// Ceilings of speed.
    pub rate: RateLimits,
    /// Replicas of created target topics; `None` takes the source's count, fitted to the target's brokers.
    pub replication_factor: Option<u16>,
    /// Compression towards the target.
    pub compression: Codec,
    /// The task that copies the same topics in the other direction: what it writes is left out here.
    pub both_ways: Option<TaskName>,
}

impl Task {
    /// A task with every setting at its default.
    pub fn new(name: TaskName, source: Cluster, target: Cluster, objects: Objects) -> Self {
        Self {
            name,
            source,
            target,
            objects,
            rename: Rename::default(),
            start: Start::default(),
            start_overrides: BTreeMap::new(),
            end: None,
            end_overrides: BTreeMap::new(),
            existing: ExistingData::default(),
            delivery: Delivery::default(),
            out_of_range: OutOfRange::default(),
            forbidden_topics: ForbiddenTopics::default(),
            missing_timestamps: MissingTimestamps::default(),
            lane: LaneChoice::default(),
            rate: RateLimits::default(),
            replication_factor: None,
            compression: Codec::default(),
            both_ways: None,
        }
    }

    /// Checks what can be checked without asking a cluster.
    ///
    /// # Errors
    /// The first field that is wrong.
    pub fn check(&self) -> Result<()> {
        self.objects.check()?;
        self.rename.check()?;
        self.rate.check()?;
        check_mirror(self.delivery, self.existing, self.lane)?;
        self.check_both_ways()?;
        check_end(self.delivery, self.has_ends())
    }

    /// Where the copy of `topic` begins.
    pub fn start_of(&self, topic: &str) -> &Start {
        self.start_overrides.get(topic).unwrap_or(&self.start)
    }

    /// Where the copy of `topic` ends; `None` follows the source.
    pub fn end_of(&self, topic: &str) -> Option<&End> {
        self.end_overrides.get(topic).or(self.end.as_ref())
    }

    /// Whether the copy of some topic has an end.
    pub fn has_ends(&self) -> bool {
        self.end.is_some() || !self.end_overrides.is_empty()
    }

    /// Pairs the chosen ones of `source_topics` with their target names.
    ///
    /// # Errors
    /// A target name Kafka would refuse, or two topics that would be written into one.
    pub fn routes<'a>(
        &self,
        source_topics: impl IntoIterator<Item = &'a str>,
    ) -> Result<Vec<(String, String)>> {
        routes(&self.objects, &self.rename, source_topics)
    }
}

/// A mirror has every offset of its source, also those behind an end.
pub(crate) fn check_end(delivery: Delivery, has_ends: bool) -> Result<()> {
    if delivery == Delivery::Mirror && has_ends {
        return Err(InvalidTask::Mirror {
            reason: "has no end: it follows its source. Choose another delivery, or leave the end out",
        });
    }
    Ok(())
}

/// What a mirror cannot be combined with.
pub(crate) fn check_mirror(delivery: Delivery, existing: ExistingData, lane: LaneChoice) -> Result<()> {
    if delivery != Delivery::Mirror {
        return Ok(());
    }
    if existing != ExistingData::Stop {
        return Err(InvalidTask::Mirror {
            reason: "begins with new target topics: leave what to do with existing data at 'stop', and give the target topics other names if these hold data",
        });
    }
    if lane == LaneChoice::Record {
        return Err(InvalidTask::Mirror {
            reason: "needs the wire lane: choose lane 'auto' or 'wire'",
        });
    }
    Ok(())
}

/// Pairs the chosen ones of `source_topics` with their target names.
pub(crate) fn routes<'a>(
    objects: &Objects,
    rename: &Rename,
    source_topics: impl IntoIterator<Item = &'a str>,
) -> Result<Vec<(String, String)>> {
    let mut routes: Vec<(String, String)> = Vec::new();
    let mut taken: BTreeMap<String, String> = BTreeMap::new();
    for source in objects.select(source_topics)? {
        let target = rename.apply(source)?;
        if let Some(first) = taken.insert(target.clone(), source.to_owned()) {
            return Err(InvalidTask::Merge {
                first,
                second: source.to_owned(),
                target,
            });
        }
        routes.push((source.to_owned(), target));
    }
    Ok(routes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn task(objects: Objects) -> Task {
        let cluster = Cluster::new("a:1").unwrap();
        Task::new(TaskName::new("t").unwrap(), cluster.clone(), cluster, objects)
    }

    #[test]
    fn names_are_counted_in_characters() {
        assert!(TaskName::new(&"中".repeat(64)).is_ok());
        assert_eq!(
            TaskName::new(&"中".repeat(65)),
            Err(InvalidTask::NameLength { length: 65 })
        );
        assert_eq!(TaskName::new("  "), Err(InvalidTask::NameLength { length: 0 }));
    }

    #[test]
    fn a_mirror_begins_with_new_topics_and_on_the_wire_lane() {
        let mut task = task(Objects::all());
        task.delivery = Delivery::Mirror;
        task.check().unwrap();
        for existing in [ExistingData::Append, ExistingData::Rewrite] {
            task.existing = existing;
            assert!(
                task.check()
                    .unwrap_err()
                    .to_string()
                    .contains("new target topics")
            );
        }
        task.existing = ExistingData::Stop;
        task.lane = LaneChoice::Wire;
        task.check().unwrap();
        task.lane = LaneChoice::Record;
        assert!(task.check().unwrap_err().to_string().contains("wire lane"));
    }

    #[test]
    fn a_topic_ends_where_it_says_and_the_others_where_the_task_does() {
        let mut task = task(Objects::all());
        task.end_overrides.insert("a".into(), End::Offset(7));
        assert_eq!(
            (task.end_of("a"), task.end_of("b")),
            (Some(&End::Offset(7)), None)
        );
        task.end = Some(End::Launch);
        assert_eq!(
            (task.end_of("a"), task.end_of("b")),
            (Some(&End::Offset(7)), Some(&End::Launch))
        );
        task.end = None;
        task.delivery = Delivery::Mirror;
        assert!(task.check().unwrap_err().to_string().contains("has no end"));
    }

    #[test]
    fn two_sources_of_one_target_are_refused() {
        let mut task = task(Objects::all());
        task.rename.map.insert("a".into(), "b".into());
        let error = task.routes(["a", "b"]).unwrap_err();
        assert_eq!(
            error,
            InvalidTask::Merge {
                first: "a".into(),
                second: "b".into(),
                target: "b".into()
            }
        );
    }
}
