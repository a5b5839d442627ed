//! A scripted broker for tests: it answers frames by a script.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use bytes::{BufMut, Bytes, BytesMut};
use kafka_protocol::messages::ApiKey;

use crate::net::Address;

/// A request as the peer got it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Asked {
    pub(crate) api: i16,
    pub(crate) version: i16,
    pub(crate) correlation: i32,
}

/// What the peer does with a request.
pub(crate) enum Reply {
    /// Answers it with this body.
    Body(Vec<u8>),
    /// Sends these bytes as they are.
    Raw(Vec<u8>),
    /// Says nothing.
    Silence,
    /// Ends the connection.
    Close,
}

type Script = dyn FnMut(Asked) -> Reply + Send;

/// A listening peer and what it was asked so far.
pub(crate) struct Peer {
    pub(crate) address: Address,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Peer {
    /// Answers every connection's requests by one script.
    pub(crate) fn start(script: impl FnMut(Asked) -> Reply + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = Address::new("127.0.0.1", listener.local_addr().unwrap().port());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let script: Arc<Mutex<Box<Script>>> = Arc::new(Mutex::new(Box::new(script)));
        let noted = Arc::clone(&asked);
        thread::spawn(move || {
            while let Ok((stream, _)) = listener.accept() {
                let (script, noted) = (Arc::clone(&script), Arc::clone(&noted));
                thread::spawn(move || serve(stream, &script, &noted));
            }
        });
        Self { address, asked }
    }

    /// A peer that knows `ranges` and answers everything but ApiVersions by the script.
    pub(crate) fn knowing(
        ranges: &'static [(ApiKey, i16, i16)],
        mut script: impl FnMut(Asked) -> Reply + Send + 'static,
    ) -> Self {
        Self::start(move |asked| {
            if asked.api == ApiKey::ApiVersions as i16 {
                Reply::Body(versions(asked.version, ranges))
            } else {
                script(asked)
            }
        })
    }

    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn serve(mut stream: TcpStream, script: &Mutex<Box<Script>>, noted: &Mutex<Vec<Asked>>) {
    loop {
        let mut head = [0; 4];
        if stream.read_exact(&mut head).is_err() {
            return;
        }
        let mut frame = vec![0; i32::from_be_bytes(head) as usize];
        if stream.read_exact(&mut frame).is_err() {
            return;
        }
        let asked = Asked {
            api: i16::from_be_bytes([frame[0], frame[1]]),
            version: i16::from_be_bytes([frame[2], frame[3]]),
            correlation: i32::from_be_bytes([frame[4], frame[5], frame[6], frame[7]]),
        };
        noted.lock().unwrap_or_else(PoisonError::into_inner).push(asked);
        let reply = (script.lock().unwrap_or_else(PoisonError::into_inner))(asked);
        let bytes = match reply {
            Reply::Body(body) => framed(asked.correlation, &body),
            Reply::Raw(bytes) => bytes.into(),
            Reply::Silence => continue,
            Reply::Close => return,
        };
        if stream.write_all(&bytes).is_err() {
            return;
        }
    }
}

/// An answer with its length and number.
pub(crate) fn framed(correlation: i32, body: &[u8]) -> Bytes {
    let mut out = BytesMut::new();
    out.put_i32(i32::try_from(body.len()).unwrap() + 4);
    out.put_i32(correlation);
    out.put_slice(body);
    out.freeze()
}

fn put_varint(out: &mut BytesMut, mut value: usize) {
    while value >= 0x80 {
        out.put_u8(0x80 | (value & 0x7f) as u8);
        value >>= 7;
    }
    out.put_u8(value as u8);
}

/// An answer to ApiVersions.
pub(crate) fn versions(version: i16, ranges: &[(ApiKey, i16, i16)]) -> Vec<u8> {
    let mut out = BytesMut::new();
    out.put_i16(0);
    if version >= 3 {
        put_varint(&mut out, ranges.len() + 1);
    } else {
        out.put_i32(i32::try_from(ranges.len()).unwrap());
    }
    for (api, low, high) in ranges {
        out.put_i16(*api as i16);
        out.put_i16(*low);
        out.put_i16(*high);
        if version >= 3 {
            out.put_u8(0);
        }
    }
    if version >= 1 {
        out.put_i32(0);
    }
    if version >= 3 {
        out.put_u8(0);
    }
    out.to_vec()
}
