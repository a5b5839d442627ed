//! The steps of a cut-over, and what they are to whom.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// A step, in order. A cut-over stands at the one that is to be carried out next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum CutoverStep {
    /// Groups and topics are chosen.
    Plan,
    /// Every question is asked, and the translation of groups is tried; nothing is written.
    Rehearse,
    /// Producers stop, by a person or by a fence.
    StopProducers,
    /// It is watched that nothing is written any more.
    ProveSilence,
    /// The copy reaches the end of the source.
    Drain,
    /// What is newer than the last verification is compared.
    Verify,
    /// Positions of consumer groups are committed on the target, and proved.
    MoveGroups,
    /// The copy ends, and the task in the other direction is pinned at the target's ends.
    Open,
    /// Applications work on the target; the old side may follow.
    Window,
    /// The way back is given up.
    Close,
}

/// What a step is, in words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
pub struct StepWords {
    /// Its name.
    pub title: &'static str,
    /// What Sluice does.
    pub sluice: &'static str,
    /// What applications see.
    pub applications: &'static str,
}

impl CutoverStep {
    /// Every step in order.
    pub const ALL: [Self; 10] = [
        Self::Plan,
        Self::Rehearse,
        Self::StopProducers,
        Self::ProveSilence,
        Self::Drain,
        Self::Verify,
        Self::MoveGroups,
        Self::Open,
        Self::Window,
        Self::Close,
    ];

    /// Its number, from 1.
    pub fn number(self) -> usize {
        Self::ALL
            .iter()
            .position(|step| *step == self)
            .map_or(0, |index| index + 1)
    }

    /// The word in scripts and reports.
    pub fn word(self) -> &'static str {
        match self {
            Self::Plan => "plan",
            Self::Rehearse => "rehearse",
            Self::StopProducers => "stop_producers",
            Self::ProveSilence => "prove_silence",
            Self::Drain => "drain",
            Self::Verify => "verify",
            Self::MoveGroups => "move_groups",
            Self::Open => "open",
            Self::Window => "window",
            Self::Close => "close",
        }
    }

    /// The step behind it; the last one is followed by itself.
    pub(crate) fn following(self) -> Self {
        Self::ALL.get(self.number()).copied().unwrap_or(Self::Close)
    }

    /// What it is, in words; `fenced` where a fence stops the producers.
    pub fn words(self, fenced: bool) -> StepWords {
        let words = |title, sluice, applications| StepWords {
            title,
            sluice,
            applications,
        };
        match self {
            Self::Plan => words(
                "plan",
                "chooses groups and topics, and shows what transactions tie together",
                "nothing",
            ),
            Self::Rehearse => words(
                "rehearse",
                "asks every question and tries the translation of each group; writes nothing",
                "nothing",
            ),
            Self::StopProducers if fenced => words(
                "stop producers",
                "denies WRITE on the source topics, one principal after the other",
                "producers get authorisation errors, which end most of them",
            ),
            Self::StopProducers => words(
                "stop producers",
                "waits for a person who stops them",
                "producers are stopped",
            ),
            Self::ProveSilence => words(
                "prove silence",
                "compares the ends of the source over a window, and looks for producers and open transactions",
                "producers are stopped",
            ),
            Self::Drain => words(
                "drain",
                "copies to the end of the source",
                "consumers read the source to its end, then stop",
            ),
            Self::Verify => words(
                "verify",
                "compares what is newer than the last verification",
                "consumers are stopped",
            ),
            Self::MoveGroups => words(
                "move groups",
                "commits each group's position on the target, and compares the record that comes next on both sides",
                "consumers are stopped",
            ),
            Self::Open => words(
                "open",
                "ends the copy, notes the target's ends, and pins the task in the other direction exactly there",
                "clients start with the target's address",
            ),
            Self::Window => words(
                "window",
                "copies back what is written to the target, so that the old side follows",
                "everything works on the target",
            ),
            Self::Close => words(
                "close",
                "ends the copy back; there is no way back then",
                "nothing",
            ),
        }
    }
}

impl std::fmt::Display for CutoverStep {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.words(false).title)
    }
}
