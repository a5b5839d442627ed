use std::fs;
use std::io;
use std::path::Path;

use crate::{Result, StateError};

/// Makes the directory where it is missing, readable by its owner alone: quarantined records are kept in it.
pub(crate) fn create(dir: &Path) -> Result<()> {
    if dir.is_dir() {
        return Ok(());
    }
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt;
        builder.mode(0o700);
    }
    builder
        .create(dir)
        .map_err(|error| StateError::directory(dir, &error))
}

/// Opens a file of the directory for writing, made readable by its owner alone where it is missing. Its content stays.
pub(crate) fn open_file(path: &Path) -> io::Result<fs::File> {
    let mut options = fs::OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    options.open(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_through_a_file_is_refused_with_the_directory_named() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("file");
        fs::write(&file, "").unwrap();
        let state = file.join("state");
        let error = create(&state).unwrap_err().to_string();
        assert!(
            error.contains(&state.display().to_string()) && error.contains("may write to"),
            "{error}"
        );
    }

    #[cfg(unix)]
    #[test]
    fn others_may_not_look_into_a_new_directory() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let state = dir.path().join("a/b");
        create(&state).unwrap();
        assert_eq!(fs::metadata(&state).unwrap().permissions().mode() & 0o777, 0o700);
    }
}
