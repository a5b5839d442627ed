use std::collections::HashMap;

use crate::verify::batches::stored::StoredBatch;

/// The first places, as offsets at the source and on the target, where a batch of `source` and one of `target` are the
/// same.
pub(crate) fn meeting<'a>(
    source: impl Iterator<Item = &'a StoredBatch>,
    target: impl Iterator<Item = &'a StoredBatch>,
) -> Option<(i64, i64)> {
    let mut places: HashMap<u64, (usize, &StoredBatch)> = HashMap::new();
    for (index, batch) in target.enumerate() {
        places.entry(batch.digest()).or_insert((index, batch));
    }
    source
        .enumerate()
        .filter_map(|(index, batch)| {
            let (other, copy) = places.get(&batch.digest())?;
            batch.is_same_as(copy).then_some((
                index + other,
                batch.header.base_offset,
                copy.header.base_offset,
            ))
        })
        .min()
        .map(|(_, at_source, on_target)| (at_source, on_target))
}
