use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use bytes::Bytes;
use kafka_protocol::messages::ApiKey;

use crate::client::{Client, GroupOffset, Isolation, OffsetSpec};
use crate::error::{Result, WireError};
use crate::error_code::ErrorCode;
use crate::format::{BATCH_HEADER_LEN, Codec, Compressor, ProducerStamp, filler_batch, rewritten_head};
use crate::produce::fill::event::{FillSettings, Hole};
use crate::produce::request::{ProduceBatch, ProduceRequest, ProducedPartition};
use crate::produce::sequences::advance;
use crate::produce::transaction::ProducerIdentity;
use crate::topic_partition::TopicPartition;

/// Filler records of one batch at most: 0.8 MB with zstd.
const BATCH_RECORDS: i32 = 1_000_000;
/// Offsets of a partition that one transaction fills at most: a few seconds' work, far less than a transaction may last.
pub(crate) const ROUND: i64 = 16_000_000;
/// How long a broker may wait for its replicas.
const REPLICAS: Duration = Duration::from_secs(30);
/// How long markers may take to be written after the coordinator has answered, and the pauses between questions.
const MARKERS_DEADLINE: Duration = Duration::from_secs(30);
const MARKERS_PAUSE: (Duration, Duration) = (Duration::from_millis(1), Duration::from_millis(50));

/// What came of a hole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Filled {
    /// The log ends here, at the hole's end or inside it.
    At(i64),
    /// Something else stands there.
    Displaced { expected: i64, found: i64 },
}

/// One round's work on one partition.
struct Work<'h> {
    hole: &'h Hole,
    /// Where the log is to end after the marker.
    end: i64,
    /// Where the next filler record is to stand.
    next: i64,
    displaced: Option<(i64, i64)>,
}

/// Fills holes, one transaction after the other; blocking.
pub(crate) struct Filler {
    client: Client,
    settings: FillSettings,
    identity: ProducerIdentity,
    /// Next sequence numbers under this identity.
    sequences: BTreeMap<TopicPartition, i32>,
    compressor: Compressor,
    /// The last batch, without a producer, and what is in it.
    cached: Option<((i32, i64), Bytes)>,
    /// Records of a batch that fit, by topic.
    fitting: BTreeMap<String, i32>,
}

impl Filler {
    /// # Errors
    /// No coordinator answers, or no right.
    pub(crate) fn open(client: &Client, settings: FillSettings) -> Result<Self> {
        let identity = client.init_producer_id(Some(&settings.transactional_id), settings.timeout, None)?;
        Ok(Self {
            client: client.clone(),
            settings,
            identity,
            sequences: BTreeMap::new(),
            compressor: Compressor::new(),
            cached: None,
            fitting: BTreeMap::new(),
        })
    }

    /// The same, which asks through `client`.
    pub(crate) fn with_client(self, client: &Client) -> Self {
        Self {
            client: client.clone(),
            ..self
        }
    }

    /// Fills these holes, or as much of them as one transaction may, and returns where the logs end then.
    ///
    /// # Errors
    /// Something failed: how far the holes are filled is unknown, and this filler is of no more use.
    pub(crate) fn fill(&mut self, holes: &[Hole]) -> Result<BTreeMap<TopicPartition, Filled>> {
        let mut works: Vec<Work<'_>> = holes
            .iter()
            .map(|hole| Work {
                hole,
                end: hole.to.min(hole.from + ROUND),
                next: hole.from,
                displaced: None,
            })
            .collect();
        let id = self.settings.transactional_id.clone();
        let places: Vec<TopicPartition> = works.iter().map(|work| work.hole.place.clone()).collect();
        let mut doubt = false;
        self.client
            .add_partitions_noting(&id, self.identity, &places, &mut doubt)?;
        while self.write_batches(&mut works)? {}
        self.client
            .end_txn_noting(&id, self.identity, false, &mut doubt)?;
        if doubt {
            // A request that was repeated may still arrive a second time, and open or end a later transaction.
            self.raise_epoch()?;
        }
        self.wait_for_markers(&works)
    }

    /// Makes positions of a group permanent in a transaction of their own: its marker takes no offset of a copied partition.
    ///
    /// # Errors
    /// Something failed: whether they are committed is unknown, and this filler is of no more use.
    pub(crate) fn commit(
        &mut self,
        group: &str,
        offsets: &BTreeMap<TopicPartition, GroupOffset>,
    ) -> Result<()> {
        let id = self.settings.transactional_id.clone();
        let mut doubt = false;
        self.client.add_offsets_to_txn(&id, self.identity, group)?;
        self.client
            .txn_offset_commit(&id, self.identity, group, offsets)?;
        self.client.end_txn_noting(&id, self.identity, true, &mut doubt)?;
        if doubt {
            self.raise_epoch()?;
        }
        Ok(())
    }

    /// Deletes what stands before an offset. Filler of topics that are only compacted cannot be deleted so: it stays,
    /// invisible to readers of committed records, until the cleaner takes it.
    ///
    /// # Errors
    /// The cluster refuses, or does not answer.
    pub(crate) fn delete_before(&mut self, before: &BTreeMap<TopicPartition, i64>) -> Result<()> {
        let mut refused: Option<(ErrorCode, Vec<TopicPartition>)> = None;
        for (place, outcome) in self.client.delete_records(before)? {
            match outcome {
                Ok(_) => {}
                Err(error) if error.code() == Some(ErrorCode::POLICY_VIOLATION) => {}
                // Named: the others of the task need not wait for a right to these.
                Err(WireError::Kafka { code, .. }) => match &mut refused {
                    Some((first, places)) if *first == code => places.push(place),
                    Some(_) => {}
                    none => *none = Some((code, vec![place])),
                },
                Err(error) => return Err(error),
            }
        }
        if let Some((code, places)) = refused {
            return Err(WireError::Partitions {
                api: ApiKey::DeleteRecords,
                code,
                places,
            });
        }
        // Brokers before 2.4 forget a producer with its last batch, and then take nothing but the beginning of an epoch.
        self.raise_epoch()
    }

    /// A new epoch, unless another filler has taken the id over.
    fn raise_epoch(&mut self) -> Result<()> {
        let id = &self.settings.transactional_id;
        self.identity = self
            .client
            .init_producer_id(Some(id), self.settings.timeout, Some(self.identity))?;
        self.sequences.clear();
        Ok(())
    }

    /// Writes the next batch of every partition that lacks one. Returns whether there were such.
    fn write_batches(&mut self, works: &mut [Work<'_>]) -> Result<bool> {
        let mut batches = BTreeMap::new();
        for work in works.iter().filter(|work| work.displaced.is_none()) {
            // The last offset is the marker's.
            let left = work.end - 1 - work.next;
            if left > 0 {
                let place = &work.hole.place;
                let (records, pieces) = self.batch(place, left, work.hole.timestamp)?;
                batches.insert(place.clone(), (records, pieces));
            }
        }
        if batches.is_empty() {
            return Ok(false);
        }
        let request: Vec<(TopicPartition, Vec<Bytes>)> = batches
            .iter()
            .map(|(place, (_, pieces))| (place.clone(), pieces.clone()))
            .collect();
        let mut answers = self.client.produce_once_each(
            Some(&self.settings.transactional_id),
            &request,
            self.settings.codec == Codec::Zstd,
        )?;
        for work in works {
            let place = &work.hole.place;
            let Some((records, _)) = batches.get(place) else {
                continue;
            };
            let answer = answers.remove(place).unwrap_or_else(|| {
                Err(WireError::Unavailable {
                    what: place.to_string(),
                    role: "leader",
                })
            })?;
            let sequence = self.sequences.entry(place.clone()).or_default();
            *sequence = advance(*sequence, *records);
            match answer.base_offset {
                Some(base) if base == work.next => work.next += i64::from(*records),
                Some(found) => work.displaced = Some((work.next, found)),
                None => {
                    return Err(WireError::Malformed {
                        what: "Produce".to_owned(),
                        reason: format!("{place} has no offset"),
                    });
                }
            }
        }
        Ok(true)
    }

    /// A batch of at most `left` records that the topic takes, with its number of records.
    fn batch(&mut self, place: &TopicPartition, left: i64, timestamp: i64) -> Result<(i32, Vec<Bytes>)> {
        let settings = &self.settings;
        let limit = settings.batch_limits.get(&place.topic).copied();
        let limit = limit.unwrap_or(settings.batch_limit).max(BATCH_HEADER_LEN * 2);
        loop {
            let most = self.fitting.get(&place.topic).copied().unwrap_or(BATCH_RECORDS);
            let records = i32::try_from(left).unwrap_or(i32::MAX).min(most);
            let bytes = self.filler(records, timestamp)?;
            if bytes.len() > limit && records > 1 {
                let fits = i64::from(records) * limit as i64 / bytes.len() as i64;
                let fits = (fits - fits / 16).clamp(1, i64::from(records) - 1);
                self.fitting
                    .insert(place.topic.clone(), i32::try_from(fits).unwrap_or(1));
                continue;
            }
            let stamp = ProducerStamp {
                producer_id: self.identity.id,
                producer_epoch: self.identity.epoch,
                base_sequence: self.sequences.get(place).copied().unwrap_or(0),
                transactional: true,
            };
            let head = rewritten_head(&bytes, &stamp).map_err(|error| unbuilt(&error))?;
            let head = Bytes::copy_from_slice(&head);
            return Ok((records, vec![head.clone(), bytes.slice(head.len()..)]));
        }
    }

    fn filler(&mut self, records: i32, timestamp: i64) -> Result<Bytes> {
        if let Some((of, bytes)) = &self.cached
            && *of == (records, timestamp)
        {
            return Ok(bytes.clone());
        }
        let (codec, stamp) = (self.settings.codec, ProducerStamp::NONE);
        let built = filler_batch(&mut self.compressor, codec, records, timestamp, &stamp);
        let bytes = Bytes::from(built.map_err(|error| unbuilt(&error))?);
        self.cached = Some(((records, timestamp), bytes.clone()));
        Ok(bytes)
    }

    /// The coordinator answers before the markers are written, and what is sent then could stand before them.
    fn wait_for_markers(&self, works: &[Work<'_>]) -> Result<BTreeMap<TopicPartition, Filled>> {
        let until = Instant::now() + MARKERS_DEADLINE;
        let mut done = BTreeMap::new();
        let mut open: BTreeMap<TopicPartition, i64> = BTreeMap::new();
        for work in works {
            let place = work.hole.place.clone();
            match work.displaced {
                Some((expected, found)) => {
                    done.insert(place, Filled::Displaced { expected, found });
                }
                None => {
                    open.insert(place, work.end);
                }
            }
        }
        let mut pause = MARKERS_PAUSE.0;
        while !open.is_empty() {
            let places: Vec<TopicPartition> = open.keys().cloned().collect();
            let ends = self
                .client
                .list_offsets(&places, OffsetSpec::Latest, Isolation::Uncommitted)?;
            for (place, listed) in ends {
                let (Some(expected), Some(found)) = (open.get(&place).copied(), listed?.offset) else {
                    continue;
                };
                if found >= expected {
                    open.remove(&place);
                    let filled = if found == expected {
                        Filled::At(found)
                    } else {
                        Filled::Displaced { expected, found }
                    };
                    done.insert(place, filled);
                }
            }
            if open.is_empty() {
                break;
            }
            if Instant::now() >= until {
                return Err(WireError::Kafka {
                    api: ApiKey::ListOffsets,
                    code: ErrorCode::REQUEST_TIMED_OUT,
                    message: Some("the marker of an aborted transaction does not appear".to_owned()),
                });
            }
            self.client.cancel_signal().sleep(pause)?;
            pause = (pause * 2).min(MARKERS_PAUSE.1);
        }
        Ok(done)
    }
}

fn unbuilt(error: &dyn std::error::Error) -> WireError {
    WireError::Malformed {
        what: "filler".to_owned(),
        reason: error.to_string(),
    }
}

impl Client {
    /// Writes one batch to each partition and waits for the answers. A batch whose answer is lost is sent again with the
    /// same bytes, which a broker recognizes.
    ///
    /// # Errors
    /// The cluster does not answer. What concerns a partition is its outcome.
    fn produce_once_each(
        &self,
        transactional_id: Option<&str>,
        batches: &[(TopicPartition, Vec<Bytes>)],
        has_zstd: bool,
    ) -> Result<BTreeMap<TopicPartition, Result<ProducedPartition>>> {
        self.by_leader(batches, |connection, group, budget| {
            let request = ProduceRequest {
                transactional_id: transactional_id.map(str::to_owned),
                timeout: REPLICAS,
                batches: group
                    .iter()
                    .map(|(place, pieces)| ProduceBatch {
                        place: place.clone(),
                        pieces: pieces.clone(),
                    })
                    .collect(),
                has_zstd,
            };
            let answer = connection
                .begin_produce(&request, &budget.cancel)?
                .wait(&budget.cancel)?;
            Ok(answer
                .partitions
                .into_iter()
                .map(|one| {
                    let code = one.error.map_or(0, ErrorCode::number);
                    let outcome = WireError::check(ApiKey::Produce, code, one.message.as_deref());
                    (one.place.clone(), outcome.map(|()| one))
                })
                .collect())
        })
    }
}
