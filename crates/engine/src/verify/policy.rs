//! What the topics of both sides may have removed.

use std::collections::BTreeMap;

use crate::plan::Pair;
use crate::verify::report::{GoneReason, LogSide};

/// What of a topic's configuration explains that records are gone.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Policy {
    /// Superseded records are removed.
    pub(crate) compacted: bool,
    /// Its brokers give each record the time at which they append it.
    pub(crate) stamps: bool,
    /// Why the oldest records are gone, if they are.
    pub(crate) gone_reason: GoneReason,
}

/// Policies that were asked for.
pub(crate) struct Policies<'a> {
    pair: &'a Pair,
    known: BTreeMap<(bool, String), Policy>,
}

impl<'a> Policies<'a> {
    pub(crate) fn new(pair: &'a Pair) -> Self {
        Self {
            pair,
            known: BTreeMap::new(),
        }
    }

    /// That of a topic; one that cannot be read is taken for a topic that retention empties and no cleaner touches: then
    /// a superseded record may be missing for that reason alone.
    pub(crate) fn of(&mut self, side: LogSide, topic: &str) -> Policy {
        let admin = match side {
            LogSide::Source => &self.pair.source.admin,
            LogSide::Target => &self.pair.target.admin,
        };
        *self
            .known
            .entry((side == LogSide::Source, topic.to_owned()))
            .or_insert_with(|| {
                let config = admin.topic_config(topic).unwrap_or_default();
                let value = |name: &str| config.get(name).and_then(|entry| entry.value.as_deref());
                let policy = value("cleanup.policy").unwrap_or("delete");
                let unlimited = |name: &str| value(name).is_some_and(|limit| limit == "-1");
                let keeps =
                    !policy.contains("delete") || unlimited("retention.ms") && unlimited("retention.bytes");
                Policy {
                    compacted: policy.contains("compact"),
                    stamps: value("message.timestamp.type") == Some("LogAppendTime"),
                    gone_reason: if keeps {
                        GoneReason::Deletion
                    } else {
                        GoneReason::RetentionOrDeletion
                    },
                }
            })
    }
}
