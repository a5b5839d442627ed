//! Readiness: whether applications may move to the target now. Changes nothing on either side.
//!
//! Every question is asked by itself, in parallel with the others, and has a result of its own: what a cluster cannot
//! answer, for want of a right or because of its version, is *unknown* and never passes for an answer. What several
//! questions need is asked once ([`facts`]).

mod access;
mod answer;
mod context;
mod evidence;
mod facts;
mod item;
mod question;
mod questions;
mod run;
mod stored_batches;
mod unknown;

pub use context::ReadinessContext;
pub use evidence::{Evidence, EvidenceValue};
pub use item::{ANSWER_HOLDS_MS, ReadinessItem, ReadinessReport, ReadinessResult};
pub use question::{QUESTIONS, Question};
pub use run::readiness;
