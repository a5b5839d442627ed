//! Answers of brokers to every kind of request, in all their versions.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| sluice_wire::fuzzing::read_answer(input));
