use std::collections::{BTreeMap, BTreeSet};

use sluice_kafka::Compression;

/// How records are compressed on their way to one target topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TopicCompression {
    /// Usually.
    pub usual: Compression,
    /// For a record that the target finds too large; `None` where nothing is stronger.
    pub stronger: Option<Compression>,
}

/// How records are compressed on their way to each target topic. A writer keeps what a topic had first, so changes hold
/// from the next writer on.
#[derive(Debug, Clone)]
pub struct Compressions {
    topics: BTreeMap<String, TopicCompression>,
    /// That of topics without one of their own: those that came after the start.
    others: TopicCompression,
    /// Topics that have the stronger one for now.
    harder: BTreeSet<String>,
}

impl Compressions {
    /// These, by target topic, and one for all others.
    pub fn new(topics: BTreeMap<String, TopicCompression>, others: TopicCompression) -> Self {
        Self {
            topics,
            others,
            harder: BTreeSet::new(),
        }
    }

    fn known(&self, topic: &str) -> TopicCompression {
        self.topics.get(topic).copied().unwrap_or(self.others)
    }

    /// That of a topic for now.
    pub(super) fn of(&self, topic: &str) -> Compression {
        let known = self.known(topic);
        match known.stronger {
            Some(stronger) if self.harder.contains(topic) => stronger,
            _ => known.usual,
        }
    }

    /// Has a topic use its stronger one, and returns what it has tried then; `None` where it is no stronger than usually.
    pub(super) fn harder(&mut self, topic: &str) -> Option<[Compression; 2]> {
        let TopicCompression { usual, stronger } = self.known(topic);
        let stronger = stronger.filter(|stronger| *stronger != usual)?;
        self.harder.insert(topic.to_owned());
        Some([usual, stronger])
    }

    /// Has a topic use its usual one again.
    pub(super) fn as_usual(&mut self, topic: &str) {
        self.harder.remove(topic);
    }
}
