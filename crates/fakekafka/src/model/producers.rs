//! What a partition remembers of its idempotent producers, to refuse repeated and missing batches.

use std::collections::{HashMap, VecDeque};

use kafka_protocol::error::ResponseError;

use crate::format::BatchHeader;

/// Batches remembered per producer; a client may have no more than this many in flight.
const REMEMBERED: usize = 5;

#[derive(Debug, Clone, Copy)]
struct Written {
    first_sequence: i32,
    last_sequence: i32,
    base_offset: i64,
    max_timestamp: i64,
}

#[derive(Debug, Clone)]
struct Producer {
    epoch: i16,
    recent: VecDeque<Written>,
}

/// The answer to a batch that passed the checks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sequence {
    /// Not seen before: append it.
    New,
    /// Already there, at this offset and with this timestamp.
    Duplicate {
        /// Where the first copy was written.
        base_offset: i64,
        /// Its largest timestamp.
        max_timestamp: i64,
    },
}

/// All producers of one partition, by id.
#[derive(Debug, Clone, Default)]
pub(crate) struct Producers {
    known: HashMap<i64, Producer>,
}

impl Producers {
    /// Checks epoch and sequence numbers of a batch that carries a producer id.
    pub(crate) fn check(&self, header: &BatchHeader) -> Result<Sequence, ResponseError> {
        // A producer whose records are all gone is unknown; any number is accepted from it.
        let Some(producer) = self.known.get(&header.producer_id) else {
            return Ok(Sequence::New);
        };
        if header.producer_epoch < producer.epoch {
            return Err(ResponseError::InvalidProducerEpoch);
        }
        if header.producer_epoch > producer.epoch {
            return if header.base_sequence == 0 {
                Ok(Sequence::New)
            } else {
                Err(ResponseError::OutOfOrderSequenceNumber)
            };
        }
        let same = |w: &&Written| {
            w.first_sequence == header.base_sequence && w.last_sequence == header.last_sequence()
        };
        if let Some(w) = producer.recent.iter().find(same) {
            return Ok(Sequence::Duplicate {
                base_offset: w.base_offset,
                max_timestamp: w.max_timestamp,
            });
        }
        // After i32::MAX the numbers go on at 0.
        let expected = producer
            .recent
            .back()
            .map_or(0, |w| w.last_sequence.wrapping_add(1) & i32::MAX);
        if header.base_sequence == expected {
            Ok(Sequence::New)
        } else {
            Err(ResponseError::OutOfOrderSequenceNumber)
        }
    }

    /// Remembers an appended batch, a marker included: a marker only carries the epoch.
    pub(crate) fn record(&mut self, header: &BatchHeader) {
        if header.producer_id < 0 {
            return;
        }
        let producer = self.known.entry(header.producer_id).or_insert_with(|| Producer {
            epoch: header.producer_epoch,
            recent: VecDeque::new(),
        });
        if header.producer_epoch > producer.epoch {
            producer.epoch = header.producer_epoch;
            producer.recent.clear();
        }
        if header.is_control() {
            return;
        }
        if producer.recent.len() == REMEMBERED {
            producer.recent.pop_front();
        }
        producer.recent.push_back(Written {
            first_sequence: header.base_sequence,
            last_sequence: header.last_sequence(),
            base_offset: header.base_offset,
            max_timestamp: header.max_timestamp,
        });
    }

    /// Whether `header` is the newest batch of its producer, which compaction must leave behind, if only empty.
    pub(crate) fn is_newest(&self, header: &BatchHeader) -> bool {
        self.known
            .get(&header.producer_id)
            .and_then(|p| p.recent.back())
            .is_some_and(|w| w.base_offset == header.base_offset)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn batch(epoch: i16, sequence: i32, count: i32, base_offset: i64) -> BatchHeader {
        BatchHeader {
            base_offset,
            batch_length: 100,
            leader_epoch: 0,
            crc: 0,
            attributes: 0,
            last_offset_delta: count - 1,
            base_timestamp: 0,
            max_timestamp: 0,
            producer_id: 7,
            producer_epoch: epoch,
            base_sequence: sequence,
            count,
        }
    }

    #[test]
    fn repeated_batches_get_their_first_offset() {
        let mut p = Producers::default();
        for i in 0..6 {
            let b = batch(0, i * 10, 10, i64::from(i) * 10);
            assert_eq!(p.check(&b), Ok(Sequence::New));
            p.record(&b);
        }
        assert_eq!(
            p.check(&batch(0, 20, 10, 0)),
            Ok(Sequence::Duplicate {
                base_offset: 20,
                max_timestamp: 0
            })
        );
        assert_eq!(
            p.check(&batch(0, 0, 10, 0)),
            Err(ResponseError::OutOfOrderSequenceNumber)
        );
        assert_eq!(
            p.check(&batch(0, 70, 10, 0)),
            Err(ResponseError::OutOfOrderSequenceNumber)
        );
    }

    #[test]
    fn a_new_epoch_starts_at_zero_and_fences_the_old() {
        let mut p = Producers::default();
        p.record(&batch(3, 0, 1, 0));
        assert_eq!(
            p.check(&batch(4, 5, 1, 0)),
            Err(ResponseError::OutOfOrderSequenceNumber)
        );
        assert_eq!(p.check(&batch(4, 0, 1, 0)), Ok(Sequence::New));
        p.record(&batch(4, 0, 1, 1));
        assert_eq!(
            p.check(&batch(3, 1, 1, 0)),
            Err(ResponseError::InvalidProducerEpoch)
        );
    }

    #[test]
    fn sequences_wrap_to_zero() {
        let mut p = Producers::default();
        p.record(&batch(0, i32::MAX - 1, 2, 0));
        assert_eq!(p.check(&batch(0, 0, 1, 0)), Ok(Sequence::New));
    }
}
