//! A group of the Streams protocol (KIP-1071), written to the broker without Kafka's Streams library.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

/// StreamsGroupHeartbeat, version 0; its fields are from Kafka's message definitions (`StreamsGroupHeartbeatRequest.json`).
const HEARTBEAT: i16 = 88;
/// NOT_COORDINATOR, COORDINATOR_LOAD_IN_PROGRESS, COORDINATOR_NOT_AVAILABLE: the cluster is new.
const SOON: [i16; 3] = [14, 15, 16];
const MEMBER: &str = "00000000-0000-4000-8000-000000000001";

/// A member joins an application that reads `topic`, and leaves again; the group stays.
pub fn streams_group(bootstrap: &str, group: &str, topic: &str) -> Result<()> {
    let until = Instant::now() + Duration::from_secs(30);
    loop {
        let code = heartbeat(bootstrap, group, 0, Some(topic))?;
        if code == 0 {
            break;
        }
        ensure!(
            SOON.contains(&code) && Instant::now() < until,
            "joining: error {code}"
        );
        std::thread::sleep(Duration::from_millis(100));
    }
    let code = heartbeat(bootstrap, group, -1, None)?;
    ensure!(code == 0, "leaving: error {code}");
    Ok(())
}

/// One request; returns its error code.
fn heartbeat(bootstrap: &str, group: &str, epoch: i32, topic: Option<&str>) -> Result<i16> {
    let mut body = Vec::new();
    body.extend(HEARTBEAT.to_be_bytes());
    body.extend(0i16.to_be_bytes());
    body.extend(7i32.to_be_bytes());
    body.extend((-1i16).to_be_bytes());
    body.push(0);
    text(&mut body, group);
    text(&mut body, MEMBER);
    body.extend(epoch.to_be_bytes());
    // The epoch of endpoint information, no static id, no rack.
    body.extend(0i32.to_be_bytes());
    body.extend([0, 0]);
    body.extend(60_000i32.to_be_bytes());
    match topic {
        None => body.push(0xff),
        Some(topic) => {
            body.push(1);
            body.extend(1i32.to_be_bytes());
            body.push(2);
            text(&mut body, "0");
            body.push(2);
            text(&mut body, topic);
            // No patterns, changelogs, repartition topics of both kinds, copartitions, tags.
            body.extend([1, 1, 1, 1, 1, 0]);
            body.push(0);
        }
    }
    // Active, standby and warm-up tasks: none when it joins, none said when it leaves.
    body.extend([u8::from(topic.is_some()); 3]);
    match topic {
        Some(_) => text(&mut body, "process-1"),
        None => body.push(0),
    }
    // No endpoint, client tags, task offsets and their ends; the application does not shut down; no tags.
    body.push(0xff);
    body.extend([0, 0, 0, 0, 0]);
    let mut stream = TcpStream::connect(bootstrap)?;
    stream.set_read_timeout(Some(Duration::from_secs(20)))?;
    stream.write_all(&i32::try_from(body.len())?.to_be_bytes())?;
    stream.write_all(&body)?;
    let mut length = [0; 4];
    stream.read_exact(&mut length)?;
    let mut answer = vec![0; usize::try_from(i32::from_be_bytes(length))?];
    stream.read_exact(&mut answer)?;
    // Correlation id, tags, throttle time.
    ensure!(answer.len() > 11, "{answer:?}");
    Ok(i16::from_be_bytes([answer[9], answer[10]]))
}

/// A compact string.
fn text(body: &mut Vec<u8>, text: &str) {
    body.push(u8::try_from(text.len() + 1).unwrap_or(u8::MAX));
    body.extend(text.as_bytes());
}
