use std::collections::{BTreeMap, VecDeque};

use sluice_model::OffsetRange;

use super::Fingerprint;
use crate::verify::ReadError;

/// A question: which is the first committed record of a partition in a range of offsets?
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Look {
    pub(crate) topic: String,
    pub(crate) partition: i32,
    pub(crate) range: OffsetRange,
}

/// The record; `None` if there is none in the range.
pub(crate) type Found = std::result::Result<Option<Fingerprint>, ReadError>;

type Place = (String, i32);

/// The questions of one call while they are being answered, those of each partition in the order of their offsets.
pub(super) struct Looks<'a> {
    looks: &'a [Look],
    /// No record of the range lies before.
    cursors: Vec<i64>,
    found: Vec<Option<Found>>,
    open: BTreeMap<Place, VecDeque<usize>>,
}

impl<'a> Looks<'a> {
    pub(super) fn new(looks: &'a [Look]) -> Self {
        let mut order: Vec<usize> = (0..looks.len()).collect();
        order.sort_by_key(|index| looks.get(*index).map(|look| look.range.from));
        let mut all = Self {
            looks,
            cursors: looks.iter().map(|look| look.range.from).collect(),
            found: vec![None; looks.len()],
            open: BTreeMap::new(),
        };
        for index in order {
            let Some(look) = looks.get(index) else { continue };
            if look.range.is_empty() {
                all.answer(index, Ok(None));
            } else {
                let place = (look.topic.clone(), look.partition);
                all.open.entry(place).or_default().push_back(index);
            }
        }
        all
    }

    fn answer(&mut self, index: usize, found: Found) {
        if let Some(slot) = self.found.get_mut(index) {
            *slot = Some(found);
        }
    }

    /// The partitions with questions, and the offset from which on each is to be read.
    pub(super) fn open(&self) -> Vec<(Place, i64)> {
        self.open
            .iter()
            .filter_map(|(place, queue)| Some((place.clone(), *self.cursors.get(*queue.front()?)?)))
            .collect()
    }

    /// The offset from which on a partition is to be read next.
    pub(super) fn cursor(&self, place: &Place) -> Option<i64> {
        self.cursors.get(*self.open.get(place)?.front()?).copied()
    }

    pub(super) fn is_done(&self) -> bool {
        self.open.is_empty()
    }

    /// A record was read, and none between it and the cursor.
    pub(super) fn saw(&mut self, place: &Place, record: Fingerprint) {
        while let Some(index) = self.front(place)
            && self
                .cursors
                .get(index)
                .is_some_and(|cursor| *cursor <= record.offset)
        {
            let is_inside = self
                .looks
                .get(index)
                .is_some_and(|look| record.offset < look.range.to);
            self.answer(index, Ok(is_inside.then_some(record)));
            self.take_front(place);
        }
    }

    /// Everything before `offset` was read, from the cursor on.
    pub(super) fn passed(&mut self, place: &Place, offset: i64) {
        let Some(queue) = self.open.get(place) else { return };
        for index in queue.iter().copied().collect::<Vec<_>>() {
            let (Some(cursor), Some(look)) = (self.cursors.get_mut(index), self.looks.get(index)) else {
                continue;
            };
            if *cursor >= offset {
                break;
            }
            *cursor = offset;
            if offset >= look.range.to {
                self.answer(index, Ok(None));
                if let Some(queue) = self.open.get_mut(place) {
                    queue.retain(|open| *open != index);
                }
            }
        }
        self.drop_empty(place);
    }

    /// The partition has no more committed records: that is so for all its questions.
    pub(super) fn ended(&mut self, place: &Place) {
        self.answer_all(place, &Ok(None));
    }

    /// The partition cannot be read.
    pub(super) fn failed(&mut self, place: &Place, error: ReadError) {
        self.answer_all(place, &Err(error));
    }

    fn answer_all(&mut self, place: &Place, found: &Found) {
        for index in self.open.remove(place).unwrap_or_default() {
            self.answer(index, found.clone());
        }
    }

    fn front(&self, place: &Place) -> Option<usize> {
        self.open.get(place)?.front().copied()
    }

    fn take_front(&mut self, place: &Place) {
        if let Some(queue) = self.open.get_mut(place) {
            queue.pop_front();
        }
        self.drop_empty(place);
    }

    fn drop_empty(&mut self, place: &Place) {
        if self.open.get(place).is_some_and(VecDeque::is_empty) {
            self.open.remove(place);
        }
    }

    /// The answers, in the order of the questions; `rest` is that of those which have none.
    pub(super) fn into_found(self, rest: &ReadError) -> Vec<Found> {
        self.found
            .into_iter()
            .map(|found| found.unwrap_or_else(|| Err(rest.clone())))
            .collect()
    }
}
