//! Brokers that end, freeze and come back, and networks that fail.

#![expect(
    clippy::unwrap_used,
    reason = "in a test, also in its functions, a failure is to say where it is"
)]

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    thread,
    time::{Duration, Instant},
};

use sluice_testground::{
    Cluster, Ended, Error, KafkaVersion, Link, LinkState, skip_reason,
    tools::{ConsoleConsumer, producer_performance, topic_command},
};

#[test]
fn a_killed_broker_of_three_comes_back_with_its_records() {
    if skip_reason().is_some() {
        return;
    }
    let cluster = Cluster::builder(KafkaVersion::V4_3_1).brokers(3).start().unwrap();
    topic_command(
        &cluster,
        [
            "--create",
            "--topic",
            "t",
            "--partitions",
            "1",
            "--replication-factor",
            "3",
        ],
    )
    .unwrap();
    produce(&cluster, 5);

    let broker = cluster.broker(2);
    let first_life = broker.pid().unwrap();
    broker.kill().unwrap();
    assert!(!broker.is_running());
    assert_eq!(broker.stop().unwrap(), Ended::Before);
    assert!(matches!(broker.pause(), Err(Error::NotRunning(_))));
    produce(&cluster, 5);
    broker.start().unwrap();
    assert_ne!(broker.pid().unwrap(), first_life);
    assert_eq!(
        ConsoleConsumer::new(&cluster, "t")
            .max_records(10)
            .run()
            .unwrap()
            .len(),
        10
    );
}

#[test]
fn a_stopped_or_killed_single_broker_comes_back_with_its_records() {
    if skip_reason().is_some() {
        return;
    }
    for version in [KafkaVersion::V4_3_1, KafkaVersion::V1_0_2] {
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
            ],
        )
        .unwrap();
        produce(&cluster, 5);
        let broker = cluster.broker(1);
        assert_eq!(broker.stop().unwrap(), Ended::ByItself, "Kafka {version}");
        cluster.start_all().unwrap();
        broker.kill().unwrap();
        broker.start().unwrap();
        let read = ConsoleConsumer::new(&cluster, "t").max_records(5).run().unwrap();
        assert_eq!(read.len(), 5, "Kafka {version}");
    }
}

#[cfg(unix)]
#[test]
fn a_paused_broker_keeps_its_connections_and_answers_later() {
    if skip_reason().is_some() {
        return;
    }
    let cluster = Cluster::builder(KafkaVersion::V4_3_1).start().unwrap();
    let broker = cluster.broker(1);
    let mut client = connect(broker.address());
    broker.pause().unwrap();
    assert!(broker.is_running());
    client.write_all(&api_versions()).unwrap();
    assert!(is_silent(&mut client));
    broker.resume().unwrap();
    assert!(answers(&mut client));

    // A paused process would keep the polite signal for later; a stop must not wait for that.
    broker.pause().unwrap();
    assert_eq!(broker.stop().unwrap(), Ended::ByItself);
}

#[test]
fn clients_of_a_cluster_behind_links_lose_it_with_the_link() {
    if skip_reason().is_some() {
        return;
    }
    let cluster = Cluster::builder(KafkaVersion::V4_3_1)
        .behind_link()
        .start()
        .unwrap();
    topic_command(&cluster, ["--create", "--topic", "t"]).unwrap();
    produce(&cluster, 5);
    let through_link = || {
        ConsoleConsumer::at(KafkaVersion::V4_3_1, cluster.bootstrap(), "t")
            .max_records(5)
            .run()
    };
    let link = cluster.broker(1).link().unwrap();
    assert_eq!(link.connections(), 0, "the checks go by another way");
    // Reads by the advertised address too, so this shows that it is the link's.
    assert_eq!(through_link().unwrap().len(), 5);

    let mut client = connect(cluster.broker(1).address());
    client.write_all(&api_versions()).unwrap();
    assert!(answers(&mut client));
    cluster.cut();
    assert!(is_closed(&mut client));
    assert!(is_closed(&mut connect(cluster.broker(1).address())));
    assert_eq!(
        ConsoleConsumer::new(&cluster, "t")
            .max_records(5)
            .run()
            .unwrap()
            .len(),
        5
    );

    cluster.restore();
    let mut client = connect(cluster.broker(1).address());
    client.write_all(&api_versions()).unwrap();
    assert!(answers(&mut client));
}

#[test]
fn a_stalled_link_holds_bytes_back_and_a_cut_one_drops_them() {
    let echo = TcpListener::bind("127.0.0.1:0").unwrap();
    let target = echo.local_addr().unwrap();
    thread::spawn(move || {
        for stream in echo.incoming() {
            let mut stream = stream.unwrap();
            thread::spawn(move || {
                let mut byte = [0; 1];
                while stream.read_exact(&mut byte).is_ok() && stream.write_all(&byte).is_ok() {}
            });
        }
    });
    let link = Link::to(target).unwrap();
    let mut client = connect(link.address().unwrap());
    client.write_all(b"a").unwrap();
    assert!(answers(&mut client));
    assert_eq!((link.state(), link.connections()), (LinkState::Up, 1));

    link.stall();
    client.write_all(b"b").unwrap();
    assert!(is_silent(&mut client));
    link.restore();
    assert!(answers(&mut client));

    link.stall();
    link.cut();
    assert!(is_closed(&mut client));
    assert_eq!((link.state(), link.connections()), (LinkState::Cut, 0));
    let address = link.address().unwrap();
    drop(link);
    let deadline = Instant::now() + Duration::from_secs(10);
    while TcpStream::connect(address).is_ok() {
        assert!(Instant::now() < deadline, "a dropped link still listens");
        thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn a_broker_that_cannot_start_says_why() {
    if skip_reason().is_some() {
        return;
    }
    let refusal = Cluster::builder(KafkaVersion::V4_3_1)
        .property("num.io.threads", "none")
        .start()
        .unwrap_err()
        .to_string();
    assert!(refusal.contains("num.io.threads"), "{refusal}");
    let refusal = Cluster::builder(KafkaVersion::V2_0_1)
        .property("num.io.threads", "none")
        .start()
        .unwrap_err()
        .to_string();
    assert!(refusal.contains("num.io.threads"), "{refusal}");
}

fn produce(cluster: &Cluster, records: u32) {
    let records = records.to_string();
    producer_performance(
        cluster,
        [
            "--topic",
            "t",
            "--num-records",
            &records,
            "--record-size",
            "20",
            "--throughput",
            "-1",
        ],
    )
    .unwrap();
}

fn connect(address: SocketAddr) -> TcpStream {
    TcpStream::connect(address).unwrap()
}

/// An ApiVersions request of version 0, without a client id.
fn api_versions() -> Vec<u8> {
    [
        &10_i32.to_be_bytes()[..],
        &18_i16.to_be_bytes(),
        &0_i16.to_be_bytes(),
        &1_i32.to_be_bytes(),
        &(-1_i16).to_be_bytes(),
    ]
    .concat()
}

fn is_silent(client: &mut TcpStream) -> bool {
    client.set_read_timeout(Some(Duration::from_millis(500))).unwrap();
    let kind = client.read(&mut [0]).map_err(|error| error.kind());
    matches!(
        kind,
        Err(std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut)
    )
}

fn is_closed(client: &mut TcpStream) -> bool {
    client.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    match client.read(&mut [0]) {
        Ok(read) => read == 0,
        Err(error) => error.kind() == std::io::ErrorKind::ConnectionReset,
    }
}

fn answers(client: &mut TcpStream) -> bool {
    client.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    client.read(&mut [0; 4096]).is_ok_and(|read| read > 0)
}
