//! What `ssh` said when it ended, in words of ours.

use super::failure::FarFailure;
use super::host::Host;

/// The end of ssh for a reason of its own; other codes are those of the command there.
const OF_SSH: i32 = 255;
/// The shell there did not find the command, or could not start it.
const NOT_FOUND: i32 = 127;
const NOT_STARTED: i32 = 126;
/// `sluice` there refused its arguments, or could not begin.
const REFUSED: i32 = 2;

/// As much of what it said is shown.
const LONGEST: usize = 400;

/// Why ssh has ended before `sluice` answered.
pub(super) fn failure(host: &Host, code: Option<i32>, said: &str) -> FarFailure {
    let name = host.destination().to_owned();
    let words = last_words(said, code);
    match code {
        Some(NOT_FOUND) => FarFailure::NotInstalled { host: name },
        Some(NOT_STARTED) => FarFailure::NotRunnable { host: name, words },
        Some(REFUSED) if said.contains("unrecognized subcommand") || said.contains("unexpected argument") => {
            FarFailure::TooOld {
                host: name,
                here: env!("CARGO_PKG_VERSION"),
            }
        }
        Some(OF_SSH) | None => of_ssh(name, words, said),
        Some(_) => FarFailure::Trouble {
            host: name,
            words,
            is_passing: false,
        },
    }
}

fn of_ssh(host: String, words: String, said: &str) -> FarFailure {
    let has = |parts: &[&str]| parts.iter().any(|part| said.contains(part));
    if has(&[
        "REMOTE HOST IDENTIFICATION HAS CHANGED",
        "differs from the key for the IP address",
    ]) {
        FarFailure::HostKeyChanged { host }
    } else if has(&["Host key verification failed", "host key is known"]) {
        FarFailure::HostKeyUnknown { host }
    } else if has(&[
        "Permission denied",
        "Too many authentication failures",
        "No more authentication methods",
    ]) {
        FarFailure::LoginRefused { host, words }
    } else if has(&[
        "Could not resolve hostname",
        "Connection refused",
        "Connection timed out",
        "Operation timed out",
        "No route to host",
        "Network is unreachable",
        "Connection reset",
        "Connection closed",
        "kex_exchange_identification",
        "banner exchange",
    ]) {
        FarFailure::Unreachable { host, words }
    } else {
        FarFailure::Ended { host, words }
    }
}

/// The last line that says something; the first ones are often a banner.
pub(super) fn last_words(said: &str, code: Option<i32>) -> String {
    let line = said
        .lines()
        .map(str::trim)
        .rfind(|line| !line.is_empty())
        .unwrap_or_default();
    let line = line.strip_prefix("error: ").unwrap_or(line);
    let words: String = line
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(LONGEST)
        .collect();
    match (words.trim_end_matches('.'), code) {
        ("", Some(code)) => format!("it ended with code {code} and said nothing"),
        ("", None) => "it was ended and said nothing".to_owned(),
        (words, _) => words.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host() -> Host {
        "anna@kafka-1".parse().unwrap()
    }

    #[test]
    fn what_openssh_says_is_told_apart() {
        let name = || "anna@kafka-1".to_owned();
        for (code, said, expected) in [
            (
                255,
                "@@@@\n@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @\n@@@@\nHost key verification failed.",
                FarFailure::HostKeyChanged { host: name() },
            ),
            (
                255,
                "No ED25519 host key is known for [127.0.0.1]:2222 and you have requested strict checking.\r\nHost key verification failed.\r\n",
                FarFailure::HostKeyUnknown { host: name() },
            ),
            (
                255,
                "Welcome!\nanna@kafka-1: Permission denied (publickey).\r\n",
                FarFailure::LoginRefused {
                    host: name(),
                    words: "anna@kafka-1: Permission denied (publickey)".to_owned(),
                },
            ),
            (
                255,
                "ssh: Could not resolve hostname kafka-1: Name or service not known",
                FarFailure::Unreachable {
                    host: name(),
                    words: "ssh: Could not resolve hostname kafka-1: Name or service not known".to_owned(),
                },
            ),
            (
                127,
                "sh: 1: exec: sluice: not found",
                FarFailure::NotInstalled { host: name() },
            ),
            (
                126,
                "sh: 1: exec: sluice: Exec format error",
                FarFailure::NotRunnable {
                    host: name(),
                    words: "sh: 1: exec: sluice: Exec format error".to_owned(),
                },
            ),
            (
                2,
                "error: unrecognized subcommand 'control'\n\nUsage: sluice",
                FarFailure::TooOld {
                    host: name(),
                    here: env!("CARGO_PKG_VERSION"),
                },
            ),
            (
                2,
                "error: the disk is full",
                FarFailure::Trouble {
                    host: name(),
                    words: "the disk is full".to_owned(),
                    is_passing: false,
                },
            ),
            (
                255,
                "",
                FarFailure::Ended {
                    host: name(),
                    words: "it ended with code 255 and said nothing".to_owned(),
                },
            ),
        ] {
            assert_eq!(failure(&host(), Some(code), said), expected, "{said}");
        }
    }
}
