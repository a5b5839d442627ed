use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use sluice_kafka::{ErrorCode, PartitionOffset, Reader, ReaderTuning, Right, TopicRights};
use sluice_model::Task;

use crate::plan::Connected;

/// Topics tried by reading at once.
const AT_ONCE: usize = 64;
/// How long one group of topics may take.
const GROUP_DEADLINE: Duration = Duration::from_secs(3);

/// Which source topics this user may read: the one judgement of check, copy, task check and task start.
#[derive(Debug, Clone, Default)]
pub(crate) struct Readable {
    /// Topics that this user may not read.
    pub(crate) forbidden: BTreeSet<String>,
    /// Topics that could be read.
    pub(crate) proved: BTreeSet<String>,
    /// What the brokers say (2.3 on).
    pub(crate) rights: BTreeMap<String, TopicRights>,
}

impl Readable {
    /// Asks the brokers, and tries to read where they do not say (before 2.3). What cannot be found out is in none of
    /// the lists.
    pub(crate) fn find(
        task: &Task,
        source: &Connected,
        topics: &[&str],
        cancelled: &(dyn Fn() -> bool + Sync),
    ) -> Self {
        let mut found = Self {
            rights: source.admin.topic_rights(topics).unwrap_or_default(),
            ..Self::default()
        };
        let mut silent = Vec::new();
        for &topic in topics {
            let known = found.rights.get(topic);
            let hidden = known.is_some_and(|known| known.error == ErrorCode::TOPIC_AUTHORIZATION_FAILED);
            match known.and_then(|known| known.rights) {
                Some(rights) if !hidden && rights.allow(Right::Read) => {}
                Some(_) => {
                    found.forbidden.insert(topic.to_owned());
                }
                None if hidden => {
                    found.forbidden.insert(topic.to_owned());
                }
                None => silent.extend(with_leader(source, topic).map(|partition| (topic, partition))),
            }
        }
        for group in silent.chunks(AT_ONCE) {
            if cancelled() {
                break;
            }
            // A client that cannot be made finds nothing out; the copy itself says why.
            if let Err(error) = found.try_reading(task, group, cancelled) {
                tracing::debug!(%error, "reading topics");
            }
        }
        found
    }

    /// Reads at the first offset: whatever comes but a refusal proves the right.
    fn try_reading(
        &mut self,
        task: &Task,
        group: &[(&str, i32)],
        cancelled: &(dyn Fn() -> bool + Sync),
    ) -> sluice_kafka::Result<()> {
        let mut reader = Reader::new(
            &task.source,
            ReaderTuning {
                prefetch_kib: 512,
                ..ReaderTuning::default()
            },
        )?;
        let positions: Vec<PartitionOffset> = group
            .iter()
            .map(|(topic, partition)| PartitionOffset::new(*topic, *partition, 0))
            .collect();
        reader.assign(&positions)?;
        let mut left: BTreeSet<&str> = group.iter().map(|(topic, _)| *topic).collect();
        let until = Instant::now() + GROUP_DEADLINE;
        while !left.is_empty() && Instant::now() < until && !cancelled() {
            reader.read(500, Duration::from_millis(50), |message| {
                if !left.remove(message.topic()) {
                    return;
                }
                match message.error() {
                    ErrorCode::TOPIC_AUTHORIZATION_FAILED => {
                        self.forbidden.insert(message.topic().to_owned());
                    }
                    ErrorCode::NONE | ErrorCode::LOCAL_PARTITION_EOF | ErrorCode::LOCAL_AUTO_OFFSET_RESET => {
                        self.proved.insert(message.topic().to_owned());
                    }
                    _ => {}
                }
            })?;
        }
        Ok(())
    }
}

/// A partition of the topic that can be read now.
fn with_leader(source: &Connected, topic: &str) -> Option<i32> {
    source
        .metadata
        .topics
        .get(topic)?
        .partitions
        .iter()
        .find(|partition| partition.leader.is_some())
        .map(|partition| partition.id)
}
