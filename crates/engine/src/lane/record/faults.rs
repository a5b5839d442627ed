use sluice_kafka::{ReadFault, ReadFaultKind};

use crate::lane::SourceIncident;

/// What the reader's fault means for the partition that it read.
pub(super) fn incident(fault: ReadFault) -> SourceIncident {
    match fault.kind {
        ReadFaultKind::OutOfRange => SourceIncident::OutOfRange,
        ReadFaultKind::Diverged { end_offset } => SourceIncident::Diverged { end: end_offset },
        ReadFaultKind::Damaged { offset } | ReadFaultKind::TooLarge { offset } => SourceIncident::Damaged {
            offset,
            detail: fault.detail,
        },
        ReadFaultKind::OldFormat { offset } | ReadFaultKind::UnknownFormat { offset, .. } => {
            SourceIncident::UnsupportedFormat { offset }
        }
        ReadFaultKind::UnreadableHeaders { .. }
        | ReadFaultKind::Unauthorized
        | ReadFaultKind::UnknownTopic
        | ReadFaultKind::Other => SourceIncident::Unreadable {
            code: fault.code,
            detail: fault.detail,
        },
    }
}
