use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::{
    Cluster, Codec, ConfigurationSync, Delivery, End, ExistingData, FieldError, ForbiddenTopics, GroupSync,
    LaneChoice, MissingTimestamps, Objects, OutOfRange, RateLimits, Rename, Result, SourceId, Spec, Start,
    Task, TaskId, TaskName, VerificationSchedule,
};

/// Everything a person decides about a task; what the wizard asks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct TaskSettings {
    /// Shown to people; need not be unique.
    #[ts(type = "string")]
    pub name: TaskName,
    /// Data source to read from.
    pub source: SourceId,
    /// Data source to write to.
    pub target: SourceId,
    /// Which topics.
    pub objects: Objects,
    /// Their names on the target.
    #[serde(default)]
    pub rename: Rename,
    /// Where the copy begins.
    #[serde(default)]
    #[ts(type = "string")]
    pub start: Start,
    /// Start positions of single source topics, before `start`.
    #[serde(default)]
    #[ts(type = "Record<string, string>")]
    pub start_overrides: BTreeMap<String, Start>,
    /// Where the copy of each partition ends; none follows the source.
    #[serde(default)]
    #[ts(type = "string | null")]
    pub end: Option<End>,
    /// End positions of single source topics, before `end`.
    #[serde(default)]
    #[ts(type = "Record<string, string>")]
    pub end_overrides: BTreeMap<String, End>,
    /// What to do with records already in target topics.
    #[serde(default)]
    pub existing: ExistingData,
    /// What a crash may do to the target.
    #[serde(default)]
    pub delivery: Delivery,
    /// What to do when a position is not in the source.
    #[serde(default)]
    pub out_of_range: OutOfRange,
    /// What to do with topics that this user may not read.
    #[serde(default)]
    pub forbidden_topics: ForbiddenTopics,
    /// Timestamp of records that have none at the source.
    #[serde(default)]
    pub missing_timestamps: MissingTimestamps,
    /// How records travel.
    #[serde(default)]
    pub lane: LaneChoice,
    /// How much it may use.
    #[serde(default)]
    pub spec: Spec,
    /// Ceilings of its own, before those of the Spec.
    #[serde(default)]
    pub rate: RateLimits,
    /// Replicas of created target topics; none takes the source's count, fitted to the target's brokers.
    #[serde(default)]
    pub replication_factor: Option<u16>,
    /// Compression towards the target.
    #[serde(default)]
    pub compression: Codec,
    /// Ends when everything that was there has been copied, instead of following the source.
    #[serde(default)]
    pub bounded: bool,
    /// Whether the configuration of target topics is kept like the source's while it runs.
    #[serde(default)]
    pub configuration_sync: ConfigurationSync,
    /// Consumer groups whose positions are kept in step on the target while the task runs; none by default.
    #[serde(default)]
    pub sync_groups: Option<GroupSync>,
    /// When it is verified by itself; never by default.
    #[serde(default)]
    pub verification: Option<VerificationSchedule>,
    /// The task that copies the same topics in the other direction, of a pair that was made as one: each leaves out what
    /// the other wrote.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub both_ways: Option<TaskId>,
    /// The Connect cluster that it runs on; this computer without one.
    #[serde(default)]
    pub run_on: Option<SourceId>,
    /// Words of the user's own, by which the task is found.
    #[serde(default)]
    pub tags: BTreeSet<String>,
}

impl TaskSettings {
    /// Settings with every choice at its default.
    pub fn new(name: TaskName, source: SourceId, target: SourceId, objects: Objects) -> Self {
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
            spec: Spec::default(),
            rate: RateLimits::default(),
            replication_factor: None,
            compression: Codec::default(),
            bounded: false,
            configuration_sync: ConfigurationSync::default(),
            sync_groups: None,
            verification: None,
            both_ways: None,
            run_on: None,
            tags: BTreeSet::new(),
        }
    }

    /// Everything that is wrong, as far as can be told without asking a cluster.
    pub fn check(&self) -> Vec<FieldError> {
        let mut errors = Vec::new();
        let mut note = |field: &str, checked: Result<()>| {
            if let Err(error) = checked {
                errors.push(FieldError::new(field, error.to_string()));
            }
        };
        note("objects", self.objects.check());
        note("rename", self.rename.check());
        note("rate", self.rate.check());
        note("tags", crate::check_tags(&self.tags));
        note("configuration_sync", self.configuration_sync.check());
        note(
            "delivery",
            crate::task::check_mirror(self.delivery, self.existing, self.lane),
        );
        note("both_ways", self.check_both_ways());
        note("end", crate::task::check_end(self.delivery, self.has_ends()));
        if self.replication_factor == Some(0) {
            errors.push(FieldError::new(
                "replication_factor",
                "the replication factor must be at least 1; leave it out to take the source's",
            ));
        }
        errors.extend(self.run_on_errors());
        if let Some(sync) = &self.sync_groups {
            errors.extend(sync.check());
        }
        if let Objects::Topics(topics) = &self.objects {
            // A misspelt name here would otherwise just not apply.
            for (field, named) in [
                ("rename", self.rename.map.keys().collect::<Vec<_>>()),
                ("start_overrides", self.start_overrides.keys().collect()),
                ("end_overrides", self.end_overrides.keys().collect()),
            ] {
                for topic in named.into_iter().filter(|topic| !topics.contains(topic)) {
                    errors.push(FieldError::new(
                        field,
                        format!(
                            "'{topic}' is not one of the topics to copy; correct its spelling or add it to the topics"
                        ),
                    ));
                }
            }
            if let Err(error) = self.routes(topics.iter().map(String::as_str)) {
                errors.push(FieldError::new("rename", error.to_string()));
            }
            if self.source == self.target {
                let same: Vec<&String> = topics
                    .iter()
                    .filter(|topic| self.rename.apply(topic).is_ok_and(|target| target == **topic))
                    .collect();
                if let Some(topic) = same.first() {
                    errors.push(FieldError::new(
                        "rename",
                        format!(
                            "'{topic}' would be copied onto itself; choose another target or give it another target name"
                        ),
                    ));
                }
            }
        }
        errors
    }

    /// What a task that runs on Connect cannot have.
    fn run_on_errors(&self) -> Vec<FieldError> {
        if self.run_on.is_none() {
            return Vec::new();
        }
        let cannot = |field: &str, what: &str| {
            FieldError::new(
                field,
                format!(
                    "{what}: MirrorMaker on a Connect cluster cannot do that; let the task run on this computer for it"
                ),
            )
        };
        let limited = self.rate != RateLimits::default() || self.spec != Spec::default();
        [
            (
                self.delivery == Delivery::Mirror,
                "delivery",
                "equal offsets on both sides",
            ),
            (self.has_ends(), "end", "an end before that of the source"),
            (
                limited,
                "rate",
                "a speed limit (Kafka's client quotas on the workers' user limit it there)",
            ),
        ]
        .into_iter()
        .filter(|(is_wanted, ..)| *is_wanted)
        .map(|(_, field, what)| cannot(field, what))
        .collect()
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
        crate::task::routes(&self.objects, &self.rename, source_topics)
    }

    /// The engine's view: the id identifies the task on the clusters, so that its name may change.
    ///
    /// # Errors
    /// A ceiling of 0.
    pub fn task(&self, id: &TaskId, source: Cluster, target: Cluster) -> Result<Task> {
        let mut task = Task::new(TaskName::new(id.as_str())?, source, target, self.objects.clone());
        task.rename = self.rename.clone();
        task.start = self.start.clone();
        task.start_overrides = self.start_overrides.clone();
        task.end.clone_from(&self.end);
        task.end_overrides.clone_from(&self.end_overrides);
        task.existing = self.existing;
        task.delivery = self.delivery;
        task.out_of_range = self.out_of_range;
        task.forbidden_topics = self.forbidden_topics;
        task.missing_timestamps = self.missing_timestamps;
        task.lane = self.lane;
        task.rate = self.spec.limits(self.rate)?;
        task.replication_factor = self.replication_factor;
        task.compression = self.compression;
        task.both_ways = self
            .both_ways
            .as_ref()
            .map(|partner| TaskName::new(partner.as_str()))
            .transpose()?;
        Ok(task)
    }
}
