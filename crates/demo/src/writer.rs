//! What a shop would write.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use jiff::Timestamp;
use sluice_fakekafka::{FakeCluster, FakeError, FakeRecord};

use crate::clusters::{BACKLOG, TOPICS};

/// How often records are added to each partition.
const WRITE_EVERY: Duration = Duration::from_millis(100);

/// A thread that writes until it is stopped or dropped.
pub(crate) struct Writer {
    writing: Arc<AtomicBool>,
    thread: Option<JoinHandle<Result<(), FakeError>>>,
}

impl Writer {
    pub(crate) fn start(source: Arc<FakeCluster>) -> std::io::Result<Self> {
        let writing = Arc::new(AtomicBool::new(true));
        let thread = std::thread::Builder::new()
            .name("sluice-demo-writer".into())
            .spawn({
                let writing = Arc::clone(&writing);
                move || write(&source, &writing)
            })?;
        Ok(Self {
            writing,
            thread: Some(thread),
        })
    }

    /// Ends it and says whether it had ended by itself.
    pub(crate) fn stop(mut self) -> Result<(), FakeError> {
        self.end()
    }

    fn end(&mut self) -> Result<(), FakeError> {
        self.writing.store(false, Ordering::Relaxed);
        match self.thread.take().map(JoinHandle::join) {
            Some(Ok(result)) => result,
            Some(Err(_)) => {
                tracing::error!("the demo's writer panicked");
                Ok(())
            }
            None => Ok(()),
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        if let Err(error) = self.end() {
            tracing::warn!(%error, "the demo's writer had ended");
        }
    }
}

fn write(source: &FakeCluster, writing: &AtomicBool) -> Result<(), FakeError> {
    let mut number = BACKLOG;
    let mut beat = 0;
    while writing.load(Ordering::Relaxed) {
        for (topic, partitions) in TOPICS {
            let many = busy(topic, beat);
            for partition in 0..*partitions {
                let batch = (number..number + many)
                    .map(|number| record(topic, partition, number))
                    .collect();
                source.append(topic, partition, batch)?;
            }
        }
        // More than any topic got: numbers repeat in no partition.
        number += BUSIEST;
        beat += 1;
        std::thread::sleep(WRITE_EVERY);
    }
    Ok(())
}

/// The most records of one beat.
const BUSIEST: i64 = 8;

/// Records of one beat: people click more than they order and order more than they pay, in waves of half a minute.
fn busy(topic: &str, beat: i64) -> i64 {
    let wave = (beat as f64 * std::f64::consts::TAU / 300.0).sin();
    let mean = match topic {
        "clicks" => 5.0,
        "orders" => 2.0,
        _ => 1.5,
    };
    ((mean * (1.0 + 0.5 * wave)).round() as i64).clamp(1, BUSIEST)
}

/// A record as a shop could write it. Some are tombstones, some have no key.
pub(crate) fn record(topic: &str, partition: i32, number: i64) -> FakeRecord {
    let key = format!("{topic}-{partition}-{}", number % 1000);
    let value = format!(
        r#"{{"topic":"{topic}","number":{number},"amount":"{}.{:02}","currency":"EUR"}}"#,
        number % 500,
        number % 100
    );
    let record = match number % 50 {
        7 => FakeRecord::tombstone(key),
        13 => FakeRecord::unkeyed(value),
        _ => FakeRecord::new(key, value),
    };
    record
        .header("source", Some(b"demo"))
        .at(Timestamp::now().as_millisecond())
}
