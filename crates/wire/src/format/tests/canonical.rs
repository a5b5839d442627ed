use xxhash_rust::xxh3::xxh3_64;

use super::sample::{Sample, message, odd_records, record};
use crate::format::{
    BatchView, CanonicalFields, CanonicalHasher, Codec, OwnedRecord, RecordParts, RecordReader, RecordSet,
    write_canonical,
};

/// The canonical form of each record of a record set.
fn forms(set: &[u8], fields: CanonicalFields) -> Vec<Vec<u8>> {
    let mut reader = RecordReader::new(8 << 20);
    let mut all = Vec::new();
    for entry in RecordSet::new(set) {
        for record in reader.read(&entry.unwrap()).unwrap().iter() {
            let mut form = Vec::new();
            write_canonical(&record, fields, &mut form);
            assert_eq!(CanonicalHasher::new().hash(&record, fields), xxh3_64(&form));
            all.push(form);
        }
    }
    all
}

fn one(record: OwnedRecord) -> Vec<u8> {
    Sample::new(vec![record]).bytes()
}

#[test]
fn the_form_is_the_one_described() {
    let mut sample = record(0, "ab", "");
    sample.timestamp = 0x0102_0304;
    sample.headers = vec![(b"h".to_vec(), None), (b"".to_vec(), Some(b"x".to_vec()))];
    let field = |bytes: &[u8]| [&[1, bytes.len() as u8, 0, 0, 0, 0, 0, 0, 0], bytes].concat();
    let key_and_value = [field(b"ab"), field(b"")].concat();
    let headers = [field(b"h"), vec![0], field(b""), field(b"x"), vec![0]].concat();
    let time = vec![4, 3, 2, 1, 0, 0, 0, 0];
    let set = one(sample);
    let form = |headers, timestamp| forms(&set, CanonicalFields { headers, timestamp }).remove(0);
    assert_eq!(
        form(true, true),
        [key_and_value.clone(), headers.clone(), time.clone()].concat()
    );
    assert_eq!(form(true, false), [key_and_value.clone(), headers].concat());
    assert_eq!(form(false, true), [key_and_value.clone(), time].concat());
    assert_eq!(form(false, false), key_and_value);
}

#[test]
fn records_that_differ_in_any_field_have_different_forms() {
    let base = record(0, "key", "value");
    let with = |change: fn(&mut OwnedRecord)| {
        let mut other = base.clone();
        change(&mut other);
        one(other)
    };
    let all: Vec<Vec<u8>> = [
        with(|_| ()),
        with(|r| r.key = None),
        with(|r| r.key = Some(Vec::new())),
        with(|r| r.value = None),
        with(|r| r.value = Some(Vec::new())),
        with(|r| (r.key, r.value) = (Some(b"keyv".to_vec()), Some(b"alue".to_vec()))),
        with(|r| r.timestamp += 1),
        with(|r| r.headers = vec![(b"a".to_vec(), None)]),
        with(|r| r.headers = vec![(b"a".to_vec(), Some(Vec::new()))]),
        with(|r| r.headers = vec![(b"a".to_vec(), None), (b"b".to_vec(), None)]),
        with(|r| r.headers = vec![(b"b".to_vec(), None), (b"a".to_vec(), None)]),
        with(|r| r.headers = vec![(b"a".to_vec(), None), (b"a".to_vec(), None)]),
    ]
    .iter()
    .map(|set| forms(set, CanonicalFields::ALL).remove(0))
    .collect();
    for (place, form) in all.iter().enumerate() {
        assert_eq!(all.iter().position(|other| other == form), Some(place));
    }
}

#[test]
fn the_form_does_not_depend_on_batch_format_codec_or_offset() {
    let plain = Sample::new(odd_records(0)).bytes();
    let packed = Sample::new(odd_records(77_000)).codec(Codec::Zstd).bytes();
    assert_eq!(
        forms(&plain, CanonicalFields::ALL),
        forms(&packed, CanonicalFields::ALL)
    );
    let mut new = record(9, "k", "v");
    new.timestamp = 1_234;
    let old = message(1, 4, 0, 1_234, Some(b"k"), Some(b"v"));
    assert_eq!(
        forms(&one(new), CanonicalFields::ALL),
        forms(&old, CanonicalFields::ALL)
    );
}

#[test]
fn long_records_and_those_of_another_client_have_the_same_hash() {
    let mut long = record(0, "k", &"v".repeat(100_000));
    long.headers = vec![(b"a".to_vec(), Some(vec![1; 5_000])), (b"a".to_vec(), None)];
    for sample in [long, odd_records(0).remove(1)] {
        let set = one(sample.clone());
        let view = BatchView::parse(&set).unwrap();
        let mut reader = RecordReader::new(1 << 20);
        let record = reader.batch(&view).unwrap().iter().next().unwrap();
        let mut hasher = CanonicalHasher::new();
        let parts = RecordParts {
            key: sample.key.as_deref(),
            value: sample.value.as_deref(),
            headers: sample
                .headers
                .iter()
                .map(|(key, value)| (&key[..], value.as_deref())),
            timestamp: sample.timestamp,
        };
        for fields in [
            CanonicalFields::ALL,
            CanonicalFields {
                headers: false,
                timestamp: true,
            },
        ] {
            let expected = xxh3_64(&forms(&set, fields)[0]);
            assert_eq!(hasher.hash(&record, fields), expected);
            assert_eq!(hasher.hash_parts(parts.clone(), fields), expected);
        }
    }
}
