use sluice_kafka::ErrorCode;
use sluice_model::OffsetRange;

/// What goes wrong with a source partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SourceIncident {
    /// The position is not in the log.
    OutOfRange,
    /// The log has other records than those that were read, from this offset on where the brokers return it.
    Diverged {
        /// First offset that differs.
        end: Option<i64>,
    },
    /// Stored data cannot be read, whoever reads it.
    Damaged {
        /// The offsets that are lost with it.
        range: OffsetRange,
        /// What is wrong, as the client says it.
        detail: String,
    },
    /// It cannot be read now; trying again may help.
    Unreadable {
        /// The reason.
        code: ErrorCode,
        /// The reason in words.
        detail: String,
    },
}
