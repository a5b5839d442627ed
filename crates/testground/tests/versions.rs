//! Every version starts, takes records and gives them back.

#![expect(
    clippy::unwrap_used,
    reason = "in a test, also in its functions, a failure is to say where it is"
)]

use std::fs;

use sluice_testground::{
    Cluster, KafkaVersion, skip_reason,
    tools::{ConsoleConsumer, JavaTool, topic_command},
};

#[test]
fn kafka_4_3_1_answers() {
    takes_and_gives(KafkaVersion::V4_3_1);
}

#[test]
fn kafka_3_9_1_answers() {
    takes_and_gives(KafkaVersion::V3_9_1);
}

#[test]
fn kafka_2_0_1_answers() {
    takes_and_gives(KafkaVersion::V2_0_1);
}

#[test]
fn kafka_1_0_2_answers() {
    takes_and_gives(KafkaVersion::V1_0_2);
}

#[test]
fn kafka_0_10_2_2_answers() {
    takes_and_gives(KafkaVersion::V0_10_2_2);
}

fn takes_and_gives(version: KafkaVersion) {
    if skip_reason().is_some() {
        return;
    }
    let cluster = Cluster::builder(version).start().unwrap();
    topic_command(
        &cluster,
        [
            "--create",
            "--topic",
            "t",
            "--partitions",
            "2",
            "--replication-factor",
            "1",
        ],
    )
    .unwrap();
    let listed = topic_command(&cluster, ["--list"]).unwrap();
    assert!(
        listed.lines().contains(&"t".to_owned()),
        "topics: {:?}",
        listed.lines()
    );

    let input = cluster.dir().join("input");
    fs::write(&input, "k1\tone\nk2\ttwo\nk3\tthree\n").unwrap();
    let producer = if version >= KafkaVersion::V4_3_1 {
        "org.apache.kafka.tools.ConsoleProducer"
    } else {
        "kafka.tools.ConsoleProducer"
    };
    // The old brokers' producers know no --bootstrap-server.
    let address = if version.is_kraft() {
        "--bootstrap-server"
    } else {
        "--broker-list"
    };
    let separator = if version >= KafkaVersion::V4_3_1 {
        "--reader-property"
    } else {
        "--property"
    };
    let produced = JavaTool::new(version, producer)
        .args([
            address,
            &cluster.bootstrap(),
            "--topic",
            "t",
            separator,
            "parse.key=true",
        ])
        .stdin(input)
        .run()
        .unwrap()
        .successful()
        .unwrap();
    assert!(!produced.stderr.contains("ERROR"), "{}", produced.stderr);

    let mut read = ConsoleConsumer::new(&cluster, "t")
        .print_all()
        .max_records(3)
        .run()
        .unwrap();
    read.sort_by_key(|line| line.rsplit('\t').nth(1).map(str::to_owned));
    assert_eq!(read.len(), 3, "{read:?}");
    for (line, end) in read.iter().zip([
        "\tNO_HEADERS\tk1\tone",
        "\tNO_HEADERS\tk2\ttwo",
        "\tNO_HEADERS\tk3\tthree",
    ]) {
        assert!(
            line.starts_with("CreateTime:") && line.contains("\tPartition:"),
            "{line}"
        );
        assert!(line.contains("\tOffset:") && line.ends_with(end), "{line}");
    }
}
