//! Runs a cluster until standard input ends, to look at it with kcat or any other client:
//! `cargo run --release -p sluice-fakekafka --example serve -- 3`

use std::io::Read;

use sluice_fakekafka::{FakeCluster, FakeError, FakeRecord};

fn main() -> Result<(), FakeError> {
    let brokers = std::env::args().nth(1).and_then(|n| n.parse().ok()).unwrap_or(1);
    let cluster = FakeCluster::builder()
        .brokers(brokers)
        .auto_create_topics(true)
        .threads(2)
        .start()?;
    cluster.create_topic("hello", 3, &[])?;
    cluster.append("hello", 0, vec![FakeRecord::new("greeting", "hello")])?;
    println!("{}", cluster.bootstrap());
    let mut ignored = Vec::new();
    if let Err(error) = std::io::stdin().read_to_end(&mut ignored) {
        eprintln!("standard input: {error}");
    }
    Ok(())
}
