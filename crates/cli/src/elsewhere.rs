//! `--host`: the command is for the data folder of another computer.

use std::path::PathBuf;

use anyhow::{Context, bail};
use sluice_app::Host;

use crate::application::Place;
use crate::arguments::{Arguments, Command};

/// Has the command go to the computer that the arguments or SLUICE_HOST name, if they name one. `data` is the folder that
/// stands among the arguments; SLUICE_DATA is one of this computer.
///
/// # Errors
/// No computer is named so, or the command works on this one only.
pub fn send(arguments: &mut Arguments, data: Option<PathBuf>) -> anyhow::Result<()> {
    let Some(name) = arguments.host.take().filter(|name| !name.is_empty()) else {
        return Ok(());
    };
    match target(&mut arguments.command) {
        Target::Anywhere(place) => {
            place.host = Some(named(&name, data)?);
            Ok(())
        }
        Target::NoFolder => Ok(()),
        Target::OnlyHere(command) => bail!(
            "`sluice {command}` works on the computer where it is typed, and cannot be carried out on '{name}': log in there with ssh and type it, or leave out --host (and SLUICE_HOST). What is to copy there for long is a task: sluice --host {name} task create"
        ),
    }
}

fn named(name: &str, data: Option<PathBuf>) -> anyhow::Result<Host> {
    let host: Host = name.parse()?;
    let Some(data) = data else {
        return Ok(host);
    };
    if let Some(folder) = host.folder() {
        bail!(
            "the data folder there is given twice: '{folder}' behind the host, and '{}' with --data; leave out one of them",
            data.display()
        );
    }
    let folder = data.to_str().with_context(|| {
        format!(
            "'{}' is not a name in UTF-8; another computer cannot be given it",
            data.display()
        )
    })?;
    Ok(host.with_folder(folder)?)
}

/// Where a command may be carried out.
enum Target<'a> {
    /// Where its data folder is.
    Anywhere(&'a mut Place),
    /// It has nothing to do with a data folder.
    NoFolder,
    /// The command of this name needs files, a terminal or a process of this computer.
    OnlyHere(&'static str),
}

fn target(command: &mut Command) -> Target<'_> {
    match command {
        Command::Source { place, .. }
        | Command::Task { place, .. }
        | Command::Cutover { place, .. }
        | Command::Alerts { place, .. } => Target::Anywhere(place),
        Command::Compare(arguments) => Target::Anywhere(&mut arguments.place),
        Command::Log(arguments) => Target::Anywhere(&mut arguments.place),
        // What another computer starts here must not go on to a third one.
        Command::Control(_) | Command::Completions { .. } | Command::Man { .. } => Target::NoFolder,
        Command::Copy(_) => Target::OnlyHere("copy"),
        Command::Run(_) => Target::OnlyHere("run"),
        Command::Check(_) => Target::OnlyHere("check"),
        Command::Verify(_) => Target::OnlyHere("verify"),
        Command::Status(_) => Target::OnlyHere("status"),
        Command::Demo(_) => Target::OnlyHere("demo"),
        Command::Daemon(_) => Target::OnlyHere("daemon"),
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    fn sent(words: &str, data: Option<&str>) -> anyhow::Result<Option<Host>> {
        let mut arguments = Arguments::try_parse_from(words.split(' '))?;
        send(&mut arguments, data.map(PathBuf::from))?;
        Ok(match target(&mut arguments.command) {
            Target::Anywhere(place) => place.host.clone(),
            Target::NoFolder | Target::OnlyHere(_) => None,
        })
    }

    #[test]
    fn commands_on_a_data_folder_go_to_the_host_wherever_it_stands() {
        for words in [
            "sluice --host a@b:/d task list",
            "sluice task list --host a@b:/d",
            "sluice task --host a@b:/d list",
            "sluice log --host a@b:/d",
            "sluice compare x y --host a@b:/d",
        ] {
            assert_eq!(
                sent(words, None).unwrap(),
                Some("a@b:/d".parse().unwrap()),
                "{words}"
            );
        }
        let folder = sent("sluice --host a@b task list", Some("/d")).unwrap();
        assert_eq!(folder, Some("a@b:/d".parse().unwrap()));
    }

    #[test]
    fn what_works_here_only_and_what_names_no_host_is_refused_with_a_sentence() {
        for (words, data, expected) in [
            ("sluice --host a@b daemon", None, "log in there with ssh"),
            (
                "sluice --host a@b copy --from a:1 --to b:1 --topic t",
                None,
                "`sluice copy`",
            ),
            ("sluice --host=-oX task list", None, "must not begin with '-'"),
            ("sluice --host a@b:/d task list", Some("/e"), "given twice"),
        ] {
            let error = sent(words, data).unwrap_err().to_string();
            assert!(error.contains(expected), "{words}: {error}");
        }
        assert_eq!(sent("sluice --host a@b man", None).unwrap(), None);
    }
}
