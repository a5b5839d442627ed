//! Which target topics refuse records without a key.

use std::collections::BTreeSet;
use std::time::Duration;

use sluice_model::Cluster;
use sluice_wire::{Client, TopicPartition};

use crate::clock::now_ms;
use crate::plan::precheck::facts::Compaction;

/// How long brokers may take to say so.
const DEADLINE: Duration = Duration::from_secs(10);

/// The topics of a target that refuse records without a key: the compacted ones, and of those whose policy cannot be read
/// (a broker before 0.11, no right to) the ones that refuse such a record when they are asked. librdkafka would repeat the
/// answer of brokers before 2.4 for ever.
pub(crate) fn refusing_keyless<'a>(
    target: &Cluster,
    topics: impl Iterator<Item = (&'a str, Compaction)>,
) -> BTreeSet<String> {
    let (mut refusing, mut unknown) = (BTreeSet::new(), BTreeSet::new());
    for (topic, compaction) in topics {
        match compaction {
            Compaction::Compacted => drop(refusing.insert(topic.to_owned())),
            Compaction::Unknown => drop(unknown.insert(TopicPartition::new(topic, 0))),
            Compaction::NotCompacted => {}
        }
    }
    refusing.extend(asked(target, &unknown.into_iter().collect::<Vec<_>>()));
    refusing
}

fn asked(target: &Cluster, places: &[TopicPartition]) -> BTreeSet<String> {
    if places.is_empty() {
        return BTreeSet::new();
    }
    let answers = Client::new(target)
        .and_then(|client| client.with_timeout(DEADLINE).refuses_keyless(places, now_ms()))
        .inspect_err(
            |error| tracing::info!(%error, "whether target topics take records without a key is not known"),
        )
        .unwrap_or_default();
    answers
        .into_iter()
        .filter_map(|(place, answer)| match answer {
            Ok(refuses) => (refuses == Some(true)).then_some(place.topic),
            Err(error) => {
                tracing::info!(%error, %place, "whether it takes records without a key is not known");
                None
            }
        })
        .collect()
}
