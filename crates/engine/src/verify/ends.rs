//! Where the logs of both sides begin and end, each partition by itself: one without a leader does not keep the others
//! from being compared.

use std::collections::BTreeMap;

use sluice_kafka::{Admin, ErrorCode, Isolation, KafkaError, OffsetQuery};

use crate::error::{EngineError, Result, Side};

/// Offsets of a partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ends {
    /// First offset.
    pub(crate) low: i64,
    /// Behind the last record that readers of committed records get.
    pub(crate) committed: i64,
    /// Behind the last record.
    pub(crate) high: i64,
}

/// The offsets of each partition that was asked for, or why they could not be read.
pub(crate) type AllEnds = BTreeMap<(String, i32), std::result::Result<Ends, KafkaError>>;

/// Asks for the offsets of `partitions`.
///
/// # Errors
/// The cluster does not answer at all.
pub(crate) fn ends(admin: &Admin, partitions: &[(String, i32)], side: Side) -> Result<AllEnds> {
    let ask = |query, isolation| -> Result<BTreeMap<(String, i32), std::result::Result<i64, KafkaError>>> {
        Ok(admin
            .offsets(partitions, query, isolation)
            .map_err(|error| EngineError::Cluster {
                side,
                what: "reading the topics' offsets".into(),
                error,
            })?
            .into_iter()
            .map(|entry| {
                let found = match (entry.error, entry.offset) {
                    (ErrorCode::NONE, Some(offset)) => Ok(offset),
                    (ErrorCode::NONE, None) => Err(KafkaError::from_code(ErrorCode::LOCAL_TIMED_OUT)),
                    (code, _) => Err(KafkaError::from_code(code)),
                };
                ((entry.topic, entry.partition), found)
            })
            .collect())
    };
    let mut low = ask(OffsetQuery::Earliest, Isolation::Uncommitted)?;
    let mut committed = ask(OffsetQuery::Latest, Isolation::Committed)?;
    let mut high = ask(OffsetQuery::Latest, Isolation::Uncommitted)?;
    Ok(partitions
        .iter()
        .map(|partition| {
            let of = |found: &mut BTreeMap<_, _>| {
                found
                    .remove(partition)
                    .unwrap_or_else(|| Err(KafkaError::from_code(ErrorCode::LOCAL_TIMED_OUT)))
            };
            let ends = (|| {
                Ok(Ends {
                    low: of(&mut low)?,
                    committed: of(&mut committed)?,
                    high: of(&mut high)?,
                })
            })();
            (partition.clone(), ends)
        })
        .collect())
}
