use sluice_kafka::Compression;
use sluice_model::OffsetRange;

use crate::clock::now_ms;
use crate::lane::Refusal;
use crate::position::{self, Gap, GapReason, PartitionState, QUARANTINE_VALUE_LIMIT, QuarantinedRecord};

/// What is missing on the target and why: gaps and quarantined records that are not durable yet. They are saved before
/// the commit that moves a position past them, so that no crash leaves a record that is neither copied nor noted.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    gaps: Vec<Gap>,
    quarantined: Vec<QuarantinedRecord>,
}

impl Ledger {
    pub(super) fn is_empty(&self) -> bool {
        self.gaps.is_empty() && self.quarantined.is_empty()
    }

    /// Takes out everything, to be saved.
    pub(super) fn take(&mut self) -> position::Ledger {
        position::Ledger {
            gaps: std::mem::take(&mut self.gaps),
            quarantined: std::mem::take(&mut self.quarantined),
        }
    }

    /// Notes a range that cannot be copied.
    pub(super) fn note_gap(&mut self, of: &PartitionState, range: OffsetRange, reason: GapReason) -> Gap {
        let gap = Gap {
            key: of.key.clone(),
            range,
            reason,
            found_at_ms: now_ms(),
            incarnation: of.incarnation,
        };
        self.gaps.push(gap.clone());
        gap
    }

    /// Notes a record that is not written; returns the reason as a sentence. `tried`: how it was compressed, each time.
    pub(super) fn note_rejected(
        &mut self,
        of: &PartitionState,
        refusal: Refusal,
        tried: Option<[Compression; 2]>,
    ) -> String {
        let mut reason = refusal.sentence();
        if let Some([usual, stronger]) = tried {
            reason.push_str(&format!("; tried with compression {usual} and {stronger}"));
        }
        let record = refusal.record.map(|record| *record);
        let value_len = record.as_ref().and_then(|r| r.value.as_ref()).map_or(0, Vec::len);
        let key_len = record.as_ref().and_then(|r| r.key.as_ref()).map_or(0, Vec::len);
        let (record_key, value, headers, timestamp_ms) = record
            .map_or((None, None, Vec::new(), -1), |record| {
                (record.key, record.value, record.headers, record.timestamp)
            });
        self.quarantined.push(QuarantinedRecord {
            key: of.key.clone(),
            offset: refusal.offset,
            code: refusal.code.0,
            reason: reason.clone(),
            size: (value_len + key_len) as u64,
            timestamp_ms,
            record_key,
            value_complete: value_len <= QUARANTINE_VALUE_LIMIT,
            value: value.map(|mut value| {
                value.truncate(QUARANTINE_VALUE_LIMIT);
                value
            }),
            headers,
            at_ms: now_ms(),
            incarnation: of.incarnation,
        });
        reason
    }
}
