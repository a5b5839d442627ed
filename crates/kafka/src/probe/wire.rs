use std::collections::BTreeMap;
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// How long one wait for bytes lasts before a cancellation is looked for.
const SLICE: Duration = Duration::from_millis(100);
/// Largest answer taken for one: a broker of Kafka 4 sends about 600 bytes.
const ANSWER_LIMIT: usize = 64 * 1024;
/// The request that every broker since 0.10.0 answers before any login.
const API_VERSIONS: i16 = 18;
/// What the answer must repeat ("slce").
const CORRELATION: i32 = 0x736c_6365;
/// First byte of a TLS record that carries an alert (RFC 8446, section 5.1).
const TLS_ALERT: u8 = 0x15;

/// Lowest and highest version of each request that a broker takes, by the request's number.
pub(crate) type ApiRanges = BTreeMap<i16, (i16, i16)>;

/// What a port said to a plain Kafka request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum WireAnswer {
    /// It speaks Kafka without TLS.
    Kafka(ApiRanges),
    /// A TLS alert: it speaks TLS.
    Tls,
    /// It closed the connection.
    Closed,
    /// Nothing within the deadline, or the probe was cancelled.
    Silent,
    /// Something that is not Kafka.
    Other,
}

/// Sends an ApiVersions request (version 0, not encrypted) and reads what comes back within `deadline`.
pub(crate) fn ask(mut stream: &TcpStream, deadline: Duration, cancel: &AtomicBool) -> WireAnswer {
    let until = Instant::now() + deadline;
    let prepared = stream
        .set_write_timeout(Some(deadline))
        .and_then(|()| stream.set_read_timeout(Some(SLICE)))
        .and_then(|()| stream.write_all(&request()));
    if prepared.is_err() {
        return WireAnswer::Closed;
    }
    let mut answer = Vec::new();
    let mut chunk = [0u8; 4096];
    loop {
        match stream.read(&mut chunk) {
            Ok(0) if answer.is_empty() => return WireAnswer::Closed,
            Ok(0) => return WireAnswer::Other,
            Ok(count) => answer.extend_from_slice(&chunk[..count]),
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(_) if answer.is_empty() => return WireAnswer::Closed,
            Err(_) => return WireAnswer::Other,
        }
        if let Some(found) = read(&answer) {
            return found;
        }
        if Instant::now() >= until || cancel.load(Ordering::Relaxed) {
            return WireAnswer::Silent;
        }
    }
}

fn request() -> Vec<u8> {
    const CLIENT: &[u8] = b"sluice";
    let mut body = Vec::new();
    body.extend_from_slice(&API_VERSIONS.to_be_bytes());
    body.extend_from_slice(&0i16.to_be_bytes());
    body.extend_from_slice(&CORRELATION.to_be_bytes());
    body.extend_from_slice(&[0, 6]);
    body.extend_from_slice(CLIENT);
    // A frame is its length and its body; this one has 16 bytes.
    let mut frame = vec![0, 0, 0, 16];
    frame.append(&mut body);
    frame
}

/// Reads what has come so far; `None` while more is needed.
fn read(answer: &[u8]) -> Option<WireAnswer> {
    if answer.first() == Some(&TLS_ALERT) {
        return Some(WireAnswer::Tls);
    }
    let (length, rest) = answer.split_first_chunk::<4>()?;
    let Some(length) = usize::try_from(i32::from_be_bytes(*length))
        .ok()
        .filter(|length| (6..=ANSWER_LIMIT).contains(length))
    else {
        return Some(WireAnswer::Other);
    };
    if rest.len() < length {
        return None;
    }
    Some(read_ranges(&rest[..length]).map_or(WireAnswer::Other, WireAnswer::Kafka))
}

fn read_ranges(body: &[u8]) -> Option<ApiRanges> {
    let (correlation, body) = body.split_first_chunk::<4>()?;
    let (error, body) = body.split_first_chunk::<2>()?;
    if i32::from_be_bytes(*correlation) != CORRELATION || i16::from_be_bytes(*error) != 0 {
        return None;
    }
    let (_, entries) = body.split_first_chunk::<4>()?;
    let number = |bytes: &[u8]| i16::from_be_bytes([bytes[0], bytes[1]]);
    Some(
        entries
            .chunks_exact(6)
            .map(|entry| (number(&entry[..2]), (number(&entry[2..4]), number(&entry[4..]))))
            .collect(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(ranges: &[(i16, i16, i16)]) -> Vec<u8> {
        let mut body = CORRELATION.to_be_bytes().to_vec();
        body.extend([0, 0]);
        body.extend(i32::try_from(ranges.len()).unwrap().to_be_bytes());
        for (key, low, high) in ranges {
            for number in [key, low, high] {
                body.extend(number.to_be_bytes());
            }
        }
        let mut frame = i32::try_from(body.len()).unwrap().to_be_bytes().to_vec();
        frame.extend(body);
        frame
    }

    #[test]
    fn a_request_states_its_own_length() {
        let frame = request();
        assert_eq!(frame.len(), 4 + usize::from(frame[3]));
        assert_eq!(frame[4..8], [0, 18, 0, 0]);
        assert!(frame.ends_with(b"\0\x06sluice"));
    }

    #[test]
    fn ranges_are_read_once_the_whole_answer_is_there() {
        let whole = answer(&[(0, 3, 12), (1, 4, 17)]);
        for length in 0..whole.len() {
            assert_eq!(read(&whole[..length]), None, "{length} bytes");
        }
        let ranges = ApiRanges::from([(0, (3, 12)), (1, (4, 17))]);
        assert_eq!(read(&whole), Some(WireAnswer::Kafka(ranges)));
    }

    #[test]
    fn an_answer_that_is_not_kafka_differs_from_a_tls_alert() {
        assert_eq!(read(&[0x15, 3, 3, 0, 2, 2, 80]), Some(WireAnswer::Tls));
        assert_eq!(read(b"HTTP/1.1 400 Bad Request"), Some(WireAnswer::Other));
        let mut foreign = answer(&[(0, 0, 1)]);
        foreign[4] ^= 1;
        assert_eq!(read(&foreign), Some(WireAnswer::Other));
    }
}
