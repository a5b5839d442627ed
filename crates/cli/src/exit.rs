use std::process::ExitCode;

/// How a command ended, as scripts see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Everything as asked for.
    Done,
    /// Ended, but with differences, gaps, quarantined records or stopped partitions, or by a failure on the way.
    NotWhole,
    /// Nothing was started: bad arguments, unreachable, refused. Of a verification: it could not be made.
    NotStarted,
    /// Ctrl-C or a termination signal; what was copied is saved.
    Interrupted,
}

impl Exit {
    /// The process's exit code.
    pub fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::NotWhole => 1,
            Self::NotStarted => 2,
            Self::Interrupted => 130,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        exit.code().into()
    }
}
