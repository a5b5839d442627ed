use std::{fmt, fs, thread};

/// What of the machine matters for the figures. No names and no paths: the result is published.
#[derive(Debug)]
pub struct Machine {
    cores: usize,
    memory: Option<u64>,
}

impl Machine {
    /// The one this runs on.
    pub fn here() -> Self {
        let memory = fs::read_to_string("/proc/meminfo").ok().and_then(|text| {
            let line = text.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
            let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
            Some(kilobytes * 1024)
        });
        Self {
            cores: thread::available_parallelism().map_or(1, usize::from),
            memory,
        }
    }
}

/// How many files a process may map into memory, where the system says so (Linux).
pub fn mapped_files() -> Option<u64> {
    let text = fs::read_to_string("/proc/sys/vm/max_map_count").ok()?;
    text.trim().parse().ok()
}

impl fmt::Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plural = if self.cores == 1 { "" } else { "s" };
        write!(f, "{} core{plural}", self.cores)?;
        if let Some(memory) = self.memory {
            write!(f, ", {} GB of memory", (memory + (1 << 29)) >> 30)?;
        }
        Ok(())
    }
}
