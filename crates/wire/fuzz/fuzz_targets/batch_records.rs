//! The records of a batch of format 2, under a right checksum: attributes, last offset, count, then the bytes of the
//! records.
#![no_main]

use sluice_wire_fuzz::{batch, read_everything};

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    let Some((&[attributes, last, count], records)) = input.split_first_chunk::<3>() else {
        return;
    };
    read_everything(&batch(attributes.into(), last.into(), count.into(), records));
});
