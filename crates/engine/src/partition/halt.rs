use crate::progress::OpenGap;

/// Why a partition must not go on.
#[derive(Debug, Clone)]
pub(crate) struct Halt {
    /// What is wrong and what can be done.
    pub(crate) sentence: String,
    /// The gap that a person can accept, where that is what holds it.
    pub(crate) gap: Option<OpenGap>,
}

impl From<String> for Halt {
    fn from(sentence: String) -> Self {
        Self { sentence, gap: None }
    }
}
