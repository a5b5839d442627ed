use std::fmt;

use crate::error::{ErrorCode, KafkaError};

/// Why the records of a partition cannot be read on from where the reader is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReadFaultKind {
    /// The position is not in the log: below its start, or above its end.
    OutOfRange,
    /// The log has other records than those that were read before the position (an unclean election).
    Diverged {
        /// The offset up to which both agree; `None` where the broker does not say.
        end_offset: Option<i64>,
    },
    /// The batch with this first offset fails its checksum, cannot be decompressed, or contradicts its own lengths.
    Damaged {
        /// The batch's first offset, which may lie before the position.
        offset: i64,
    },
    /// The record is stored in message format v0 or v1, and the broker is 2.7 or newer: librdkafka 2.5 to 2.15 misreads
    /// it as null key and null value (its issue 5549).
    OldFormat {
        /// The record's offset.
        offset: i64,
    },
    /// The batch has an unknown format: it is damaged, or newer than the client library.
    UnknownFormat {
        /// The batch's first offset as far as it can be trusted.
        offset: i64,
        /// The format's number.
        magic: i8,
    },
    /// The record has more headers than the client library reads. Key, value and timestamp are readable.
    UnreadableHeaders {
        /// The record's offset.
        offset: i64,
    },
    /// The batch is larger than a fetch may be.
    TooLarge {
        /// The batch's first offset.
        offset: i64,
    },
    /// No right to read the topic.
    Unauthorized,
    /// No such topic or partition, or no right to know of it.
    UnknownTopic,
    /// Anything else; see the code.
    Other,
}

impl ReadFaultKind {
    /// The client library goes on behind what it could not read, so nothing that follows may be taken for the next record.
    pub(crate) fn leaves_a_hole(self) -> bool {
        match self {
            Self::Damaged { .. }
            | Self::OldFormat { .. }
            | Self::UnknownFormat { .. }
            | Self::TooLarge { .. }
            | Self::OutOfRange
            | Self::Diverged { .. } => true,
            Self::UnreadableHeaders { .. } | Self::Unauthorized | Self::UnknownTopic | Self::Other => false,
        }
    }
}

/// A partition's fault as the reader met it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadFault {
    /// For decisions.
    pub kind: ReadFaultKind,
    /// The code it came with.
    pub code: ErrorCode,
    /// The client library's sentence, for people and logs.
    pub detail: String,
}

impl fmt::Display for ReadFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.detail)
    }
}

impl From<ReadFault> for KafkaError {
    fn from(fault: ReadFault) -> Self {
        Self::new(fault.code, fault.detail)
    }
}

impl ReadFault {
    /// Reads an event of the consumer. `offset` is the one that the event carries.
    ///
    /// librdkafka 2.12.1 has one code for a missing offset and for a diverged log, and keeps offset and format number in
    /// the sentence (`rdkafka_offset.c`, `rdkafka_msgset_reader.c`). The cause is recognized by the library's own
    /// description of its code, which ends the sentence.
    pub(crate) fn of_event(code: ErrorCode, offset: i64, sentence: String) -> Self {
        let kind = match code {
            ErrorCode::LOCAL_AUTO_OFFSET_RESET if cause_is(&sentence, ErrorCode::LOCAL_LOG_TRUNCATION) => {
                ReadFaultKind::Diverged {
                    end_offset: number_after(&sentence, "broker end offset is ").filter(|end| *end >= 0),
                }
            }
            ErrorCode::LOCAL_LOG_TRUNCATION => ReadFaultKind::Diverged { end_offset: None },
            ErrorCode::LOCAL_AUTO_OFFSET_RESET if cause_is(&sentence, ErrorCode::OFFSET_OUT_OF_RANGE) => {
                ReadFaultKind::OutOfRange
            }
            ErrorCode::OFFSET_OUT_OF_RANGE => ReadFaultKind::OutOfRange,
            ErrorCode::LOCAL_NOT_IMPLEMENTED => match number_after(&sentence, "MagicByte ") {
                Some(magic) => ReadFaultKind::UnknownFormat {
                    offset,
                    magic: i8::try_from(magic).unwrap_or(i8::MAX),
                },
                // A codec that the library does not know.
                None => ReadFaultKind::Damaged { offset },
            },
            ErrorCode::LOCAL_BAD_MESSAGE | ErrorCode::LOCAL_BAD_COMPRESSION | ErrorCode::CORRUPT_MESSAGE => {
                ReadFaultKind::Damaged { offset }
            }
            ErrorCode::OLD_MESSAGE_FORMAT => ReadFaultKind::OldFormat { offset },
            ErrorCode::UNREADABLE_HEADERS => ReadFaultKind::UnreadableHeaders { offset },
            ErrorCode::MESSAGE_TOO_LARGE => ReadFaultKind::TooLarge { offset },
            ErrorCode::TOPIC_AUTHORIZATION_FAILED => ReadFaultKind::Unauthorized,
            ErrorCode::UNKNOWN_TOPIC_OR_PARTITION
            | ErrorCode::LOCAL_UNKNOWN_PARTITION
            | ErrorCode::LOCAL_UNKNOWN_TOPIC => ReadFaultKind::UnknownTopic,
            _ => ReadFaultKind::Other,
        };
        Self {
            kind,
            code,
            detail: sentence,
        }
    }
}

/// Whether a sentence `REASON: CAUSE[ (broker ID)]` has `cause` as its cause.
fn cause_is(sentence: &str, cause: ErrorCode) -> bool {
    let sentence = match sentence.rsplit_once(" (broker ") {
        Some((before, _)) => before,
        None => sentence,
    };
    sentence.ends_with(&cause.describe())
}

fn number_after(sentence: &str, words: &str) -> Option<i64> {
    let (_, rest) = sentence.split_once(words)?;
    let end = rest
        .find(|c: char| !c.is_ascii_digit() && c != '-')
        .unwrap_or(rest.len());
    rest[..end].parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The sentences below are those of this version. Another one needs its source to be read again: the functions
    /// `rd_kafka_offset_reset`, `rd_kafka_toppar_handle_OffsetForLeaderEpoch`, `rd_kafka_msgset_reader_peek_msg_version`
    /// and `rd_kafka_msgset_reader_decompress`.
    const LIBRDKAFKA: &str = "2.12.1";

    #[test]
    #[expect(unsafe_code, reason = "asks the library for its version")]
    fn the_sentences_are_those_of_the_linked_library() {
        // SAFETY: a static string.
        let version = unsafe { std::ffi::CStr::from_ptr(rdkafka_sys::bindings::rd_kafka_version_str()) };
        assert!(version.to_string_lossy().starts_with(LIBRDKAFKA), "{version:?}");
        assert_eq!(
            ErrorCode::OFFSET_OUT_OF_RANGE.describe(),
            "Broker: Offset out of range"
        );
        assert_eq!(
            ErrorCode::LOCAL_LOG_TRUNCATION.describe(),
            "Local: Partition log truncation detected"
        );
    }

    fn kind(code: ErrorCode, sentence: &str) -> ReadFaultKind {
        let fault = ReadFault::of_event(code, 40, sentence.to_owned());
        assert_eq!((fault.code, fault.detail.as_str()), (code, sentence));
        fault.kind
    }

    #[test]
    fn a_diverged_log_differs_from_a_missing_offset_though_both_have_one_code() {
        let reset = ErrorCode::LOCAL_AUTO_OFFSET_RESET;
        assert_eq!(
            kind(
                reset,
                "fetch failed due to requested offset not available on the broker: Broker: Offset out of range (broker 1)"
            ),
            ReadFaultKind::OutOfRange
        );
        assert_eq!(
            kind(
                reset,
                "Partition log truncation detected at offset 60 (leader epoch 3): broker end offset is 40 (offset leader epoch 2). Reset to INVALID.: Local: Partition log truncation detected (broker 1)"
            ),
            ReadFaultKind::Diverged { end_offset: Some(40) }
        );
        assert_eq!(
            kind(
                reset,
                "No epoch found less or equal to offset 60 (leader epoch 3): broker end offset is -1 (offset leader epoch -1). Reset using configured policy.: Local: Partition log truncation detected (broker 1)"
            ),
            ReadFaultKind::Diverged { end_offset: None }
        );
        assert_eq!(
            kind(
                reset,
                "failed to query logical offset: Broker: Not leader for partition"
            ),
            ReadFaultKind::Other
        );
    }

    #[test]
    fn damage_has_the_batch_s_offset_and_an_unknown_format_its_number() {
        for code in [
            ErrorCode::LOCAL_BAD_MESSAGE,
            ErrorCode::LOCAL_BAD_COMPRESSION,
            ErrorCode::CORRUPT_MESSAGE,
        ] {
            assert_eq!(kind(code, "words"), ReadFaultKind::Damaged { offset: 40 });
        }
        assert_eq!(
            kind(
                ErrorCode::LOCAL_NOT_IMPLEMENTED,
                "Unsupported Message(Set) MagicByte 97 at offset 40"
            ),
            ReadFaultKind::UnknownFormat {
                offset: 40,
                magic: 97
            }
        );
        assert_eq!(
            kind(
                ErrorCode::LOCAL_NOT_IMPLEMENTED,
                "Decompression (codec 0x7) of message at 40 of 90 bytes failed: Local: Not implemented"
            ),
            ReadFaultKind::Damaged { offset: 40 }
        );
    }

    #[test]
    fn rights_and_topics_have_kinds_and_the_rest_keeps_its_code() {
        assert_eq!(
            kind(ErrorCode::TOPIC_AUTHORIZATION_FAILED, "words"),
            ReadFaultKind::Unauthorized
        );
        assert_eq!(
            kind(ErrorCode::LOCAL_UNKNOWN_PARTITION, "words"),
            ReadFaultKind::UnknownTopic
        );
        assert_eq!(kind(ErrorCode(56), "words"), ReadFaultKind::Other);
    }
}
