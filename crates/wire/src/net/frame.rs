//! Frames: a length, then a request or an answer.

use bytes::{BufMut, Bytes, BytesMut};
use kafka_protocol::messages::{ApiKey, RequestHeader, ResponseHeader};
use kafka_protocol::protocol::{Decodable, Encodable, HeaderVersion, Request, StrBytes};

use crate::error::{Result, WireError};
use crate::net::checked_lengths;

/// A request ready to be sent: its length, header and body, in pieces that are written one after the other.
#[derive(Debug)]
pub(crate) struct Frame {
    pub(crate) api: ApiKey,
    pub(crate) correlation: Option<i32>,
    pub(crate) parts: Vec<Bytes>,
}

fn malformed(api: ApiKey, reason: impl std::fmt::Display) -> WireError {
    WireError::Malformed {
        what: format!("{api:?}"),
        reason: reason.to_string(),
    }
}

/// The API key of a request type.
pub(crate) fn api_of<R: Request>() -> Result<ApiKey> {
    ApiKey::try_from(R::KEY).map_err(|()| WireError::Malformed {
        what: format!("request {}", R::KEY),
        reason: "its key is not known".to_owned(),
    })
}

/// Frames a body that is encoded already, whose first piece begins right behind the header.
///
/// # Errors
/// It is too long for a frame.
pub(crate) fn frame(
    api: ApiKey,
    version: i16,
    correlation: i32,
    client_id: &str,
    body: Vec<Bytes>,
) -> Result<Frame> {
    let mut head = BytesMut::with_capacity(64);
    head.put_i32(0);
    RequestHeader::default()
        .with_request_api_key(api as i16)
        .with_request_api_version(version)
        .with_correlation_id(correlation)
        .with_client_id(Some(StrBytes::from_string(client_id.to_owned())))
        .encode(&mut head, api.request_header_version(version))
        .map_err(|error| malformed(api, error))?;
    let length = head.len() - 4 + body.iter().map(Bytes::len).sum::<usize>();
    let length = i32::try_from(length).map_err(|_| malformed(api, "the request is longer than 2 GB"))?;
    head[..4].copy_from_slice(&length.to_be_bytes());
    let mut parts = vec![head.freeze()];
    parts.extend(body);
    Ok(Frame {
        api,
        correlation: Some(correlation),
        parts,
    })
}

/// Frames a SASL message as brokers before 1.0 take it: without a header.
///
/// # Errors
/// It is too long for a frame.
pub(crate) fn bare(message: Vec<u8>) -> Result<Frame> {
    let api = ApiKey::SaslAuthenticate;
    let length =
        i32::try_from(message.len()).map_err(|_| malformed(api, "the message is longer than 2 GB"))?;
    Ok(Frame {
        api,
        correlation: None,
        parts: vec![Bytes::copy_from_slice(&length.to_be_bytes()), message.into()],
    })
}

/// The body of a request.
///
/// # Errors
/// It has fields set that this version does not have.
pub(crate) fn encode<R: Request>(api: ApiKey, version: i16, request: &R) -> Result<Bytes> {
    let mut body = BytesMut::new();
    request
        .encode(&mut body, version)
        .map_err(|error| malformed(api, format!("{error:#}")))?;
    Ok(body.freeze())
}

/// Takes the rest of the header off an answer that begins behind its correlation id.
///
/// # Errors
/// It is cut off.
pub(crate) fn skip_header(api: ApiKey, version: i16, answer: Bytes) -> Result<Bytes> {
    if api.response_header_version(version) == 0 {
        return Ok(answer);
    }
    // The crate reads whole headers alone.
    let mut whole = BytesMut::with_capacity(4 + answer.len().min(256));
    whole.put_i32(0);
    if answer.first() == Some(&0) {
        return Ok(answer.slice(1..));
    }
    whole.put_slice(&answer);
    let mut whole = whole.freeze();
    ResponseHeader::decode(&mut whole, 1).map_err(|error| malformed(api, error))?;
    let read = answer.len() - whole.len();
    Ok(answer.slice(read..))
}

/// Reads an answer that begins behind its correlation id.
///
/// # Errors
/// It is malformed.
pub(crate) fn decode<R: Request>(api: ApiKey, version: i16, answer: Bytes) -> Result<R::Response>
where
    R::Response: HeaderVersion,
{
    let body = skip_header(api, version, answer)?;
    checked_lengths::decode(&body, version).map_err(|reason| malformed(api, reason))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_states_its_own_length() {
        let body = vec![Bytes::from_static(b"abc"), Bytes::from_static(b"de")];
        let frame = frame(ApiKey::Metadata, 1, 7, "me", body).unwrap();
        let all: Vec<u8> = frame.parts.concat();
        assert_eq!(all[..4], 17i32.to_be_bytes());
        assert_eq!(all.len(), 21);
        assert_eq!(all[4..], *b"\0\x03\0\x01\0\0\0\x07\0\x02meabcde");
    }

    #[test]
    fn tagged_fields_of_an_answers_header_are_passed_over() {
        for (answer, rest) in [
            (b"\0xyz".as_slice(), b"xyz".as_slice()),
            (b"\x01\x05\x02abxyz", b"xyz"),
        ] {
            let body = skip_header(ApiKey::Metadata, 9, Bytes::from_static(answer)).unwrap();
            assert_eq!(&body[..], rest);
        }
        let old = skip_header(ApiKey::Metadata, 1, Bytes::from_static(b"xyz")).unwrap();
        assert_eq!(&old[..], b"xyz");
        // A broker must be able to answer a client that does not know its versions.
        let versions = skip_header(ApiKey::ApiVersions, 3, Bytes::from_static(b"xyz")).unwrap();
        assert_eq!(&versions[..], b"xyz");
        assert!(skip_header(ApiKey::Metadata, 9, Bytes::from_static(b"\x02\x05")).is_err());
    }
}
