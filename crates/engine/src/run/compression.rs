//! How the records of a run are compressed, decided once at its start.

use std::collections::BTreeMap;

use sluice_model::{Codec, Task};

use crate::lane::Compressions;
use crate::plan::Plan;
use crate::plan::compression::{Choice, Look, Place, Seen, TopicFacts, choose, look, sentences};
use crate::position::PartitionState;
use crate::progress::{Event, Observer};

/// Looks at what the source holds, at its end and where the copy of these partitions goes on.
pub(super) fn look_at_source(plan: &Plan, task: &Task, partitions: &[PartitionState]) -> Look {
    let positions: BTreeMap<(&str, i32), i64> = partitions
        .iter()
        .map(|state| ((state.key.topic.as_str(), state.key.partition), state.position))
        .collect();
    let places = plan.routes.iter().flat_map(|route| {
        let positions = &positions;
        Place::of(&route.source_topic, &route.start).map(move |place| Place {
            position: positions
                .get(&(route.source_topic.as_str(), place.partition))
                .copied(),
            ..place
        })
    });
    look(&task.source, places.collect())
}

/// Decides for every target topic, and says what it decided where the task leaves it open.
pub(super) fn compressions(plan: &Plan, task: &Task, look: &Look, observer: &Observer) -> Compressions {
    let target_zstd = plan.pair.target.capabilities.zstd;
    let choices: BTreeMap<&str, Choice> = plan
        .routes
        .iter()
        .map(|route| {
            let facts = TopicFacts {
                source_setting: route.source_compression.as_deref(),
                target_setting: route.target_compression.as_deref(),
                seen: look.codecs.get(&route.source_topic).unwrap_or(&Seen::Unknown),
                target_zstd,
            };
            (route.target_topic.as_str(), choose(task.compression, facts))
        })
        .collect();
    if task.compression == Codec::Auto {
        let each = choices.iter().map(|(topic, choice)| (*topic, *choice));
        sentences(each)
            .into_iter()
            .for_each(|sentence| observer(Event::Info(sentence)));
    }
    let nothing_known = TopicFacts {
        source_setting: None,
        target_setting: None,
        seen: &Seen::Unknown,
        target_zstd,
    };
    Compressions::new(
        choices
            .into_iter()
            .map(|(topic, choice)| (topic.to_owned(), choice.compression))
            .collect(),
        choose(task.compression, nothing_known).compression,
    )
}
