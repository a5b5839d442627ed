//! `source_silent`.

use crate::error::Side;
use crate::plan::precheck::words::counted;
use crate::readiness::answer::Answer;
use crate::readiness::evidence::Evidence;
use crate::readiness::facts::{Facts, Known, first_error};

/// Whether no end of a source partition moved between the two looks. An open transaction that ends moves it as well: its
/// marker is written to the log.
pub(crate) fn silent(facts: &Facts<'_>) -> Known<Answer> {
    let (before, now) = (facts.first_snapshot()?, facts.second_snapshot()?);
    let seconds = (now.at - before.at).as_secs_f64();
    let mut grown: Vec<(i64, Evidence)> = now
        .ends
        .iter()
        .filter_map(|(place, end)| {
            let (Ok(end), Some(Ok(earlier))) = (end, before.ends.get(place)) else {
                return None;
            };
            let gained = end - earlier;
            let row = Evidence::about(place)
                .with("end_before", *earlier)
                .with("end", *end)
                .with("gained", gained);
            (gained != 0).then_some((gained, row))
        })
        .collect();
    grown.sort_by_key(|(gained, _)| std::cmp::Reverse(*gained));
    if !grown.is_empty() {
        let offsets: i64 = grown.iter().map(|(gained, _)| gained).sum();
        return Ok(Answer::failed(
            format!(
                "{} of the source gained {offsets} offsets in {seconds:.1} s",
                counted(grown.len(), "partition")
            ),
            "stop the producers that still write (see source_producers), or forbid them to write",
        )
        .with(grown.into_iter().map(|(_, row)| row)));
    }
    for answers in [&before.ends, &now.ends] {
        if let Some(unknown) = first_error(Side::Source, answers) {
            return Err(unknown);
        }
    }
    Ok(Answer::success(format!(
        "no end of {} at the source moved in {seconds:.1} s",
        counted(now.ends.len(), "partition")
    ))
    .with(
        now.ends
            .iter()
            .filter_map(|(place, end)| Some(Evidence::about(place).with("end", *end.as_ref().ok()?))),
    ))
}
