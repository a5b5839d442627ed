use crate::probe::wire::ApiRanges;

/// Numbers of the requests that identify a release (Kafka's protocol guide, "API Keys").
const FETCH: i16 = 1;
const API_VERSIONS: i16 = 18;

/// Kafka's release by the newest Fetch request that a broker takes, newest first. From the comments of
/// `FetchRequest.json` in Kafka's sources and the protocol guide (<https://kafka.apache.org/protocol>): version 2 came
/// with 0.10.0, 3 with 0.10.1, 5 with 0.11, 6 with 1.0, 7 with 1.1 (KIP-227), 8 with 2.0 (KIP-219), 10 with 2.1
/// (KIP-110), 11 with 2.3 (KIP-392), 12 with 2.7 (KIP-595), 13 with 3.1 (KIP-516), 15 with 3.5 (KIP-903), 16 with 3.7
/// (KIP-951), 17 with 3.9 (KIP-853), 18 with 4.1.
const BY_FETCH: &[(i16, &str)] = &[
    (18, "4.1 or later"),
    (17, "3.9"),
    (16, "3.7 or 3.8"),
    (15, "3.5 or 3.6"),
    (13, "3.1 to 3.4"),
    (12, "2.7 to 3.0"),
    (11, "2.3 to 2.6"),
    (9, "2.1 or 2.2"),
    (8, "2.0"),
    (7, "1.1"),
    (6, "1.0"),
    (4, "0.11"),
    (0, "0.10"),
];

/// Guesses Kafka's release; `None` when the broker takes no Fetch request, so is no broker as we know them.
/// Other makers' brokers get the release that they equal.
pub(crate) fn release(ranges: &ApiRanges) -> Option<&'static str> {
    let (oldest, newest) = *ranges.get(&FETCH)?;
    let answers = ranges.get(&API_VERSIONS).map_or(0, |(_, newest)| *newest);
    // 4.0 dropped Fetch 0 to 3 (KIP-896) and added none.
    if oldest >= 4 && newest <= 17 {
        return Some("4.0");
    }
    // ApiVersions 3 came with 2.4 (KIP-511), which kept Fetch as it was.
    if newest == 11 {
        return Some(if answers >= 3 { "2.4 to 2.6" } else { "2.3" });
    }
    BY_FETCH
        .iter()
        .find(|(from, _)| newest >= *from)
        .map(|(_, name)| *name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_release_follows_from_the_requests_a_broker_takes() {
        let cases = [
            ((0, 2), 0, "0.10"),
            ((0, 3), 0, "0.10"),
            ((0, 5), 1, "0.11"),
            ((0, 6), 1, "1.0"),
            ((0, 7), 1, "1.1"),
            ((0, 8), 2, "2.0"),
            ((0, 10), 2, "2.1 or 2.2"),
            ((0, 11), 2, "2.3"),
            ((0, 11), 3, "2.4 to 2.6"),
            ((0, 12), 3, "2.7 to 3.0"),
            ((0, 13), 3, "3.1 to 3.4"),
            ((0, 15), 3, "3.5 or 3.6"),
            ((0, 16), 3, "3.7 or 3.8"),
            ((0, 17), 3, "3.9"),
            ((4, 17), 4, "4.0"),
            ((4, 18), 4, "4.1 or later"),
            ((4, 40), 9, "4.1 or later"),
        ];
        for (fetch, answers, expected) in cases {
            let ranges = ApiRanges::from([(FETCH, fetch), (API_VERSIONS, (0, answers))]);
            assert_eq!(
                release(&ranges),
                Some(expected),
                "Fetch {fetch:?}, ApiVersions {answers}"
            );
        }
        assert_eq!(release(&ApiRanges::new()), None);
    }
}
