//! Compares two streams of records of one partition.

use std::collections::{HashMap, HashSet, VecDeque};

use sluice_kafka::{Message, TimestampKind};
use xxhash_rust::xxh3::{Xxh3, xxh3_64};

use crate::record_hash::hash_message;
use crate::verify::offset_map::OffsetMap;
use crate::verify::report::{Accepted, Difference, DifferenceKind, PartitionReport};
use crate::verify::stream::Stream;

/// Records looked at on each side to find where two logs agree again.
const WINDOW: usize = 2_000;
/// Recent records remembered to tell a repeated record from a foreign one.
const MEMORY: usize = 200_000;
/// Superseded records remembered until their successor is seen.
const PENDING_LIMIT: usize = 2_000_000;

/// What is known before the comparison.
pub(crate) struct Rules {
    /// The target stores headers.
    pub(crate) headers: bool,
    /// Either side may have removed superseded records.
    pub(crate) compacted: bool,
    /// Source offset behind the last one that must be on the target.
    pub(crate) source_end: i64,
    /// Target offset behind the last one to compare.
    pub(crate) target_end: i64,
    /// Where each record went, as the copy noted it.
    pub(crate) map: Option<OffsetMap>,
    /// Source offsets in quarantine.
    pub(crate) quarantined: HashSet<i64>,
}

pub(crate) struct Comparison<'a, 'r> {
    source: Stream<'a>,
    target: Stream<'a>,
    rules: &'r Rules,
    report: PartitionReport,
    found: Vec<Difference>,
    digests: (Xxh3, Xxh3),
    memory: (HashSet<u64>, VecDeque<u64>),
    /// Keys whose superseded record is gone on a side, until a later record of that key is seen there.
    awaited_at_source: HashMap<u64, Difference>,
    awaited_on_target: HashMap<u64, Difference>,
    on_records: &'r mut dyn FnMut(u64),
}

impl<'a, 'r> Comparison<'a, 'r> {
    pub(crate) fn new(source: Stream<'a>, target: Stream<'a>, rules: &'r Rules, report: PartitionReport, on_records: &'r mut dyn FnMut(u64)) -> Self {
        Self {
            source,
            target,
            rules,
            report,
            found: Vec::new(),
            digests: (Xxh3::new(), Xxh3::new()),
            memory: (HashSet::new(), VecDeque::new()),
            awaited_at_source: HashMap::new(),
            awaited_on_target: HashMap::new(),
            on_records,
        }
    }

    pub(crate) fn run(mut self) -> (PartitionReport, Vec<Difference>) {
        if let Err(error) = self.walk() {
            self.report.problem = Some(error.to_string());
        }
        for difference in std::mem::take(&mut self.awaited_at_source).into_values().chain(std::mem::take(&mut self.awaited_on_target).into_values()) {
            *self.report.accepted.entry(Accepted::Compacted).or_default() -= 1;
            self.note(difference);
        }
        self.report.accepted.retain(|_, count| *count > 0);
        self.report.source_digest = format!("{:032x}", self.digests.0.digest128());
        self.report.target_digest = format!("{:032x}", self.digests.1.digest128());
        (self.report, self.found)
    }

    fn walk(&mut self) -> sluice_kafka::Result<()> {
        loop {
            let end = self.rules.target_end;
            let target = self.target.peek(0)?.filter(|message| message.offset() < end).map(|message| (message.offset(), content_hash(message, self.rules.headers)));
            let source = self.source.peek(0)?.map(|message| (message.offset(), content_hash(message, self.rules.headers)));
            match (source, target) {
                (None, None) => return Ok(()),
                (Some((offset, _)), None) if offset >= self.rules.source_end => return self.read_on(),
                (Some(_), None) => self.missing(),
                (None, Some(_)) => self.extra(),
                (Some((s, source_hash)), Some((t, target_hash))) => {
                    if source_hash == target_hash {
                        self.pair();
                        continue;
                    }
                    match self.rules.map.as_ref().and_then(|map| map.source_of(t)) {
                        Some(wanted) if s < wanted => self.missing(),
                        Some(wanted) if s > wanted => self.extra(),
                        Some(_) if self.swapped()? => {}
                        Some(_) => self.pair(),
                        None => self.align()?,
                    }
                }
            }
        }
    }

    /// Behind the checkpoint only records that explain a compacted one are of interest.
    fn read_on(&mut self) -> sluice_kafka::Result<()> {
        while !self.awaited_at_source.is_empty() && self.source.peek(0)?.is_some() {
            if let Some(message) = self.source.pop() {
                self.awaited_at_source.remove(&key_hash(&message));
            }
        }
        Ok(())
    }

    /// Takes both front records as copies of each other and notes what differs.
    fn pair(&mut self) {
        let (Some(source), Some(target)) = (self.source.pop(), self.target.pop()) else { return };
        self.saw_source(&source);
        self.saw_target(&target);
        let kinds = self.differing(&source, &target);
        if kinds.is_empty() {
            self.report.equal_records += 1;
        }
        for kind in kinds {
            let detail = format!("source {}; target {}", describe(&source, kind), describe(&target, kind));
            self.note(self.difference(kind, Some(source.offset()), Some(target.offset()), detail));
        }
    }

    fn missing(&mut self) {
        let Some(source) = self.source.pop() else { return };
        self.saw_source(&source);
        if source.offset() >= self.rules.source_end {
            return;
        }
        let quarantined = self.rules.quarantined.contains(&source.offset());
        let kind = if quarantined { DifferenceKind::Quarantined } else { DifferenceKind::Missing };
        let detail = format!("source {}", describe(&source, DifferenceKind::Missing));
        let difference = self.difference(kind, Some(source.offset()), None, detail);
        if self.rules.compacted && !quarantined && source.key().is_some() {
            self.await_successor(source.value().is_none(), key_hash(&source), difference, false);
        } else {
            self.note(difference);
        }
    }

    fn extra(&mut self) {
        let Some(target) = self.target.pop() else { return };
        let hash = content_hash(&target, self.rules.headers);
        self.saw_target(&target);
        let kind = if self.memory.0.contains(&hash) { DifferenceKind::Duplicate } else { DifferenceKind::Extra };
        let detail = format!("target {}", describe(&target, kind));
        let difference = self.difference(kind, None, Some(target.offset()), detail);
        let copied = self.rules.map.as_ref().is_none_or(|map| map.source_of(target.offset()).is_some());
        if self.rules.compacted && copied && target.key().is_some() {
            self.await_successor(target.value().is_none(), key_hash(&target), difference, true);
        } else {
            self.note(difference);
        }
    }

    /// A record that one side lacks is fine on compacted topics if that side has a later one of the same key, or if it
    /// is a tombstone, which cleaners remove for good.
    fn await_successor(&mut self, tombstone: bool, key: u64, difference: Difference, at_source: bool) {
        *self.report.accepted.entry(Accepted::Compacted).or_default() += 1;
        if tombstone {
            return;
        }
        let awaited = if at_source { &mut self.awaited_at_source } else { &mut self.awaited_on_target };
        if awaited.len() >= PENDING_LIMIT && !awaited.contains_key(&key) {
            self.report.problem.get_or_insert_with(|| format!("more than {PENDING_LIMIT} keys are without their last record on one side"));
            return;
        }
        if awaited.insert(key, difference).is_some() {
            // Two records of one key wait for the same successor; only one is given back if it never comes.
        }
    }

    fn saw_source(&mut self, message: &Message) {
        self.report.source_records += u64::from(message.offset() < self.rules.source_end);
        if message.offset() < self.rules.source_end {
            digest(&mut self.digests.0, message, self.rules.headers);
            (self.on_records)(1);
        }
        self.awaited_at_source.remove(&key_hash(message));
        let hash = content_hash(message, self.rules.headers);
        if self.memory.0.insert(hash) {
            self.memory.1.push_back(hash);
            if self.memory.1.len() > MEMORY
                && let Some(old) = self.memory.1.pop_front()
            {
                self.memory.0.remove(&old);
            }
        }
    }

    fn saw_target(&mut self, message: &Message) {
        self.report.target_records += 1;
        digest(&mut self.digests.1, message, self.rules.headers);
        self.awaited_on_target.remove(&key_hash(message));
    }

    /// Whether the next two records stand in the other order; if so, they are taken.
    fn swapped(&mut self) -> sluice_kafka::Result<bool> {
        let headers = self.rules.headers;
        let hash = |message: Option<&Message>| message.map(|message| content_hash(message, headers));
        let (s0, s1) = (hash(self.source.peek(0)?), hash(self.source.peek(1)?));
        let (t0, t1) = (hash(self.target.peek(0)?), hash(self.target.peek(1)?));
        if s1.is_none() || t1.is_none() || s0 != t1 || s1 != t0 {
            return Ok(false);
        }
        for first in [true, false] {
            let (Some(source), Some(target)) = (self.source.pop(), self.target.pop()) else { break };
            self.saw_source(&source);
            self.saw_target(&target);
            if first {
                let detail = format!("the records at source offsets {} and {} stand in the other order", source.offset(), source.offset() + 1);
                self.note(self.difference(DifferenceKind::Order, Some(source.offset()), Some(target.offset()), detail));
            }
        }
        Ok(true)
    }

    /// Finds where the two logs agree again, without knowing where each record went.
    fn align(&mut self) -> sluice_kafka::Result<()> {
        if self.swapped()? {
            return Ok(());
        }
        let source = window(&mut self.source, self.rules.headers, i64::MAX)?;
        let target = window(&mut self.target, self.rules.headers, self.rules.target_end)?;
        let mut places: HashMap<u64, Vec<usize>> = HashMap::new();
        for (index, hash) in target.iter().enumerate() {
            places.entry(*hash).or_default().push(index);
        }
        // The nearest point where a record, and its follower if there is one, agree.
        let mut best: Option<(usize, usize)> = None;
        for (i, hash) in source.iter().enumerate() {
            if best.is_some_and(|(a, b)| i >= a + b) {
                break;
            }
            for &j in places.get(hash).into_iter().flatten() {
                let follow = match (source.get(i + 1), target.get(j + 1)) {
                    (Some(a), Some(b)) => a == b,
                    _ => true,
                };
                if follow && best.is_none_or(|(a, b)| i + j < a + b) {
                    best = Some((i, j));
                }
            }
        }
        let (i, j) = best.unwrap_or((1, 1));
        for _ in 0..i.min(j) {
            self.pair();
        }
        for _ in j..i {
            self.missing();
        }
        for _ in i..j {
            self.extra();
        }
        Ok(())
    }

    fn differing(&mut self, source: &Message, target: &Message) -> Vec<DifferenceKind> {
        let mut kinds = Vec::new();
        let mut field = |a: Option<&[u8]>, b: Option<&[u8]>, kind| {
            if a == b {
            } else if a.unwrap_or_default() == b.unwrap_or_default() {
                kinds.push(DifferenceKind::NullEmpty);
            } else {
                kinds.push(kind);
            }
        };
        field(source.key(), target.key(), DifferenceKind::Key);
        field(source.value(), target.value(), DifferenceKind::Value);
        if self.rules.headers {
            let (a, b): (Vec<_>, Vec<_>) = (source.headers().collect(), target.headers().collect());
            if a != b {
                let as_empty = |headers: &[(&[u8], Option<&[u8]>)]| headers.iter().map(|(name, value)| (name.to_vec(), value.unwrap_or_default().to_vec())).collect::<Vec<_>>();
                kinds.push(if as_empty(&a) == as_empty(&b) { DifferenceKind::NullEmpty } else { DifferenceKind::Headers });
            }
        } else if source.has_headers() {
            *self.report.accepted.entry(Accepted::HeadersNotCarried).or_default() += 1;
        }
        let ((from, _), (to, kind)) = (source.timestamp(), target.timestamp());
        if from != to {
            if kind == TimestampKind::LogAppend {
                *self.report.accepted.entry(Accepted::TimestampByTarget).or_default() += 1;
            } else {
                kinds.push(DifferenceKind::Timestamp);
            }
        }
        kinds
    }

    fn difference(&self, kind: DifferenceKind, source_offset: Option<i64>, target_offset: Option<i64>, detail: String) -> Difference {
        Difference { kind, topic: self.report.topic.clone(), partition: self.report.partition, source_offset, target_offset, detail }
    }

    fn note(&mut self, difference: Difference) {
        let count = self.report.differences.entry(difference.kind).or_default();
        *count += 1;
        if *count == 1 {
            self.found.push(difference);
        }
    }
}

fn window(stream: &mut Stream<'_>, headers: bool, end: i64) -> sluice_kafka::Result<Vec<u64>> {
    let mut hashes = Vec::new();
    while hashes.len() < WINDOW {
        match stream.peek(hashes.len())? {
            Some(message) if message.offset() < end => hashes.push(content_hash(message, headers)),
            _ => break,
        }
    }
    Ok(hashes)
}

/// Hash of everything that a copy must keep. A time that the target stamped says nothing about the record.
fn content_hash(message: &Message, headers: bool) -> u64 {
    hash_message(message, headers)
}

fn digest(hasher: &mut Xxh3, message: &Message, headers: bool) {
    hasher.update(&hash_message(message, headers).to_le_bytes());
}

fn key_hash(message: &Message) -> u64 {
    message.key().map_or(0, xxh3_64)
}

fn describe(message: &Message, kind: DifferenceKind) -> String {
    let at = message.offset();
    match kind {
        DifferenceKind::Key => format!("key {} at offset {at}", shorten(message.key())),
        DifferenceKind::Value => format!("value {} at offset {at}", shorten(message.value())),
        DifferenceKind::Timestamp => format!("timestamp {} at offset {at}", message.timestamp().0),
        DifferenceKind::Headers => {
            let headers: Vec<String> = message.headers().take(8).map(|(name, value)| format!("{}={}", String::from_utf8_lossy(name), shorten(value))).collect();
            format!("headers [{}] at offset {at}", headers.join(", "))
        }
        _ => format!("key {}, value {} at offset {at}", shorten(message.key()), shorten(message.value())),
    }
}

fn shorten(bytes: Option<&[u8]>) -> String {
    const SHOWN: usize = 40;
    let Some(bytes) = bytes else { return "null".to_owned() };
    let shown = &bytes[..bytes.len().min(SHOWN)];
    let rest = if bytes.len() > SHOWN { format!("… ({} bytes)", bytes.len()) } else { String::new() };
    match std::str::from_utf8(shown) {
        Ok(text) if !text.chars().any(char::is_control) => format!("\"{text}\"{rest}"),
        _ => format!("0x{}{rest}", shown.iter().map(|byte| format!("{byte:02x}")).collect::<String>()),
    }
}
