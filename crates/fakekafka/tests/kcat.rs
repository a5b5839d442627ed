//! The cluster as kcat sees it, where kcat is installed: an older librdkafka than the one built in.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::io::Write;
use std::process::{Command, Stdio};

use sluice_fakekafka::{FakeCluster, Isolation};

fn kcat(cluster: &FakeCluster, arguments: &[&str], input: &str) -> Option<String> {
    let mut child = match Command::new("kcat")
        .args(["-b", &cluster.bootstrap()])
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
    {
        Ok(child) => child,
        Err(error) => {
            eprintln!("kcat is not installed, nothing tested: {error}");
            return None;
        }
    };
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    Some(String::from_utf8(output.stdout).unwrap())
}

#[test]
fn kcat_writes_lists_and_reads() {
    let cluster = FakeCluster::builder().brokers(2).start().unwrap();
    cluster.create_topic("t", 1, &[]).unwrap();
    let write = [
        "-P",
        "-t",
        "t",
        "-p",
        "0",
        "-K",
        ":",
        "-z",
        "snappy",
        "-X",
        "enable.idempotence=true",
    ];
    if kcat(&cluster, &write, "a:1\nb:2\nc:3\n").is_none() {
        return;
    }
    assert_eq!(cluster.records("t", 0, Isolation::Committed).unwrap().len(), 3);
    let listing = kcat(&cluster, &["-L"], "").unwrap();
    assert!(
        listing.contains("2 brokers") && listing.contains("topic \"t\" with 1 partitions"),
        "{listing}"
    );
    let read = kcat(
        &cluster,
        &["-C", "-t", "t", "-o", "1", "-e", "-q", "-f", "%o %k %s\n"],
        "",
    )
    .unwrap();
    assert_eq!(read, "1 b 2\n2 c 3\n");
}
