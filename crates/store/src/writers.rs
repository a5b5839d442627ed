//! The producer ids of copies between clusters that are copied both ways.

use rusqlite::params;
use sluice_engine::{Direction, StoreError, WriterNotes};

use crate::SqliteStore;
use crate::sqlite_store::Durability;

impl WriterNotes for SqliteStore {
    fn note_writer(&self, copy: &Direction, producer_id: i64) -> Result<(), StoreError> {
        Ok(self.write(Durability::Fsync, |t| {
            t.execute(
                "INSERT INTO writers (written_to, read_from, producer_id) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
                params![copy.to, copy.from, producer_id],
            )
            .map(drop)
        })?)
    }

    fn is_writer(&self, copy: &Direction, producer_id: i64) -> Result<bool, StoreError> {
        Ok(self.read(|t| {
            t.prepare_cached(
                "SELECT EXISTS (SELECT 1 FROM writers WHERE written_to = ?1 AND read_from = ?2 AND producer_id = ?3)",
            )?
            .query_row(params![copy.to, copy.from, producer_id], |row| row.get(0))
        })?)
    }

    fn has_writers(&self, copy: &Direction) -> Result<bool, StoreError> {
        Ok(self.read(|t| {
            t.prepare_cached(
                "SELECT EXISTS (SELECT 1 FROM writers WHERE written_to = ?1 AND read_from = ?2)",
            )?
            .query_row(params![copy.to, copy.from], |row| row.get(0))
        })?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn direction(from: &str, to: &str) -> Direction {
        Direction {
            from: from.to_owned(),
            to: to.to_owned(),
        }
    }

    #[test]
    fn an_id_is_a_writer_s_on_the_one_cluster_that_gave_it_and_of_the_one_direction() {
        let dir = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(dir.path()).unwrap();
        let there = direction("a", "b");
        assert!(!store.has_writers(&there).unwrap());
        store.note_writer(&there, 7).unwrap();
        store.note_writer(&there, 7).unwrap();
        let other = SqliteStore::open(dir.path()).unwrap();
        assert!(other.is_writer(&there, 7).unwrap(), "another process knows it");
        assert!(other.has_writers(&there).unwrap());
        for (direction, id) in [
            (direction("b", "a"), 7),
            (direction("c", "b"), 7),
            (direction("a", "c"), 7),
            (there, 8),
        ] {
            assert!(!other.is_writer(&direction, id).unwrap(), "{direction:?} {id}");
        }
    }
}
