//! The two questions that show whether a broker is there: ApiVersions and Metadata, as raw bytes.
//!
//! Written by hand so that readiness does not depend on a client library, least of all on the one under test.

use std::{
    io::{self, Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpStream},
    time::Duration,
};

const API_VERSIONS: i16 = 18;
const METADATA: i16 = 3;
const ANSWER_WITHIN: Duration = Duration::from_secs(5);
/// An answer to these questions is a few hundred bytes; more means that something else listens there.
const LARGEST_ANSWER: usize = 1 << 20;

/// What a broker knows of its cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct View {
    /// Ids of the brokers that are up, sorted.
    pub(crate) brokers: Vec<i32>,
    /// The broker that answers for the controller, if there is one.
    pub(crate) controller: Option<i32>,
}

/// Asks the broker on a loopback port which requests it knows (answer dropped), then whom it knows.
pub(crate) fn ask(port: u16) -> io::Result<View> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let mut stream = TcpStream::connect_timeout(&address, ANSWER_WITHIN)?;
    stream.set_read_timeout(Some(ANSWER_WITHIN))?;
    stream.set_write_timeout(Some(ANSWER_WITHIN))?;
    stream.set_nodelay(true)?;

    let api_versions = exchange(&mut stream, API_VERSIONS, 0, &[])?;
    let error = Reader(&api_versions).i16()?;
    if error != 0 {
        return Err(io::Error::other(format!("ApiVersions answered error {error}")));
    }

    let no_topics = 0_i32.to_be_bytes();
    let metadata = exchange(&mut stream, METADATA, 1, &no_topics)?;
    let mut reader = Reader(&metadata);
    let count = reader.i32()?;
    let mut brokers = Vec::new();
    for _ in 0..count {
        brokers.push(reader.i32()?);
        reader.skip_string()?; // host
        reader.i32()?; // port
        reader.skip_string()?; // rack
    }
    brokers.sort_unstable();
    let controller = Some(reader.i32()?).filter(|id| *id >= 0);
    Ok(View { brokers, controller })
}

/// Sends one request with header version 1 and returns the body of its answer (header version 0).
fn exchange(stream: &mut TcpStream, key: i16, version: i16, body: &[u8]) -> io::Result<Vec<u8>> {
    const CORRELATION: i32 = 7;
    const CLIENT_ID: &[u8] = b"testground";
    let mut request = Vec::new();
    request.extend(key.to_be_bytes());
    request.extend(version.to_be_bytes());
    request.extend(CORRELATION.to_be_bytes());
    request.extend((CLIENT_ID.len() as i16).to_be_bytes());
    request.extend(CLIENT_ID);
    request.extend(body);
    let mut framed = (request.len() as i32).to_be_bytes().to_vec();
    framed.extend(request);
    stream.write_all(&framed)?;

    let mut length = [0; 4];
    stream.read_exact(&mut length)?;
    let length = usize::try_from(i32::from_be_bytes(length)).unwrap_or(usize::MAX);
    if !(4..=LARGEST_ANSWER).contains(&length) {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "not a Kafka answer"));
    }
    let mut answer = vec![0; length];
    stream.read_exact(&mut answer)?;
    let body = answer.split_off(4);
    if answer != CORRELATION.to_be_bytes() {
        return Err(io::Error::new(
            io::ErrorKind::InvalidData,
            "answer to another request",
        ));
    }
    Ok(body)
}

struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn take<const N: usize>(&mut self) -> io::Result<[u8; N]> {
        let (head, rest) = self
            .0
            .split_first_chunk::<N>()
            .ok_or(io::ErrorKind::UnexpectedEof)?;
        self.0 = rest;
        Ok(*head)
    }

    fn i16(&mut self) -> io::Result<i16> {
        self.take().map(i16::from_be_bytes)
    }

    fn i32(&mut self) -> io::Result<i32> {
        self.take().map(i32::from_be_bytes)
    }

    fn skip_string(&mut self) -> io::Result<()> {
        // A negative length is null.
        let length = usize::try_from(self.i16()?).unwrap_or(0);
        self.0 = self.0.get(length..).ok_or(io::ErrorKind::UnexpectedEof)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::{net::TcpListener, thread};

    use super::*;

    #[test]
    fn what_is_no_broker_is_an_error_and_not_a_wait() {
        for answer in [
            &b"HTTP/1.1 400 Bad Request\r\n"[..],
            &[0, 0, 0, 2, 0, 0],
            &[0, 0, 0, 4, 9, 9, 9, 9],
            b"",
        ] {
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
            let port = listener.local_addr().unwrap().port();
            let stranger = thread::spawn(move || {
                let (mut stream, _) = listener.accept().unwrap();
                let mut request = [0; 4];
                stream.read_exact(&mut request).unwrap();
                stream.write_all(answer).unwrap();
            });
            assert!(ask(port).is_err(), "{answer:?}");
            stranger.join().unwrap();
        }
    }
}
