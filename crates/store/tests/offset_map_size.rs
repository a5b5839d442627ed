//! What the offset map of a trickling copy costs. Prints its numbers:
//! `cargo test --release -p sluice-store --test offset_map_size -- --ignored --nocapture`
#![expect(clippy::unwrap_used, reason = "a test may fail by it")]

use sluice_engine::{Checkpoint, CheckpointStore, OffsetRuns, PartitionKey};
use sluice_model::TaskName;
use sluice_store::{DATABASE_FILE, SqliteStore};

const PARTITIONS: usize = 100;
const SECONDS: u64 = 24 * 60 * 60;
const RECORDS_PER_SECOND: u64 = 10;
/// How long a transaction stays open when everything was read.
const TRANSACTION_MS: u64 = 50;

/// Numbers that look random and are the same in every run.
struct Random(u64);

impl Random {
    fn next(&mut self, below: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (self.0 >> 33) % below
    }
}

/// One partition while it is copied in transactions.
struct Partition {
    runs: OffsetRuns,
    source: i64,
    target: i64,
    in_transaction: bool,
}

impl Partition {
    fn copy(&mut self) {
        self.runs.place(self.source, Some(self.target), 1);
        self.source += 1;
        self.target += 1;
        self.in_transaction = true;
    }

    /// A transaction leaves a marker in every partition that it wrote to.
    fn commit(&mut self) {
        self.target += i64::from(std::mem::take(&mut self.in_transaction));
    }
}

/// Copies for 24 hours; `partition_of` says where the next record arrives. Returns rows and bytes of the database.
fn simulate(
    arrival_ms: impl Fn(u64, &mut Random) -> u64,
    partition_of: impl Fn(u64, &mut Random) -> usize,
) -> (u64, u64) {
    let dir = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(dir.path()).unwrap();
    let task = TaskName::new("trickle").unwrap();
    let mut partitions: Vec<Partition> = (0..PARTITIONS)
        .map(|number| Partition {
            runs: OffsetRuns::new(
                PartitionKey {
                    topic: "events".to_owned(),
                    partition: number as i32,
                },
                None,
            ),
            source: 0,
            target: 0,
            in_transaction: false,
        })
        .collect();
    let (mut random, mut open_since, mut saved) = (Random(7), None, 0);
    for number in 0..SECONDS * RECORDS_PER_SECOND {
        let now = arrival_ms(number, &mut random);
        if open_since.is_some_and(|since| now - since >= TRANSACTION_MS) {
            partitions.iter_mut().for_each(Partition::commit);
            open_since = None;
        }
        partitions[partition_of(number, &mut random)].copy();
        open_since.get_or_insert(now);
        // The rows are the same as with a checkpoint for every transaction, since a run that grew replaces itself.
        if now - saved >= 10_000 {
            saved = now;
            let runs = partitions
                .iter_mut()
                .flat_map(|partition| partition.runs.commit())
                .collect();
            let checkpoint = Checkpoint {
                runs,
                ..Checkpoint::default()
            };
            store.save(&task, &checkpoint).unwrap();
        }
    }
    let rows = partitions
        .iter()
        .enumerate()
        .map(|(number, _)| {
            let key = PartitionKey {
                topic: "events".to_owned(),
                partition: number as i32,
            };
            store.runs_from(&task, &key, 0, usize::MAX).unwrap().len() as u64
        })
        .sum();
    drop(store);
    (
        rows,
        std::fs::metadata(dir.path().join(DATABASE_FILE)).unwrap().len(),
    )
}

#[test]
#[ignore = "a measurement"]
fn a_day_of_ten_records_a_second_on_a_hundred_partitions() {
    let even = |number: u64, _: &mut Random| 1_000 * number / RECORDS_PER_SECOND;
    let odd = |number: u64, random: &mut Random| 1_000 * number / RECORDS_PER_SECOND + random.next(95);
    let in_turn = |number: u64, _: &mut Random| number as usize % PARTITIONS;
    let anywhere = |_: u64, random: &mut Random| random.next(PARTITIONS as u64) as usize;
    for (name, (rows, bytes)) in [
        ("a record per transaction", simulate(even, in_turn)),
        ("at odd times, on any partition", simulate(odd, anywhere)),
    ] {
        println!(
            "{name}: {} records, {rows} rows, {} KiB",
            SECONDS * RECORDS_PER_SECOND,
            bytes / 1_024
        );
        assert!(rows < SECONDS * RECORDS_PER_SECOND / 50, "{rows}");
    }
}
