//! Under which name the target knows a task: instances of one task end each other, other tasks of its name do not.

use anyhow::{Result, ensure};
use sluice_engine::{Ending, EngineError};
use sluice_testground::KafkaVersion;
use sluice_tests::{Bench, Filler, cluster, eventually, read_all, skipped, stop};

const NAME: &str = "nightly";

#[test]
fn tasks_of_one_name_with_other_topics_run_beside_each_other_and_instances_of_one_task_do_not() -> Result<()>
{
    if skipped() {
        return Ok(());
    }
    let (source, target) = (cluster(KafkaVersion::V4_3_1)?, cluster(KafkaVersion::V4_3_1)?);
    let (from, to) = (source.bootstrap(), target.bootstrap());
    let filler = Filler::new(&from)?;
    for topic in ["orders", "payments"] {
        filler.create(topic, 1, &[])?;
        filler.numbered(topic, 1, 0, 10, 40)?;
    }
    let copies = |topic: &str, count: usize| {
        eventually(&format!("{count} records of {topic} are there"), || {
            Ok(read_all(&to, topic, 0).is_ok_and(|records| records.len() == count))
        })
    };
    // Two data folders, one name, other topics: both go on, whichever started last.
    let orders = Bench::new(&from, &to, &["orders"])?.named(NAME)?;
    let payments = Bench::new(&from, &to, &["payments"])?.named(NAME)?;
    let first = orders.start(false)?;
    copies("orders", 10)?;
    let second = payments.start(false)?;
    copies("payments", 10)?;
    for topic in ["orders", "payments"] {
        filler.numbered(topic, 1, 10, 10, 40)?;
        copies(topic, 20)?;
    }
    ensure!(!first.is_finished() && !second.is_finished());
    stop(second)?;
    // The second one keeps its name: in its own state, and on the target for a state that was lost.
    let again = payments.start(false)?;
    filler.numbered("payments", 1, 20, 5, 40)?;
    copies("payments", 25)?;
    let lost = Bench::new(&from, &to, &["payments"])?.named(NAME)?;
    let adopting = lost.start(false)?;
    // It is noticed with the next record.
    filler.numbered("payments", 1, 25, 5, 40)?;
    eventually("the earlier instance ends", || Ok(again.is_finished()))?;
    ensure!(
        matches!(again.wait().ending, Ending::Failed(EngineError::Fenced { .. })),
        "one of the same task is fenced"
    );
    copies("payments", 30)?;
    ensure!(!first.is_finished(), "and the other task is left alone");
    stop(adopting)?;
    // The first task goes on under the name that earlier versions gave it: another instance of it ends it.
    let lost = Bench::new(&from, &to, &["orders"])?.named(NAME)?;
    let adopting = lost.start(false)?;
    filler.numbered("orders", 1, 20, 5, 40)?;
    eventually("the earlier instance ends", || Ok(first.is_finished()))?;
    ensure!(matches!(
        first.wait().ending,
        Ending::Failed(EngineError::Fenced { .. })
    ));
    copies("orders", 25)?;
    stop(adopting)
}
