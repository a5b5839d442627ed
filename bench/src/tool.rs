/// Who copies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tool {
    /// Sluice's record lane: records and positions in transactions.
    RecordExactlyOnce,
    /// Sluice's record lane without transactions, as all the others.
    RecordAtLeastOnce,
    /// Sluice's wire lane, in transactions.
    WireExactlyOnce,
    /// Sluice's wire lane without transactions.
    WireAtLeastOnce,
    /// Another build of Sluice, to be compared with this one.
    OtherExactlyOnce,
    /// The same without transactions.
    OtherAtLeastOnce,
    /// Two kcat and a pipe.
    Kcat,
    /// MirrorMaker 2 as it comes.
    MirrorMakerDefaults,
    /// MirrorMaker 2 with big batches.
    MirrorMakerTuned,
    /// MirrorMaker's connectors on a Connect worker, as a task of Sluice sets them: records and positions in transactions.
    ConnectExactlyOnce,
    /// The same without transactions.
    ConnectAtLeastOnce,
}

impl Tool {
    /// All, in the order in which they run.
    pub const ALL: [Self; 11] = [
        Self::RecordExactlyOnce,
        Self::RecordAtLeastOnce,
        Self::WireExactlyOnce,
        Self::WireAtLeastOnce,
        Self::OtherExactlyOnce,
        Self::OtherAtLeastOnce,
        Self::Kcat,
        Self::MirrorMakerDefaults,
        Self::MirrorMakerTuned,
        Self::ConnectExactlyOnce,
        Self::ConnectAtLeastOnce,
    ];

    /// What it is chosen by on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::RecordExactlyOnce => "record-exactly-once",
            Self::RecordAtLeastOnce => "record-at-least-once",
            Self::WireExactlyOnce => "wire-exactly-once",
            Self::WireAtLeastOnce => "wire-at-least-once",
            Self::OtherExactlyOnce => "other-exactly-once",
            Self::OtherAtLeastOnce => "other-at-least-once",
            Self::Kcat => "kcat",
            Self::MirrorMakerDefaults => "mm2-defaults",
            Self::MirrorMakerTuned => "mm2-tuned",
            Self::ConnectExactlyOnce => "connect-exactly-once",
            Self::ConnectAtLeastOnce => "connect-at-least-once",
        }
    }

    /// What it is called in the table.
    pub fn title(self) -> &'static str {
        match self {
            Self::RecordExactlyOnce => "Sluice, record lane, exactly once",
            Self::RecordAtLeastOnce => "Sluice, record lane, at least once",
            Self::WireExactlyOnce => "Sluice, wire lane, exactly once",
            Self::WireAtLeastOnce => "Sluice, wire lane, at least once",
            Self::OtherExactlyOnce => "Sluice (other build), exactly once",
            Self::OtherAtLeastOnce => "Sluice (other build), at least once",
            Self::Kcat => "kcat to kcat",
            Self::MirrorMakerDefaults => "MirrorMaker 2, defaults",
            Self::MirrorMakerTuned => "MirrorMaker 2, tuned",
            Self::ConnectExactlyOnce => "Sluice on Connect, exactly once",
            Self::ConnectAtLeastOnce => "Sluice on Connect, at least once",
        }
    }

    /// What the reader of the table must know beside the figures.
    pub fn remark(self) -> Option<&'static str> {
        match self {
            Self::Kcat => Some("loses headers, timestamps, partitions"),
            _ => None,
        }
    }

    /// Whether it is Sluice in one of its modes.
    pub fn is_sluice(self) -> bool {
        matches!(self, Self::RecordExactlyOnce | Self::RecordAtLeastOnce) || self.is_other() || self.is_wire()
    }

    /// Whether it is another build of Sluice.
    pub fn is_other(self) -> bool {
        matches!(self, Self::OtherExactlyOnce | Self::OtherAtLeastOnce)
    }

    /// Whether it is Sluice's wire lane.
    pub fn is_wire(self) -> bool {
        matches!(self, Self::WireExactlyOnce | Self::WireAtLeastOnce)
    }

    /// The lane that Sluice is asked for; another build makes its own choice.
    pub fn lane(self) -> Option<&'static str> {
        match self {
            Self::RecordExactlyOnce | Self::RecordAtLeastOnce => Some("record"),
            _ if self.is_wire() => Some("wire"),
            _ => None,
        }
    }

    /// Whether it copies in transactions.
    pub fn is_exactly_once(self) -> bool {
        matches!(
            self,
            Self::RecordExactlyOnce
                | Self::WireExactlyOnce
                | Self::OtherExactlyOnce
                | Self::ConnectExactlyOnce
        )
    }

    /// Whether it is MirrorMaker 2, on whatever worker.
    pub fn is_mirror_maker(self) -> bool {
        matches!(self, Self::MirrorMakerDefaults | Self::MirrorMakerTuned) || self.is_on_connect()
    }

    /// Whether it is MirrorMaker's connectors on a Connect worker.
    pub fn is_on_connect(self) -> bool {
        matches!(self, Self::ConnectExactlyOnce | Self::ConnectAtLeastOnce)
    }
}
