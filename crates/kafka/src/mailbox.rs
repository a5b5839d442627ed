use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use crate::detour::Detour;
use crate::error::{ErrorCode, KafkaError};
use crate::native::code_by_name;
use crate::tokens::Tokens;
use crate::traffic::Traffic;

/// Kept notices; the newest matter.
const NOTICE_LIMIT: usize = 32;

/// Something the client library reported outside of a call: a connection that failed, a refused password.
#[derive(Debug, Clone)]
pub struct Notice {
    /// When.
    pub at: Instant,
    /// The code.
    pub code: ErrorCode,
    /// The library's words; they carry broker addresses, never secrets.
    pub text: String,
}

/// What callbacks leave behind for the owner of a client.
#[derive(Debug, Default)]
pub(crate) struct Mailbox {
    notices: Mutex<VecDeque<Notice>>,
    transaction: Mutex<TransactionTrouble>,
    /// Why a broker's certificate was refused last; the library's own sentence does not say.
    certificate: Mutex<Option<String>>,
    /// The library has begun to set up the client.
    begun: AtomicBool,
    /// The way to the brokers, where they are not reached directly.
    detour: Option<Detour>,
    /// Where tokens come from, for a login that needs them.
    tokens: Option<Tokens>,
    /// What goes over the client's connections.
    pub(crate) traffic: Traffic,
}

/// What the log says of a failed transaction. librdkafka informs the application only at its next transactional call,
/// which cannot be made while records wait for acknowledgements that will never come.
#[derive(Debug, Default)]
struct TransactionTrouble {
    topics: Vec<String>,
    failed: Option<KafkaError>,
}

impl Mailbox {
    /// Of a client whose brokers are reached by `detour`, and that logs in with `tokens`.
    pub(crate) fn new(detour: Option<Detour>, tokens: Option<Tokens>) -> Self {
        Self {
            detour,
            tokens,
            ..Self::default()
        }
    }

    /// The way to the brokers, where they are not reached directly.
    pub(crate) fn detour(&self) -> Option<&Detour> {
        self.detour.as_ref()
    }

    /// Where tokens come from, for a login that needs them.
    pub(crate) fn tokens(&self) -> Option<&Tokens> {
        self.tokens.as_ref()
    }

    /// Keeps an error that librdkafka reported. A refused certificate gets its reason.
    pub(crate) fn post(&self, code: ErrorCode, mut text: String) {
        if code == ErrorCode::LOCAL_SSL
            && text.contains("certificate verify failed")
            && let Some(verdict) = lock(&self.certificate).as_deref()
        {
            text = format!("{verdict}: {text}");
        }
        let mut notices = lock(&self.notices);
        if notices.len() == NOTICE_LIMIT {
            notices.pop_front();
        }
        notices.push_back(Notice {
            at: Instant::now(),
            code,
            text,
        });
    }

    /// The library begins to set up the client.
    pub(crate) fn begin(&self) {
        self.begun.store(true, Ordering::Relaxed);
    }

    /// Whether the library had begun to set up the client.
    pub(crate) fn was_begun(&self) -> bool {
        self.begun.load(Ordering::Relaxed)
    }

    /// Keeps why a certificate was refused.
    pub(crate) fn refuse_certificate(&self, reason: String) {
        *lock(&self.certificate) = Some(reason);
    }

    /// Takes what has been posted since the last call. What went wrong on a detour comes last: the library knows only
    /// that its connection ended, or that a name has no address.
    pub(crate) fn take(&self) -> Vec<Notice> {
        let mut taken: Vec<Notice> = lock(&self.notices).drain(..).collect();
        let troubles = self.detour.as_ref().map(Detour::take_troubles);
        taken.extend(troubles.into_iter().flatten().map(|text| Notice {
            at: Instant::now(),
            code: ErrorCode::LOCAL_TRANSPORT,
            text,
        }));
        taken
    }

    /// What a detour is still waiting for, in a sentence.
    pub(crate) fn unanswered(&self) -> Option<String> {
        self.detour.as_ref().and_then(Detour::unanswered)
    }

    /// Why the open transaction can only be aborted, with the topics that could not be added to it.
    pub(crate) fn take_transaction_failure(&self) -> Option<KafkaError> {
        let mut trouble = lock(&self.transaction);
        let failed = trouble.failed.take()?;
        let topics = std::mem::take(&mut trouble.topics);
        if topics.is_empty() {
            return Some(failed);
        }
        Some(KafkaError::new(
            failed.code,
            format!("{} (topics: {})", failed.message, topics.join(", ")),
        ))
    }

    /// Reads `Failed to add partition "TOPIC" [N] to transaction: …`.
    pub(crate) fn learn_topic(&self, line: &str) {
        if line.contains("to transaction")
            && let Some(topic) = line.split('"').nth(1)
        {
            let mut trouble = lock(&self.transaction);
            if !trouble.topics.iter().any(|known| known == topic) {
                trouble.topics.push(topic.to_owned());
            }
        }
    }

    /// Reads `Current transaction failed in state STATE: WORDS (CODE_NAME[, requires epoch bump])`.
    pub(crate) fn learn_failure(&self, line: &str) {
        let Some((_, words)) = line.split_once("Current transaction failed in state ") else {
            return;
        };
        let name = words.rsplit_once('(').map_or("", |(_, name)| {
            name.trim_end_matches(')').split(',').next().unwrap_or("")
        });
        let failed = KafkaError::new(
            code_by_name(name).unwrap_or(ErrorCode::LOCAL_STATE),
            words.to_owned(),
        );
        lock(&self.transaction).failed.get_or_insert(failed);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_transaction_is_read_from_the_log_with_its_topics() {
        let mailbox = Mailbox::default();
        mailbox.learn_topic("[thrd:x]: 127.0.0.1:1/1: Failed to add partition \"orders.v1\" [3] to transaction: Broker: Topic authorization failed");
        mailbox.learn_failure("[thrd:main]: Current transaction failed in state InTransaction: Failed to add partition(s) to transaction on broker x: Broker: Topic authorization failed (after 3 ms) (TOPIC_AUTHORIZATION_FAILED)");
        let failure = mailbox.take_transaction_failure().unwrap();
        assert_eq!(failure.code, ErrorCode::TOPIC_AUTHORIZATION_FAILED);
        assert!(failure.message.contains("orders.v1"), "{failure}");
        assert!(mailbox.take_transaction_failure().is_none());
    }
}
