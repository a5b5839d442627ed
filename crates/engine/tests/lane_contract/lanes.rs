//! How the lanes are opened that keep the contract.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::Result;
use sluice_engine::{
    Compressions, Lane, RecordLane, RecordLaneConfig, TopicCompression, WireLane, WireLaneConfig,
};
use sluice_kafka::{Compression, CompressionCodec, Guarantee, ReaderTuning, WriterTuning};
use sluice_model::{Cluster, MissingTimestamps};
use sluice_wire::format::CodecSet;

use crate::ground::{Delivery, Ground, Wanted};

const OPEN_DEADLINE: Duration = Duration::from_secs(30);

pub fn record_lane(ground: &Ground, wanted: &Wanted) -> Result<Box<dyn Lane>> {
    let config = RecordLaneConfig {
        source: Cluster::new(&ground.source.bootstrap())?,
        target: Cluster::new(&ground.target.bootstrap())?,
        reader: ReaderTuning::default(),
        source_brokers: 2,
        nature: None,
        writer: WriterTuning {
            guarantee: match wanted.delivery {
                Delivery::Transactions => Guarantee::Transactional(wanted.id.to_owned()),
                Delivery::Idempotent => Guarantee::Idempotent,
            },
            batch_bytes: 900_000,
            queue_kib: 96 * 1024,
            transaction_timeout_ms: 60_000,
        },
        compression: Compressions::new(
            BTreeMap::new(),
            TopicCompression {
                usual: Compression {
                    codec: CompressionCodec::Lz4,
                    level: None,
                },
                stronger: None,
            },
        ),
        group: wanted.id.to_owned(),
        in_flight_bytes: wanted.in_flight_bytes,
        hashes: wanted.hashes,
        missing_timestamps: MissingTimestamps::CopyTime,
    };
    Ok(Box::new(RecordLane::open(config, OPEN_DEADLINE)?))
}

pub fn wire_lane(ground: &Ground, wanted: &Wanted) -> Result<Box<dyn Lane>> {
    Ok(Box::new(open_wire(ground, wanted, false)?))
}

/// The wire lane as a mirror, opened without anything that says where its partitions are: cases say it themselves.
pub fn bare_mirror_lane(ground: &Ground, wanted: &Wanted) -> Result<Box<dyn Lane>> {
    Ok(Box::new(open_wire(ground, wanted, true)?))
}

fn open_wire(ground: &Ground, wanted: &Wanted, mirrors: bool) -> Result<WireLane> {
    let config = WireLaneConfig {
        source: Cluster::new(&ground.source.bootstrap())?,
        target: Cluster::new(&ground.target.bootstrap())?,
        fetched_bytes: 32 * 1024 * 1024,
        in_flight_bytes: wanted.in_flight_bytes,
        transactional_id: (wanted.delivery == Delivery::Transactions && !mirrors)
            .then(|| wanted.id.to_owned()),
        mirror: mirrors.then(|| wanted.id.to_owned()),
        transaction_timeout: Duration::from_secs(60),
        group: wanted.id.to_owned(),
        codec: None,
        known_codecs: CodecSet::ALL,
        batch_limits: BTreeMap::new(),
        hashes: wanted.hashes,
        pair: None,
        missing_timestamps: MissingTimestamps::CopyTime,
    };
    Ok(WireLane::open(config, OPEN_DEADLINE)?)
}
