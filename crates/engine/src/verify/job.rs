use crate::position::PartitionKey;
use crate::verify::proof::Identity;
use crate::verify::report::PartitionReport;
use crate::verify::rules::Rules;

/// One partition to look at.
pub(crate) struct Job {
    pub(crate) key: PartitionKey,
    /// What is known of it before it is read.
    pub(crate) report: PartitionReport,
    /// Where to read from on each side.
    pub(crate) source_from: i64,
    pub(crate) target_from: i64,
    pub(crate) work: Work,
    /// Whose proof it will be, where it is compared from its first copied record on, or from where that was proved.
    pub(crate) identity: Option<Identity>,
    /// Which of the source partition's logs a running task copies to the target topic that is there, if it does: what it
    /// had not noted yet is compared when it has.
    pub(crate) noted_meanwhile: Option<u32>,
}

/// What is to be done with a partition.
pub(crate) enum Work {
    /// Both sides are compared.
    Compare(Rules),
    /// Nothing was copied yet: what the source has is counted.
    CountUncopied,
    /// The source has no such partition: what the target has is foreign.
    OnlyOnTarget,
}

impl Job {
    /// How to compare; `None` where there is nothing to compare.
    pub(crate) fn rules(&self) -> Option<&Rules> {
        match &self.work {
            Work::Compare(rules) => Some(rules),
            Work::CountUncopied | Work::OnlyOnTarget => None,
        }
    }
}
