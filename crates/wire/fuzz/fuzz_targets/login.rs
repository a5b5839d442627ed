//! What a broker says while a client logs in to it (SASL).
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| sluice_wire::fuzzing::log_in(input));
