//! TLS, passwords and access control.

use sluice_testground::{
    Cluster, Error, KafkaVersion, Mechanism, Validity, skip_reason,
    tools::{ConsoleConsumer, acls, producer_performance, topic_command},
};

#[test]
fn three_secured_brokers_let_in_who_may() {
    if skip_reason().is_some() {
        return;
    }
    let cluster = Cluster::builder(KafkaVersion::V4_3_1)
        .brokers(3)
        .secured()
        .user("carol", "carol's password")
        .ssl_with_client_certificates()
        .acls()
        .start()
        .unwrap();
    assert_eq!(cluster.secured_bootstrap().unwrap().split(',').count(), 3);
    topic_command(
        &cluster,
        [
            "--create",
            "--topic",
            "t",
            "--partitions",
            "3",
            "--replication-factor",
            "3",
        ],
    )
    .unwrap();
    producer_performance(
        &cluster,
        [
            "--topic",
            "t",
            "--num-records",
            "10",
            "--record-size",
            "20",
            "--throughput",
            "-1",
        ],
    )
    .unwrap();
    let read = |properties| {
        ConsoleConsumer::new(&cluster, "t")
            .client_properties(properties)
            .max_records(10)
            .run()
    };

    // Whom ACLs do not concern comes in by every mechanism.
    for mechanism in Mechanism::ALL {
        let lines = read(cluster.secured_client_properties("admin", mechanism).unwrap()).unwrap();
        assert_eq!(lines.len(), 10, "as admin by {mechanism}");
    }

    let carol = cluster
        .secured_client_properties("carol", Mechanism::ScramSha512)
        .unwrap();
    let refusal = read(carol.clone()).unwrap_err();
    assert!(refusal.to_string().contains("Not authorized"), "{refusal}");
    for resource in [["--topic", "t"], ["--group", "*"]] {
        acls(
            &cluster,
            ["--add", "--allow-principal", "User:carol", "--operation", "Read"]
                .into_iter()
                .chain(resource),
        )
        .unwrap();
    }
    assert_eq!(read(carol.clone()).unwrap().len(), 10);

    let wrong = carol
        .into_iter()
        .map(|(key, value)| (key, value.replace("carol's password", "something else")));
    let refusal = read(wrong.collect()).unwrap_err();
    assert!(refusal.to_string().contains("invalid credentials"), "{refusal}");

    // The name in the client's certificate is a user without rights.
    let refusal = read(cluster.ssl_client_properties().unwrap()).unwrap_err();
    assert!(refusal.to_string().contains("Not authorized"), "{refusal}");
}

#[test]
fn an_expired_certificate_is_refused_by_clients() {
    if skip_reason().is_some() {
        return;
    }
    let cluster = Cluster::builder(KafkaVersion::V3_9_1)
        .ssl()
        .certificate_validity(Validity::Expired)
        .start()
        .unwrap();
    topic_command(&cluster, ["--create", "--topic", "t"]).unwrap();
    let refusal = ConsoleConsumer::new(&cluster, "t")
        .client_properties(cluster.ssl_client_properties().unwrap())
        .run()
        .unwrap_err();
    assert!(refusal.to_string().contains("SSL handshake failed"), "{refusal}");
}

#[test]
fn what_an_old_version_cannot_do_is_said_before_the_start() {
    let refusal = Cluster::builder(KafkaVersion::V2_0_1)
        .secured()
        .start()
        .unwrap_err();
    assert!(matches!(refusal, Error::NotOffered(_)), "{refusal}");
    let refusal = Cluster::builder(KafkaVersion::V4_3_1)
        .brokers(4)
        .start()
        .unwrap_err();
    assert!(matches!(refusal, Error::NotOffered(_)), "{refusal}");
}
