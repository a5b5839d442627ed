//! What a verification has proved of a partition, so that a later one can begin behind it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::position::PartitionKey;
use crate::verify::report::{Accepted, PartitionReport, VerificationReport};

/// A partition that was compared from its first copied record up to a place, and was equal. It holds for these very
/// topics and this very log of the source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Proof {
    /// Source topic.
    pub topic: String,
    /// Partition.
    pub partition: i32,
    /// Id of the source topic.
    pub source_topic_id: String,
    /// Id of the target topic.
    pub target_topic_id: String,
    /// Which of the source partition's logs since the launch it was.
    pub incarnation: u32,
    /// Behind the last source offset that was compared.
    #[ts(type = "number")]
    pub source_to: i64,
    /// Behind the last target offset that was compared.
    #[ts(type = "number")]
    pub target_to: i64,
    /// When it was proved, in ms since 1970.
    #[ts(type = "number")]
    pub at_ms: i64,
}

impl Proof {
    /// Whose it is.
    pub fn key(&self) -> PartitionKey {
        PartitionKey {
            topic: self.topic.clone(),
            partition: self.partition,
        }
    }
}

/// What a proof holds for: brokers before 2.8 have no ids of topics, and nothing is proved of them for later.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Identity {
    pub(crate) source_topic_id: String,
    pub(crate) target_topic_id: String,
    pub(crate) incarnation: u32,
}

impl Identity {
    /// Whether `proof` is of the very same logs.
    pub(crate) fn is_of(&self, proof: &Proof) -> bool {
        (&proof.source_topic_id, &proof.target_topic_id, proof.incarnation)
            == (&self.source_topic_id, &self.target_topic_id, self.incarnation)
    }

    /// What `report` proves, if it lacks nothing: no difference, no damage, no hole.
    pub(crate) fn proof(self, report: &PartitionReport, at_ms: i64) -> Option<Proof> {
        let (source, target) = (report.source_range?, report.target_range?);
        let is_clean = report.is_whole()
            && report.gone.is_empty()
            && report.not_compared.is_none()
            && report.accepted.keys().all(|kind| *kind == Accepted::Compacted);
        is_clean.then(|| Proof {
            topic: report.topic.clone(),
            partition: report.partition,
            source_topic_id: self.source_topic_id,
            target_topic_id: self.target_topic_id,
            incarnation: self.incarnation,
            source_to: source.to,
            target_to: target.to,
            at_ms,
        })
    }
}

impl VerificationReport {
    /// All that is proved with this report, its own and what it took over.
    pub fn proofs(&self) -> BTreeMap<PartitionKey, Proof> {
        self.partitions
            .iter()
            .filter_map(|partition| partition.proof.as_ref())
            .chain(&self.carried_proofs)
            .map(|proof| (proof.key(), proof.clone()))
            .collect()
    }
}

/// What of `earlier` still holds beside `partitions`: proofs of partitions that were not compared now, or only in a
/// part (`is_part`) that has nothing wrong.
pub(crate) fn carried(
    earlier: &BTreeMap<PartitionKey, Proof>,
    partitions: &[PartitionReport],
    is_part: bool,
) -> Vec<Proof> {
    let now: BTreeMap<(&str, i32), &PartitionReport> = partitions
        .iter()
        .map(|report| ((report.topic.as_str(), report.partition), report))
        .collect();
    earlier
        .values()
        .filter(|proof| match now.get(&(proof.topic.as_str(), proof.partition)) {
            None => true,
            Some(report) => report.proof.is_none() && is_part && report.is_whole(),
        })
        .cloned()
        .collect()
}

#[cfg(test)]
mod tests {
    use sluice_model::OffsetRange;

    use super::*;
    use crate::verify::report::{DifferenceKind, Gone, GoneReason, LogSide};

    fn report(partition: i32) -> PartitionReport {
        PartitionReport {
            topic: "t".into(),
            partition,
            source_range: Some(OffsetRange { from: 0, to: 10 }),
            target_range: Some(OffsetRange { from: 0, to: 12 }),
            ..PartitionReport::default()
        }
    }

    fn proof(report: &PartitionReport) -> Option<Proof> {
        Identity {
            source_topic_id: "s".into(),
            target_topic_id: "t".into(),
            incarnation: 0,
        }
        .proof(report, 5)
    }

    #[test]
    fn only_what_lacks_nothing_is_proved() {
        let proved = proof(&report(0)).unwrap();
        assert_eq!((proved.source_to, proved.target_to, proved.at_ms), (10, 12, 5));
        let mut different = report(0);
        different.differences.insert(DifferenceKind::Value, 1);
        let mut damaged = report(0);
        damaged.problem = Some("damaged".into());
        let mut accepted = report(0);
        accepted.accepted.insert(Accepted::TimestampByTarget, 1);
        let mut hole = report(0);
        hole.note_gone(Gone {
            side: LogSide::Source,
            range: OffsetRange { from: 0, to: 3 },
            records: None,
            reason: GoneReason::Deletion,
        });
        for lacking in [different, damaged, accepted, hole] {
            assert_eq!(proof(&lacking), None, "{lacking:?}");
        }
        let mut compacted = report(0);
        compacted.accepted.insert(Accepted::Compacted, 3);
        assert!(proof(&compacted).is_some());
    }

    #[test]
    fn proofs_outlive_what_did_not_look_at_them_and_nothing_that_found_a_fault() {
        let earlier: BTreeMap<PartitionKey, Proof> = (0..4)
            .filter_map(|partition| proof(&report(partition)))
            .map(|proof| (proof.key(), proof))
            .collect();
        let mut faulty = report(1);
        faulty.differences.insert(DifferenceKind::Missing, 1);
        let again = PartitionReport {
            proof: proof(&report(2)),
            ..report(2)
        };
        let partitions = [report(0), faulty, again];
        let kept = |is_part| {
            carried(&earlier, &partitions, is_part)
                .into_iter()
                .map(|proof| proof.partition)
                .collect::<Vec<_>>()
        };
        assert_eq!(kept(true), [0, 3], "a part of partition 0 was equal");
        assert_eq!(kept(false), [3], "partition 0 proves nothing any more");
    }
}
