//! `sluice`, the terminal companion: copies Kafka topics between two clusters and proves the copy equal.

mod amount;
mod application;
mod arguments;
mod asked_range;
mod check;
mod command_line;
mod copy;
mod copy_report;
mod default_name;
mod demo;
mod description;
mod elsewhere;
mod exit;
mod follow;
mod interrupts;
mod log_output;
mod output;
mod prepared;
mod published;
mod screen;
mod shell_files;
mod status;
mod tables;
mod task_file;
mod verify;
mod verify_table;
mod words;

use std::process::ExitCode;

use sluice_engine::VerifyScope;

use arguments::{Command, VerifyArguments};
use exit::Exit;
use interrupts::Interrupts;
use screen::Screen;

fn main() -> ExitCode {
    // Wrong arguments end here, with clap's sentence and exit code 2.
    let (mut arguments, data) = command_line::parse();
    let screen = Screen::new();
    log_output::install(&screen);
    let sent = elsewhere::send(&mut arguments, data);
    match sent.and_then(|()| run(arguments.command, screen.clone())) {
        Ok(exit) => exit.into(),
        Err(error) => {
            screen.say(&format!("error: {error:#}"));
            Exit::NotStarted.into()
        }
    }
}

fn run(command: Command, screen: Screen) -> anyhow::Result<Exit> {
    let interrupts = Interrupts::install()?;
    match command {
        Command::Completions { shell } => shell_files::completions(shell),
        Command::Man { dir } => shell_files::man(dir.as_deref()),
        Command::Copy(arguments) => copy::copy(&arguments.task, None, screen, &interrupts),
        Command::Run(arguments) => copy::copy(&arguments.task, Some(&arguments.file), screen, &interrupts),
        Command::Check(arguments) => check::check(&arguments.task, arguments.file.as_deref(), &screen),
        Command::Verify(VerifyArguments {
            only_topics,
            since,
            file,
        }) => {
            let scope = VerifyScope {
                topics: only_topics.into_iter().collect(),
                since,
            };
            verify::verify(&file.task, file.file.as_deref(), scope, screen, &interrupts)
        }
        Command::Status(arguments) => status::status(&arguments),
        Command::Demo(arguments) => demo::demo(&arguments, screen, &interrupts),
        Command::Source { place, command } => application::sources(command, &place, &screen),
        Command::Task { place, command } => application::tasks(command, &place, &screen),
        Command::Cutover { place, command } => application::cutovers(command, &place, &screen),
        Command::Compare(arguments) => application::compare(&arguments, &screen),
        Command::Alerts { place, command } => application::alerts(command, &place, &screen),
        Command::Log(arguments) => application::operations(&arguments, &screen),
        Command::Control(arguments) => application::control(&arguments),
        Command::Daemon(arguments) => application::daemon(&arguments, &screen, &interrupts),
    }
}
