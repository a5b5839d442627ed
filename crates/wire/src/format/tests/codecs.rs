use crate::format::codec::{Decompressor, ExpandError};
use crate::format::{Codec, CodecFault, CodecSet, Compressor, Level};

fn compress(codec: Codec, level: Level, data: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    Compressor::new().compress(codec, level, data, &mut out).unwrap();
    out
}

fn expand(codec: Codec, data: &[u8], budget: usize) -> Result<Vec<u8>, ExpandError> {
    let mut out = vec![1, 2, 3];
    Decompressor::new()
        .expand(codec, 2, data, budget, &mut out)
        .map(|()| out)
}

/// Text that compresses, and bytes that do not.
fn samples() -> Vec<Vec<u8>> {
    let text = b"{\"id\":12345,\"name\":\"a name\",\"tags\":[\"a\",\"b\"]}".repeat(9_000);
    let mut state = 1_u64;
    let noise = std::iter::repeat_with(|| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (state >> 56) as u8
    })
    .take(200_000)
    .collect();
    vec![b"x".to_vec(), text, noise, vec![0; 300_000]]
}

const COMPRESSING: [Codec; 4] = [Codec::Gzip, Codec::Snappy, Codec::Lz4, Codec::Zstd];

#[test]
fn every_codec_gives_back_what_it_was_given_at_every_level() {
    for data in samples() {
        for codec in Codec::ALL {
            for level in [
                Level::Default,
                Level::Number(1),
                Level::Number(9),
                Level::Number(-99),
            ] {
                let packed = compress(codec, level, &data);
                assert_eq!(
                    expand(codec, &packed, data.len()).unwrap(),
                    data,
                    "{codec} {level:?}"
                );
            }
        }
    }
}

#[test]
fn a_higher_level_compresses_more() {
    let text: String = (0..20_000_u64)
        .map(|n| format!("{{\"id\":{},\"name\":\"name {}\"}}", n * n % 9_973, n * 7 % 1_013))
        .collect();
    for codec in [Codec::Gzip, Codec::Zstd] {
        let fast = compress(codec, Level::Number(1), text.as_bytes());
        let hard = compress(codec, Level::Number(9), text.as_bytes());
        assert!(hard.len() < fast.len(), "{codec}: {} {}", hard.len(), fast.len());
    }
}

#[test]
fn one_byte_less_than_needed_is_too_large() {
    for data in samples() {
        for codec in Codec::ALL {
            let packed = compress(codec, Level::Default, &data);
            assert_eq!(
                expand(codec, &packed, data.len() - 1),
                Err(ExpandError::TooLarge),
                "{codec} {}",
                data.len()
            );
        }
    }
}

#[test]
fn every_cut_is_a_fault_of_the_codec() {
    let text = &samples()[1][..70_000];
    for codec in COMPRESSING {
        let packed = compress(codec, Level::Default, text);
        for len in (0..packed.len()).step_by(if packed.len() > 2_000 { 7 } else { 1 }) {
            // A cut behind a block leaves whole blocks, which snappy cannot tell from a shorter stream.
            match expand(codec, &packed[..len], 1 << 20) {
                Ok(part) => assert!(codec == Codec::Snappy && part.len() < text.len(), "{codec} {len}"),
                Err(error) => assert!(matches!(error, ExpandError::Fault(_)), "{codec} {len} {error:?}"),
            }
        }
    }
}

#[test]
fn snappy_is_written_in_the_framing_of_java_and_read_with_and_without() {
    let text = &samples()[1][..100_000];
    let packed = compress(Codec::Snappy, Level::Default, text);
    assert!(packed.starts_with(b"\x82SNAPPY\0\0\0\0\x01\0\0\0\x01"));
    // Blocks of 32 KB.
    let mut rest = &packed[16..];
    let mut lens = Vec::new();
    while let Some((len, tail)) = rest.split_first_chunk::<4>() {
        let (block, tail) = tail.split_at(u32::from_be_bytes(*len) as usize);
        lens.push(snap::raw::decompress_len(block).unwrap());
        rest = tail;
    }
    assert_eq!(lens, [32_768, 32_768, 32_768, 1_696]);

    let bare = snap::raw::Encoder::new().compress_vec(text).unwrap();
    assert_eq!(expand(Codec::Snappy, &bare, text.len()).unwrap(), text);
    let twice = [packed.clone(), packed].concat();
    assert_eq!(
        expand(Codec::Snappy, &twice, 1 << 20).unwrap(),
        [text, text].concat()
    );
}

#[test]
fn a_block_that_claims_more_than_its_bytes_can_hold_is_damaged() {
    // 60 MB claimed by five bytes: nothing is set aside for it.
    let claim = [0x80, 0x80, 0xce, 0x1c, 0x00];
    assert_eq!(
        expand(Codec::Snappy, &claim, 1 << 30),
        Err(ExpandError::Fault(CodecFault::Damaged))
    );
}

#[test]
fn lz4_frames_with_linked_blocks_checksums_and_sizes_are_read() {
    use lz4_flex::frame::{BlockMode, BlockSize, FrameEncoder, FrameInfo};
    use std::io::Write;
    let text = &samples()[1];
    for mode in [BlockMode::Independent, BlockMode::Linked] {
        for size in [BlockSize::Max64KB, BlockSize::Max256KB, BlockSize::Max4MB] {
            for checks in [false, true] {
                let info = FrameInfo::new()
                    .block_mode(mode)
                    .block_size(size)
                    .block_checksums(checks)
                    .content_checksum(checks)
                    .content_size(checks.then_some(text.len() as u64));
                let mut encoder = FrameEncoder::with_frame_info(info, Vec::new());
                encoder.write_all(text).unwrap();
                let frame = encoder.finish().unwrap();
                assert_eq!(
                    expand(Codec::Lz4, &frame, text.len()).unwrap(),
                    *text,
                    "{mode:?} {size:?} {checks}"
                );
                let mut bad = frame.clone();
                let last = bad.len() - 1;
                bad[last] ^= 1;
                if checks {
                    assert_eq!(
                        expand(Codec::Lz4, &bad, text.len()),
                        Err(ExpandError::Fault(CodecFault::Checksum))
                    );
                }
            }
        }
    }
}

#[test]
fn lz4_is_written_as_kafka_writes_it() {
    let packed = compress(Codec::Lz4, Level::Default, b"some text some text some text");
    // Magic, version 01 with independent blocks, blocks of 64 KB, checksum of the two.
    assert_eq!(packed[..7], [0x04, 0x22, 0x4d, 0x18, 0x60, 0x40, 0x82]);
    assert!(packed.ends_with(&[0, 0, 0, 0]));
    assert!(lz4_flex::frame::FrameDecoder::new(&packed[..]).get_ref().len() > 7);
}

#[test]
fn gzip_members_that_follow_each_other_are_read_and_what_is_none_is_ignored() {
    let mut packed = compress(Codec::Gzip, Level::Default, b"one ");
    packed.extend(compress(Codec::Gzip, Level::Default, b"two"));
    packed.extend([0; 9]);
    assert_eq!(expand(Codec::Gzip, &packed, 7).unwrap(), b"one two");
    assert_eq!(expand(Codec::Gzip, &packed, 6), Err(ExpandError::TooLarge));
    assert_eq!(
        expand(Codec::Gzip, b"plain", 6),
        Err(ExpandError::Fault(CodecFault::Head))
    );
}

#[test]
fn zstd_frames_are_read_with_and_without_their_size_checksummed_and_one_after_the_other() {
    use std::io::Write;
    let mut all = Vec::new();
    let mut expected: Vec<u8> = Vec::new();
    for data in samples() {
        for (checksum, window) in [(false, 0), (true, 0), (true, 24)] {
            let mut encoder = zstd::stream::Encoder::new(Vec::new(), 5).unwrap();
            encoder.include_checksum(checksum).unwrap();
            encoder.window_log(window).unwrap();
            encoder.write_all(&data).unwrap();
            let frame = encoder.finish().unwrap();
            assert_eq!(expand(Codec::Zstd, &frame, data.len()).unwrap(), data);
            assert_eq!(
                expand(Codec::Zstd, &frame, data.len() - 1),
                Err(ExpandError::TooLarge)
            );
            all.extend(frame);
            expected.extend(data.iter());
        }
    }
    assert_eq!(expand(Codec::Zstd, &all, expected.len()).unwrap(), expected);
}

#[test]
fn a_frame_that_claims_a_large_window_takes_no_more_than_its_content() {
    use std::io::Write;
    let mut encoder = zstd::stream::Encoder::new(Vec::new(), 1).unwrap();
    encoder.window_log(27).unwrap();
    encoder.write_all(b"few").unwrap();
    let frame = encoder.finish().unwrap();
    let mut out = Vec::new();
    Decompressor::new()
        .expand(Codec::Zstd, 2, &frame, 1 << 30, &mut out)
        .unwrap();
    assert_eq!(out, b"few");
    assert!(out.capacity() <= 128 * 1024, "{}", out.capacity());
}

#[test]
fn a_set_of_codecs_holds_what_it_names() {
    assert!(Codec::ALL.into_iter().all(|codec| CodecSet::ALL.contains(codec)));
    assert!(!CodecSet::BEFORE_ZSTD.contains(Codec::Zstd) && CodecSet::BEFORE_ZSTD.contains(Codec::Lz4));
    assert!(
        CodecSet::only(Codec::Gzip).contains(Codec::Gzip)
            && !CodecSet::only(Codec::Gzip).contains(Codec::None)
    );
}
