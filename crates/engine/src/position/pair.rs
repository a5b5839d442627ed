//! Who wrote a stored batch, between two clusters that are copied both ways (docs/adr/0016).

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex};

use crate::error::StoreError;
use crate::lock::lock;

/// Producer ids whose writer is remembered at most. Beyond that they are looked up again.
const REMEMBERED: usize = 100_000;

/// From which cluster to which records are copied, by cluster ids.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Direction {
    /// Id of the cluster that is read.
    pub from: String,
    /// Id of the cluster that is written.
    pub to: String,
}

impl Direction {
    /// The other way.
    #[must_use]
    pub fn reversed(&self) -> Self {
        Self {
            from: self.to.clone(),
            to: self.from.clone(),
        }
    }
}

/// Keeps the producer ids under which copies between clusters write that are copied both ways.
pub trait WriterNotes: Send + Sync {
    /// Remembers for ever, whatever becomes of tasks, that copies in a direction write under a producer id. Called before
    /// the first batch under it is sent; it survives a power failure when this returns.
    ///
    /// # Errors
    /// The state cannot be written.
    fn note_writer(&self, copy: &Direction, producer_id: i64) -> Result<(), StoreError>;

    /// Whether a copy in a direction writes, or has written, under a producer id of the cluster that it writes to.
    ///
    /// # Errors
    /// The state cannot be read.
    fn is_writer(&self, copy: &Direction, producer_id: i64) -> Result<bool, StoreError>;

    /// Whether any producer id is noted for copies in a direction.
    ///
    /// # Errors
    /// The state cannot be read.
    fn has_writers(&self, copy: &Direction) -> Result<bool, StoreError>;
}

/// Whose the batches of one cluster are: every producer id under which a copy in one direction has written is noted before
/// its first batch, and a cluster gives none twice. So a batch is the copy's if and only if its id is noted, whatever was
/// killed when.
#[derive(Debug)]
pub(crate) struct Authorship {
    copy: Direction,
    /// What was found of ids; it stays so, because an id that is met in a log and not noted was given to somebody else.
    known: Mutex<HashMap<i64, bool>>,
}

impl Authorship {
    pub(crate) fn new(copy: Direction) -> Self {
        Self {
            copy,
            known: Mutex::default(),
        }
    }

    /// Whether the copy has written the batches of a producer id; it is negative where a batch has none, as those of plain
    /// producers. Asked for after the batch was read.
    ///
    /// # Errors
    /// The state cannot be read: whose the batch is remains unknown.
    pub(crate) fn wrote(&self, store: &dyn WriterNotes, producer_id: i64) -> Result<bool, StoreError> {
        if producer_id < 0 {
            return Ok(false);
        }
        if let Some(known) = lock(&self.known).get(&producer_id) {
            return Ok(*known);
        }
        let wrote = store.is_writer(&self.copy, producer_id)?;
        let mut known = lock(&self.known);
        if known.len() >= REMEMBERED {
            known.clear();
        }
        known.insert(producer_id, wrote);
        Ok(wrote)
    }
}

/// Both directions of a pair of tasks, as a run of one of them sees them.
#[derive(Clone)]
pub struct PairedWriters {
    store: Arc<dyn WriterNotes>,
    own: Direction,
    partner: Arc<Authorship>,
}

impl fmt::Debug for PairedWriters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PairedWriters")
            .field("own", &self.own)
            .finish_non_exhaustive()
    }
}

impl PairedWriters {
    /// Of the task that copies in direction `own`.
    pub fn new(store: Arc<dyn WriterNotes>, own: Direction) -> Self {
        Self {
            store,
            partner: Arc::new(Authorship::new(own.reversed())),
            own,
        }
    }

    /// Notes an id under which this task is going to write on its target; it survives a power failure when this returns.
    ///
    /// # Errors
    /// The state cannot be written: nothing may be written under the id.
    pub fn note_own(&self, producer_id: i64) -> Result<(), StoreError> {
        self.store.note_writer(&self.own, producer_id)
    }

    /// Whether the other task has written the batches of a producer id on this one's source.
    ///
    /// # Errors
    /// The state cannot be read: whose the batch is remains unknown.
    pub fn is_partners(&self, producer_id: i64) -> Result<bool, StoreError> {
        self.partner.wrote(self.store.as_ref(), producer_id)
    }
}

#[cfg(test)]
pub(crate) mod testing {
    use std::sync::{Mutex, PoisonError};

    use super::*;

    /// Notes in memory.
    #[derive(Default)]
    pub(crate) struct MemoryNotes {
        pub(crate) noted: Mutex<Vec<(Direction, i64)>>,
        /// Nothing can be read.
        pub(crate) fails: bool,
    }

    impl WriterNotes for MemoryNotes {
        fn note_writer(&self, copy: &Direction, producer_id: i64) -> Result<(), StoreError> {
            let mut noted = self.noted.lock().unwrap_or_else(PoisonError::into_inner);
            noted.push((copy.clone(), producer_id));
            Ok(())
        }

        fn is_writer(&self, copy: &Direction, producer_id: i64) -> Result<bool, StoreError> {
            if self.fails {
                return Err(StoreError("locked".to_owned()));
            }
            let noted = self.noted.lock().unwrap_or_else(PoisonError::into_inner);
            Ok(noted.contains(&(copy.clone(), producer_id)))
        }

        fn has_writers(&self, copy: &Direction) -> Result<bool, StoreError> {
            let noted = self.noted.lock().unwrap_or_else(PoisonError::into_inner);
            Ok(noted.iter().any(|(known, _)| known == copy))
        }
    }

    pub(crate) fn there() -> Direction {
        Direction {
            from: "a".to_owned(),
            to: "b".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::testing::{MemoryNotes, there};
    use super::*;

    #[test]
    fn a_batch_is_the_partners_if_its_id_was_noted_for_the_way_back_on_the_cluster_that_is_read() {
        let notes = Arc::new(MemoryNotes::default());
        let first = PairedWriters::new(notes.clone(), there());
        let second = PairedWriters::new(notes, there().reversed());
        second.note_own(7).unwrap();
        first.note_own(8).unwrap();
        assert_eq!(
            (first.is_partners(7), first.is_partners(8)),
            (Ok(true), Ok(false))
        );
        assert_eq!(
            (second.is_partners(8), second.is_partners(7)),
            (Ok(true), Ok(false))
        );
        assert_eq!(first.is_partners(-1), Ok(false), "a plain producer has no id");
    }

    #[test]
    fn what_cannot_be_looked_up_is_not_guessed() {
        let failing = MemoryNotes {
            fails: true,
            ..MemoryNotes::default()
        };
        let writers = PairedWriters::new(Arc::new(failing), there());
        assert!(writers.is_partners(7).is_err());
        assert_eq!(writers.is_partners(-1), Ok(false));
    }
}
