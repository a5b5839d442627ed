//! Commands that two people, or two scripts, give at the same time.

use std::collections::BTreeSet;
use std::process::Output;

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use sluice_tests::{append_numbered, has_exactly_numbered};

use super::scene::{Scene, succeeded, words};

#[test]
fn of_two_resumes_at_once_one_is_accepted_one_says_why_not_and_the_task_runs() -> Result<()> {
    let scene = Scene::new(&["t"])?;
    for round in 0..5_usize {
        succeeded(&scene.run(&["task", "pause", "o"])?)?;
        let resume = ["task", "resume", "o"];
        let outputs = scene.at_once(&resume, &resume)?;
        let (accepted, refused): (Vec<&Output>, Vec<&Output>) =
            outputs.iter().partition(|output| output.status.success());
        ensure!(!accepted.is_empty(), "{}", words(&outputs[0]));
        for output in refused {
            assert_eq!(output.status.code(), Some(2));
            ensure!(
                words(output).contains("'resume' is not allowed then"),
                "{}",
                words(output)
            );
        }
        scene.is("running")?;
        append_numbered(&scene.source, round * 10, 10)?;
        has_exactly_numbered(&scene.target, (round + 1) * 10)?;
    }
    Ok(())
}

#[test]
fn of_a_speed_and_a_topic_that_are_set_at_once_neither_is_lost_while_both_succeed() -> Result<()> {
    let topics = ["t", "u0", "u1", "u2", "u3"];
    let scene = Scene::new(&topics)?;
    let mut expected = BTreeSet::from(["t".to_owned()]);
    let mut rate = Value::Null;
    for (round, topic) in topics[1..].iter().enumerate() {
        let speed = format!("{}", 1_000 + round);
        let set = ["task", "set", "o", "--rate-records", &speed];
        let [set, modified] = scene.at_once(&set, &["task", "modify", "o", "--add", topic])?;
        if set.status.success() {
            rate = Value::from(1_000 + round);
        }
        if modified.status.success() {
            expected.insert((*topic).to_owned());
        }
        ensure!(
            set.status.success() || modified.status.success(),
            "one of them is the first: {} {}",
            words(&set),
            words(&modified)
        );
        for refused in [&set, &modified] {
            if !refused.status.success() {
                assert_eq!(refused.status.code(), Some(2));
                ensure!(
                    words(refused).contains("superseded by a later command")
                        || words(refused).contains("is not allowed then"),
                    "{}",
                    words(refused)
                );
            }
        }
        let settings = scene.shown()?["settings"].clone();
        let copied: BTreeSet<String> = serde_json::from_value(settings["objects"]["topics"].clone())
            .with_context(|| format!("{settings:#}"))?;
        assert_eq!(copied, expected, "{settings:#}");
        assert_eq!(settings["rate"]["records_per_second"], rate, "{settings:#}");
        scene.is("running")?;
    }
    Ok(())
}
