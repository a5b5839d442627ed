//! `delivery`: what a crash may do to the target, and whether the target lets us have it so.

use sluice_model::{Delivery, Task};

use crate::finding::Finding;
use crate::plan::precheck::facts::{KnownRights, Outline, Setup, bound, broker_number};
use crate::position::EffectiveDelivery;

pub(crate) const ID: &str = "delivery";
/// The target's topic that keeps the state of transactions.
const TRANSACTION_STATE: &str = "__transaction_state";
/// The timeout that a transactional copy asks for, in ms (as in the lane's settings).
const TRANSACTION_TIMEOUT_MS: i64 = 60_000;

fn without_transactions(task: &Task, described: &'static str, rights: Option<&KnownRights>) -> Finding {
    if task.delivery == Delivery::ExactlyOnce {
        return Finding::warning(
            ID,
            described,
            "at each start the end of the target's log is matched with the source, so that nothing is copied twice; other writers on the target topics would disturb that",
            "let no other program write to the target topics; with a target of version 0.11 or later transactions are used",
        );
    }
    if let Some(error) = rights.and_then(|rights| rights.idempotence.as_ref()) {
        return Finding::failed(
            ID,
            format!("this user may not write idempotently to the target: {error}"),
            "the target refuses every record",
            "give the user IDEMPOTENT_WRITE on the cluster (kafka-acls --add --operation IdempotentWrite --cluster); from version 2.8 on WRITE on a topic is enough",
        );
    }
    Finding::success(ID, described)
}

/// Which lane would copy, and why.
pub(crate) fn lane(outline: &Outline) -> Finding {
    const LANE: &str = "lane";
    match &outline.lane {
        Ok(lane) => Finding::success(LANE, lane.describe()),
        Err(why) => Finding::failed(
            LANE,
            why.as_str(),
            "the task cannot start with the lane that it asks for",
            "leave the choice of the lane to the task's start (auto), or choose the record lane",
        ),
    }
}

/// Whether records can be delivered as the task wants.
pub(crate) fn delivery(
    task: &Task,
    outline: &Outline,
    setup: &Setup,
    rights: Option<&KnownRights>,
) -> Finding {
    let described = outline.delivery.describe();
    if outline.delivery != EffectiveDelivery::Transactions {
        return without_transactions(task, described, rights);
    }
    transactions(task, outline, setup, rights).unwrap_or_else(|| Finding::success(ID, described))
}

/// What stands in the way of transactions on the target, or may.
pub(crate) fn transactions(
    task: &Task,
    outline: &Outline,
    setup: &Setup,
    rights: Option<&KnownRights>,
) -> Option<Finding> {
    let described = outline.delivery.describe();
    let target = &outline.pair.target;
    let brokers = target.metadata.brokers.len();
    if let Some(factor) = broker_number(setup, "transaction.state.log.replication.factor")
        && !target.metadata.topics.contains_key(TRANSACTION_STATE)
        && usize::try_from(factor).is_ok_and(|factor| factor > brokers)
    {
        return Some(Finding::failed(
            ID,
            format!(
                "the target has transaction.state.log.replication.factor={factor} and {brokers} brokers, and has never had a transaction"
            ),
            "it cannot make its internal topic, and every transaction waits for ever",
            "set transaction.state.log.replication.factor (and transaction.state.log.min.isr) of the target's brokers to what they can hold, or choose --delivery at-least-once",
        ));
    }
    if let Some(longest) = broker_number(setup, "transaction.max.timeout.ms")
        && longest < TRANSACTION_TIMEOUT_MS
    {
        return Some(Finding::failed(
            ID,
            format!(
                "the target allows transactions of {longest} ms (transaction.max.timeout.ms), the copy needs {TRANSACTION_TIMEOUT_MS} ms"
            ),
            "the target refuses the copy's transactions",
            format!(
                "set transaction.max.timeout.ms={TRANSACTION_TIMEOUT_MS} or more on the target's brokers, or choose --delivery at-least-once"
            ),
        ));
    }
    let rights = rights?;
    let identity = outline.identity(task);
    if let Some(error) = &rights.group {
        return Some(Finding::failed(
            ID,
            format!("this user may not use the group '{identity}' on the target: {error}"),
            "positions cannot be kept in the transactions that carry the records",
            format!(
                "give the user READ on groups with the prefix 'sluice.' (kafka-acls --add --operation Read --group sluice. --resource-pattern-type prefixed), or choose --delivery at-least-once; the group is '{identity}'"
            ),
        ));
    }
    if rights.cluster.is_some() && bound(rights.cluster) {
        return Some(Finding::warning(
            ID,
            format!(
                "{described}; whether this user may use the transactional id '{identity}' cannot be asked for"
            ),
            "without the right the start is refused, before anything is copied",
            "give the user WRITE and DESCRIBE on transactional ids with the prefix 'sluice.' (kafka-acls --add --operation Write --operation Describe --transactional-id sluice. --resource-pattern-type prefixed)",
        ));
    }
    None
}
