use anyhow::{Context, Result, ensure};
use serde_json::json;

use crate::scene::{Scene, succeeded};

#[test]
fn a_folder_there_may_have_any_name() -> Result<()> {
    let Some(scene) = Scene::start()? else {
        return Ok(());
    };
    let server = &scene.server;
    for (number, name) in [
        "plain",
        "with  blanks",
        "grün/数据",
        "it's \"quoted\"",
        "$HOME `id` $(id) ; touch owned && y | z > w",
        "back\\slash !1 * ? [a] {b,c} ~",
        "-x",
    ]
    .into_iter()
    .enumerate()
    {
        let folder = server.dir().join("folders").join(name);
        let host = format!("place:{}", folder.to_str().context("a path in UTF-8")?);
        let add = [
            "--host",
            &host,
            "source",
            "add",
            &format!("s{number}"),
            "--bootstrap",
            "a:1",
        ];
        succeeded(&add, server.sluice(&add)?)?;
        ensure!(
            folder.join("owner.lock").exists(),
            "{} was not used",
            folder.display()
        );
        let list = ["source", "list", "--json", "--host", &host];
        let rows: serde_json::Value =
            serde_json::from_slice(&succeeded(&list, server.sluice(&list)?)?.stdout)?;
        ensure!(
            rows[0]["form"]["name"] == json!(format!("s{number}")),
            "{name}: {rows:#}"
        );
    }
    ensure!(!server.home().join("owned").exists() && !server.dir().join("owned").exists());
    Ok(())
}

#[test]
fn a_relative_folder_is_in_the_home_there_and_one_of_the_environment_is_of_this_computer() -> Result<()> {
    let Some(scene) = Scene::start()? else {
        return Ok(());
    };
    let server = &scene.server;
    // A command of ssh begins in the home of the account, which the test does not own: a whole path goes there.
    let home = server.home();
    let home = home.to_str().context("a path in UTF-8")?;
    let by_option = ["--host", "place", "source", "list", "--data", home];
    succeeded(&by_option, server.sluice(&by_option)?)?;
    ensure!(server.home().join("owner.lock").exists());
    let mut list = server.command(&["--host", "place", "source", "list"])?;
    let output = list.env("SLUICE_DATA", "/of/this/computer").output()?;
    ensure!(output.status.success(), "{output:?}");
    ensure!(scene.folder().join("owner.lock").exists(), "the user's own there");
    let mut by_environment = server.command(&["source", "list"])?;
    let output = by_environment.env("SLUICE_HOST", "place").output()?;
    ensure!(output.status.success(), "{output:?}");
    Ok(())
}
