//! The wire client on real brokers.
#![expect(clippy::unwrap_used, reason = "a test may fail by it")]

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use bytes::{Bytes, BytesMut};
use kafka_protocol::records::{Compression, Record, RecordBatchEncoder, RecordEncodeOptions, TimestampType};
use sluice_model::{ADDRESS_MAP, Cluster as Source};
use sluice_testground::{Cluster, KafkaVersion, Mechanism};
use sluice_tests::{Filler, cluster, eventually, now_ms, odd_records, skipped};
use sluice_wire::{
    Address, ApiKey, Cancel, Client, ConfigResource, ConfigSource, ErrorCode, GroupOffset, Isolation,
    OffsetSpec, ProduceBatch, ProduceRequest, ProducedPartition, ProducerIdentity, TopicPartition,
    Unsupported, WireError,
};

const RECORDS: usize = 50;

fn client(bootstrap: &str) -> Result<Client> {
    Ok(Client::new(&Source::new(bootstrap)?)?)
}

fn place(topic: &str, partition: i32) -> TopicPartition {
    TopicPartition::new(topic, partition)
}

/// A topic `t` of three partitions with [`RECORDS`] numbered records each.
fn filled(version: KafkaVersion) -> Result<(Cluster, Filler, Client)> {
    let cluster = cluster(version)?;
    let filler = Filler::new(&cluster.bootstrap())?;
    filler.create("t", 3, &[("retention.ms", "-1")])?;
    filler.numbered("t", 3, 0, RECORDS, 100)?;
    let client = client(&cluster.bootstrap())?;
    Ok((cluster, filler, client))
}

fn is_unsupported(error: &WireError, since: &str) -> bool {
    matches!(error, WireError::Unsupported(Unsupported::Api { since: Some(known), .. }) if *known == since)
}

fn check_metadata(version: KafkaVersion, client: &Client) -> Result<()> {
    let info = client.cluster()?;
    assert!(info.id.is_some(), "{info:?}");
    assert_eq!(info.brokers.len(), 1, "{info:?}");
    let broker = &info.brokers[0];
    let versions = client.api_versions(broker.id)?;
    assert!(versions.range(ApiKey::Metadata).is_some(), "{versions:?}");
    // Brokers of the test ground create topics that are named to them.
    for _ in 0..2 {
        let topics = client.topics(Some(&["t", "missing"]))?;
        assert_eq!(topics.len(), 2, "{topics:?}");
        assert_eq!(topics[0].error, Some(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION));
        let topic = &topics[1];
        assert_eq!(topic.id.is_some(), version >= KafkaVersion::V3_9_1, "{topic:?}");
        let numbers: Vec<i32> = topic.partitions.iter().map(|one| one.partition).collect();
        assert_eq!(numbers, [0, 1, 2]);
        assert!(
            topic
                .partitions
                .iter()
                .all(|one| one.leader == Some(broker.id) && one.in_sync == [broker.id])
        );
    }
    let all = client.topics(None)?;
    assert!(
        all.iter().any(|topic| topic.name == "t") && all.iter().all(|topic| topic.name != "missing"),
        "{all:?}"
    );
    Ok(())
}

fn check_offsets(client: &Client) -> Result<()> {
    let places = [place("t", 0), place("t", 2), place("t", 7), place("missing", 0)];
    for isolation in [Isolation::Uncommitted, Isolation::Committed] {
        for (spec, expected) in [
            (OffsetSpec::Earliest, Some(0)),
            (OffsetSpec::Latest, Some(RECORDS as i64)),
            (OffsetSpec::AtTime(1), Some(0)),
            (OffsetSpec::AtTime(now_ms() + 3_600_000), None),
        ] {
            let found = client.list_offsets(&places, spec, isolation)?;
            for good in &places[..2] {
                let listed = found[good].as_ref().map_err(Clone::clone)?;
                assert_eq!(listed.offset, expected, "{good} {spec:?}");
            }
            for bad in &places[2..] {
                let error = found[bad].as_ref().unwrap_err();
                assert_eq!(error.code(), Some(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION), "{bad}");
            }
        }
    }
    Ok(())
}

fn check_configs(version: KafkaVersion, client: &Client) -> Result<()> {
    let topic = ConfigResource::Topic("t".to_owned());
    let broker = ConfigResource::Broker(client.cluster()?.brokers[0].id);
    let missing = ConfigResource::Topic("missing".to_owned());
    let asked = [topic.clone(), broker.clone(), missing.clone()];
    let found = client.describe_configs(&asked, None);
    if version == KafkaVersion::V0_10_2_2 {
        let error = found.unwrap_err();
        assert!(is_unsupported(&error, "0.11"), "{error}");
        return Ok(());
    }
    let found = found?;
    let values = found[&topic].as_ref().map_err(Clone::clone)?;
    assert_eq!(values["retention.ms"].value.as_deref(), Some("-1"));
    assert_eq!(values["retention.ms"].source, ConfigSource::Topic);
    assert_ne!(values["max.message.bytes"].source, ConfigSource::Topic);
    let values = found[&broker].as_ref().map_err(Clone::clone)?;
    assert!(values.contains_key("log.retention.hours"), "{values:?}");
    // Kafka before 2.0 answers for topics that do not exist.
    if version >= KafkaVersion::V2_0_1 {
        let error = found[&missing].as_ref().unwrap_err();
        assert_eq!(
            error.code(),
            Some(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION),
            "{error}"
        );
    }
    let one = client.describe_configs(std::slice::from_ref(&topic), Some(&["retention.ms"]))?;
    let values = one[&topic].as_ref().map_err(Clone::clone)?;
    assert_eq!(values.keys().collect::<Vec<_>>(), ["retention.ms"]);
    Ok(())
}

/// A transaction that is left open is found with all that this version tells.
fn check_open_transaction(version: KafkaVersion, filler: &Filler, client: &Client) -> Result<()> {
    let places = [place("t", 0), place("t", 1)];
    assert!(client.open_transactions(&places)?.is_empty());
    if !version.has_transactions() {
        return Ok(());
    }
    let writer = filler.transactional("left-open")?;
    writer.open("t", 1, &odd_records()[..3])?;
    let found = client.open_transactions(&places)?;
    assert_eq!(found.len(), 1, "{found:?}");
    let open = found[&places[1]].as_ref().map_err(Clone::clone)?;
    assert_eq!(
        (open.start_offset, open.high_watermark),
        (RECORDS as i64, RECORDS as i64 + 3)
    );
    if version >= KafkaVersion::V3_9_1 {
        assert_eq!(open.transactional_id.as_deref(), Some("left-open"), "{open:?}");
        assert!(
            open.producer_id.is_some() && !open.abandoned && open.missing.is_empty(),
            "{open:?}"
        );
        let age = open.age(now_ms()).context("an age")?;
        assert!(age < Duration::from_secs(600), "{age:?}");
    } else {
        assert!(is_unsupported(&open.missing[0].reason, "2.8"), "{open:?}");
    }
    writer.commit()?;
    eventually("the transaction is over", || {
        Ok(client.open_transactions(&places)?.is_empty())
    })
}

/// The newest batches come in the format that this version keeps on its disk.
fn check_fetch(version: KafkaVersion, client: &Client) -> Result<()> {
    let fetched = client.fetch_raw("t", 0, 0, 1_000_000, Isolation::Committed)?;
    assert_eq!(fetched.high_watermark, Some(RECORDS as i64));
    let magic = i32::from(fetched.records[16]);
    let (format, stable) = if version.has_transactions() {
        (2, Some(RECORDS as i64))
    } else {
        (1, None)
    };
    assert_eq!((magic, fetched.last_stable_offset), (format, stable), "{version}");
    let few = client.fetch_raw("t", 0, 0, 1, Isolation::Uncommitted)?;
    assert!(few.records.len() <= fetched.records.len());
    let error = client
        .fetch_raw("t", 0, 10_000, 1_000, Isolation::Uncommitted)
        .unwrap_err();
    assert_eq!(error.code(), Some(ErrorCode::OFFSET_OUT_OF_RANGE));
    Ok(())
}

/// A batch of the second format with one record for each value, part of a transaction.
fn batch(producer: ProducerIdentity, sequence: i32, values: &[&str]) -> Result<Bytes> {
    let records: Vec<Record> = values
        .iter()
        .enumerate()
        .map(|(index, value)| Record {
            transactional: true,
            control: false,
            delete_horizon: false,
            partition_leader_epoch: -1,
            producer_id: producer.id,
            producer_epoch: producer.epoch,
            timestamp_type: TimestampType::Creation,
            offset: index as i64,
            sequence: sequence + index as i32,
            timestamp: now_ms(),
            key: None,
            value: Some(Bytes::copy_from_slice(value.as_bytes())),
            headers: Default::default(),
        })
        .collect();
    let mut out = BytesMut::new();
    let options = RecordEncodeOptions {
        version: 2,
        compression: Compression::None,
    };
    RecordBatchEncoder::encode(&mut out, &records, &options)?;
    Ok(out.freeze())
}

/// Two transactions with records and positions, one committed and one aborted; then another instance takes over.
fn check_produce(version: KafkaVersion, cluster: &Cluster, filler: &Filler, client: &Client) -> Result<()> {
    const ID: &str = "wire-writer";
    let minute = Duration::from_secs(60);
    if !version.has_transactions() {
        let error = client.init_producer_id(Some(ID), minute, None).unwrap_err();
        assert!(matches!(error, WireError::Unsupported(_)), "{error}");
        return Ok(());
    }
    filler.create("w", 1, &[])?;
    let producer = client.init_producer_id(Some(ID), minute, None)?;
    let target = place("w", 0);
    let (leader, _) = client.leader(&target)?;
    let connection = client.connect(leader)?;
    let send = |sequence: i32, values: &[&str]| -> Result<ProducedPartition> {
        let request = ProduceRequest {
            transactional_id: Some(ID.to_owned()),
            timeout: Duration::from_secs(10),
            batches: vec![ProduceBatch {
                place: target.clone(),
                pieces: vec![batch(producer, sequence, values)?],
            }],
            has_zstd: false,
        };
        let mut answer = connection
            .begin_produce(&request, &Cancel::new())?
            .wait(&Cancel::new())?;
        Ok(answer.partitions.remove(0))
    };
    for (commit, sequence) in [(true, 0), (false, 2), (true, 4)] {
        client.add_partitions_to_txn(ID, producer, std::slice::from_ref(&target))?;
        // The broker of a new topic may not know yet that it leads it.
        eventually("the leader takes a batch", || {
            let answer = send(sequence, &["a", "b"])?;
            let is_early = answer.error == Some(ErrorCode::NOT_LEADER_OR_FOLLOWER);
            ensure!(is_early || answer.error.is_none(), "{answer:?}");
            Ok(!is_early)
        })?;
        client.add_offsets_to_txn(ID, producer, "wire-group")?;
        let position = GroupOffset {
            offset: i64::from(sequence) + 2,
            leader_epoch: None,
            metadata: format!("{commit}"),
        };
        client.txn_offset_commit(
            ID,
            producer,
            "wire-group",
            &BTreeMap::from([(target.clone(), position)]),
        )?;
        client.end_txn(ID, producer, commit)?;
    }
    // Brokers before 2.5 cannot wait for the markers of a transaction that has been ended.
    eventually("the committed position and records are visible", || {
        let found = client.offset_fetch("wire-group", None, true)?;
        let position = found.get(&target).cloned().transpose()?;
        let records = sluice_tests::read_all(&cluster.bootstrap(), "w", 0)?;
        let metadata = position.as_ref().map(|position| position.metadata.as_str());
        assert_ne!(metadata, Some("false"), "a position of the aborted transaction");
        Ok(position.is_some_and(|position| position.offset == 6) && records.len() == 4)
    })?;
    let fetched = client.fetch_raw("w", 0, 0, 1_000_000, Isolation::Committed)?;
    assert_eq!(fetched.aborted.len(), 1, "{fetched:?}");
    assert_eq!(fetched.aborted[0].producer_id, producer.id);

    client.init_producer_id(Some(ID), minute, None)?;
    let error = client.end_txn(ID, producer, true).unwrap_err();
    assert!(
        error.is_fenced() || error.code() == Some(ErrorCode::INVALID_TXN_STATE),
        "{error}"
    );
    let error = client
        .add_partitions_to_txn(ID, producer, std::slice::from_ref(&target))
        .unwrap_err();
    assert!(error.is_fenced(), "{error}");
    // Leaders of older versions do not ask the coordinator and would take the batch.
    if version >= KafkaVersion::V3_9_1 {
        let answer = send(6, &["zombie"])?;
        assert!(answer.error.is_some(), "{answer:?}");
    }
    Ok(())
}

fn check_groups_and_folders(version: KafkaVersion, client: &Client) -> Result<()> {
    let position = GroupOffset {
        offset: 3,
        leader_epoch: None,
        metadata: "m".to_owned(),
    };
    let places = BTreeMap::from([(place("t", 0), position.clone())]);
    assert_eq!(client.offset_commit("idle", &places)?[&place("t", 0)], Ok(()));
    let found = client.offset_fetch("idle", None, false)?;
    assert_eq!(found, BTreeMap::from([(place("t", 0), Ok(position))]));
    let listed = client.list_groups()?;
    assert!(
        listed.found.iter().any(|group| group.group == "idle"),
        "{listed:?}"
    );
    let described = client.describe_groups(&["idle"])?;
    assert_eq!(described["idle"].as_ref().map_err(Clone::clone)?.state, "Empty");
    let quotas = client.describe_client_quotas();
    assert_eq!(quotas.is_ok(), version >= KafkaVersion::V3_9_1, "{quotas:?}");
    let folders = client.describe_log_dirs(None)?;
    let sizes: usize = folders.found.iter().map(|one| one.partitions.len()).sum();
    // The protocol crate begins with Kafka 2.0's version.
    assert_eq!(sizes >= 3, version >= KafkaVersion::V2_0_1, "{folders:?}");
    if version.has_transactions() {
        let deleted = client.delete_records(&BTreeMap::from([(place("t", 2), 10)]))?;
        assert_eq!(deleted[&place("t", 2)], Ok(10));
    }
    Ok(())
}

fn check_version(version: KafkaVersion) -> Result<()> {
    if skipped() {
        return Ok(());
    }
    let (cluster, filler, client) = filled(version)?;
    check_metadata(version, &client)?;
    check_offsets(&client)?;
    check_configs(version, &client)?;
    check_fetch(version, &client)?;
    check_open_transaction(version, &filler, &client)?;
    check_produce(version, &cluster, &filler, &client)?;
    check_groups_and_folders(version, &client)
}

#[test]
fn kafka_0_10_2_answers_what_it_knows_and_the_rest_is_unsupported() -> Result<()> {
    check_version(KafkaVersion::V0_10_2_2)
}

#[test]
fn kafka_1_0_2_answers_what_it_knows_and_the_rest_is_unsupported() -> Result<()> {
    check_version(KafkaVersion::V1_0_2)
}

#[test]
fn kafka_2_0_1_answers_what_it_knows_and_the_rest_is_unsupported() -> Result<()> {
    check_version(KafkaVersion::V2_0_1)
}

#[test]
fn kafka_3_9_1_answers_everything() -> Result<()> {
    check_version(KafkaVersion::V3_9_1)
}

#[test]
fn kafka_4_3_1_answers_everything() -> Result<()> {
    check_version(KafkaVersion::V4_3_1)
}

#[test]
fn a_transaction_that_its_coordinator_knows_nothing_of_is_abandoned() -> Result<()> {
    if skipped() {
        return Ok(());
    }
    // Without this check a batch can open a transaction that its coordinator does not know.
    let cluster = Cluster::builder(KafkaVersion::V3_9_1)
        .property("transaction.partition.verification.enable", "false")
        .start()?;
    Filler::new(&cluster.bootstrap())?.create("h", 1, &[])?;
    let client = client(&cluster.bootstrap())?;
    let producer = client.init_producer_id(Some("lost"), Duration::from_secs(60), None)?;
    let target = place("h", 0);
    let request = ProduceRequest {
        transactional_id: Some("lost".to_owned()),
        timeout: Duration::from_secs(10),
        batches: vec![ProduceBatch {
            place: target.clone(),
            pieces: vec![batch(producer, 0, &["a", "b"])?],
        }],
        has_zstd: false,
    };
    let connection = client.connect(client.leader(&target)?.0)?;
    let answer = connection
        .begin_produce(&request, &Cancel::new())?
        .wait(&Cancel::new())?;
    assert_eq!(answer.partitions[0].error, None, "{answer:?}");
    let found = client.open_transactions(std::slice::from_ref(&target))?;
    let open = found[&target].as_ref().map_err(Clone::clone)?;
    assert!(open.abandoned, "{open:?}");
    assert_eq!(
        (open.producer_id, open.transactional_id.as_deref()),
        (Some(producer.id), Some("lost"))
    );
    assert_eq!((open.start_offset, open.high_watermark), (0, 2));
    Ok(())
}

fn secured(cluster: &Cluster, mechanism: &str, password: &str) -> Result<Source> {
    let mut source = Source::new(&cluster.secured_bootstrap()?)?;
    source.set("security.protocol", "SASL_SSL");
    source.set("sasl.mechanism", mechanism);
    source.set("sasl.username", "alice");
    source.set("sasl.password", password);
    source.set("ssl.ca.location", cluster.ca_file()?.display().to_string());
    Ok(source)
}

#[test]
fn every_mechanism_logs_in_over_tls_and_a_wrong_password_is_an_authentication_error() -> Result<()> {
    if skipped() {
        return Ok(());
    }
    let cluster = Cluster::builder(KafkaVersion::V4_3_1).secured().start()?;
    for mechanism in Mechanism::ALL.map(Mechanism::name) {
        let source = secured(&cluster, mechanism, "alice-secret")?;
        let client = Client::new(&source)?;
        assert_eq!(client.cluster()?.brokers.len(), 1, "{mechanism}");
        let source = secured(&cluster, mechanism, "hunter2")?;
        let error = Client::new(&source)?.cluster().unwrap_err();
        assert!(matches!(error, WireError::Authentication { .. }), "{error}");
        assert!(!format!("{error} {error:?}").contains("hunter2"));
    }
    let error = Client::new(&secured(&cluster, "OAUTHBEARER", "x")?);
    assert!(matches!(error, Err(WireError::Unsupported(_))));
    // Over no TLS at all, and with an authority that did not sign.
    let bare = client(&cluster.secured_bootstrap()?)?.with_timeout(Duration::from_secs(5));
    let error = bare.cluster().unwrap_err();
    assert!(
        matches!(error, WireError::Tls { .. } | WireError::Disconnected { .. }),
        "{error}"
    );
    Ok(())
}

#[test]
fn a_login_is_renewed_on_the_same_connection_before_the_broker_ends_it() -> Result<()> {
    if skipped() {
        return Ok(());
    }
    let cluster = Cluster::builder(KafkaVersion::V4_3_1)
        .secured()
        .property("connections.max.reauth.ms", "5000")
        .start()?;
    for mechanism in ["SCRAM-SHA-256", "PLAIN"] {
        let source = secured(&cluster, mechanism, "alice-secret")?;
        let client = Client::new(&source)?;
        client.cluster()?;
        let first = client.connections();
        let connection = first.first().context("a connection")?;
        eventually("the login was renewed twice", || {
            client.cluster()?;
            assert_eq!(connection.closed(), None);
            Ok(connection.logins() >= 3)
        })?;
        assert_eq!(client.connections().len(), first.len());
    }
    Ok(())
}

/// Passes bytes on between a port on the IPv6 loopback and `to`.
fn ipv6_forwarder(to: Address) -> Result<u16> {
    let listener = TcpListener::bind("[::1]:0")?;
    let port = listener.local_addr()?.port();
    thread::spawn(move || {
        while let Ok((from, _)) = listener.accept() {
            if let Ok(onward) = TcpStream::connect((to.host.as_str(), to.port)) {
                pump(&from, &onward);
                pump(&onward, &from);
            }
        }
    });
    Ok(port)
}

fn pump(from: &TcpStream, to: &TcpStream) {
    let (Ok(mut from), Ok(mut to)) = (from.try_clone(), to.try_clone()) else {
        return;
    };
    thread::spawn(move || {
        let mut buffer = [0; 16 * 1024];
        while let Ok(count @ 1..) = from.read(&mut buffer) {
            if to.write_all(&buffer[..count]).is_err() {
                break;
            }
        }
        to.shutdown(std::net::Shutdown::Both).ok();
    });
}

#[test]
fn brokers_that_advertise_unreachable_addresses_are_reached_by_the_address_map_over_ipv6() -> Result<()> {
    if skipped() {
        return Ok(());
    }
    let (cluster, _filler, direct) = filled(KafkaVersion::V4_3_1)?;
    let advertised = direct.cluster()?.brokers[0].address.clone();
    let port = ipv6_forwarder(cluster.bootstrap().parse()?)?;
    let mut source = Source::new(&format!("[::1]:{port}"))?;
    source.set(ADDRESS_MAP, format!("{advertised}=[::1]:{port}"));
    let client = Client::new(&source)?;
    check_offsets(&client)?;
    let known: BTreeSet<String> = client
        .connections()
        .iter()
        .map(|connection| connection.address().to_string())
        .collect();
    assert_eq!(
        known,
        BTreeSet::from([format!("[::1]:{port}"), advertised.to_string()])
    );
    Ok(())
}
