//! Reading numbers and byte strings from a slice without ever leaving it.

use super::fault::RecordFault;

/// A place in a slice that only moves forward and never past the end.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cursor<'a> {
    rest: &'a [u8],
}

impl<'a> Cursor<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    pub(super) fn rest(&self) -> &'a [u8] {
        self.rest
    }

    pub(super) fn is_at_end(&self) -> bool {
        self.rest.is_empty()
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (head, rest) = self.rest.split_first_chunk::<N>()?;
        self.rest = rest;
        Some(*head)
    }

    pub(super) fn u8(&mut self) -> Option<u8> {
        self.array::<1>().map(|[byte]| byte)
    }

    pub(super) fn i16(&mut self) -> Option<i16> {
        self.array().map(i16::from_be_bytes)
    }

    pub(super) fn i32(&mut self) -> Option<i32> {
        self.array().map(i32::from_be_bytes)
    }

    pub(super) fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_be_bytes)
    }

    pub(super) fn u32_le(&mut self) -> Option<u32> {
        self.array().map(u32::from_le_bytes)
    }

    pub(super) fn i64(&mut self) -> Option<i64> {
        self.array().map(i64::from_be_bytes)
    }

    pub(super) fn bytes(&mut self, len: usize) -> Option<&'a [u8]> {
        let (head, rest) = self.rest.split_at_checked(len)?;
        self.rest = rest;
        Some(head)
    }

    /// A zigzag number of at most 10 bytes.
    pub(super) fn varlong(&mut self) -> Result<i64, RecordFault> {
        self.unsigned(10).map(unzigzag)
    }

    /// A zigzag number of at most 5 bytes, as Java reads an `int`.
    pub(super) fn varint(&mut self) -> Result<i32, RecordFault> {
        let value = unzigzag(self.unsigned(5)?);
        i32::try_from(value).map_err(|_| RecordFault::Number)
    }

    fn unsigned(&mut self, longest: u32) -> Result<u64, RecordFault> {
        let mut value = 0_u64;
        for place in 0..longest {
            let byte = self.u8().ok_or(RecordFault::Cut)?;
            let bits = u64::from(byte & 0x7f);
            // The tenth byte has room for one bit.
            if place == 9 && bits > 1 {
                return Err(RecordFault::Number);
            }
            value |= bits << (place * 7);
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(RecordFault::Number)
    }

    /// A byte string behind its length. Any negative length is null, as in Kafka's own reader.
    pub(super) fn nullable(&mut self) -> Result<Option<&'a [u8]>, RecordFault> {
        let len = self.varint()?;
        match usize::try_from(len) {
            Err(_) => Ok(None),
            Ok(len) => self.bytes(len).map(Some).ok_or(RecordFault::Length),
        }
    }

    /// A byte string that cannot be null.
    pub(super) fn sized(&mut self) -> Result<&'a [u8], RecordFault> {
        self.nullable()?.ok_or(RecordFault::Length)
    }

    /// A byte string behind a length of four bytes, as message formats 0 and 1 have it.
    pub(super) fn nullable_fixed(&mut self) -> Result<Option<&'a [u8]>, RecordFault> {
        let len = self.i32().ok_or(RecordFault::Cut)?;
        match usize::try_from(len) {
            Err(_) => Ok(None),
            Ok(len) => self.bytes(len).map(Some).ok_or(RecordFault::Length),
        }
    }
}

fn unzigzag(value: u64) -> i64 {
    ((value >> 1) as i64) ^ -((value & 1) as i64)
}

fn zigzag(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)) as u64
}

/// Appends a zigzag number.
pub(super) fn put_varlong(out: &mut Vec<u8>, value: i64) {
    let mut rest = zigzag(value);
    while rest >= 0x80 {
        out.push((rest & 0x7f) as u8 | 0x80);
        rest >>= 7;
    }
    out.push(rest as u8);
}

/// Bytes that [`put_varlong`] writes for `value`.
pub(super) fn varlong_len(value: i64) -> usize {
    let bits = 64 - (zigzag(value) | 1).leading_zeros() as usize;
    bits.div_ceil(7)
}

/// Appends a byte string behind its length, null as length -1.
pub(super) fn put_nullable(out: &mut Vec<u8>, value: Option<&[u8]>) {
    match value {
        None => put_varlong(out, -1),
        Some(bytes) => {
            put_varlong(out, bytes.len() as i64);
            out.extend_from_slice(bytes);
        }
    }
}

/// Bytes that [`put_nullable`] writes for `value`.
pub(super) fn nullable_len(value: Option<&[u8]>) -> usize {
    value.map_or(1, |bytes| varlong_len(bytes.len() as i64) + bytes.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_survives_the_round_trip_and_its_length_is_known_before() {
        for value in [
            0,
            1,
            -1,
            63,
            64,
            -64,
            -65,
            8191,
            8192,
            i64::from(i32::MAX),
            i64::from(i32::MIN),
            i64::MIN,
            i64::MAX,
        ] {
            let mut out = Vec::new();
            put_varlong(&mut out, value);
            assert_eq!(out.len(), varlong_len(value), "{value}");
            assert_eq!(Cursor::new(&out).varlong(), Ok(value));
        }
    }

    #[test]
    fn a_number_that_is_too_long_for_its_type_or_cut_is_a_fault() {
        assert_eq!(Cursor::new(&[0x80; 11]).varlong(), Err(RecordFault::Number));
        assert_eq!(
            Cursor::new(&[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02]).varlong(),
            Err(RecordFault::Number)
        );
        assert_eq!(Cursor::new(&[0x80; 6]).varint(), Err(RecordFault::Number));
        // Five bytes hold 35 bits: more than an int.
        assert_eq!(
            Cursor::new(&[0xff, 0xff, 0xff, 0xff, 0x7f]).varint(),
            Err(RecordFault::Number)
        );
        assert_eq!(Cursor::new(&[0x80]).varint(), Err(RecordFault::Cut));
    }

    #[test]
    fn a_byte_string_is_null_below_zero_and_a_fault_beyond_the_end() {
        assert_eq!(Cursor::new(&[0x01]).nullable(), Ok(None));
        assert_eq!(Cursor::new(&[0x03, 9]).nullable(), Ok(None));
        assert_eq!(Cursor::new(&[0x00]).nullable(), Ok(Some(&[][..])));
        assert_eq!(Cursor::new(&[0x04, 7]).nullable(), Err(RecordFault::Length));
        assert_eq!(Cursor::new(&[0x01]).sized(), Err(RecordFault::Length));
        assert_eq!(
            Cursor::new(&[0, 0, 0, 2, 7]).nullable_fixed(),
            Err(RecordFault::Length)
        );
        assert_eq!(Cursor::new(&[0xff; 4]).nullable_fixed(), Ok(None));
    }
}
