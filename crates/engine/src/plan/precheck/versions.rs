//! `versions`: what the other side's age costs.

use sluice_model::{Codec, Task};

use crate::finding::Finding;
use crate::plan::precheck::facts::{Outline, Sample};
use crate::plan::precheck::words::quoted;

/// What the target cannot carry. With a look at the records it says whether that matters.
pub(crate) fn versions(task: &Task, outline: &Outline, sample: Option<&Sample>) -> Finding {
    const ID: &str = "versions";
    let (source, target) = (outline.pair.source.capabilities, outline.pair.target.capabilities);
    let (mut causes, mut effects, mut remedies): (Vec<String>, Vec<String>, Vec<&str>) =
        (Vec::new(), Vec::new(), Vec::new());
    if !target.message_v2 && source.message_v2 {
        let with_headers: Vec<&str> = sample
            .into_iter()
            .flat_map(|sample| &sample.topics)
            .filter(|(_, topic)| topic.with_headers > 0)
            .map(|(topic, _)| topic.as_str())
            .collect();
        let seen = if with_headers.is_empty() {
            String::new()
        } else {
            format!("; records of {} have headers", quoted(&with_headers))
        };
        causes.push(format!(
            "the target is older than 0.11: it has no record headers and no transactions{seen}"
        ));
        effects.push(
            "headers are dropped from every record that has some; verification lists them as accepted differences".into(),
        );
        remedies.push("use a target of version 0.11 or later where headers matter");
    } else if !target.message_v2 {
        causes.push("the target is older than 0.11: it has no transactions and no idempotent writes".into());
        effects.push(format!("delivery is {}", outline.delivery.describe()));
        remedies.push(
            "none needed; a connection lost during a write may repeat a batch, which verification shows",
        );
    }
    if !target.zstd && task.compression == Codec::Zstd {
        causes.push("the target is older than 2.1 and cannot store zstd, which the task asks for".into());
        effects.push("records are compressed with lz4 instead".into());
        remedies.push("choose another compression (--compression lz4)");
    } else if source.zstd && !target.zstd {
        causes.push("the target is older than 2.1 and cannot store zstd".into());
        effects.push("records compressed with zstd at the source are stored with another codec".into());
        remedies.push("none needed");
    }
    let recreates_source = !source.metadata_forbids_creation;
    let recreates_target = !target.metadata_forbids_creation;
    if recreates_source {
        causes.push("the source's brokers are older than 0.11 and create a deleted topic again when a client asks for it, where auto.create.topics.enable is on".into());
    }
    if recreates_target {
        causes.push("the target's brokers are older than 0.11 and create a deleted topic again when a client asks for it, where auto.create.topics.enable is on".into());
    }
    if recreates_source || recreates_target {
        effects.push("a topic that is deleted while it is copied comes back empty".into());
        remedies.push("stop the task before you delete one of its topics there");
    }
    if causes.is_empty() {
        return Finding::success(ID, "headers and transactions are available");
    }
    Finding::warning(ID, causes.join("; "), effects.join("; "), remedies.join("; "))
}
