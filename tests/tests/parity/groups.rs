use std::collections::BTreeMap;

use anyhow::{Result, ensure};
use sluice_engine::parity::{ParityRules, ParityState, Parts};
use sluice_testground::Cluster;
use sluice_tests::{Filler, skipped};
use sluice_wire::{Client, GroupOffset, TopicPartition};

use super::ground::{Ground, plain, renamed};

const GROUPS: Parts = Parts {
    groups: true,
    ..Parts::NONE
};

fn stands(cluster: &Cluster, group: &str, topic: &str) -> Result<()> {
    let place = TopicPartition::new(topic, 0);
    let position = GroupOffset {
        offset: 0,
        leader_epoch: None,
        metadata: String::new(),
    };
    let wanted = BTreeMap::from([(place.clone(), position)]);
    let outcomes = Client::new(&plain(cluster)?)?.offset_commit(group, &wanted)?;
    ensure!(outcomes.get(&place) == Some(&Ok(())), "{outcomes:?}");
    Ok(())
}

#[test]
fn groups_are_those_that_read_the_compared_topics_on_either_side_whatever_their_names_begin_with()
-> Result<()> {
    if skipped() {
        return Ok(());
    }
    let ground = Ground::get()?;
    for (cluster, topic) in [
        (&ground.source, "read"),
        (&ground.source, "unread"),
        (&ground.target, "read.eu"),
        (&ground.target, "unread"),
    ] {
        Filler::new(&cluster.bootstrap())?.create(topic, 1, &[])?;
    }
    for (cluster, group, topic) in [
        (&ground.source, "sluice.reports", "read"),
        (&ground.source, "moved", "read"),
        (&ground.target, "moved", "unread"),
        (&ground.source, "sluice.copy.00ff00ff00ff00ff", "read"),
        (&ground.source, "of another topic", "unread"),
        (&ground.target, "of the new name", "read.eu"),
        (&ground.target, "of another topic there", "unread"),
    ] {
        stands(cluster, group, topic)?;
    }
    let states = |rules: &ParityRules| -> Result<BTreeMap<String, ParityState>> {
        let rows = ground.compared(GROUPS, rules)?.groups.unwrap_or_default();
        Ok(rows.into_iter().map(|row| (row.group, row.state)).collect())
    };
    let expected = [
        ("moved", ParityState::Same),
        ("of the new name", ParityState::OnlyTarget),
        ("sluice.reports", ParityState::OnlySource),
    ];
    assert_eq!(
        states(&renamed("read", "read.eu"))?,
        expected.map(|(group, state)| (group.to_owned(), state)).into()
    );
    let all = states(&ParityRules::default())?;
    for group in ["of another topic", "of another topic there", "sluice.reports"] {
        ensure!(all.contains_key(group), "{group}: {all:?}");
    }
    ensure!(!all.contains_key("sluice.copy.00ff00ff00ff00ff"), "{all:?}");
    Ok(())
}
