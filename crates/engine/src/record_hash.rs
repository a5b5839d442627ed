//! A record's content as one number, for recognising records without keeping them.

use sluice_kafka::Message;
use xxhash_rust::xxh3::Xxh3;

/// Hash of key, value and timestamp, and of the headers if asked. Null and empty differ.
pub(crate) fn hash_message(message: &Message, headers: bool) -> u64 {
    hash_fields(message, Fields { headers, time: true })
}

/// Which fields of a record count beside key and value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Fields {
    /// Not where the target has none.
    pub(crate) headers: bool,
    /// Not where the target stamps records itself.
    pub(crate) time: bool,
}

/// Hash of key, value and `fields`. Null and empty differ.
pub(crate) fn hash_fields(message: &Message, fields: Fields) -> u64 {
    hash_parts(
        message.key(),
        message.value(),
        message.timestamp().0,
        message.headers(),
        fields,
    )
}

/// As [`hash_fields`], of a record by its parts. `time` in ms since 1970.
pub(crate) fn hash_parts<'a>(
    key: Option<&[u8]>,
    value: Option<&[u8]>,
    time: i64,
    headers: impl IntoIterator<Item = (&'a [u8], Option<&'a [u8]>)>,
    fields: Fields,
) -> u64 {
    let mut hasher = Xxh3::new();
    field(&mut hasher, key);
    field(&mut hasher, value);
    if fields.time {
        hasher.update(&time.to_le_bytes());
    }
    if fields.headers {
        for (name, value) in headers {
            field(&mut hasher, Some(name));
            field(&mut hasher, value);
        }
    }
    hasher.digest()
}

fn field(hasher: &mut Xxh3, bytes: Option<&[u8]>) {
    match bytes {
        None => hasher.update(&[0]),
        Some(bytes) => {
            hasher.update(&[1]);
            hasher.update(&(bytes.len() as u64).to_le_bytes());
            hasher.update(bytes);
        }
    }
}
