//! `compression`: how records are compressed on their way to each target topic.

use sluice_model::{Codec, Task};

use crate::finding::Finding;
use crate::plan::compression::{COMPRESSION_TYPE, Seen, TopicFacts, choose, sentences};
use crate::plan::precheck::facts::{Outline, Sample, Setup};

/// What a start would choose now.
pub(crate) fn compression(task: &Task, outline: &Outline, setup: &Setup, sample: Option<&Sample>) -> Finding {
    const ID: &str = "compression";
    if outline.by_wire() && task.compression == Codec::Auto {
        return Finding::success(ID, kept(outline, setup));
    }
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

/// What becomes of batches that are passed on as they are stored.
fn kept(outline: &Outline, setup: &Setup) -> String {
    let mut words = vec!["every batch keeps the codec in which it is stored at the source".to_owned()];
    if !outline.pair.target.capabilities.zstd {
        words.push("what is compressed with zstd, which the target does not know, becomes lz4".to_owned());
    }
    for (route, found) in outline.routes.iter().zip(&setup.routes) {
        if let Some(codec) = setup
            .target(found, COMPRESSION_TYPE)
            .filter(|setting| setting != "producer")
        {
            words.push(format!(
                "the target's brokers compress '{}' with {codec}, as the topic is set to it",
                route.target_topic
            ));
        }
    }
    words.join("; ")
}
