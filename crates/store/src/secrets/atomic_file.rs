use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

/// Puts `content` in the place of the file `path`: a reader, whatever ends the process or the power in
/// between, finds the old content or the new one whole. Its owner alone may read it. One writer at a time: the caller
/// holds a lock.
pub(crate) fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    let new = unfinished(path);
    // What a killed process left there may be open to others, or a link to elsewhere: it is not written through.
    match fs::remove_file(&new) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    let mut file = options.open(&new)?;
    file.write_all(content)?;
    file.sync_all()?;
    drop(file);
    fs::rename(&new, path)?;
    sync_directory_of(path)
}

/// Where the new content of `path` stands until it is whole.
fn unfinished(path: &Path) -> PathBuf {
    path.with_added_extension("new")
}

/// Makes the new name itself survive a loss of power. Windows cannot open a directory for it and needs it not.
#[cfg(unix)]
fn sync_directory_of(path: &Path) -> io::Result<()> {
    path.parent()
        .map_or(Ok(()), |directory| fs::File::open(directory)?.sync_all())
}

#[cfg(not(unix))]
fn sync_directory_of(_path: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_killed_writer_left_neither_shows_nor_stays() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("file.json");
        replace(&path, b"old").unwrap();
        fs::write(unfinished(&path), "a longer text than the new content").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"old");
        replace(&path, b"new").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn the_old_content_stays_where_the_new_one_cannot_be_written() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("file.json");
        replace(&path, b"old").unwrap();
        fs::create_dir(unfinished(&path)).unwrap();
        replace(&path, b"new").unwrap_err();
        assert_eq!(fs::read(&path).unwrap(), b"old");
    }

    #[cfg(unix)]
    #[test]
    fn others_may_not_read_the_file_and_what_stands_in_its_way_is_not_written_through() {
        use std::os::unix::fs::{PermissionsExt, symlink};
        let dir = tempfile::tempdir().unwrap();
        let (path, elsewhere) = (dir.path().join("file"), dir.path().join("elsewhere"));
        fs::write(&elsewhere, "of another user").unwrap();
        symlink(&elsewhere, unfinished(&path)).unwrap();
        replace(&path, b"mine").unwrap();
        assert_eq!(fs::read(&elsewhere).unwrap(), b"of another user");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }
}
