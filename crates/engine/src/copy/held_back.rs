//! Whose transactions hold back what is behind a partition's last stable offset. librdkafka has no request for it, so the
//! wire client asks.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use sluice_model::Cluster;
use sluice_wire::{Client, OpenTransaction, TopicPartition};

use crate::clock::now_ms;
use crate::position::PartitionKey;

/// How long a transaction must hold a partition back before its owner is looked up.
const PATIENCE: Duration = Duration::from_secs(4);
/// How often its owner is looked up.
const LOOK_UP_EVERY: Duration = Duration::from_secs(20);
/// How long one look-up may take.
const LOOK_UP_DEADLINE: Duration = Duration::from_secs(5);

/// Looks up who holds partitions back.
pub(super) struct HeldBack {
    source: Cluster,
    client: Option<Client>,
    since: BTreeMap<PartitionKey, Instant>,
    asked: Option<Instant>,
    /// What was found the last time, by partition.
    known: BTreeMap<PartitionKey, String>,
}

impl HeldBack {
    pub(super) fn new(source: Cluster) -> Self {
        Self {
            source,
            client: None,
            since: BTreeMap::new(),
            asked: None,
            known: BTreeMap::new(),
        }
    }

    /// Takes in which partitions are held back now, and returns what is known of each as a sentence.
    pub(super) fn look_up(
        &mut self,
        held: &BTreeSet<PartitionKey>,
        now: Instant,
    ) -> BTreeMap<PartitionKey, String> {
        self.since.retain(|key, _| held.contains(key));
        self.known.retain(|key, _| held.contains(key));
        for key in held {
            self.since.entry(key.clone()).or_insert(now);
        }
        let long: Vec<PartitionKey> = self
            .since
            .iter()
            .filter(|(_, since)| now.duration_since(**since) >= PATIENCE)
            .map(|(key, _)| key.clone())
            .collect();
        let is_due = self
            .asked
            .is_none_or(|at| now.duration_since(at) >= LOOK_UP_EVERY)
            || long.iter().any(|key| !self.known.contains_key(key));
        if !long.is_empty() && is_due {
            self.asked = Some(now);
            self.ask(&long);
        }
        self.known.clone()
    }

    fn ask(&mut self, partitions: &[PartitionKey]) {
        let places: Vec<TopicPartition> = partitions
            .iter()
            .map(|key| TopicPartition::new(&key.topic, key.partition))
            .collect();
        let found = self.client().and_then(|client| client.open_transactions(&places));
        for (key, place) in partitions.iter().zip(&places) {
            let sentence = match &found {
                Ok(found) => match found.get(place) {
                    Some(Ok(open)) => sentence(open),
                    Some(Err(error)) => unknown(&error.to_string()),
                    // It ended meanwhile.
                    None => continue,
                },
                Err(error) => unknown(&error.to_string()),
            };
            self.known.insert(key.clone(), sentence);
        }
    }

    fn client(&mut self) -> sluice_wire::Result<Client> {
        if let Some(client) = &self.client {
            return Ok(client.clone());
        }
        let client = Client::new(&self.source)?.with_timeout(LOOK_UP_DEADLINE);
        self.client = Some(client.clone());
        Ok(client)
    }
}

fn unknown(why: &str) -> String {
    format!(
        "an open transaction at the source holds back what is behind it; the source does not return whose it is: {why}"
    )
}

/// Whose transaction it is, how old it is, and what ends it.
fn sentence(open: &OpenTransaction) -> String {
    let held = open.high_watermark - open.start_offset;
    let from = open.start_offset;
    let whose = match (&open.transactional_id, open.producer_id, open.missing.first()) {
        (Some(id), ..) => format!("transactional id '{id}'"),
        (None, Some(producer), _) => format!("producer {producer}"),
        (None, None, Some(missing)) => format!("the source does not return whose it is: {}", missing.reason),
        (None, None, None) => "the source does not return whose it is".to_owned(),
    };
    let age = open.age(now_ms()).map_or_else(
        || "of unknown age".to_owned(),
        |age| format!("open for {} s", age.as_secs()),
    );
    if open.abandoned {
        format!(
            "an open transaction at the source ({whose}, {age}) holds back {held} offsets from {from} on; no coordinator knows it, so it never ends by itself: abort it with kafka-transactions.sh abort"
        )
    } else {
        format!("an open transaction at the source ({whose}, {age}) holds back {held} offsets from {from} on")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open() -> OpenTransaction {
        OpenTransaction {
            start_offset: 100,
            high_watermark: 160,
            producer_id: Some(7),
            producer_epoch: Some(0),
            last_timestamp: None,
            transactional_id: None,
            started_at: None,
            timeout: None,
            abandoned: false,
            missing: Vec::new(),
        }
    }

    #[test]
    fn a_transaction_is_named_by_its_id_or_else_by_its_producer() {
        let by_producer = sentence(&open());
        assert_eq!(
            by_producer,
            "an open transaction at the source (producer 7, of unknown age) holds back 60 offsets from 100 on"
        );
        let by_id = sentence(&OpenTransaction {
            transactional_id: Some("billing".into()),
            abandoned: true,
            ..open()
        });
        assert!(
            by_id.contains("(transactional id 'billing', ") && by_id.ends_with("kafka-transactions.sh abort"),
            "{by_id}"
        );
    }
}
