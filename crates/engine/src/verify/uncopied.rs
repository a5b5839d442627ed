//! Counts the records that a task has not copied yet.

use std::ops::Range;

use crate::verify::failure::Result;
use crate::verify::report::NotCopied;
use crate::verify::stream::Stream;

/// Records that are counted at most: what is longer is given in offsets.
const COUNTED: u64 = 100_000;
/// Bytes of keys and values that are read for it at most.
const COUNTED_BYTES: usize = 64 * 1024 * 1024;

/// The offsets that readers of committed records get.
pub(crate) fn readable(rest: &NotCopied) -> Range<i64> {
    rest.range.from..rest.range.to - i64::try_from(rest.held_back).unwrap_or(0)
}

/// `rest` with the number of its records, `taken` of which were read already; `None` when it holds none, but the markers
/// of transactions. `source` stands at its beginning or behind it.
pub(crate) fn counted(source: &mut Stream<'_>, rest: NotCopied, taken: u64) -> Result<Option<NotCopied>> {
    let (mut records, mut bytes) = (taken, 0);
    let end = readable(&rest).end;
    while source.peek(0)?.is_some_and(|record| record.offset() < end) {
        if records >= COUNTED || bytes >= COUNTED_BYTES {
            return Ok(Some(NotCopied {
                records: None,
                ..rest
            }));
        }
        if let Some(record) = source.pop()
            && record.offset() >= rest.range.from
        {
            records += 1;
            bytes += record.len();
        }
    }
    let nothing = records == 0 && rest.held_back == 0;
    Ok((!nothing).then_some(NotCopied {
        records: Some(records),
        ..rest
    }))
}
