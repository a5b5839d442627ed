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
    let mut hasher = Xxh3::new();
    field(&mut hasher, message.key());
    field(&mut hasher, message.value());
    if fields.time {
        hasher.update(&message.timestamp().0.to_le_bytes());
    }
    if fields.headers {
        for (name, value) in message.headers() {
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
