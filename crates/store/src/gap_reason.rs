use sluice_engine::GapReason;

/// The word that stands for a reason in the database.
pub(crate) fn word(reason: GapReason) -> &'static str {
    match reason {
        GapReason::Deleted => "deleted",
        GapReason::Truncated => "truncated",
        GapReason::Recreated => "recreated",
        GapReason::StartOutsideLog => "start_outside_log",
        GapReason::Damaged => "damaged",
    }
}

/// The reason a word of the database stands for.
pub(crate) fn from_word(text: &str) -> Option<GapReason> {
    [
        GapReason::Deleted,
        GapReason::Truncated,
        GapReason::Recreated,
        GapReason::StartOutsideLog,
        GapReason::Damaged,
    ]
    .into_iter()
    .find(|reason| word(*reason) == text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_reads_back() {
        for reason in [
            GapReason::Deleted,
            GapReason::Truncated,
            GapReason::Recreated,
            GapReason::StartOutsideLog,
            GapReason::Damaged,
        ] {
            assert_eq!(from_word(word(reason)), Some(reason));
        }
        assert_eq!(from_word("else"), None);
    }
}
