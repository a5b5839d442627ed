//! Kafka's own programs against the clusters.

use std::{
    thread,
    time::{Duration, Instant},
};

use sluice_testground::{
    Cluster, Ended, Error, KafkaVersion, skip_reason,
    tools::{
        ConsoleConsumer, JavaTool, MirrorMaker, config_command, kcat, producer_performance, topic_command,
    },
};

#[test]
fn mirror_maker_copies_from_one_cluster_to_another() {
    if skip_reason().is_some() {
        return;
    }
    let source = Cluster::builder(KafkaVersion::V4_3_1).start().unwrap();
    let target = Cluster::builder(KafkaVersion::V4_3_1).start().unwrap();
    topic_command(&source, ["--create", "--topic", "t", "--partitions", "2"]).unwrap();
    producer_performance(
        &source,
        [
            "--topic",
            "t",
            "--num-records",
            "20",
            "--record-size",
            "20",
            "--throughput",
            "-1",
        ],
    )
    .unwrap();
    let mut mirror = MirrorMaker::between(source.bootstrap(), target.bootstrap())
        .topics("t")
        .start()
        .unwrap();
    assert!(mirror.is_running() && mirror.pid() > 0);

    let deadline = Instant::now() + Duration::from_secs(120);
    let copied = loop {
        let read = ConsoleConsumer::new(&target, "t")
            .max_records(20)
            .run()
            .unwrap_or_default();
        if read.len() == 20 || Instant::now() > deadline {
            break read.len();
        }
        thread::sleep(Duration::from_secs(1));
    };
    assert_eq!(
        copied,
        20,
        "{}",
        std::fs::read_to_string(mirror.log_file()).unwrap()
    );
    assert_eq!(mirror.stop().unwrap(), Ended::ByItself);
    assert_eq!(mirror.stop().unwrap(), Ended::Before);
}

#[test]
fn settings_of_a_topic_are_seen_by_the_config_command() {
    if skip_reason().is_some() {
        return;
    }
    for version in [KafkaVersion::V4_3_1, KafkaVersion::V0_10_2_2] {
        let cluster = Cluster::builder(version).start().unwrap();
        topic_command(
            &cluster,
            [
                "--create",
                "--topic",
                "t",
                "--partitions",
                "1",
                "--replication-factor",
                "1",
            ]
            .into_iter()
            .chain(["--config", "max.message.bytes=4321"]),
        )
        .unwrap();
        let said = config_command(
            &cluster,
            ["--describe", "--entity-type", "topics", "--entity-name", "t"],
        )
        .unwrap()
        .text();
        assert!(said.contains("max.message.bytes=4321"), "Kafka {version}: {said}");
    }
}

#[test]
fn a_tool_that_fails_or_hangs_is_told_apart() {
    if skip_reason().is_some() {
        return;
    }
    let cluster = Cluster::builder(KafkaVersion::V4_3_1).start().unwrap();
    let failure = topic_command(&cluster, ["--describe", "--topic", "nothing"]).unwrap_err();
    assert!(
        matches!(&failure, Error::Tool { output, .. } if output.contains("nothing")),
        "{failure}"
    );

    topic_command(&cluster, ["--create", "--topic", "t"]).unwrap();
    let hanging = JavaTool::new(
        KafkaVersion::V4_3_1,
        "org.apache.kafka.tools.consumer.ConsoleConsumer",
    )
    .args(["--bootstrap-server", &cluster.bootstrap(), "--topic", "t"])
    .patience(Duration::from_secs(3))
    .run()
    .unwrap_err();
    assert!(matches!(hanging, Error::ToolTimeout { .. }), "{hanging}");
    assert_eq!(
        ConsoleConsumer::new(&cluster, "t")
            .silence(Duration::from_secs(1))
            .run()
            .unwrap(),
        Vec::<String>::new()
    );
    assert!(
        ConsoleConsumer::new(&cluster, "missing")
            .silence(Duration::from_secs(1))
            .run()
            .is_err()
    );

    match kcat(["-b", &cluster.bootstrap(), "-L", "-t", "t"]) {
        Ok(output) => assert!(
            output.text().contains("topic \"t\" with 1 partitions"),
            "{}",
            output.text()
        ),
        Err(error) => assert!(
            matches!(error, Error::ProgramMissing { program: "kcat", .. }),
            "{error}"
        ),
    }
}
