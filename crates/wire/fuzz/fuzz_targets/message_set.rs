//! The messages inside a compressed message of format 0 or 1. Their checksums are set right as far as their lengths lead.
#![no_main]

use sluice_wire_fuzz::format::{Codec, Compressor, Level};
use sluice_wire_fuzz::{crc32, message, read_everything};

/// Offset and length in front of a message, and its checksum.
const CRC_AT: usize = 12;

fn seal(messages: &mut [u8]) {
    let mut rest = messages;
    while let Some(length) = rest.get(8..CRC_AT).and_then(|bytes| bytes.try_into().ok()) {
        let end = (i32::from_be_bytes(length) as usize).saturating_add(CRC_AT);
        if end < CRC_AT + 4 || end > rest.len() {
            return;
        }
        let (one, behind) = rest.split_at_mut(end);
        let crc = crc32(&one[CRC_AT + 4..]);
        one[CRC_AT..CRC_AT + 4].copy_from_slice(&crc.to_be_bytes());
        rest = behind;
    }
}

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    let Some((&[choice, offset], messages)) = input.split_first_chunk::<2>() else {
        return;
    };
    let mut messages = messages.to_vec();
    seal(&mut messages);
    read_everything(&messages);
    let codec = [Codec::Gzip, Codec::Snappy, Codec::Lz4][usize::from(choice >> 4) % 3];
    let mut value = Vec::new();
    Compressor::new()
        .compress(codec, Level::Number(1), &messages, &mut value)
        .expect("any bytes can be compressed");
    let attributes = codec.code() | choice & 0x08;
    read_everything(&message(choice & 1, offset.into(), attributes, &value));
});
