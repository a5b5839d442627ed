use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sluice_wire::{Client, GroupOffsets, Isolation, OffsetSpec, TopicPartition, WireError};
use ts_rs::TS;

use super::command::Command;
use super::source_probe::does_not_answer;
use crate::{App, AppError, Result};

/// Groups that one call asks about at most.
const GROUPS_AT_ONCE: usize = 500;
/// How many partitions one question for offsets asks about.
const OFFSETS_AT_ONCE: usize = 5_000;

/// Asks where a consumer group stands in each partition.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct SourceGroup {
    /// Name or id.
    pub source: String,
    /// The group.
    pub group: String,
}

/// Asks how far consumer groups are behind.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct SourceGroupLags {
    /// Name or id.
    pub source: String,
    /// The groups, 500 at most.
    pub groups: Vec<String>,
}

/// Where a group stands in a partition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct PartitionLag {
    /// The topic.
    pub topic: String,
    /// The partition.
    pub partition: i32,
    /// The next offset that the group reads; `None` where the cluster does not say.
    #[ts(type = "number | null")]
    pub offset: Option<i64>,
    /// The first offset there is.
    #[ts(type = "number | null")]
    pub start: Option<i64>,
    /// Behind the last offset there is.
    #[ts(type = "number | null")]
    pub end: Option<i64>,
    /// Offsets between the position and the end: at least the number of records that the group has not read, and more
    /// where the topic is compacted or written in transactions.
    #[ts(type = "number | null")]
    pub lag: Option<i64>,
    /// Why something is not known, or what is wrong with the position.
    pub problem: Option<String>,
}

/// How far a group is behind in all.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct GroupLag {
    /// The group.
    pub group: String,
    /// The lag of all partitions; `None` where that of one is not known.
    #[ts(type = "number | null")]
    pub lag: Option<i64>,
    /// Partitions that it has a position in.
    #[ts(type = "number")]
    pub partitions: usize,
    /// Why the lag is not known.
    pub problem: Option<String>,
}

impl Command for SourceGroup {
    const NAME: &'static str = "source_group";
    type Answer = Vec<PartitionLag>;

    fn run(self, app: &App) -> Result<Vec<PartitionLag>> {
        let row = app.core.source(&self.source)?;
        let fail = |error: WireError| does_not_answer(&row, &error);
        let client = Client::new(&app.core.cluster(&row)?).map_err(fail)?;
        let mut found = client.offset_fetch_groups(&[&self.group], false).map_err(fail)?;
        let offsets = found
            .remove(&self.group)
            .unwrap_or_else(|| Ok(GroupOffsets::new()))
            .map_err(fail)?;
        let logs = Logs::ask(&client, offsets.keys().cloned().collect()).map_err(fail)?;
        Ok(positions(&offsets, &logs))
    }
}

impl Command for SourceGroupLags {
    const NAME: &'static str = "source_group_lags";
    type Answer = Vec<GroupLag>;

    fn run(self, app: &App) -> Result<Vec<GroupLag>> {
        if self.groups.len() > GROUPS_AT_ONCE {
            return Err(AppError::field(
                "groups",
                "ask about 500 groups at most at a time",
            ));
        }
        let row = app.core.source(&self.source)?;
        let fail = |error: WireError| does_not_answer(&row, &error);
        let client = Client::new(&app.core.cluster(&row)?).map_err(fail)?;
        lags(&client, &self.groups).map_err(fail)
    }
}

fn lags(client: &Client, groups: &[String]) -> sluice_wire::Result<Vec<GroupLag>> {
    let names: Vec<&str> = groups.iter().map(String::as_str).collect();
    let mut found = client.offset_fetch_groups(&names, false)?;
    let mut places: Vec<TopicPartition> = found
        .values()
        .filter_map(|offsets| offsets.as_ref().ok())
        .flat_map(|offsets| offsets.keys().cloned())
        .collect();
    places.sort_unstable();
    places.dedup();
    let logs = Logs::ask(client, places)?;
    Ok(groups
        .iter()
        .map(|group| match found.remove(group) {
            Some(Err(error)) => GroupLag {
                group: group.clone(),
                lag: None,
                partitions: 0,
                problem: Some(error.to_string()),
            },
            Some(Ok(offsets)) => summed(group, &positions(&offsets, &logs)),
            None => summed(group, &[]),
        })
        .collect())
}

fn summed(group: &str, positions: &[PartitionLag]) -> GroupLag {
    let lag = positions
        .iter()
        .try_fold(0_i64, |sum, position| Some(sum.saturating_add(position.lag?)));
    let unknown = positions.iter().find(|position| position.lag.is_none());
    GroupLag {
        group: group.to_owned(),
        lag,
        partitions: positions.len(),
        problem: unknown.and_then(|position| position.problem.clone()),
    }
}

/// First offset and end of partitions.
struct Logs {
    bounds: BTreeMap<TopicPartition, std::result::Result<(i64, i64), String>>,
}

impl Logs {
    fn ask(client: &Client, places: Vec<TopicPartition>) -> sluice_wire::Result<Self> {
        let mut bounds = BTreeMap::new();
        for some in places.chunks(OFFSETS_AT_ONCE) {
            let mut starts = client.list_offsets(some, OffsetSpec::Earliest, Isolation::Uncommitted)?;
            let mut ends = client.list_offsets(some, OffsetSpec::Latest, Isolation::Uncommitted)?;
            for place in some {
                let bound = |found: &mut BTreeMap<TopicPartition, sluice_wire::Result<_>>| {
                    offset(found.remove(place), place)
                };
                let both = bound(&mut starts).and_then(|start| Ok((start, bound(&mut ends)?)));
                bounds.insert(place.clone(), both);
            }
        }
        Ok(Self { bounds })
    }
}

fn offset(
    found: Option<sluice_wire::Result<sluice_wire::ListedOffset>>,
    place: &TopicPartition,
) -> std::result::Result<i64, String> {
    match found {
        Some(Ok(listed)) => listed
            .offset
            .ok_or_else(|| format!("the log of {place} is not known")),
        Some(Err(error)) => Err(error.to_string()),
        None => Err(format!("the log of {place} is not known")),
    }
}

fn positions(offsets: &GroupOffsets, logs: &Logs) -> Vec<PartitionLag> {
    offsets
        .iter()
        .map(|(place, position)| {
            let offset = position.as_ref().ok().map(|position| position.offset);
            let log = logs.bounds.get(place);
            let bounds = log.and_then(|log| log.as_ref().ok()).copied();
            let problem = match (position, log) {
                (Err(error), _) => Some(error.to_string()),
                (_, Some(Err(reason))) => Some(reason.clone()),
                (_, None) => Some(format!("the log of {place} is not known")),
                (Ok(position), Some(Ok(bounds))) => misplaced(position.offset, *bounds),
            };
            PartitionLag {
                topic: place.topic.clone(),
                partition: place.partition,
                offset,
                start: bounds.map(|(start, _)| start),
                end: bounds.map(|(_, end)| end),
                lag: offset
                    .zip(bounds)
                    .map(|(offset, (_, end))| end.saturating_sub(offset).max(0)),
                problem,
            }
        })
        .collect()
}

/// What is wrong with a position outside of the log.
fn misplaced(offset: i64, (start, end): (i64, i64)) -> Option<String> {
    if offset < start {
        Some(
            "records that the group has not read are deleted: its position is before the first offset"
                .to_owned(),
        )
    } else if offset > end {
        Some(
            "the position is behind the end of the log: the topic was recreated, or its log was cut"
                .to_owned(),
        )
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use sluice_fakekafka::{ApiKey, CommittedOffset, FakeCluster, FakeRecord, ResponseError};
    use sluice_model::Cluster;

    use super::*;

    fn client(fake: &FakeCluster) -> Client {
        Client::new(&Cluster::new(&fake.bootstrap()).unwrap()).unwrap()
    }

    fn filled() -> FakeCluster {
        let fake = FakeCluster::builder().brokers(3).start().unwrap();
        fake.create_topic("t", 3, &[]).unwrap();
        for partition in 0..3 {
            let records = (0..10).map(|n| FakeRecord::new("k", n.to_string())).collect();
            fake.append("t", partition, records).unwrap();
        }
        fake.delete_records("t", 1, 5).unwrap();
        for (partition, offset) in [(0, 4), (1, 2), (2, 12)] {
            let committed = CommittedOffset {
                offset,
                leader_epoch: -1,
                metadata: String::new(),
            };
            fake.commit("readers", "t", partition, committed);
        }
        fake
    }

    #[test]
    fn a_group_has_its_offset_and_lag_in_each_partition_and_what_is_wrong_with_them() {
        let fake = filled();
        let client = client(&fake);
        let offsets = client
            .offset_fetch_groups(&["readers"], false)
            .unwrap()
            .remove("readers")
            .unwrap()
            .unwrap();
        let logs = Logs::ask(&client, offsets.keys().cloned().collect()).unwrap();
        let found = positions(&offsets, &logs);
        let numbers: Vec<_> = found
            .iter()
            .map(|one| (one.partition, one.offset, one.start, one.end, one.lag))
            .collect();
        assert_eq!(
            numbers,
            [
                (0, Some(4), Some(0), Some(10), Some(6)),
                (1, Some(2), Some(5), Some(10), Some(8)),
                (2, Some(12), Some(0), Some(10), Some(0)),
            ]
        );
        assert_eq!(found[0].problem, None);
        assert!(found[1].problem.as_ref().unwrap().contains("deleted"));
        assert!(found[2].problem.as_ref().unwrap().contains("behind the end"));
    }

    #[test]
    fn lags_are_summed_and_unknown_where_a_partition_or_the_group_does_not_answer() {
        let fake = filled();
        let both = ["readers".to_owned(), "nobody".to_owned()];
        let found = lags(&client(&fake), &both).unwrap();
        assert_eq!((found[0].lag, found[0].partitions), (Some(14), 3));
        assert_eq!((found[1].lag, found[1].partitions), (Some(0), 0));

        let elsewhere = CommittedOffset {
            offset: 3,
            leader_epoch: -1,
            metadata: String::new(),
        };
        fake.commit("readers", "gone", 0, elsewhere);
        let found = lags(&client(&fake), &both[..1]).unwrap();
        assert_eq!((found[0].lag, found[0].partitions), (None, 4));
        assert!(found[0].problem.is_some());

        fake.fail_next(ApiKey::OffsetFetch, ResponseError::GroupAuthorizationFailed, 1);
        let refused = lags(&client(&fake), &both[..1]).unwrap();
        assert_eq!((refused[0].lag, refused[0].partitions), (None, 0));
        assert!(refused[0].problem.as_ref().unwrap().contains("AUTHORIZATION"));
    }
}
