//! One client connection: frames in, frames out, one request at a time as on a real broker.

use std::net::IpAddr;
use std::sync::Arc;

use bytes::{Buf, BufMut, Bytes, BytesMut};
use kafka_protocol::messages::{ApiKey, RequestHeader, RequestKind, ResponseHeader, ResponseKind};
use kafka_protocol::protocol::{Decodable, Encodable};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::api;
use crate::api::sasl::Login;
use crate::api::versions;
use crate::faults::Injected;
use crate::request::Request;
use crate::shared::{Shared, lock};

/// Largest request, in bytes; the default of a real broker.
const MAX_REQUEST: usize = 100 * 1024 * 1024;

/// Why a connection ended before the client closed it.
#[derive(Debug, thiserror::Error)]
enum Closed {
    #[error(transparent)]
    Io(#[from] std::io::Error),
    #[error("{0}")]
    Protocol(String),
}

pub(crate) struct Connection {
    broker: i32,
    stream: TcpStream,
    peer: IpAddr,
    shared: Arc<Shared>,
    login: Login,
}

impl Connection {
    pub(crate) fn new(broker: i32, stream: TcpStream, peer: IpAddr, shared: Arc<Shared>) -> Self {
        let login = Login::new(!shared.users.is_empty());
        Connection {
            broker,
            stream,
            peer,
            shared,
            login,
        }
    }

    /// Answers requests until either side has had enough.
    pub(crate) async fn serve(mut self) {
        match self.exchange().await {
            Ok(()) => {}
            Err(Closed::Io(error)) => tracing::trace!(broker = self.broker, %error, "connection ended"),
            Err(Closed::Protocol(reason)) => {
                tracing::debug!(broker = self.broker, %reason, "connection closed");
            }
        }
    }

    async fn exchange(&mut self) -> Result<(), Closed> {
        self.stream.set_nodelay(true)?;
        while let Some(frame) = self.read_frame().await? {
            let Some(reply) = self.answer(frame).await? else {
                return Ok(());
            };
            self.stream.write_all(&reply).await?;
            if self.login.has_failed() {
                return Err(Closed::Protocol("authentication failed".to_owned()));
            }
        }
        Ok(())
    }

    async fn read_frame(&mut self) -> Result<Option<Bytes>, Closed> {
        let mut head = [0; 4];
        if self.stream.read(&mut head[..1]).await? == 0 {
            return Ok(None);
        }
        self.stream.read_exact(&mut head[1..]).await?;
        let len = usize::try_from(i32::from_be_bytes(head)).unwrap_or(usize::MAX);
        // Key, version and correlation id come first in every request.
        if !(8..=MAX_REQUEST).contains(&len) {
            return Err(Closed::Protocol(format!("a request of {len} bytes")));
        }
        let mut frame = vec![0; len];
        self.stream.read_exact(&mut frame).await?;
        Ok(Some(frame.into()))
    }

    /// The bytes to send back, empty if the request wants no answer; none to close the connection.
    async fn answer(&mut self, mut frame: Bytes) -> Result<Option<Bytes>, Closed> {
        let mut peek = frame.clone();
        let (key, version, correlation_id) = (peek.get_i16(), peek.get_i16(), peek.get_i32());
        let api = ApiKey::try_from(key).map_err(|()| Closed::Protocol(format!("API key {key}")))?;
        let delay = lock(&self.shared.faults).arrive(api);
        if let Some(delay) = delay {
            tokio::time::sleep(delay).await;
        }
        if !versions::is_offered(&self.shared, api, version) {
            // A client that does not know us yet asks in its newest version and expects ours.
            return match api {
                ApiKey::ApiVersions => {
                    let reply = ResponseKind::ApiVersions(versions::refusal(&self.shared));
                    encode(&reply, correlation_id, 0).map(Some)
                }
                _ => Err(Closed::Protocol(format!("{api:?} v{version} is not offered"))),
            };
        }
        if !self.login.allows(api) {
            return Err(Closed::Protocol(format!("{api:?} before authentication")));
        }
        let malformed = |e: String| Closed::Protocol(format!("{api:?} v{version}: {e}"));
        let header = RequestHeader::decode(&mut frame, api.request_header_version(version))
            .map_err(|e| malformed(e.to_string()))?;
        let body = RequestKind::decode(api, &mut frame, version).map_err(|e| malformed(format!("{e:#}")))?;
        let request = Request {
            shared: &self.shared,
            broker: self.broker,
            version,
            client_id: header.client_id.as_deref().unwrap_or_default().to_owned(),
            client_host: self.peer,
            injected: Injected::new(api, &self.shared.faults),
        };
        let reply = api::handle(&request, body, &mut self.login).await;
        if lock(&self.shared.faults).loses_answer(api) {
            return Ok(None);
        }
        match reply {
            Some(reply) => encode(&reply, correlation_id, version).map(Some),
            None => Ok(Some(Bytes::new())),
        }
    }
}

fn encode(reply: &ResponseKind, correlation_id: i32, version: i16) -> Result<Bytes, Closed> {
    let failed = |e: String| Closed::Protocol(format!("cannot encode an answer: {e}"));
    let mut out = BytesMut::new();
    out.put_i32(0);
    ResponseHeader::default()
        .with_correlation_id(correlation_id)
        .encode(&mut out, reply.header_version(version))
        .map_err(|e| failed(e.to_string()))?;
    reply
        .encode(&mut out, version)
        .map_err(|e| failed(format!("{e:#}")))?;
    let len = i32::try_from(out.len() - 4).map_err(|_| Closed::Protocol("an answer too long".to_owned()))?;
    out[..4].copy_from_slice(&len.to_be_bytes());
    Ok(out.freeze())
}
