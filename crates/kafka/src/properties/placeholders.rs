//! `${env:NAME}` and `${file:PATH}` in values, so that secrets need not stand in the file.

use std::path::Path;

use super::error::PropertiesError;

/// Resolves placeholders; relative paths start from a directory.
pub(super) struct Placeholders<'a> {
    base_dir: &'a Path,
}

impl<'a> Placeholders<'a> {
    pub(super) fn new(base_dir: &'a Path) -> Self {
        Self { base_dir }
    }

    /// `value` with its placeholders replaced. What they stand for is taken as it is: a password that holds `${` is
    /// not looked at again. Anything else in `${…}` stays.
    pub(super) fn resolve(&self, key: &str, value: &str) -> Result<String, PropertiesError> {
        let mut out = String::with_capacity(value.len());
        let mut rest = value;
        while let Some(at) = rest.find("${") {
            let (before, from) = rest.split_at(at);
            out.push_str(before);
            let inner = from.find('}').map(|end| (&from[2..end], &from[end + 1..]));
            match inner {
                Some((name, after)) if name.starts_with("env:") => {
                    out.push_str(&variable(key, &name["env:".len()..])?);
                    rest = after;
                }
                Some((name, after)) if name.starts_with("file:") => {
                    out.push_str(&self.file(key, &name["file:".len()..])?);
                    rest = after;
                }
                _ => {
                    out.push_str("${");
                    rest = &from[2..];
                }
            }
        }
        out.push_str(rest);
        Ok(out)
    }

    fn file(&self, key: &str, name: &str) -> Result<String, PropertiesError> {
        let path = self.base_dir.join(name.trim());
        match std::fs::read_to_string(&path) {
            // Editors end a file with a line break that belongs to no password.
            Ok(text) => Ok(text.trim_end_matches(['\r', '\n']).to_owned()),
            Err(error) => Err(PropertiesError::MissingFile {
                key: key.to_owned(),
                path,
                reason: error.to_string(),
            }),
        }
    }
}

fn variable(key: &str, name: &str) -> Result<String, PropertiesError> {
    std::env::var(name.trim()).map_err(|_| PropertiesError::MissingVariable {
        key: key.to_owned(),
        variable: name.trim().to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolve(value: &str) -> String {
        Placeholders::new(Path::new("/nowhere"))
            .resolve("k", value)
            .unwrap()
    }

    #[test]
    fn placeholders_are_replaced_and_the_rest_stays() {
        // A variable that a test run always has.
        let path = std::env::var("PATH").unwrap();
        assert_eq!(resolve("a${env:PATH}b"), format!("a{path}b"));
        for same in ["", "$", "${", "${}", "a$b{c}", "${other:x}", "${env:PATH", "}${"] {
            assert_eq!(resolve(same), same);
        }
    }

    #[test]
    fn a_missing_file_is_named() {
        let error = Placeholders::new(Path::new("/nowhere"))
            .resolve("k", "${file:pw}")
            .unwrap_err()
            .to_string();
        assert!(error.contains("pw") && error.contains("'k'"), "{error}");
    }
}
