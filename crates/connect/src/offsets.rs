//! Where MirrorMaker's source connector stands, as Connect keeps it.
//!
//! It keeps the offset of the last record that it passed on, and goes on behind it. So the position `n`, the next record to
//! copy, is kept as `n - 1`; where nothing was passed on nothing is kept, and the copy begins with the oldest record.

use serde_json::{Value, json};

/// A source partition and the next offset that is to be copied.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct MirrorOffset {
    /// Source topic.
    pub topic: String,
    /// Partition.
    pub partition: i32,
    /// The next offset to copy.
    pub position: i64,
}

/// Positions as Connect takes them, for a source of this alias. A position of 0 has nothing to say.
#[must_use]
pub fn at_connect(alias: &str, positions: &[MirrorOffset]) -> Value {
    let offsets: Vec<Value> = positions
        .iter()
        .filter(|at| at.position > 0)
        .map(|at| {
            json!({
                "partition": {"cluster": alias, "partition": at.partition, "topic": at.topic},
                "offset": {"offset": at.position - 1},
            })
        })
        .collect();
    json!({ "offsets": offsets })
}

/// What Connect answered; entries of other clusters are left out, and one that cannot be read is an error.
pub(crate) fn from_connect(alias: &str, answer: &Value) -> Result<Vec<MirrorOffset>, String> {
    let entries = answer
        .get("offsets")
        .and_then(Value::as_array)
        .ok_or("there are no offsets in its answer")?;
    let mut found = Vec::new();
    for entry in entries {
        let place = entry.get("partition");
        let text = |field: &str| place.and_then(|place| place.get(field)?.as_str());
        let (Some(cluster), Some(topic)) = (text("cluster"), text("topic")) else {
            return Err(format!("an offset has no place: {entry}"));
        };
        if cluster != alias {
            continue;
        }
        let number = |value: Option<&Value>| value.and_then(Value::as_i64);
        let partition = number(place.and_then(|place| place.get("partition")))
            .and_then(|number| i32::try_from(number).ok())
            .ok_or_else(|| format!("an offset has no partition: {entry}"))?;
        // An offset that was removed is null.
        let Some(offset) = entry.get("offset").filter(|offset| !offset.is_null()) else {
            continue;
        };
        let last = number(offset.get("offset")).ok_or_else(|| format!("an offset is no number: {entry}"))?;
        found.push(MirrorOffset {
            topic: topic.to_owned(),
            partition,
            position: last + 1,
        });
    }
    found.sort();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(partition: i32, position: i64) -> MirrorOffset {
        MirrorOffset {
            topic: "orders".into(),
            partition,
            position,
        }
    }

    #[test]
    fn a_position_is_kept_as_the_record_before_it_and_the_beginning_not_at_all() {
        let kept = at_connect("a", &[at(0, 0), at(1, 1), at(2, 500)]);
        assert_eq!(
            kept,
            json!({"offsets": [
                {"partition": {"cluster": "a", "partition": 1, "topic": "orders"}, "offset": {"offset": 0}},
                {"partition": {"cluster": "a", "partition": 2, "topic": "orders"}, "offset": {"offset": 499}},
            ]})
        );
        assert_eq!(from_connect("a", &kept).unwrap(), [at(1, 1), at(2, 500)]);
        assert_eq!(from_connect("b", &kept).unwrap(), []);
    }

    #[test]
    fn an_answer_that_is_not_understood_is_no_position() {
        for answer in [
            json!({}),
            json!({"offsets": [{"partition": {}, "offset": {"offset": 1}}]}),
            json!({"offsets": [{"partition": {"cluster": "a", "topic": "t", "partition": 0}, "offset": {"offset": "x"}}]}),
        ] {
            assert!(from_connect("a", &answer).is_err(), "{answer}");
        }
        let removed = json!({"offsets": [{"partition": {"cluster": "a", "topic": "t", "partition": 0}, "offset": null}]});
        assert_eq!(from_connect("a", &removed).unwrap(), []);
    }
}
