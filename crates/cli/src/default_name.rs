use sluice_model::{Objects, Rename, TaskName};
use xxhash_rust::xxh3::xxh3_64;

/// Characters of the readable part.
const READABLE: usize = 40;

/// The name of a task that was given none: readable, and the same whenever the same topics are copied between the same
/// clusters, so that the same command resumes.
pub fn default_name(
    source_cluster: &str,
    target_cluster: &str,
    objects: &Objects,
    rename: &Rename,
) -> Result<TaskName, sluice_model::InvalidTask> {
    let (readable, mut facts) = match objects {
        Objects::Topics(names) => {
            let mut names: Vec<&str> = names.iter().map(String::as_str).collect();
            names.sort_unstable();
            names.dedup();
            let readable = match names.as_slice() {
                [] => String::new(),
                [one] => shortened(one),
                [first, others @ ..] => format!("{}+{}", shortened(first), others.len()),
            };
            (readable, [&["topics"], names.as_slice()].concat())
        }
        Objects::Matching { include, exclude } => {
            let readable = if include == ".*" {
                "all".to_owned()
            } else {
                shortened(include)
            };
            (
                readable,
                vec![
                    "matching",
                    include.as_str(),
                    exclude.as_deref().unwrap_or("\u{1}"),
                ],
            )
        }
    };
    facts.extend([source_cluster, target_cluster, &rename.prefix, &rename.suffix]);
    rename
        .map
        .iter()
        .for_each(|(from, to)| facts.extend([from.as_str(), to.as_str()]));
    rename
        .regex
        .iter()
        .for_each(|rule| facts.extend([rule.pattern.as_str(), rule.replacement.as_str()]));
    // 40 bits: enough that the few tasks of one state directory never meet.
    let hash = xxh3_64(facts.join("\u{1f}").as_bytes()) >> 24;
    TaskName::new(&format!("{readable}-{hash:010x}"))
}

fn shortened(text: &str) -> String {
    text.chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-') {
                c
            } else {
                '_'
            }
        })
        .take(READABLE)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn topics(names: &[&str]) -> Objects {
        Objects::Topics(names.iter().map(|name| (*name).to_owned()).collect())
    }

    fn name(source: &str, objects: &Objects, rename: &Rename) -> String {
        default_name(source, "t", objects, rename).unwrap().to_string()
    }

    #[test]
    fn the_same_copy_has_the_same_name() {
        let plain = Rename::default();
        let one = name("s", &topics(&["b", "a"]), &plain);
        // This very text is promised: a new version must resume what an old one began.
        assert_eq!(one, "a+1-66daf62b34");
        assert_eq!(name("s", &topics(&["a", "b", "a"]), &plain), one);
    }

    #[test]
    fn another_copy_has_another_name() {
        let plain = Rename::default();
        let prefixed = Rename {
            prefix: "x".into(),
            ..Rename::default()
        };
        let except = |exclude: Option<&str>| Objects::Matching {
            include: ".*".into(),
            exclude: exclude.map(str::to_owned),
        };
        let names = [
            name("s", &topics(&["a"]), &plain),
            name("s2", &topics(&["a"]), &plain),
            name("s", &topics(&["a", "b"]), &plain),
            name("s", &topics(&["a"]), &prefixed),
            name("s", &except(None), &plain),
            name("s", &except(Some("")), &plain),
        ];
        let different: std::collections::BTreeSet<&String> = names.iter().collect();
        assert_eq!(different.len(), names.len(), "{names:?}");
    }

    #[test]
    fn long_names_and_patterns_fit() {
        let long = "x".repeat(249);
        for objects in [
            topics(&[&long, "y"]),
            Objects::Matching {
                include: format!("({long}|.*)"),
                exclude: None,
            },
        ] {
            assert!(name("s", &objects, &Rename::default()).chars().count() <= 64);
        }
    }
}
