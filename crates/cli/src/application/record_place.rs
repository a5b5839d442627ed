use std::str::FromStr;

/// A record by its place at the source, written `TOPIC-PARTITION@OFFSET`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordPlace {
    /// Source topic.
    pub topic: String,
    /// Partition.
    pub partition: i32,
    /// Source offset.
    pub offset: i64,
}

impl FromStr for RecordPlace {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts = || {
            let (partition, offset) = text.rsplit_once('@')?;
            let (topic, partition) = partition.rsplit_once('-')?;
            Some(Self {
                topic: Some(topic).filter(|topic| !topic.is_empty())?.to_owned(),
                partition: partition.parse().ok()?,
                offset: offset.parse().ok()?,
            })
        };
        parts().ok_or_else(|| format!("'{text}' names no record; write it as orders-3@4711"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_named_by_topic_partition_and_offset_and_topics_may_hold_dashes() {
        assert_eq!(
            "eu-orders-3@4711".parse(),
            Ok(RecordPlace {
                topic: "eu-orders".into(),
                partition: 3,
                offset: 4711
            })
        );
        for wrong in [
            "",
            "orders",
            "orders-3",
            "orders@1",
            "-3@1",
            "orders-x@1",
            "orders-3@y",
        ] {
            assert!(wrong.parse::<RecordPlace>().is_err(), "{wrong}");
        }
    }
}
