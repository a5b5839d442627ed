use crate::verify::Content;
use sluice_kafka::{Message, TimestampKind};
use sluice_wire::format::{self, RecordView};
use xxhash_rust::xxh3::{Xxh3, xxh3_128};

/// All that counts of a record, each field by a digest of 128 bits: a record of any size costs the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Fingerprint {
    pub(crate) offset: i64,
    /// In ms since 1970.
    pub(crate) timestamp: i64,
    kind: TimestampKind,
    key: Option<u128>,
    value: Option<u128>,
    /// Of all headers in their order; `None` where there are none.
    headers: Option<u128>,
}

impl Fingerprint {
    pub(crate) fn of_view(record: &RecordView<'_>) -> Self {
        Self {
            offset: record.offset,
            timestamp: record.timestamp,
            kind: kind_of(record.timestamp_kind),
            key: record.key.map(xxh3_128),
            value: record.value.map(xxh3_128),
            headers: headers(record.headers.iter().map(|header| (header.key, header.value))),
        }
    }

    pub(crate) fn of_message(message: &Message) -> Self {
        let (timestamp, kind) = message.timestamp();
        Self {
            offset: message.offset(),
            timestamp,
            kind,
            key: message.key().map(xxh3_128),
            value: message.value().map(xxh3_128),
            headers: headers(message.headers()),
        }
    }

    pub(crate) fn of_content(content: &Content) -> Self {
        match content {
            Content::Library(message) => Self::of_message(message),
            Content::Wire(record) => Self {
                offset: record.offset,
                timestamp: record.timestamp,
                kind: kind_of(record.timestamp_kind),
                key: record.key.as_deref().map(xxh3_128),
                value: record.value.as_deref().map(xxh3_128),
                headers: headers(
                    record
                        .headers
                        .iter()
                        .map(|(name, value)| (name.as_slice(), value.as_deref())),
                ),
            },
        }
    }

    /// Whether it has no timestamp: those of message format v0, and those whose producer wrote −1.
    fn lacks_time(&self) -> bool {
        self.kind == TimestampKind::None || self.timestamp == -1
    }

    /// Whether the broker stamped it: its time says nothing of where it comes from.
    pub(crate) fn is_stamped(&self) -> bool {
        self.kind == TimestampKind::LogAppend
    }

    pub(crate) fn lacks_headers(&self) -> bool {
        self.headers.is_none()
    }

    /// Whether a copy on a target that keeps times can be found by this record's time.
    pub(crate) fn has_time(&self) -> bool {
        !self.lacks_time()
    }

    /// Whether `copy`, a record of the target, may be the copy of this one. `headers`: the target keeps headers.
    pub(crate) fn is_copied_as(&self, copy: &Self, headers: bool) -> bool {
        self.differences(copy, headers).is_empty()
    }

    /// The fields in which `copy`, a record of the target, differs from this one. As in a verification, a time that the
    /// target stamps, or that the source does not have, is no difference; nor are headers where the target keeps none.
    pub(crate) fn differences(&self, copy: &Self, headers: bool) -> Vec<&'static str> {
        let time_counts = !copy.is_stamped() && !self.lacks_time();
        [
            ("key", self.key != copy.key),
            ("value", self.value != copy.value),
            ("headers", headers && self.headers != copy.headers),
            ("timestamp", time_counts && self.timestamp != copy.timestamp),
        ]
        .into_iter()
        .filter_map(|(field, differs)| differs.then_some(field))
        .collect()
    }
}

fn kind_of(kind: format::TimestampKind) -> TimestampKind {
    match kind {
        format::TimestampKind::None => TimestampKind::None,
        format::TimestampKind::Create => TimestampKind::Create,
        format::TimestampKind::LogAppend => TimestampKind::LogAppend,
    }
}

fn headers<'a>(headers: impl Iterator<Item = (&'a [u8], Option<&'a [u8]>)>) -> Option<u128> {
    let mut hasher = Xxh3::new();
    let mut any = false;
    for (name, value) in headers {
        any = true;
        for part in [Some(name), value] {
            // Lengths keep the borders; a null value has none.
            let length = part.map_or(u64::MAX, |part| part.len() as u64);
            hasher.update(&length.to_le_bytes());
            hasher.update(part.unwrap_or_default());
        }
    }
    any.then(|| hasher.digest128())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record() -> Fingerprint {
        Fingerprint {
            offset: 7,
            timestamp: 5,
            kind: TimestampKind::Create,
            key: Some(1),
            value: None,
            headers: Some(2),
        }
    }

    #[test]
    fn each_field_that_differs_is_named_and_the_offset_is_none() {
        let copy = Fingerprint {
            offset: 9,
            ..record()
        };
        assert!(record().differences(&copy, true).is_empty());
        let other = Fingerprint {
            timestamp: 6,
            key: None,
            value: Some(3),
            headers: None,
            ..copy
        };
        assert_eq!(
            record().differences(&other, true),
            ["key", "value", "headers", "timestamp"]
        );
        assert_eq!(record().differences(&other, false), ["key", "value", "timestamp"]);
    }

    #[test]
    fn a_time_of_the_targets_clock_or_that_the_source_lacks_is_no_difference() {
        let stamped = Fingerprint {
            timestamp: 99,
            kind: TimestampKind::LogAppend,
            ..record()
        };
        assert!(record().differences(&stamped, true).is_empty());
        let untimed = Fingerprint {
            timestamp: -1,
            kind: TimestampKind::None,
            ..record()
        };
        assert!(untimed.differences(&record(), true).is_empty());
        assert_eq!(stamped.differences(&record(), true), ["timestamp"]);
    }

    #[test]
    fn headers_differ_by_order_by_borders_and_by_null() {
        let of = |all: &[(&'static [u8], Option<&'static [u8]>)]| headers(all.iter().copied());
        let header = |name: &'static [u8], value: Option<&'static [u8]>| (name, value);
        let (a, b) = (header(b"a", Some(b"1")), header(b"b", None));
        assert_ne!(of(&[a, b]), of(&[b, a]));
        assert_ne!(of(&[(b"a", None)]), of(&[(b"a", Some(b""))]));
        assert_ne!(of(&[(b"ab", Some(b"c"))]), of(&[(b"a", Some(b"bc"))]));
        assert_eq!(of(&[]), None);
    }
}
