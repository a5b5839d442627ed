//! What names nothing is refused, not answered with nothing.

use anyhow::{Result, ensure};
use sluice_tests::sluice;

use super::scene::{Scene, succeeded, words};

#[test]
fn what_names_nothing_is_refused() -> Result<()> {
    let scene = Scene::new(&["t"])?;
    for (arguments, sentence) in [
        (&["alerts", "history", "--task", "nope"][..], "no task 'nope'"),
        (
            &["alerts", "mute", "o", "--until", "2020-01-01T00:00:00Z"],
            "over already",
        ),
        (&["log", "--action", "nonsense"], "no action 'nonsense'"),
    ] {
        let output = scene.run(arguments)?;
        ensure!(
            output.status.code() == Some(2) && words(&output).contains(sentence),
            "{arguments:?}: {:?}, {}",
            output.status,
            words(&output)
        );
    }
    for arguments in [
        &["alerts", "history", "--task", "o"][..],
        &["alerts", "mute", "o", "--until", "2999-01-01T00:00:00Z"],
        &["log", "--action", "task_terminate"],
    ] {
        succeeded(&scene.run(arguments)?)?;
    }
    let nowhere = sluice(&["status", "--state", "/there/is/no/such/directory"])?;
    ensure!(
        nowhere.status.code() == Some(2) && words(&nowhere).contains("no directory"),
        "{:?}, {}",
        nowhere.status,
        words(&nowhere)
    );
    Ok(())
}
