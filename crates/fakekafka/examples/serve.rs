//! Runs a cluster until standard input ends, to look at it with kcat or any other client:
//! `cargo run --release -p sluice-fakekafka --example serve -- 3`. A second and a third number make that many topics of
//! that many partitions, each with a record.

use std::io::Read;

use sluice_fakekafka::{FakeCluster, FakeError, FakeRecord};

fn main() -> Result<(), FakeError> {
    let number = |place| std::env::args().nth(place).and_then(|n| n.parse::<i32>().ok());
    let brokers = number(1).and_then(|n| usize::try_from(n).ok()).unwrap_or(1);
    let cluster = FakeCluster::builder()
        .cluster_id(format!("serve-{}", std::process::id()))
        .brokers(brokers)
        .auto_create_topics(true)
        .threads(2)
        .start()?;
    cluster.create_topic("hello", 3, &[])?;
    cluster.append("hello", 0, vec![FakeRecord::new("greeting", "hello")])?;
    for topic in 0..number(2).unwrap_or(0) {
        let name = format!("topic-{topic:04}");
        let partitions = number(3).unwrap_or(1);
        cluster.create_topic(&name, partitions, &[])?;
        for partition in 0..partitions {
            cluster.append(&name, partition, vec![FakeRecord::new("k", "v")])?;
        }
    }
    println!("{}", cluster.bootstrap());
    let mut ignored = Vec::new();
    if let Err(error) = std::io::stdin().read_to_end(&mut ignored) {
        eprintln!("standard input: {error}");
    }
    Ok(())
}
