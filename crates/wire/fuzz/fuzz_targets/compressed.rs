//! Compressed bytes of any codec, in an entry of any format: xerial and bare snappy, LZ4 frames, gzip, Zstandard.
#![no_main]

use sluice_wire_fuzz::{batch, message, read_everything};

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    let Some((&choice, payload)) = input.split_first() else {
        return;
    };
    let codec = choice & 0x07;
    match choice >> 6 {
        magic @ (0 | 1) => read_everything(&message(magic, 5, codec, payload)),
        _ => read_everything(&batch(codec.into(), 5, 1, payload)),
    }
});
