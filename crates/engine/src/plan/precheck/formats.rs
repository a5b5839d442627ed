//! `message_format`: whether records can be read from the source's format and written to the target's.

use crate::finding::Finding;
use crate::plan::precheck::facts::{Format, Outline, Sample, Setup};
use crate::plan::precheck::words::listed;
use crate::position::EffectiveDelivery;

/// Whether a topic of either side keeps records in the format from before 0.11 on brokers that know the newer one.
/// Brokers before 0.11 know one format alone, and are read and written in it; those before 2.7 are read in both.
/// What the setting does not show, older records of a topic whose setting was changed, the sample does.
pub(crate) fn formats(outline: &Outline, setup: &Setup, sample: Option<&Sample>) -> Finding {
    const ID: &str = "message_format";
    // The wire lane reads every format.
    let reads_all = outline.by_wire();
    let (mut unreadable, mut unwritable, mut unsure) = (Vec::new(), Vec::new(), Vec::new());
    for (route, found) in outline.routes.iter().zip(&setup.routes) {
        let (source, target) = (&route.source_topic, &route.target_topic);
        if let Format::Old { version, heeded } = setup.source_format(found)
            && !reads_all
        {
            let cause = format!("'{source}' has message.format.version={version} at the source");
            if heeded {
                unreadable.push(cause);
            } else {
                unsure.push(cause);
            }
        }
        if let Format::Old { version, heeded } = setup.target_format(found) {
            let cause = format!("'{target}' has message.format.version={version} on the target");
            if heeded {
                unwritable.push(cause);
            } else {
                unsure.push(cause);
            }
        }
    }
    for (key, offset) in sample.iter().flat_map(|sample| &sample.misread) {
        unreadable.push(format!(
            "{key} holds records in the format from before 0.11 at offset {offset}"
        ));
    }
    if !unreadable.is_empty() {
        return Finding::failed(
            ID,
            listed(&unreadable, "; "),
            "records in the format from before 0.11 on newer brokers would be copied without key and value",
            "leave these topics out. With message.format.version=0.11.0 or later (log.message.format.version of the brokers) what is written from then on can be copied, from a start position behind the older records",
        );
    }
    if !unwritable.is_empty() {
        return Finding::failed(
            ID,
            listed(&unwritable, "; "),
            "such a topic takes neither transactions nor idempotent writes nor headers",
            "set message.format.version=0.11.0 or later on the target topic (log.message.format.version of the brokers for topics that are created)",
        );
    }
    let in_transactions = [EffectiveDelivery::Transactions, EffectiveDelivery::Mirror];
    if in_transactions.contains(&outline.delivery)
        && let Format::Old {
            version,
            heeded: true,
        } = setup.target_default_format()
    {
        return Finding::failed(
            ID,
            format!(
                "the target's brokers have log.message.format.version={version}, also for their own topics"
            ),
            "no transaction that carries positions can be committed",
            "set log.message.format.version=0.11.0 or later on the target's brokers, or choose --delivery at-least-once",
        );
    }
    if !unsure.is_empty() {
        return Finding::warning(
            ID,
            format!(
                "{}; whether the brokers still heed that cannot be read",
                listed(&unsure, "; ")
            ),
            "with an inter.broker.protocol.version before 3.0, records cannot be copied from or to such a topic",
            "set message.format.version=0.11.0 or later on the topic, or give the user DESCRIBE_CONFIGS on the cluster",
        );
    }
    Finding::success(ID, "both sides keep records in a format that can be copied")
}
