use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::Context;

use crate::exit::Exit;

/// Ctrl-C and termination signals.
///
/// While a copy runs, the first one asks for a clean stop and the second one ends the process. Before that there is
/// nothing to stop cleanly, so the first one ends it: every step of a start may be cut off, as by kill -9.
#[derive(Clone)]
pub struct Interrupts {
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    can_stop: AtomicBool,
    asked: AtomicBool,
}

impl Interrupts {
    /// Takes the signals over.
    ///
    /// # Errors
    /// The system refuses it.
    pub fn install() -> anyhow::Result<Self> {
        let state = Arc::new(State::default());
        let signalled = state.clone();
        ctrlc::set_handler(move || {
            if !signalled.can_stop.load(Ordering::SeqCst) || signalled.asked.swap(true, Ordering::SeqCst) {
                std::process::exit(Exit::Interrupted.code().into());
            }
        })
        .context("cannot listen for Ctrl-C")?;
        Ok(Self { state })
    }

    /// Signals that never come: for work that another part of the program ends.
    pub fn none() -> Self {
        Self {
            state: Arc::default(),
        }
    }

    /// From now on the first signal only asks.
    pub fn will_stop_cleanly(&self) {
        self.state.can_stop.store(true, Ordering::SeqCst);
    }

    /// Whether a clean stop was asked for.
    pub fn asked(&self) -> bool {
        self.flag().load(Ordering::SeqCst)
    }

    /// The same, for code that watches a flag.
    pub fn flag(&self) -> &AtomicBool {
        &self.state.asked
    }
}
