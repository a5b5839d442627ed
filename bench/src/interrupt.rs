//! Ctrl-C: the run ends at its next look, and brokers and data are cleared away as usual.

use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Result, bail};

static ASKED: AtomicBool = AtomicBool::new(false);

/// Listens from now on.
///
/// # Errors
/// The operating system refuses.
pub fn install() -> Result<()> {
    ctrlc::set_handler(|| ASKED.store(true, Ordering::Relaxed))?;
    Ok(())
}

/// Fails once Ctrl-C was pressed.
///
/// # Errors
/// It was.
pub fn check() -> Result<()> {
    if was_asked() {
        bail!("interrupted");
    }
    Ok(())
}

/// Whether it was.
pub fn was_asked() -> bool {
    ASKED.load(Ordering::Relaxed)
}
