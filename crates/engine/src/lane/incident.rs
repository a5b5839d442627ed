use sluice_kafka::ErrorCode;

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
    /// The batch with this first offset cannot be read by any client: its checksum or its lengths are wrong.
    Damaged {
        /// First offset of the batch; it may lie before the position.
        offset: i64,
        /// What is wrong, as the client describes it.
        detail: String,
    },
    /// The record is stored in a message format that this lane cannot read.
    UnsupportedFormat {
        /// Its offset.
        offset: i64,
    },
    /// It cannot be read now; trying again may help.
    Unreadable {
        /// The reason.
        code: ErrorCode,
        /// The reason in words.
        detail: String,
    },
}
