//! Files for shells and for `man`, made of the command line itself.

use std::path::Path;

use anyhow::Context;
use clap_complete::Shell;

use crate::exit::Exit;
use crate::{command_line, output};

/// Prints the completion of a shell.
///
/// # Errors
/// Stdout cannot be written.
pub fn completions(shell: Shell) -> anyhow::Result<Exit> {
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut command_line::command(), "sluice", &mut text);
    output::write(&String::from_utf8(text)?)?;
    Ok(Exit::Done)
}

/// Prints the manual page, or writes that of each command into a directory.
///
/// # Errors
/// Stdout or a file cannot be written.
pub fn man(dir: Option<&Path>) -> anyhow::Result<Exit> {
    let command = command_line::command();
    match dir {
        Some(dir) => {
            let unwritable = || format!("'{}' cannot be written", dir.display());
            std::fs::create_dir_all(dir).with_context(unwritable)?;
            clap_mangen::generate_to(command, dir).with_context(unwritable)?;
        }
        None => {
            let mut page = Vec::new();
            clap_mangen::Man::new(command).render(&mut page)?;
            output::write(&String::from_utf8(page)?)?;
        }
    }
    Ok(Exit::Done)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn completion(shell: Shell) -> String {
        let mut text = Vec::new();
        clap_complete::generate(shell, &mut command_line::command(), "sluice", &mut text);
        String::from_utf8(text).unwrap()
    }

    #[test]
    fn every_shell_completes_commands_and_options() {
        for shell in [Shell::Bash, Shell::Zsh, Shell::Fish, Shell::PowerShell] {
            let text = completion(shell);
            for word in ["verify", "until-caught-up", "quarantine"] {
                assert!(text.contains(word), "{shell}: {word}");
            }
        }
    }

    #[test]
    fn there_is_a_page_for_each_command() {
        let dir = tempfile::tempdir().unwrap();
        man(Some(dir.path())).unwrap();
        for (name, word) in [
            ("sluice.1", "verify"),
            ("sluice-copy.1", "until"),
            ("sluice-task-create.1", "delivery"),
        ] {
            let page = std::fs::read_to_string(dir.path().join(name)).unwrap();
            assert!(page.starts_with(".ie") && page.contains(word), "{name}");
        }
    }
}
