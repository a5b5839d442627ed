//! How the records of a run are compressed, decided once at its start.

use std::collections::BTreeMap;

use sluice_model::{Codec, Task};

use crate::lane::Compressions;
use crate::plan::Plan;
use crate::plan::compression::{Choice, Place, Seen, TopicFacts, choose, look, sentences};
use crate::progress::{Event, Observer};

/// Decides for every target topic, and says what it decided where the task leaves it open.
pub(super) fn compressions(plan: &Plan, task: &Task, observer: &Observer) -> Compressions {
    let target_zstd = plan.pair.target.capabilities.zstd;
    let seen = match task.compression {
        Codec::Auto => {
            let routes = plan.routes.iter();
            let places = routes.flat_map(|route| Place::of(&route.source_topic, &route.start));
            look(&task.source, places.collect())
        }
        _ => BTreeMap::new(),
    };
    let choices: BTreeMap<&str, Choice> = plan
        .routes
        .iter()
        .map(|route| {
            let facts = TopicFacts {
                source_setting: route.source_compression.as_deref(),
                target_setting: route.target_compression.as_deref(),
                seen: seen.get(&route.source_topic).unwrap_or(&Seen::Unknown),
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
