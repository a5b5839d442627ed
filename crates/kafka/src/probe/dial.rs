use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use sluice_model::Address;
use sluice_reach::{ConnectFailure, Dialer, Patience};

/// The addresses of the first hop to a broker.
pub(crate) type Found = Result<Vec<SocketAddr>, ConnectFailure>;

/// Looks up the first hops to all places at once and waits until `deadline` for them.
///
/// The system's resolver can be neither stopped nor given a deadline, so the threads that ask it are left to end by
/// themselves: they hold nothing but the names.
pub(crate) fn resolve(dialer: &Dialer, places: &[Address], deadline: Duration) -> Vec<Found> {
    let until = Instant::now() + deadline;
    let (found, answers) = mpsc::channel();
    for (index, place) in places.iter().enumerate() {
        let (found, dialer, place) = (found.clone(), dialer.clone(), place.clone());
        let spawned = thread::Builder::new().name("resolve".to_owned()).spawn(move || {
            // The receiver is gone once the deadline has passed.
            found.send((index, dialer.resolve(&place))).ok();
        });
        if let Err(error) = spawned {
            tracing::warn!("a name is not looked up, because no thread could be started: {error}");
        }
    }
    drop(found);
    let silence = ConnectFailure::NoAddress("no answer from the name server".to_owned());
    let mut outcomes: Vec<Found> = places
        .iter()
        .map(|place| Err(dialer.told(place, silence.clone())))
        .collect();
    while let Ok((index, answer)) = answers.recv_timeout(until.saturating_duration_since(Instant::now())) {
        outcomes[index] = answer;
    }
    outcomes
}

/// Connects to all places at once, by the addresses that were found for their first hops.
pub(crate) fn dial_all(
    dialer: &Dialer,
    places: &[Address],
    found: &[Found],
    deadline: Duration,
    cancel: &AtomicBool,
) -> Vec<Result<TcpStream, ConnectFailure>> {
    let until = Instant::now() + deadline;
    thread::scope(|scope| {
        let dials: Vec<_> = places
            .iter()
            .zip(found)
            .map(|(place, found)| {
                scope.spawn(move || {
                    let cancelled = || cancel.load(Ordering::Relaxed);
                    match found {
                        Ok(addresses) => dialer.connect(place, addresses, &Patience::new(until, &cancelled)),
                        Err(failure) => Err(failure.clone()),
                    }
                })
            })
            .collect();
        dials
            .into_iter()
            .map(|dial| {
                dial.join().unwrap_or_else(|_| {
                    Err(ConnectFailure::Other(
                        "the connection attempt broke off".to_owned(),
                    ))
                })
            })
            .collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_without_an_address_is_reported_beside_one_that_has_it() {
        let places = [
            Address::new("127.0.0.1", 1),
            Address::new("no-such-host.invalid", 1),
        ];
        let found = resolve(&Dialer::default(), &places, Duration::from_secs(20));
        assert_eq!(found[0], Ok(vec!["127.0.0.1:1".parse().unwrap()]));
        assert!(matches!(found[1], Err(ConnectFailure::NoAddress(_))), "{found:?}");
    }
}
