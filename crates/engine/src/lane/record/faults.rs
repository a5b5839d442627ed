use sluice_kafka::ErrorCode;
use sluice_model::OffsetRange;

use crate::lane::SourceIncident;

/// What the reader's error means for a partition that is read at `position`.
pub(super) fn incident(code: ErrorCode, detail: String, position: i64) -> SourceIncident {
    match code {
        ErrorCode::LOCAL_LOG_TRUNCATION => SourceIncident::Diverged {
            end: diverged_at(&detail),
        },
        // librdkafka reports a diverged log under the code of a missing offset as well; only its words tell them apart.
        ErrorCode::LOCAL_AUTO_OFFSET_RESET | ErrorCode::OFFSET_OUT_OF_RANGE
            if detail.to_ascii_lowercase().contains("truncat") =>
        {
            SourceIncident::Diverged {
                end: diverged_at(&detail),
            }
        }
        ErrorCode::LOCAL_AUTO_OFFSET_RESET | ErrorCode::OFFSET_OUT_OF_RANGE => SourceIncident::OutOfRange,
        ErrorCode::CORRUPT_MESSAGE => SourceIncident::Damaged {
            range: OffsetRange {
                from: position,
                to: position + 1,
            },
            detail,
        },
        code => SourceIncident::Unreadable { code, detail },
    }
}

/// The offset behind which the source's log differs from what was read from it, which librdkafka returns in a sentence
/// only.
fn diverged_at(message: &str) -> Option<i64> {
    let (_, rest) = message.split_once("broker end offset is ")?;
    let digits = rest.split(|c: char| !c.is_ascii_digit()).next()?;
    digits.parse().ok()
}
