use sluice_kafka::{Compression, CompressionCodec};
use sluice_model::Codec;

use crate::lane::TopicCompression;

/// What the newest batches of a source topic are compressed with.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) enum Seen {
    /// They could not be read, or there was no time to.
    #[default]
    Unknown,
    /// There are none.
    Empty,
    /// One codec for each partition that was looked at; at least one.
    Codecs(Vec<CompressionCodec>),
}

impl Seen {
    /// The codec that stands for the topic. Some producers leave a batch uncompressed that compressing would make larger,
    /// so a topic counts as uncompressed only where nothing else was seen.
    fn prevailing(&self) -> Option<CompressionCodec> {
        let Self::Codecs(codecs) = self else {
            return None;
        };
        let times = |wanted: CompressionCodec| codecs.iter().filter(|codec| **codec == wanted).count();
        CompressionCodec::ALL
            .into_iter()
            .filter(|codec| *codec != CompressionCodec::None && times(*codec) > 0)
            .max_by_key(|codec| (times(*codec), *codec))
            .or_else(|| codecs.first().copied())
    }
}

/// What is known of a route's two topics.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TopicFacts<'a> {
    /// Effective `compression.type` of the source topic; `None` where it cannot be read.
    pub(crate) source_setting: Option<&'a str>,
    /// The same of the target topic, as it is or as it would be.
    pub(crate) target_setting: Option<&'a str>,
    /// What the source topic holds.
    pub(crate) seen: &'a Seen,
    /// Whether the target stores zstd.
    pub(crate) target_zstd: bool,
}

/// Why a topic is compressed as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Reason {
    /// The task says so.
    Task,
    /// The target topic is set to it; its brokers would compress anything else again.
    TargetSetting,
    /// The source topic is set to it.
    SourceSetting,
    /// The source's newest batches are compressed so.
    Seen,
    /// The source has zstd, and the target cannot store it.
    WithoutZstd,
    /// The source holds nothing to go by.
    Empty,
    /// The source could not be looked at.
    Unknown,
}

/// The compression of one target topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Choice {
    pub(crate) compression: TopicCompression,
    pub(crate) reason: Reason,
}

/// Chooses the compression of one route.
pub(crate) fn choose(wanted: Codec, facts: TopicFacts<'_>) -> Choice {
    let fixed = facts.target_setting.and_then(named);
    let (codec, reason) = match explicit(wanted, facts.target_zstd) {
        Some(codec) => (codec, Reason::Task),
        None => automatic(facts, fixed),
    };
    let usual = Compression::fast(codec);
    let strongest = match fixed {
        // The brokers would compress anything else again, at their own level.
        Some(fixed) => fixed,
        None if facts.target_zstd => CompressionCodec::Zstd,
        None => CompressionCodec::Gzip,
    };
    Choice {
        compression: TopicCompression {
            usual,
            stronger: Compression::strongest(strongest),
        },
        reason,
    }
}

fn explicit(wanted: Codec, target_zstd: bool) -> Option<CompressionCodec> {
    match wanted {
        Codec::Auto => None,
        Codec::None => Some(CompressionCodec::None),
        Codec::Gzip => Some(CompressionCodec::Gzip),
        Codec::Snappy => Some(CompressionCodec::Snappy),
        Codec::Zstd if target_zstd => Some(CompressionCodec::Zstd),
        Codec::Lz4 | Codec::Zstd => Some(CompressionCodec::Lz4),
    }
}

fn automatic(facts: TopicFacts<'_>, fixed: Option<CompressionCodec>) -> (CompressionCodec, Reason) {
    if let Some(codec) = fixed {
        return (codec, Reason::TargetSetting);
    }
    let set = facts
        .source_setting
        .and_then(named)
        .map(|codec| (codec, Reason::SourceSetting));
    let seen = || facts.seen.prevailing().map(|codec| (codec, Reason::Seen));
    match set.or_else(seen) {
        Some((CompressionCodec::Zstd, _)) if !facts.target_zstd => {
            (CompressionCodec::Gzip, Reason::WithoutZstd)
        }
        Some(found) => found,
        None if *facts.seen == Seen::Empty => (CompressionCodec::Lz4, Reason::Empty),
        None => (CompressionCodec::Lz4, Reason::Unknown),
    }
}

/// The codec that a topic's `compression.type` names; none where its producers choose.
fn named(setting: &str) -> Option<CompressionCodec> {
    if setting == "uncompressed" {
        return Some(CompressionCodec::None);
    }
    CompressionCodec::ALL
        .into_iter()
        .find(|codec| codec.name() == setting)
}

#[cfg(test)]
mod tests {
    use CompressionCodec::{Gzip, Lz4, None as Uncompressed, Snappy, Zstd};

    use super::*;

    const UNKNOWN: TopicFacts<'static> = TopicFacts {
        source_setting: None,
        target_setting: None,
        seen: &Seen::Unknown,
        target_zstd: true,
    };

    fn auto(facts: TopicFacts<'_>) -> (CompressionCodec, Reason) {
        let choice = choose(Codec::Auto, facts);
        assert_eq!(choice.compression.usual.level, None);
        (choice.compression.usual.codec, choice.reason)
    }

    fn seen(codecs: &[CompressionCodec]) -> Seen {
        Seen::Codecs(codecs.to_vec())
    }

    #[test]
    fn auto_takes_the_codec_that_the_source_topic_is_set_to_before_the_one_that_is_seen() {
        let facts = TopicFacts {
            source_setting: Some("zstd"),
            seen: &seen(&[Snappy]),
            ..UNKNOWN
        };
        assert_eq!(auto(facts), (Zstd, Reason::SourceSetting));
        let producers_choose = TopicFacts {
            source_setting: Some("producer"),
            ..facts
        };
        assert_eq!(auto(producers_choose), (Snappy, Reason::Seen));
        let uncompressed = TopicFacts {
            source_setting: Some("uncompressed"),
            ..facts
        };
        assert_eq!(auto(uncompressed), (Uncompressed, Reason::SourceSetting));
    }

    #[test]
    fn a_topic_counts_as_uncompressed_only_where_no_codec_was_seen() {
        let with = |seen: &Seen| auto(TopicFacts { seen, ..UNKNOWN }).0;
        assert_eq!(with(&seen(&[Uncompressed, Uncompressed])), Uncompressed);
        assert_eq!(with(&seen(&[Uncompressed, Uncompressed, Lz4])), Lz4);
        assert_eq!(with(&seen(&[Lz4, Gzip, Lz4])), Lz4);
        assert_eq!(with(&seen(&[Lz4, Zstd])), Zstd, "the stronger of two");
    }

    #[test]
    fn without_anything_to_go_by_auto_is_lz4_and_says_which_it_was() {
        assert_eq!(auto(UNKNOWN), (Lz4, Reason::Unknown));
        let empty = TopicFacts {
            seen: &Seen::Empty,
            ..UNKNOWN
        };
        assert_eq!(auto(empty), (Lz4, Reason::Empty));
    }

    #[test]
    fn a_target_topic_that_is_set_to_a_codec_gets_that_one_from_auto() {
        let facts = TopicFacts {
            source_setting: Some("zstd"),
            target_setting: Some("gzip"),
            ..UNKNOWN
        };
        assert_eq!(auto(facts), (Gzip, Reason::TargetSetting));
        let stronger = choose(Codec::Auto, facts).compression.stronger;
        assert_eq!(stronger, Compression::strongest(Gzip));
        let uncompressed = TopicFacts {
            target_setting: Some("uncompressed"),
            ..facts
        };
        assert_eq!(
            choose(Codec::Auto, uncompressed).compression.stronger,
            None,
            "brokers that store no compression have nothing stronger"
        );
    }

    #[test]
    fn a_target_without_zstd_gets_the_strongest_that_it_takes() {
        let facts = TopicFacts {
            seen: &seen(&[Zstd]),
            target_zstd: false,
            ..UNKNOWN
        };
        assert_eq!(auto(facts), (Gzip, Reason::WithoutZstd));
        let stronger = choose(Codec::Lz4, facts).compression.stronger;
        assert_eq!(stronger, Compression::strongest(Gzip));
    }

    #[test]
    fn a_codec_that_the_task_names_is_used_whatever_the_source_has() {
        let facts = TopicFacts {
            source_setting: Some("zstd"),
            target_setting: Some("gzip"),
            ..UNKNOWN
        };
        let choice = choose(Codec::Snappy, facts);
        assert_eq!(
            (choice.compression.usual.codec, choice.reason),
            (Snappy, Reason::Task)
        );
    }
}
