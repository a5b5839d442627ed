//! Record headers as one blob: per header the name's length and bytes, then the value's length (-1 for null) and bytes;
//! lengths are 32 bits, big-endian, as in Kafka's own formats.

/// Headers in order; names and values are bytes, a value may be null.
pub(crate) type Headers = Vec<(Vec<u8>, Option<Vec<u8>>)>;

pub(crate) fn encode(headers: &[(Vec<u8>, Option<Vec<u8>>)]) -> Vec<u8> {
    let mut blob = Vec::new();
    for (name, value) in headers {
        put(&mut blob, Some(name));
        put(&mut blob, value.as_deref());
    }
    blob
}

/// The headers of a blob, or `None` if it was not made by [`encode`].
pub(crate) fn decode(mut blob: &[u8]) -> Option<Headers> {
    let mut headers = Vec::new();
    while !blob.is_empty() {
        let name = take(&mut blob)??;
        let value = take(&mut blob)?;
        headers.push((name, value));
    }
    Some(headers)
}

fn put(blob: &mut Vec<u8>, bytes: Option<&[u8]>) {
    // Kafka itself limits a record, and so each of its parts, to less than 2 GiB.
    let length = bytes.map_or(-1, |bytes| i32::try_from(bytes.len()).unwrap_or(i32::MAX));
    blob.extend_from_slice(&length.to_be_bytes());
    blob.extend_from_slice(bytes.unwrap_or_default());
}

fn take(blob: &mut &[u8]) -> Option<Option<Vec<u8>>> {
    let (length, rest) = blob.split_first_chunk::<4>()?;
    *blob = rest;
    let length = i32::from_be_bytes(*length);
    if length == -1 {
        return Some(None);
    }
    let (bytes, rest) = blob.split_at_checked(usize::try_from(length).ok()?)?;
    *blob = rest;
    Some(Some(bytes.to_vec()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_header_comes_back() {
        let headers: Headers = vec![
            (b"a".to_vec(), Some(b"1".to_vec())),
            (b"a".to_vec(), None),
            (vec![], Some(vec![])),
            (vec![0xff, 0], Some(vec![0; 300])),
        ];
        assert_eq!(decode(&encode(&headers)), Some(headers));
        assert_eq!(decode(&encode(&[])), Some(vec![]));
    }

    #[test]
    fn a_blob_that_was_cut_is_no_headers() {
        let blob = encode(&[(b"name".to_vec(), Some(b"value".to_vec()))]);
        for end in 1..blob.len() {
            assert_eq!(decode(&blob[..end]), None, "{end}");
        }
    }
}
