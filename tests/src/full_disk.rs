use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

/// Stands between a program and the system: while the flag is there, no byte goes into a database.
const SOURCE: &str = r#"
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int is_full(int fd) {
    int before = errno, answer = 0;
    const char *flag = getenv("FULL_DISK_FLAG");
    if (flag && access(flag, F_OK) == 0) {
        char link[64], path[4096];
        snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
        ssize_t length = readlink(link, path, sizeof path - 1);
        if (length > 0) {
            path[length] = 0;
            answer = strstr(path, "/sluice.db") != NULL;
        }
    }
    errno = answer ? ENOSPC : before;
    return answer;
}

ssize_t write(int fd, const void *bytes, size_t count) {
    static ssize_t (*real)(int, const void *, size_t);
    if (!real) real = dlsym(RTLD_NEXT, "write");
    return is_full(fd) ? -1 : real(fd, bytes, count);
}

ssize_t pwrite(int fd, const void *bytes, size_t count, off_t at) {
    static ssize_t (*real)(int, const void *, size_t, off_t);
    if (!real) real = dlsym(RTLD_NEXT, "pwrite");
    return is_full(fd) ? -1 : real(fd, bytes, count, at);
}

ssize_t pwrite64(int fd, const void *bytes, size_t count, off64_t at) {
    static ssize_t (*real)(int, const void *, size_t, off64_t);
    if (!real) real = dlsym(RTLD_NEXT, "pwrite64");
    return is_full(fd) ? -1 : real(fd, bytes, count, at);
}
"#;

/// A disk that is full for databases whenever a test wants it, for one program and without any right: what the system
/// would answer is answered by a library that is loaded before its own.
pub struct FullDisk {
    library: PathBuf,
    flag: PathBuf,
}

impl FullDisk {
    /// Makes it in `dir`, with the C compiler that the program itself was built with.
    ///
    /// # Errors
    /// There is none.
    pub fn new(dir: &Path) -> Result<Self> {
        let (source, library) = (dir.join("full_disk.c"), dir.join("full_disk.so"));
        fs::write(&source, SOURCE)?;
        let compiler = std::env::var("CC").unwrap_or_else(|_| "cc".to_owned());
        let output = Command::new(&compiler)
            .args(["-shared", "-fPIC", "-o"])
            .args([&library, &source])
            .arg("-ldl")
            .output()
            .with_context(|| format!("'{compiler}' cannot be started"))?;
        ensure!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        Ok(Self {
            library,
            flag: dir.join("full"),
        })
    }

    /// Lets `command` run on it.
    pub fn under(&self, command: &mut Command) {
        command
            .env("LD_PRELOAD", &self.library)
            .env("FULL_DISK_FLAG", &self.flag);
    }

    /// It is full from now on.
    ///
    /// # Errors
    /// The test's own disk is.
    pub fn fill(&self) -> Result<()> {
        Ok(fs::write(&self.flag, "")?)
    }

    /// Somebody has freed space.
    ///
    /// # Errors
    /// It was not full.
    pub fn free(&self) -> Result<()> {
        Ok(fs::remove_file(&self.flag)?)
    }
}
