//! `message_size`.

use crate::finding::Finding;
use crate::plan::precheck::facts::{Outline, Sample, Setup};
use crate::plan::precheck::words::{listed, quoted};

/// Whether the target takes records as large as the source does.
pub(crate) fn message_size(outline: &Outline, setup: &Setup, sample: Option<&Sample>) -> Finding {
    const ID: &str = "message_size";
    let (mut smaller, mut seen, mut unknown) = (Vec::new(), Vec::new(), Vec::new());
    for (route, found) in outline.routes.iter().zip(&setup.routes) {
        let (source, target) = (&route.source_topic, &route.target_topic);
        let there = setup.target_number(found, "max.message.bytes");
        let largest = sample
            .and_then(|sample| sample.topics.get(source))
            .map_or(0, |topic| topic.largest);
        match (found.source_number("max.message.bytes"), there) {
            (from, Some(to)) if i64::try_from(largest).unwrap_or(i64::MAX) > to => {
                seen.push(format!(
                    "'{source}' holds a record of {largest} bytes, '{target}' takes batches up to {to}"
                ));
                smaller.push((target, from.unwrap_or(0).max(largest as i64)));
            }
            (Some(from), Some(to)) if to < from => {
                seen.push(format!(
                    "'{source}' takes batches up to {from} bytes, '{target}' only up to {to}"
                ));
                smaller.push((target, from));
            }
            (Some(_), Some(_)) => {}
            _ => unknown.push(source.as_str()),
        }
    }
    if let Some((topic, bytes)) = smaller.first() {
        return Finding::warning(
            ID,
            listed(&seen, "; "),
            "records that are larger, compressed as strongly as the target takes it, go to quarantine",
            format!(
                "set max.message.bytes={bytes} on '{topic}' of the target (kafka-configs --alter --topic {topic} --add-config max.message.bytes={bytes})"
            ),
        );
    }
    if !unknown.is_empty() && sample.is_some() {
        return Finding::warning(
            ID,
            format!(
                "the size limits of {} cannot be compared: a broker before 0.11 does not report its configuration, or the user lacks DESCRIBE_CONFIGS",
                quoted(&unknown)
            ),
            "records larger than the target takes go to quarantine",
            "compare max.message.bytes (message.max.bytes of the brokers) of both sides by hand",
        );
    }
    Finding::success(ID, "the target takes batches as large as the source does")
}
