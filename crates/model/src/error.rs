use thiserror::Error;

/// Shorthand for results of this crate.
pub type Result<T> = std::result::Result<T, InvalidTask>;

/// A task description that cannot be run. Each sentence names the field and what would be right.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum InvalidTask {
    /// The name is empty or longer than 64 characters.
    #[error("the task name must have 1 to 64 characters, this one has {length}")]
    NameLength {
        /// Characters (not bytes) of the trimmed name.
        length: usize,
    },
    /// A topic name that Kafka would refuse.
    #[error("'{name}' is no valid topic name: {reason}")]
    TopicName {
        /// The name as given.
        name: String,
        /// The rule it breaks.
        reason: &'static str,
    },
    /// No topic, pattern or `--all` given.
    #[error("no topics chosen: name at least one topic, give an include pattern, or choose all topics")]
    NoObjects,
    /// A regular expression that does not compile.
    #[error("the {what} pattern '{pattern}' is not a valid regular expression: {reason}")]
    Pattern {
        /// Which field.
        what: &'static str,
        /// The pattern as given.
        pattern: String,
        /// The compiler's words, on one line.
        reason: String,
    },
    /// What a pair of tasks cannot have that copies both ways.
    #[error("a pair that copies both ways {reason}")]
    BothWays {
        /// What it cannot have, and what would be right.
        reason: &'static str,
    },
    /// A start position that cannot be read.
    #[error("'{text}' is no start position: {reason}")]
    Start {
        /// The text as given.
        text: String,
        /// What is wrong and what would be right.
        reason: String,
    },
    /// An end position that cannot be read.
    #[error("'{text}' is no end position: {reason}")]
    End {
        /// The text as given.
        text: String,
        /// What is wrong and what would be right.
        reason: String,
    },
    /// Bootstrap servers missing or malformed.
    #[error("'{text}' is no bootstrap address: {reason}")]
    Bootstrap {
        /// The text as given.
        text: String,
        /// What is wrong and what would be right.
        reason: &'static str,
    },
    /// A property that says how brokers are reached is wrong.
    #[error("{property}: {reason}")]
    Reach {
        /// Its name.
        property: String,
        /// What is wrong and what would be right, without a password.
        reason: String,
    },
    /// A property of the login to Amazon MSK is missing or wrong.
    #[error("{property}: {reason}")]
    MskLogin {
        /// Its name.
        property: String,
        /// What is wrong and what would be right.
        reason: String,
    },
    /// No id of a data source or task.
    #[error("'{text}' is no id of a {what}: write {prefix} and 12 small letters or digits")]
    Id {
        /// The text as given.
        text: String,
        /// What it should identify.
        what: &'static str,
        /// How such ids begin.
        prefix: &'static str,
    },
    /// A word that is none of those that can be chosen. What was written is not shown: it may stand there by mistake.
    #[error("unknown {what}: write one of {known}")]
    Word {
        /// What was to be chosen.
        what: &'static str,
        /// Those that exist, with commas.
        known: String,
    },
    /// A limit of zero, which would stop the copy for ever.
    #[error("the rate limit in {unit} must be greater than 0; leave it out for no limit")]
    RateLimit {
        /// `records/s` or `bytes/s`.
        unit: &'static str,
    },
    /// A time of day that is written wrongly.
    #[error("'{text}' is no time of day; write HH:MM, as 22:00")]
    TimeOfDay {
        /// What was written.
        text: String,
    },
    /// A tag that cannot be one.
    #[error("the tag '{tag}' cannot be used: {reason}")]
    Tag {
        /// The tag.
        tag: String,
        /// Why.
        reason: String,
    },
    /// A day of the week that is written wrongly.
    #[error("'{text}' is no day of the week; write it in English, as sunday")]
    DayOfWeek {
        /// What was written.
        text: String,
    },
    /// A setting of topics that must not follow the source while records are copied.
    #[error(
        "'{key}' cannot be kept like the source's while records are copied: it would change or refuse them; set it on the target when the copy has ended"
    )]
    FollowedSetting {
        /// The setting.
        key: String,
    },
    /// A principal that is written wrongly.
    #[error("'{name}' is no principal: write its kind, a colon and its name, as User:alice")]
    Principal {
        /// The text as given, or as rules have made it.
        name: String,
    },
    /// A setting that a mirror cannot have.
    #[error("a mirror (equal offsets) {reason}")]
    Mirror {
        /// What does not fit and what would be right.
        reason: &'static str,
    },
    /// A setting that no topic has was asked for.
    #[error("no topic of either side has a setting '{name}'; check the spelling")]
    UnknownSetting {
        /// The setting.
        name: String,
    },
    /// Two source topics would be written into one target topic.
    #[error("'{first}' and '{second}' would both be written to '{target}': give them different target names")]
    Merge {
        /// One source topic.
        first: String,
        /// The other source topic.
        second: String,
        /// The shared target topic.
        target: String,
    },
}
