//! Where a comparison begins: a side whose oldest records are gone leaves the other with records it cannot have.

use std::collections::HashMap;

use sluice_model::OffsetRange;

use crate::verify::alignment::{WINDOW_BYTES, WINDOWS, meeting, window};
use crate::verify::comparison::Comparison;
use crate::verify::failure::Result;
use crate::verify::record::Record;
use crate::verify::report::{Gone, LogSide};
use crate::verify::rules::Cut;
use crate::verify::stream::Stream;

impl Comparison<'_, '_> {
    pub(crate) fn prepare(&mut self) -> Result<()> {
        // A time that the target stamped says nothing about the record.
        if self.target.is_stamped()? {
            self.source.ignore_time();
            self.target.ignore_time();
        }
        self.ignore_missing_time()?;
        match self.rules.cut {
            Some(Cut::Source) => self.pass_over_older(),
            Some(Cut::Target) => self.pass_over_gone(),
            Some(Cut::Both) => self.pass_over_either(),
            None => Ok(()),
        }
    }

    /// Both logs begin somewhere: at the first records that both have.
    fn pass_over_either(&mut self) -> Result<()> {
        for size in WINDOWS {
            let source = window(&mut self.source, size, self.rules.source_end)?;
            let target = window(&mut self.target, size, self.rules.target_end)?;
            match meeting(&source, &target) {
                Some((0, 0)) => return Ok(()),
                Some((_, 0)) => return self.pass_over_gone(),
                Some((0, _)) => return self.pass_over_older(),
                Some(_) => return Ok(()),
                None => {}
            }
        }
        Ok(())
    }

    /// The target's records from before the source's first one: their originals are gone.
    fn pass_over_older(&mut self) -> Result<()> {
        let first: HashMap<u64, usize> = window(&mut self.source, WINDOWS[0], i64::MAX)?
            .into_iter()
            .enumerate()
            .rev()
            .map(|(index, hash)| (hash, index))
            .collect();
        let older = leading(&mut self.target, &first, self.rules.target_end)?.dropped;
        if older > 0 {
            let low = self.report.source_range.map_or(0, |range| range.from);
            self.report.note_gone(Gone {
                side: LogSide::Source,
                range: OffsetRange { from: 0, to: low },
                records: Some(older),
                reason: self.rules.gone_reasons.0,
            });
        }
        Ok(())
    }

    /// The source's records from before the target's first one: their copies are gone.
    fn pass_over_gone(&mut self) -> Result<()> {
        let end = self.rules.source_end;
        let first = self.source.peek(0)?.map(Record::offset);
        let Some(from) = first.filter(|offset| *offset < end) else {
            return Ok(());
        };
        let first: HashMap<u64, usize> = window(&mut self.target, WINDOWS[0], self.rules.target_end)?
            .into_iter()
            .enumerate()
            .rev()
            .map(|(index, hash)| (hash, index))
            .collect();
        let gone = leading(&mut self.source, &first, self.rules.source_end)?;
        if gone.dropped > 0 {
            let to = self.source.peek(0)?.map_or(self.rules.source_end, Record::offset);
            self.report.note_gone(Gone {
                side: LogSide::Target,
                range: OffsetRange { from, to },
                records: Some(gone.dropped),
                reason: self.rules.gone_reasons.1,
            });
        }
        if !gone.found {
            self.report.problem = Some(
                "the oldest records of the target are gone, and none of those that are left is at the source"
                    .to_owned(),
            );
        }
        Ok(())
    }
}

struct Leading {
    dropped: u64,
    found: bool,
}

/// Drops the records of a stream that stand before the first of `wanted`, which maps a hash to its place.
fn leading(stream: &mut Stream<'_>, wanted: &HashMap<u64, usize>, end: i64) -> Result<Leading> {
    let mut leading = Leading {
        dropped: 0,
        found: false,
    };
    let mut ahead = 0;
    while let Some(record) = stream.peek(ahead)? {
        if record.offset() >= end {
            break;
        }
        if let Some(&place) = wanted.get(&record.hash) {
            // What stands before it here is compared with what stands before it there.
            leading.found = true;
            while ahead > place {
                leading.dropped += u64::from(stream.pop().is_some());
                ahead -= 1;
            }
            return Ok(leading);
        }
        ahead += 1;
        if ahead > WINDOWS[0] || stream.held() > WINDOW_BYTES {
            leading.dropped += u64::from(stream.pop().is_some());
            ahead -= 1;
        }
    }
    for _ in 0..ahead {
        leading.dropped += u64::from(stream.pop().is_some());
    }
    Ok(leading)
}
