//! `compression`: how records are compressed on their way to each target topic.

use sluice_model::Task;

use crate::finding::Finding;
use crate::plan::compression::{COMPRESSION_TYPE, Seen, TopicFacts, choose, sentences};
use crate::plan::precheck::facts::{Outline, Sample, Setup};

/// What a start would choose now.
pub(crate) fn compression(task: &Task, outline: &Outline, setup: &Setup, sample: Option<&Sample>) -> Finding {
    const ID: &str = "compression";
    let choices = outline.routes.iter().zip(&setup.routes).map(|(route, found)| {
        let (source, target) = (
            found.source(COMPRESSION_TYPE),
            setup.target(found, COMPRESSION_TYPE),
        );
        let facts = TopicFacts {
            source_setting: source.as_deref(),
            target_setting: target.as_deref(),
            seen: sample
                .and_then(|sample| sample.codecs.get(&route.source_topic))
                .unwrap_or(&Seen::Unknown),
            target_zstd: outline.pair.target.capabilities.zstd,
        };
        (route.target_topic.as_str(), choose(task.compression, facts))
    });
    let causes = sentences(choices);
    if causes.is_empty() {
        return Finding::success(ID, "there is no topic to choose a compression for");
    }
    Finding::success(ID, causes.join("; "))
}
