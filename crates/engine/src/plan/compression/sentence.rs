use std::collections::BTreeMap;

use crate::plan::compression::choice::{Choice, Reason};

/// Topics that are named; of more, only how many is said.
const NAMED: usize = 3;

/// What was chosen for which target topics and why, one sentence for each way.
pub(crate) fn sentences<'a>(choices: impl IntoIterator<Item = (&'a str, Choice)>) -> Vec<String> {
    let mut groups: BTreeMap<(Reason, String), Vec<&str>> = BTreeMap::new();
    for (topic, choice) in choices {
        let with = choice.compression.usual.to_string();
        groups.entry((choice.reason, with)).or_default().push(topic);
    }
    groups
        .into_iter()
        .map(|((reason, with), topics)| {
            let topics = named(&topics);
            match reason {
                Reason::Task => format!("compression {with} for {topics}, as the task says"),
                Reason::TargetSetting => {
                    format!("compression {with} for {topics}, as the target topic is set to it")
                }
                Reason::SourceSetting => {
                    format!("compression {with} for {topics}, as the source topic is set to it")
                }
                Reason::Seen => {
                    format!("compression {with} for {topics}, as the newest records at the source have it")
                }
                Reason::WithoutZstd => {
                    format!(
                        "compression {with} for {topics}: the source has zstd, which the target cannot store"
                    )
                }
                Reason::Empty => {
                    format!("compression {with} for {topics}: the source holds no records to go by")
                }
                Reason::Unknown => {
                    format!("compression {with} for {topics}: how the source compresses them is not known")
                }
            }
        })
        .collect()
}

/// `'a', 'b'`, or `7 topics`.
fn named(topics: &[&str]) -> String {
    if topics.len() > NAMED {
        return format!("{} topics", topics.len());
    }
    let quoted: Vec<String> = topics.iter().map(|topic| format!("'{topic}'")).collect();
    quoted.join(", ")
}

#[cfg(test)]
mod tests {
    use sluice_kafka::{Compression, CompressionCodec};

    use crate::lane::TopicCompression;

    use super::*;

    #[test]
    fn topics_with_the_same_choice_share_a_sentence() {
        let choice = |codec, reason| Choice {
            compression: TopicCompression {
                usual: Compression::fast(codec),
                stronger: None,
            },
            reason,
        };
        let zstd = choice(CompressionCodec::Zstd, Reason::Seen);
        let none = choice(CompressionCodec::None, Reason::Seen);
        let said = sentences([
            ("a", zstd),
            ("b", zstd),
            ("c", none),
            ("d", none),
            ("e", none),
            ("f", none),
            ("g", choice(CompressionCodec::Lz4, Reason::Empty)),
        ]);
        assert_eq!(
            said,
            [
                "compression none for 4 topics, as the newest records at the source have it",
                "compression zstd for 'a', 'b', as the newest records at the source have it",
                "compression lz4 for 'g': the source holds no records to go by",
            ]
        );
    }
}
