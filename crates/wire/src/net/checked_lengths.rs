//! Decoding answers with the protocol crate without believing the lengths in them. The crate takes memory for as many
//! elements as an array says it has, before it has read one; a length of two thousand million ends the process.

use bytes::{Buf, Bytes};
use kafka_protocol::protocol::Decodable;
use kafka_protocol::protocol::buf::{ByteBuf, NotEnoughBytesError};

/// Lengths up to here are left to the crate even if less follows: memory for so many elements is some megabytes, and is
/// given back when the bytes end. No tag and hardly a number of a broker is greater, so that the second look is rare.
const HARMLESS: usize = 65_536;

/// Reads a message that begins at the first byte of `body`.
///
/// # Errors
/// It is malformed, or says that it has more elements than bytes; in words.
pub(crate) fn decode<T: Decodable>(body: &Bytes, version: i16) -> Result<T, String> {
    let first = attempt::<T>(body, version, Doubtful::Is(0));
    if first.false_length {
        return Err("a length in it is greater than what follows".to_owned());
    }
    if first.doubtful == 0 {
        return first.decoded;
    }
    // Four bytes that could be the length of an array or just a large number. If it were a length, then one element instead
    // of none would move everything behind it.
    let second = attempt::<T>(body, version, Doubtful::Is(1));
    let all_numbers = first.decoded.is_ok() && second.decoded.is_ok() && first.ended == second.ended;
    if !all_numbers {
        return Err("a length in it is greater than what follows".to_owned());
    }
    attempt::<T>(body, version, Doubtful::IsRead).decoded
}

/// What a doubtful number is taken for.
#[derive(Clone, Copy)]
enum Doubtful {
    Is(i32),
    IsRead,
}

struct Attempt<T> {
    decoded: Result<T, String>,
    false_length: bool,
    doubtful: usize,
    /// How many fields were read, and how many bytes were left.
    ended: (usize, usize),
}

fn attempt<T: Decodable>(body: &Bytes, version: i16, doubtful: Doubtful) -> Attempt<T> {
    let mut reader = Reader {
        rest: body.clone(),
        fields: 0,
        doubtful,
        doubts: 0,
        false_length: false,
    };
    let decoded = T::decode(&mut reader, version).map_err(|error| format!("{error:#}"));
    Attempt {
        decoded,
        false_length: reader.false_length,
        doubtful: reader.doubts,
        ended: (reader.fields, reader.rest.len()),
    }
}

/// The answer, as the crate reads it.
struct Reader {
    rest: Bytes,
    fields: usize,
    doubtful: Doubtful,
    doubts: usize,
    /// A length was found that cannot be one; it was read as 0.
    false_length: bool,
}

impl Reader {
    fn is_too_much(&self, count: u32, behind: usize) -> bool {
        let count = count as usize;
        count > HARMLESS && count > behind
    }

    /// The number of variable length that begins here, and its size.
    fn varint(&self) -> (u32, usize) {
        let mut value = 0;
        for (index, byte) in self.rest.iter().take(5).enumerate() {
            value |= u32::from(byte & 0x7f) << (index * 7);
            if byte & 0x80 == 0 {
                return (value, index + 1);
            }
        }
        (value, self.rest.len().min(5))
    }
}

impl Buf for Reader {
    fn remaining(&self) -> usize {
        self.rest.len()
    }

    fn chunk(&self) -> &[u8] {
        &self.rest
    }

    fn advance(&mut self, count: usize) {
        self.fields += 1;
        self.rest.advance(count);
    }

    // Truth values and numbers of variable length. All the latter are lengths or tags, one greater than what they count.
    // Where one begins cannot be known: a damaged truth value looks like a first byte. So each byte is judged as if it were
    // one; what the later bytes of a number say is never more than the number.
    fn try_get_u8(&mut self) -> Result<u8, bytes::TryGetError> {
        let (value, size) = self.varint();
        if self.is_too_much(value.saturating_sub(1), self.rest.len() - size) {
            self.false_length = true;
            self.rest.advance(size);
            return Ok(0);
        }
        self.fields += 1;
        self.rest.try_get_u8()
    }

    fn try_get_i32(&mut self) -> Result<i32, bytes::TryGetError> {
        self.fields += 1;
        let value = self.rest.try_get_i32()?;
        if let Ok(count) = u32::try_from(value)
            && self.is_too_much(count, self.rest.len())
        {
            self.doubts += 1;
            if let Doubtful::Is(instead) = self.doubtful {
                return Ok(instead);
            }
        }
        Ok(value)
    }
}

impl ByteBuf for Reader {
    fn peek_bytes(&mut self, range: std::ops::Range<usize>) -> Bytes {
        self.rest.slice(range)
    }

    fn get_bytes(&mut self, size: usize) -> Bytes {
        self.fields += 1;
        self.rest.split_to(size)
    }

    fn try_get_bytes(&mut self, size: usize) -> Result<Bytes, NotEnoughBytesError> {
        if self.rest.len() < size {
            return Err(NotEnoughBytesError);
        }
        Ok(self.get_bytes(size))
    }
}

#[cfg(test)]
mod tests {
    use bytes::BytesMut;
    use kafka_protocol::messages::metadata_response::{MetadataResponseBroker, MetadataResponseTopic};
    use kafka_protocol::messages::{ApiVersionsResponse, BrokerId, MetadataResponse, TopicName};
    use kafka_protocol::protocol::{Encodable, StrBytes};

    use super::*;

    fn metadata() -> MetadataResponse {
        MetadataResponse::default()
            .with_brokers(vec![
                MetadataResponseBroker::default()
                    .with_node_id(BrokerId(2_000_000_000))
                    .with_host(StrBytes::from_static_str("kafka"))
                    .with_port(9_092),
            ])
            .with_controller_id(BrokerId(2_000_000_000))
            .with_topics(vec![
                MetadataResponseTopic::default()
                    .with_name(Some(TopicName(StrBytes::from_static_str("orders")))),
            ])
    }

    fn encoded(version: i16) -> Bytes {
        let mut out = BytesMut::new();
        metadata().encode(&mut out, version).unwrap();
        out.freeze()
    }

    #[test]
    fn answers_with_large_numbers_are_read_in_every_version() {
        for version in 1..=12 {
            let read: MetadataResponse = decode(&encoded(version), version).unwrap();
            assert_eq!(read.brokers, metadata().brokers, "version {version}");
            assert_eq!(read.controller_id, BrokerId(2_000_000_000));
            assert_eq!(read.topics[0].name, metadata().topics[0].name);
        }
    }

    #[test]
    fn a_length_greater_than_the_answer_is_an_error_and_takes_no_memory() {
        // The number of brokers is the answer's first field in version 1, the second from version 3 on.
        for (version, at, length) in [
            (1, 0, &[0x7f, 0xff, 0xff, 0xff][..]),
            (3, 4, &[0x7f, 0xff, 0xff, 0xff]),
            (9, 4, &[0xff, 0xff, 0xff, 0xff, 0x0f]),
            (12, 4, &[0x80, 0x80, 0x80, 0x80, 0x08]),
        ] {
            let mut body = encoded(version).to_vec();
            let plain = if version < 9 { 4 } else { 1 };
            body.splice(at..at + plain, length.iter().copied());
            let error = decode::<MetadataResponse>(&body.into(), version).unwrap_err();
            assert!(
                error.contains("greater than what follows"),
                "version {version}: {error}"
            );
        }
        let error =
            decode::<ApiVersionsResponse>(&Bytes::from_static(b"\0\0\x7f\xff\xff\xff"), 0).unwrap_err();
        assert!(error.contains("greater than what follows"), "{error}");
    }

    #[test]
    fn a_false_length_behind_what_looks_like_the_beginning_of_a_number_is_found() {
        const LENGTHS: [&[u8]; 2] = [b"\xff\xff\xff\xff\x0e", b"\x80\x80\x80\x80\x08"];
        for length in LENGTHS {
            // The tag and the size of a tagged field, as numbers of variable length that have no end.
            let endless = [0x80; 10];
            let body = [b"\0\0\x01\0\0\0\0\x01", &endless[..], length].concat();
            let error = decode::<ApiVersionsResponse>(&body.into(), 3).unwrap_err();
            assert!(error.contains("greater than what follows"), "{error}");
            // Whether a topic is internal, which is 0 or 1, before the number of its partitions.
            let mut body = encoded(9).to_vec();
            let name = body.windows(6).position(|six| six == b"orders").unwrap();
            assert_eq!(body[name + 6..name + 8], [0, 1]);
            body.splice(name + 6..name + 8, [&[0x80], length].concat());
            let error = decode::<MetadataResponse>(&body.into(), 9).unwrap_err();
            assert!(error.contains("greater than what follows"), "{error}");
        }
    }
}
