//! Whether there is a display to open a window on.

/// # Errors
/// There is none; the toolkit would say so by a panic.
#[cfg(target_os = "linux")]
pub fn require() -> anyhow::Result<()> {
    let is_set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    anyhow::ensure!(
        is_set("DISPLAY") || is_set("WAYLAND_DISPLAY"),
        "there is no display to open a window on (neither DISPLAY nor WAYLAND_DISPLAY is set); in a terminal use `sluice`, for example `sluice demo`"
    );
    Ok(())
}

/// # Errors
/// None here: these systems always have one.
#[cfg(not(target_os = "linux"))]
#[expect(clippy::unnecessary_wraps, reason = "another system's version can fail")]
pub fn require() -> anyhow::Result<()> {
    Ok(())
}
