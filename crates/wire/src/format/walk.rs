//! Going over the entries of a record set without checking their bytes: how far whole ones go, and which offset follows.

use super::batch::{BatchView, EntryPrefix};
use super::fault::{Fault, FaultKind};

/// Why a walk ended before the end of the bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Stop {
    /// The set ends inside an entry, which is whole with so many bytes, if its length can be seen.
    Cut(Option<usize>),
    /// The head of an entry cannot be right.
    Damaged(Fault),
}

/// What whole entries a record set begins with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Walked {
    /// Their bytes.
    pub(crate) len: usize,
    /// The offset behind the last one; none without one.
    pub(crate) next_offset: Option<i64>,
    /// The leader epoch of the last one, where it has one.
    pub(crate) leader_epoch: Option<i32>,
    /// What follows them; none if nothing does.
    pub(crate) stop: Option<Stop>,
}

/// Goes over the entries of `bytes` by their heads. Checksums are not looked at.
pub(crate) fn walk(bytes: &[u8]) -> Walked {
    let mut walked = Walked {
        len: 0,
        next_offset: None,
        leader_epoch: None,
        stop: None,
    };
    while let Some(rest) = bytes.get(walked.len..).filter(|rest| !rest.is_empty()) {
        match entry(rest) {
            Ok((len, next_offset, leader_epoch)) => {
                walked.len += len;
                walked.next_offset = Some(next_offset);
                walked.leader_epoch = leader_epoch;
            }
            Err(fault) => {
                walked.stop = Some(match fault.kind {
                    FaultKind::Truncated { needed, available } => {
                        Stop::Cut(Some(needed).filter(|needed| *needed > available))
                    }
                    _ => Stop::Damaged(fault),
                });
                break;
            }
        }
    }
    walked
}

fn entry(bytes: &[u8]) -> Result<(usize, i64, Option<i32>), Fault> {
    let prefix = EntryPrefix::read(bytes)?;
    let whole = prefix.whole(bytes)?;
    if prefix.magic < 2 {
        return Ok((prefix.len, prefix.offset.saturating_add(1), None));
    }
    let batch = BatchView::of_entry(&prefix, whole)?;
    let epoch = Some(batch.header().leader_epoch).filter(|epoch| *epoch >= 0);
    Ok((prefix.len, batch.header().next_offset(), epoch))
}
