//! A whole record set as a broker might send it, checksums included.
#![no_main]

libfuzzer_sys::fuzz_target!(|set: &[u8]| sluice_wire_fuzz::read_everything(set));
