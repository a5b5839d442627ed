//! What the kernel tells of a running process. Only Linux does, in `/proc`; elsewhere there are no figures.

use std::{fs, time::Duration};

/// `/proc` counts in these whatever the kernel's own clock: 100 a second on every architecture Rust runs on.
const TICKS_PER_SECOND: u64 = 100;

/// User and system time of all threads till now.
pub fn cpu(pid: u32) -> Option<Duration> {
    cpu_of(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
}

/// The most memory it has ever had resident, in bytes.
pub fn peak_memory(pid: u32) -> Option<u64> {
    peak_of(&fs::read_to_string(format!("/proc/{pid}/status")).ok()?)
}

fn cpu_of(stat: &str) -> Option<Duration> {
    // The program's name stands in parentheses and may hold blanks and parentheses itself.
    let (_, fields) = stat.rsplit_once(')')?;
    let mut from_user_time = fields.split_ascii_whitespace().skip(11);
    let mut ticks = || from_user_time.next()?.parse::<u64>().ok();
    let all = ticks()? + ticks()?;
    Some(Duration::from_millis(all * 1000 / TICKS_PER_SECOND))
}

fn peak_of(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_found_behind_any_name() {
        let stat = "42 (a ) b) S 1 42 42 0 -1 4194560 100 0 0 0 1234 66 7 8 20 0 1 0 100 1000 200";
        assert_eq!(cpu_of(stat), Some(Duration::from_secs(13)));
        assert_eq!(cpu_of("nothing"), None);
    }

    #[test]
    fn the_peak_is_found_and_may_be_missing() {
        assert_eq!(
            peak_of("Name:\tx\nVmPeak:\t9 kB\nVmHWM:\t    12 kB\n"),
            Some(12_288)
        );
        assert_eq!(peak_of("Name:\tzombie\n"), None);
    }
}
