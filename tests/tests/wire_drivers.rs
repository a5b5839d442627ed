//! The wire client's fetcher and producer on real brokers: whole batches from one topic to another.
#![expect(clippy::unwrap_used, reason = "a test may fail by it")]

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use bytes::{Bytes, BytesMut};
use kafka_protocol::records::{Compression, Record, RecordBatchEncoder, RecordEncodeOptions, TimestampType};
use sluice_model::Cluster as Source;
use sluice_testground::tools::topic_command;
use sluice_testground::{Cluster, KafkaVersion};
use sluice_tests::skipped;
use sluice_wire::format::{Copied, RecordReader};
use sluice_wire::{
    Client, FetchEvent, FetchFrom, FetchHalt, FetchSettings, Fetcher, GroupOffset, ProduceEvent,
    ProduceSettings, Producer, TopicPartition, TransactionSettings, Wake,
};

const PARTITIONS: i32 = 3;
/// Old brokers take a session of ZooKeeper, 18 seconds, to notice that one of them is gone, and each copy meets that twice.
const PATIENCE: Duration = Duration::from_secs(240);
const GROUP: &str = "positions";

fn client(cluster: &Cluster) -> Result<Client> {
    Ok(Client::new(&Source::new(&cluster.bootstrap())?)?)
}

fn place(topic: &str, partition: i32) -> TopicPartition {
    TopicPartition::new(topic, partition)
}

fn create(cluster: &Cluster, topic: &str, replicas: i32) -> Result<()> {
    topic_command(
        cluster,
        [
            "--create".to_owned(),
            "--topic".to_owned(),
            topic.to_owned(),
            "--partitions".to_owned(),
            PARTITIONS.to_string(),
            "--replication-factor".to_owned(),
            replicas.to_string(),
        ],
    )?;
    Ok(())
}

fn batch(values: &[String]) -> Bytes {
    let records: Vec<Record> = values
        .iter()
        .enumerate()
        .map(|(index, value)| Record {
            transactional: false,
            control: false,
            delete_horizon: false,
            partition_leader_epoch: -1,
            producer_id: -1,
            producer_epoch: -1,
            timestamp_type: TimestampType::Creation,
            offset: index as i64,
            sequence: index as i32,
            timestamp: 1_700_000_000_000,
            key: None,
            value: Some(Bytes::copy_from_slice(value.as_bytes())),
            headers: Default::default(),
        })
        .collect();
    let options = RecordEncodeOptions {
        version: 2,
        compression: Compression::None,
    };
    let mut out = BytesMut::new();
    RecordBatchEncoder::encode(&mut out, &records, &options).unwrap();
    out.freeze()
}

fn transactional(id: &str) -> ProduceSettings {
    ProduceSettings {
        transactions: Some(TransactionSettings {
            id: id.to_owned(),
            timeout: Duration::from_secs(60),
        }),
        ..ProduceSettings::default()
    }
}

fn soon() -> Instant {
    Instant::now() + Duration::from_millis(50)
}

/// Polls until an event comes. If it does not, the error tells of the last other ones.
fn until(producer: &mut Producer, wanted: &ProduceEvent) -> Result<()> {
    let deadline = Instant::now() + PATIENCE;
    let mut others = VecDeque::new();
    loop {
        ensure!(
            Instant::now() < deadline,
            "{wanted:?} does not come, but {others:?}: {producer:?}"
        );
        for event in producer.poll(soon())? {
            ensure!(
                !matches!(
                    event,
                    ProduceEvent::Refused { .. } | ProduceEvent::TransactionFailed(_)
                ),
                "{event:?}"
            );
            if event == *wanted {
                return Ok(());
            }
            if !matches!(event, ProduceEvent::Acknowledged { .. }) {
                others.push_front(event);
                others.truncate(20);
            }
        }
    }
}

fn drain(producer: &mut Producer) -> Result<()> {
    let deadline = Instant::now() + PATIENCE;
    while producer.unsettled() > 0 {
        ensure!(Instant::now() < deadline, "batches stay without an answer");
        for event in producer.poll(soon())? {
            ensure!(!matches!(event, ProduceEvent::Refused { .. }), "{event:?}");
        }
    }
    Ok(())
}

/// Plain batches, and committed and aborted transactions between them. Returns the values that count, by partition.
fn fill(client: &Client, topic: &str, rounds: usize) -> Result<BTreeMap<i32, Vec<String>>> {
    let mut plain = Producer::open(client, ProduceSettings::default(), &Wake::new())?;
    let mut writer = Producer::open(client, transactional("filler"), &Wake::new())?;
    let mut expected: BTreeMap<i32, Vec<String>> = BTreeMap::new();
    for round in 0..rounds {
        for (kind, counts) in [("plain", true), ("committed", true), ("aborted", false)] {
            let producer = if kind == "plain" { &mut plain } else { &mut writer };
            if kind != "plain" {
                producer.begin()?;
            }
            for partition in 0..PARTITIONS {
                let values: Vec<String> = (0..=round % 3)
                    .map(|index| format!("{kind} {round} {partition} {index} {}", "x".repeat(200)))
                    .collect();
                producer.send(&place(topic, partition), batch(&values))?;
                if counts {
                    expected.entry(partition).or_default().extend(values);
                }
            }
            match kind {
                "plain" => drain(producer)?,
                "committed" => {
                    producer.commit()?;
                    until(producer, &ProduceEvent::Committed)?;
                }
                _ => {
                    drain(producer)?;
                    producer.abort()?;
                    until(producer, &ProduceEvent::Aborted)?;
                }
            }
        }
    }
    Ok(expected)
}

fn settings() -> FetchSettings {
    FetchSettings {
        max_wait: Duration::from_millis(200),
        partition_bytes: 4_000,
        answer_bytes: 16_000,
        held_bytes: 256_000,
        ..FetchSettings::default()
    }
}

fn all(topic: &str) -> Vec<FetchFrom> {
    (0..PARTITIONS)
        .map(|partition| FetchFrom {
            place: place(topic, partition),
            position: 0,
            leader_epoch: None,
            topic_id: None,
        })
        .collect()
}

/// The values that a committed reader sees, until each partition has as many as expected.
fn read(
    client: &Client,
    topic: &str,
    expected: &BTreeMap<i32, Vec<String>>,
) -> Result<BTreeMap<i32, Vec<String>>> {
    let mut fetcher = Fetcher::new(client, settings(), &Wake::new());
    fetcher.add(&all(topic));
    let mut reader = RecordReader::new(1 << 20);
    let mut found: BTreeMap<i32, Vec<String>> = BTreeMap::new();
    let deadline = Instant::now() + PATIENCE;
    let enough = |found: &BTreeMap<i32, Vec<String>>| {
        expected
            .iter()
            .all(|(partition, values)| found.get(partition).map_or(0, Vec::len) >= values.len())
    };
    while !enough(&found) {
        ensure!(Instant::now() < deadline, "not all records come: {found:?}");
        for event in fetcher.poll(soon())? {
            let FetchEvent::Batches(batches) = event else {
                continue;
            };
            for entry in batches.entries() {
                let Copied::Batch(view) = entry? else { continue };
                let values = found.entry(batches.place.partition).or_default();
                for record in reader.batch(&view)?.iter() {
                    values.push(String::from_utf8(record.value.unwrap_or_default().to_vec())?);
                }
            }
        }
    }
    Ok(found)
}

/// Polls until a batch of the open transaction is acknowledged; false if it has none. The transaction before it is over
/// then: brokers before 2.4 can lose the end of one whose markers are on their way while a broker dies, and refuse the next
/// one for good (CONCURRENT_TRANSACTIONS).
fn first_acknowledged(producer: &mut Producer) -> Result<bool> {
    let deadline = Instant::now() + PATIENCE;
    while producer.unsettled() > 0 {
        ensure!(
            Instant::now() < deadline,
            "no batch is acknowledged: {producer:?}"
        );
        let events = producer.poll(soon())?;
        let acknowledged = |event: &ProduceEvent| matches!(event, ProduceEvent::Acknowledged { .. });
        if events.iter().any(acknowledged) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Copies everything by passing batches, a transaction for each handful, and lets brokers fail in between. Returns the
/// positions.
fn copy(
    client: &Client,
    from: &str,
    to: &str,
    ends: &BTreeMap<i32, i64>,
    mut fail: impl FnMut(usize),
) -> Result<BTreeMap<i32, i64>> {
    let wake = Wake::new();
    let mut fetcher = Fetcher::new(client, settings(), &wake);
    let mut producer = Producer::open(client, transactional("copier"), &wake)?;
    fetcher.add(&all(from));
    let mut positions: BTreeMap<i32, i64> = BTreeMap::new();
    let deadline = Instant::now() + PATIENCE;
    let mut turn = 0;
    while ends
        .iter()
        .any(|(partition, end)| positions.get(partition).is_none_or(|at| at < end))
    {
        ensure!(Instant::now() < deadline, "{positions:?} of {ends:?}");
        let events = fetcher.poll(soon())?;
        let mut offsets = BTreeMap::new();
        producer.begin()?;
        for event in events {
            ensure!(!matches!(event, FetchEvent::Halted { .. }), "{event:?}");
            let FetchEvent::Batches(batches) = event else {
                continue;
            };
            for entry in batches.entries() {
                let entry = entry?;
                positions.insert(batches.place.partition, entry.next_offset());
                if let Copied::Batch(view) = entry {
                    let bytes = batches.records.slice_ref(view.bytes());
                    producer.send(&place(to, batches.place.partition), bytes)?;
                }
            }
            let position = GroupOffset {
                offset: batches.next_offset,
                leader_epoch: batches.leader_epoch,
                metadata: "copied".to_owned(),
            };
            offsets.insert(place(to, batches.place.partition), position);
        }
        if !offsets.is_empty() {
            producer.send_offsets(GROUP, offsets)?;
            if first_acknowledged(&mut producer)? {
                fail(turn);
                turn += 1;
            }
        }
        producer.commit()?;
        until(&mut producer, &ProduceEvent::Committed)?;
    }
    Ok(positions)
}

fn ends(client: &Client, topic: &str) -> Result<BTreeMap<i32, i64>> {
    let places: Vec<TopicPartition> = (0..PARTITIONS).map(|partition| place(topic, partition)).collect();
    let listed = client.list_offsets(
        &places,
        sluice_wire::OffsetSpec::Latest,
        sluice_wire::Isolation::Committed,
    )?;
    listed
        .into_iter()
        .map(|(place, found)| Ok((place.partition, found?.offset.unwrap_or(0))))
        .collect()
}

fn check_copy(version: KafkaVersion) -> Result<()> {
    let cluster = Cluster::builder(version).brokers(2).start()?;
    let client = client(&cluster)?;
    create(&cluster, "from", 2)?;
    create(&cluster, "to", 2)?;
    let expected = fill(&client, "from", 12)?;
    assert_eq!(read(&client, "from", &expected)?, expected);
    let ends = ends(&client, "from")?;
    let mut restarts = 0;
    let restart = |turn: usize| {
        if turn == 1 || turn == 3 {
            restarts += 1;
            let broker = &cluster.brokers()[turn % 2];
            broker.kill().unwrap();
            broker.start().unwrap();
        }
    };
    let positions = copy(&client, "from", "to", &ends, restart)?;
    assert_eq!(restarts, 2);
    assert_eq!(read(&client, "to", &expected)?, expected);
    let committed = client.offset_fetch(GROUP, None, true)?;
    for (partition, copied) in positions {
        let position = committed[&place("to", partition)].clone()?;
        assert_eq!((position.offset, position.metadata.as_str()), (copied, "copied"));
    }
    Ok(())
}

#[test]
fn batches_and_positions_arrive_once_while_brokers_are_killed() -> Result<()> {
    if skipped() {
        return Ok(());
    }
    for version in [KafkaVersion::V1_0_2, KafkaVersion::V2_0_1, KafkaVersion::V4_3_1] {
        check_copy(version)?;
    }
    Ok(())
}

/// The reason for which a partition is halted.
fn halt(fetcher: &mut Fetcher, wanted: &TopicPartition) -> Result<FetchHalt> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        ensure!(Instant::now() < deadline, "{wanted} is not halted");
        for event in fetcher.poll(soon())? {
            if let FetchEvent::Halted { place, reason } = event
                && place == *wanted
            {
                return Ok(reason);
            }
        }
    }
}

#[test]
fn recreated_topics_and_positions_that_are_gone_halt_with_the_reason() -> Result<()> {
    if skipped() {
        return Ok(());
    }
    let cluster = Cluster::builder(KafkaVersion::V4_3_1).start()?;
    let client = client(&cluster)?;
    create(&cluster, "t", 1)?;
    let expected = fill(&client, "t", 2)?;
    assert_eq!(read(&client, "t", &expected)?, expected);
    let first = place("t", 0);
    let deleted = client.delete_records(&BTreeMap::from([(first.clone(), 3)]))?;
    assert_eq!(deleted[&first], Ok(3));
    let mut fetcher = Fetcher::new(&client, settings(), &Wake::new());
    fetcher.add(&all("t"));
    assert_eq!(halt(&mut fetcher, &first)?, FetchHalt::OutOfRange { position: 0 });
    fetcher.seek(&first, 3, None);
    let deadline = Instant::now() + PATIENCE;
    while fetcher.position(&first) == Some(3) {
        ensure!(Instant::now() < deadline, "a seek goes on");
        fetcher.poll(soon())?;
    }
    assert_eq!(fetcher.marks(&first).unwrap().log_start, Some(3));
    let id = |client: &Client| -> Result<_> { Ok(client.topics(Some(&["t"]))?[0].id) };
    let before = id(&client)?;
    topic_command(&cluster, ["--delete", "--topic", "t"])?;
    create(&cluster, "t", 1)?;
    let now = id(&client)?;
    assert_eq!(
        halt(&mut fetcher, &first)?,
        FetchHalt::Recreated {
            expected: before.unwrap(),
            found: now.unwrap()
        }
    );
    Ok(())
}

#[test]
fn a_successor_fences_the_producer_before_it() -> Result<()> {
    if skipped() {
        return Ok(());
    }
    for version in [KafkaVersion::V2_0_1, KafkaVersion::V4_3_1] {
        let cluster = Cluster::builder(version).start()?;
        let client = client(&cluster)?;
        create(&cluster, "t", 1)?;
        let write = |producer: &mut Producer, value: &str| -> Result<()> {
            producer.begin()?;
            producer.send(&place("t", 0), batch(&[value.to_owned()]))?;
            Ok(())
        };
        let mut older = Producer::open(&client, transactional("one"), &Wake::new())?;
        write(&mut older, "old")?;
        drain(&mut older)?;
        let mut newer = Producer::open(&client, transactional("one"), &Wake::new())?;
        older.send(&place("t", 0), batch(&["late".to_owned()]))?;
        until(&mut older, &ProduceEvent::Fenced)?;
        write(&mut newer, "new")?;
        newer.commit()?;
        until(&mut newer, &ProduceEvent::Committed)?;
        let expected = BTreeMap::from([(0, vec!["new".to_owned()])]);
        assert_eq!(read(&client, "t", &expected)?, expected);
    }
    Ok(())
}
