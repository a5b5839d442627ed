use sluice_kafka::KafkaError;
use sluice_wire::WireError;
use sluice_wire::format::Fault;

use crate::verify::record::Content;

/// Where the records of one partition come from.
pub(crate) trait Feed {
    /// Waits a moment for what comes and hands it over, in the order of the log: some records, at most those of a few
    /// stored batches. Returns how much came; 0 for silence.
    ///
    /// # Errors
    /// The client cannot go on.
    fn read(&mut self, take: &mut dyn FnMut(Fed)) -> Result<usize, ReadError>;

    /// Goes on at `offset` with the next read.
    fn go_to(&mut self, offset: i64);

    /// From now on also hands over what is not of what is compared, as [`Fed::Beside`].
    fn everything(&mut self) {}

    /// Reads nothing ahead until [`Feed::go_to`].
    fn rest(&mut self);
}

/// What comes of a partition.
pub(crate) enum Fed {
    /// A record of a committed transaction, or of none.
    Record(Content),
    /// One that is not of what is compared, where everything was asked for.
    Beside(Content),
    /// All that is committed has come.
    End,
    /// Nothing behind this can be read.
    Fault(ReadError),
}

/// Why a client cannot read.
#[derive(Debug, Clone, thiserror::Error)]
pub(crate) enum ReadError {
    #[error("{0}")]
    Library(#[from] KafkaError),
    #[error("{0}")]
    Wire(#[from] WireError),
    #[error("{0}")]
    Stored(#[from] Fault),
    #[error("whose records these are cannot be found out: {0}")]
    Unowned(String),
    #[error("the broker sent nothing for {0} s")]
    Silent(u64),
}
