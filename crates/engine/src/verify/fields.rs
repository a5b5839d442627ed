//! What differs between a record and its copy.

use sluice_kafka::TimestampKind;

use crate::verify::record::Record;
use crate::verify::report::{Accepted, DifferenceKind};

/// The differences between a record and its copy, and those that are accepted. `headers`: the target stores headers.
pub(crate) fn differing(
    source: &Record,
    target: &Record,
    headers: bool,
) -> (Vec<DifferenceKind>, Vec<Accepted>) {
    let (mut kinds, mut accepted) = (Vec::new(), Vec::new());
    let mut field = |a: Option<&[u8]>, b: Option<&[u8]>, kind| {
        if a == b {
        } else if a.unwrap_or_default() == b.unwrap_or_default() {
            kinds.push(DifferenceKind::NullEmpty);
        } else {
            kinds.push(kind);
        }
    };
    field(source.key(), target.key(), DifferenceKind::Key);
    field(source.value(), target.value(), DifferenceKind::Value);
    if !headers {
        if !source.headers().is_empty() {
            accepted.push(Accepted::HeadersNotCarried);
        }
    } else if source.headers() != target.headers() {
        let as_empty = |message: &Record| {
            message
                .headers()
                .into_iter()
                .map(|(name, value)| (name.to_vec(), value.unwrap_or_default().to_vec()))
                .collect::<Vec<_>>()
        };
        kinds.push(if as_empty(source) == as_empty(target) {
            DifferenceKind::NullEmpty
        } else {
            DifferenceKind::Headers
        });
    }
    let ((from, _), (to, whose)) = (source.timestamp(), target.timestamp());
    if from != to {
        if whose == TimestampKind::LogAppend {
            accepted.push(Accepted::TimestampByTarget);
        } else if source.lacks_time() {
            accepted.push(Accepted::NoTimestampAtSource);
        } else {
            kinds.push(DifferenceKind::Timestamp);
        }
    }
    (kinds, accepted)
}
