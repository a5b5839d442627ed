//! Batches of records without content, which do nothing but take up offsets.

use super::codec::{Codec, CompressError, Compressor, Level};
use super::cursor::{put_varlong, varlong_len};
use super::pass::ProducerStamp;
use super::splice::framed;

/// Bytes of a filler record beside its length and its number: attributes, timestamp, key, value, headers.
const FIXED: usize = 5;

/// A whole batch of `count` records with an empty key, no value, no headers and this timestamp (ms since 1970). The key is
/// empty and not null, so that compacted topics take them as well.
///
/// A million of them are 0.8 MB with zstd.
///
/// # Errors
/// The codec's library fails.
pub fn filler_batch(
    compressor: &mut Compressor,
    codec: Codec,
    count: i32,
    timestamp: i64,
    stamp: &ProducerStamp,
) -> Result<Vec<u8>, CompressError> {
    let mut body = Vec::with_capacity(usize::try_from(count).unwrap_or(0).saturating_mul(FIXED + 4));
    for number in 0..i64::from(count) {
        put_varlong(&mut body, (FIXED + varlong_len(number)) as i64);
        // Attributes, and the timestamp: that of the batch.
        body.extend_from_slice(&[0, 0]);
        put_varlong(&mut body, number);
        put_varlong(&mut body, 0);
        put_varlong(&mut body, -1);
        put_varlong(&mut body, 0);
    }
    let mut payload = Vec::new();
    compressor.compress(codec, Level::Default, &body, &mut payload)?;
    Ok(framed(&payload, codec, count, (timestamp, timestamp), stamp))
}

#[cfg(test)]
mod tests {
    use super::super::{BatchView, RecordReader};
    use super::*;

    #[test]
    fn every_codec_gives_a_batch_of_so_many_empty_records_with_an_empty_key() {
        let stamp = ProducerStamp {
            producer_id: 7,
            producer_epoch: 2,
            base_sequence: 30,
            transactional: true,
        };
        let mut compressor = Compressor::new();
        for codec in [Codec::None, Codec::Gzip, Codec::Lz4, Codec::Snappy, Codec::Zstd] {
            let bytes = filler_batch(&mut compressor, codec, 300, 1_234, &stamp).unwrap();
            let view = BatchView::parse(&bytes).unwrap();
            view.check_crc().unwrap();
            let header = view.header();
            assert_eq!(
                (header.count, header.has_holes(), header.codec),
                (300, false, codec)
            );
            assert!(header.attributes.is_transactional());
            assert_eq!(
                (header.producer_id, header.producer_epoch, header.base_sequence),
                (7, 2, 30)
            );
            let mut reader = RecordReader::new(1 << 20);
            let records = reader.batch(&view).unwrap();
            let offsets: Vec<i64> = records.iter().map(|record| record.offset).collect();
            assert_eq!(offsets, (0..300).collect::<Vec<_>>());
            for record in records.iter() {
                assert_eq!((record.key, record.value), (Some(&b""[..]), None));
                assert_eq!((record.timestamp, record.headers.len()), (1_234, 0));
            }
        }
    }

    #[test]
    fn a_million_fit_into_a_batch_that_every_broker_takes_by_default() {
        let bytes = filler_batch(
            &mut Compressor::new(),
            Codec::Zstd,
            1_000_000,
            0,
            &ProducerStamp::NONE,
        );
        let size = bytes.unwrap().len();
        assert!(size < 1_000_012, "{size} bytes");
    }
}
