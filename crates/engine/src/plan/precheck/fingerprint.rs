use sluice_model::{Cluster, PropertyValue, Task};
use xxhash_rust::xxh3::xxh3_64;

/// Fingerprint of all settings that a pre-check depends on. Secrets do not count: a hash of a password would let it be
/// guessed at leisure.
pub fn settings_fingerprint(task: &Task) -> String {
    let mut text = String::new();
    let mut put = |name: &str, value: &dyn std::fmt::Debug| {
        text.push_str(&format!("{name}={value:?}\u{1f}"));
    };
    put("source", &described(&task.source));
    put("target", &described(&task.target));
    put("objects", &task.objects);
    put("rename", &task.rename);
    put("start", &task.start.to_string());
    for (topic, start) in &task.start_overrides {
        put(topic, &start.to_string());
    }
    if let Some(end) = &task.end {
        put("end", &end.to_string());
    }
    for (topic, end) in &task.end_overrides {
        put(topic, &format!("end {end}"));
    }
    put("existing", &task.existing);
    put("delivery", &task.delivery);
    put("out_of_range", &task.out_of_range);
    put("forbidden_topics", &task.forbidden_topics);
    put("missing_timestamps", &task.missing_timestamps);
    put("lane", &task.lane);
    put("replication_factor", &task.replication_factor);
    put("compression", &task.compression);
    format!("{:016x}", xxh3_64(text.as_bytes()))
}

fn described(cluster: &Cluster) -> Vec<(&str, &str)> {
    let mut all = vec![("bootstrap.servers", cluster.bootstrap())];
    all.extend(cluster.properties().iter().map(|(key, value)| {
        (
            key.as_str(),
            match value {
                PropertyValue::Plain(text) => text.as_str(),
                PropertyValue::Secret(_) => "",
            },
        )
    }));
    all
}

#[cfg(test)]
mod tests {
    use sluice_model::{Delivery, End, Objects, RateLimits, TaskName};

    use super::*;

    fn task() -> Task {
        let cluster = Cluster::new("a:1").unwrap();
        Task::new(
            TaskName::new("t").unwrap(),
            cluster.clone(),
            cluster,
            Objects::all(),
        )
    }

    #[test]
    fn a_setting_changes_it_and_a_password_or_a_speed_limit_does_not() {
        let before = settings_fingerprint(&task());
        let mut changed = task();
        changed.delivery = Delivery::AtLeastOnce;
        assert_ne!(before, settings_fingerprint(&changed));
        let mut ends = task();
        ends.end_overrides.insert("a".into(), End::Launch);
        assert_ne!(before, settings_fingerprint(&ends));
        let mut same = task();
        same.rate = RateLimits {
            records_per_second: Some(7),
            bytes_per_second: None,
        };
        assert_eq!(before, settings_fingerprint(&same));
        let (mut one, mut other) = (task(), task());
        one.source.set("sasl.password", "hunter2");
        other.source.set("sasl.password", "hunter3");
        assert_eq!(settings_fingerprint(&one), settings_fingerprint(&other));
        assert_ne!(before, settings_fingerprint(&one), "that there is one counts");
    }
}
