//! Tokens for clients that log in to Amazon MSK.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use sluice_aws::{MskSigner, SignedToken};

/// How soon a client that is being closed is no longer waited for.
const CLOSE_INTERVAL: Duration = Duration::from_millis(50);

/// Where a client has its tokens from.
#[derive(Debug)]
pub(crate) struct Tokens {
    signer: Arc<MskSigner>,
    closed: AtomicBool,
}

impl Tokens {
    pub(crate) fn new(signer: Arc<MskSigner>) -> Self {
        Self {
            signer,
            closed: AtomicBool::new(false),
        }
    }

    /// The client is being closed: whoever waits for a token ends.
    pub(crate) fn close(&self) {
        self.closed.store(true, Ordering::Relaxed);
    }

    /// A new token, or why there is none; nothing once the client is being closed.
    pub(crate) fn next(&self) -> Option<Result<SignedToken, String>> {
        let (sender, receiver) = mpsc::sync_channel(1);
        let signer = Arc::clone(&self.signer);
        // Files and services cannot be interrupted: a client that is closed leaves them to their own deadlines.
        let spawned = thread::Builder::new()
            .name("sluice-token".to_owned())
            .spawn(move || {
                let token = signer.token().map_err(|error| error.to_string());
                // The receiver is gone with its client.
                sender.send(token).ok();
            });
        if let Err(error) = spawned {
            return Some(Err(error.to_string()));
        }
        while !self.closed.load(Ordering::Relaxed) {
            match receiver.recv_timeout(CLOSE_INTERVAL) {
                Ok(token) => return Some(token),
                Err(mpsc::RecvTimeoutError::Timeout) => {}
                Err(mpsc::RecvTimeoutError::Disconnected) => {
                    return Some(Err("the look for AWS credentials broke off".to_owned()));
                }
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use sluice_aws::Surroundings;
    use sluice_model::MskLogin;

    use super::*;

    fn tokens(surroundings: Surroundings) -> Tokens {
        let login = MskLogin {
            region: "eu-west-1".to_owned(),
            profile: None,
            role: None,
        };
        Tokens::new(Arc::new(MskSigner::within(login, surroundings)))
    }

    #[test]
    fn a_client_that_is_closed_does_not_wait_for_a_service_that_says_nothing() {
        let silent = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut surroundings = Surroundings::default();
        surroundings.endpoints.metadata = format!("http://{}", silent.local_addr().unwrap());
        let tokens = tokens(surroundings);
        thread::scope(|scope| {
            let waiting = scope.spawn(|| tokens.next().is_none());
            // It has asked, and waits.
            let (_asked, _) = silent.accept().unwrap();
            tokens.close();
            assert!(waiting.join().unwrap(), "no answer, and no error either");
        });
    }

    #[test]
    fn tokens_are_signed_with_what_is_found() {
        let mut surroundings = Surroundings::default();
        for (name, value) in [
            ("AWS_ACCESS_KEY_ID", "AKID"),
            ("AWS_SECRET_ACCESS_KEY", "hunter2"),
        ] {
            surroundings.variables.insert(name.to_owned(), value.to_owned());
        }
        let tokens = tokens(surroundings);
        let token = tokens.next().unwrap().unwrap();
        assert!(!token.token.reveal().is_empty());
        assert!(!format!("{tokens:?}").contains("hunter2"));
    }
}
