//! `sluice control`.

use std::sync::Arc;

use super::arguments::ControlArguments;
use super::backend::{dir, opening};
use crate::exit::Exit;

/// Carries out what comes in on stdin, until it ends.
///
/// # Errors
/// It is not known where the data folder is.
pub fn control(arguments: &ControlArguments) -> anyhow::Result<Exit> {
    let dir = dir(&arguments.place)?;
    let folder = dir.clone();
    sluice_app::serve_stdio(
        &dir,
        Arc::new(move || opening(folder.clone(), "sluice control", false)),
        std::io::stdin(),
        std::io::stdout(),
    )?;
    Ok(Exit::Done)
}
