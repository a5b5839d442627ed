use std::collections::BTreeMap;

use anyhow::{Result, ensure};
use sluice_engine::parity::{ParityRules, ParityState, Parts};
use sluice_tests::{Filler, commit_group, skipped};

use super::ground::{Ground, renamed};

const GROUPS: Parts = Parts {
    groups: true,
    ..Parts::NONE
};

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
        commit_group(&cluster.bootstrap(), group, &[(topic, 0, 0)], "")?;
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
