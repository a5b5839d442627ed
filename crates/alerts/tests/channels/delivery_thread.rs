use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use crossbeam_channel as gate;
use sluice_alerts::{
    Backoff, Channel, Courier, Delivery, DeliveryState, DesktopNotifier, DispatchSettings, Dispatcher, Job,
    Message, Result, WebhookFormat,
};

use crate::http_receiver::{HttpReceiver, answer};
use crate::webhook::{message, webhook};

const NOW_MS: i64 = 42;
const SOON: Duration = Duration::from_secs(20);

fn start(courier: Courier, queue: usize, wait: Duration) -> (Dispatcher, Receiver<Delivery>) {
    let (told, deliveries) = channel();
    let settings = DispatchSettings {
        queue,
        backoff: Backoff {
            attempts: 3,
            first: wait,
            factor: 2,
        },
    };
    let report = Box::new(move |delivery| told.send(delivery).unwrap());
    let dispatcher = Dispatcher::start(courier, settings, Arc::new(|| NOW_MS), report).unwrap();
    (dispatcher, deliveries)
}

fn job(id: &str, channel: Channel) -> Job {
    Job {
        id: id.into(),
        channel,
        message: message(),
    }
}

fn to(receiver: &HttpReceiver, channel_id: &str) -> Channel {
    Channel {
        id: channel_id.into(),
        ..webhook(&receiver.url("/"), WebhookFormat::Generic)
    }
}

/// A desktop that says when it is asked, and answers when it is let.
struct Gate {
    asked: Sender<String>,
    open: gate::Receiver<()>,
}

impl DesktopNotifier for Gate {
    fn notify(&self, message: &Message) -> Result<()> {
        self.asked.send(message.title.clone()).unwrap();
        self.open.recv_timeout(SOON).unwrap();
        Ok(())
    }
}

fn gated() -> (Courier, Receiver<String>, gate::Sender<()>) {
    let (asked, hears) = channel();
    let (opens, open) = gate::unbounded();
    (Courier::new(Arc::new(Gate { asked, open })), hears, opens)
}

#[test]
fn what_fails_in_passing_is_tried_again_and_the_order_is_kept() {
    let receiver = HttpReceiver::new(&[
        answer("503 Service Unavailable", ""),
        answer("503 Service Unavailable", ""),
        answer("200 OK", ""),
        answer("200 OK", ""),
    ]);
    let (dispatcher, deliveries) = start(Courier::default(), 8, Duration::from_millis(1));
    dispatcher.submit(job("first", to(&receiver, "c"))).unwrap();
    dispatcher.submit(job("second", to(&receiver, "c"))).unwrap();
    for (id, attempts) in [("first", 3), ("second", 1)] {
        assert_eq!(
            deliveries.recv_timeout(SOON).unwrap(),
            Delivery {
                job_id: id.into(),
                channel_id: "c".into(),
                state: DeliveryState::Sent,
                detail: String::new(),
                attempts,
                at_ms: NOW_MS,
            }
        );
    }
    dispatcher.stop(SOON);
}

#[test]
fn after_three_attempts_it_is_undeliverable_and_says_why() {
    let receiver = HttpReceiver::new(&[(); 3].map(|()| answer("500 Oops", "out of order")));
    let (dispatcher, deliveries) = start(Courier::default(), 8, Duration::from_millis(1));
    dispatcher.submit(job("j", to(&receiver, "c"))).unwrap();
    let delivery = deliveries.recv_timeout(SOON).unwrap();
    assert_eq!(
        (delivery.state, delivery.attempts),
        (DeliveryState::Undeliverable, 3)
    );
    assert!(
        delivery.detail.contains("answered 500 (\"out of order\")"),
        "{}",
        delivery.detail
    );
    dispatcher.stop(SOON);
}

#[test]
fn what_cannot_succeed_is_not_tried_again() {
    let receiver = HttpReceiver::new(&[answer("403 Forbidden", ""), answer("200 OK", "")]);
    let (dispatcher, deliveries) = start(Courier::default(), 8, Duration::from_millis(1));
    dispatcher.submit(job("j", to(&receiver, "c"))).unwrap();
    dispatcher.submit(job("d", Channel::desktop())).unwrap();
    let ends: Vec<Delivery> = (0..2).map(|_| deliveries.recv_timeout(SOON).unwrap()).collect();
    for (id, words) in [("j", "answered 403"), ("d", "without a desktop")] {
        let end = ends.iter().find(|end| end.job_id == id).unwrap();
        assert_eq!(
            (end.state, end.attempts),
            (DeliveryState::Undeliverable, 1),
            "{end:?}"
        );
        assert!(end.detail.contains(words), "{end:?}");
    }
    dispatcher.stop(SOON);
}

#[test]
fn a_channel_that_waits_for_its_next_attempt_does_not_hold_up_another() {
    let broken = HttpReceiver::new(&[answer("503 Service Unavailable", "")]);
    let working = HttpReceiver::new(&[answer("200 OK", "")]);
    let (dispatcher, deliveries) = start(Courier::default(), 8, Duration::from_secs(3_600));
    dispatcher.submit(job("waits", to(&broken, "a"))).unwrap();
    assert_eq!(broken.request().line, "POST / HTTP/1.1");
    dispatcher.submit(job("goes", to(&working, "b"))).unwrap();
    let delivery = deliveries.recv_timeout(SOON).unwrap();
    assert_eq!(
        (delivery.job_id.as_str(), delivery.state),
        ("goes", DeliveryState::Sent)
    );

    let begin = Instant::now();
    dispatcher.stop(SOON);
    assert!(begin.elapsed() < SOON, "the attempt an hour away was waited for");
    let delivery = deliveries.recv_timeout(SOON).unwrap();
    assert_eq!(
        (delivery.job_id.as_str(), delivery.state, delivery.attempts),
        ("waits", DeliveryState::Undeliverable, 1)
    );
    assert!(
        delivery
            .detail
            .starts_with("Sluice ended before it could be sent again: ")
            && delivery.detail.contains("answered 503"),
        "{}",
        delivery.detail
    );
}

#[test]
fn a_full_queue_refuses_at_once_and_what_is_in_it_is_still_delivered() {
    let (courier, asked, open) = gated();
    let (dispatcher, deliveries) = start(courier, 1, Duration::ZERO);
    dispatcher.submit(job("1", Channel::desktop())).unwrap();
    asked.recv_timeout(SOON).unwrap();
    dispatcher.submit(job("2", Channel::desktop())).unwrap();
    let refused = dispatcher.submit(job("3", Channel::desktop())).unwrap_err();
    assert_eq!(
        (
            refused.job_id.as_str(),
            refused.state,
            refused.attempts,
            refused.at_ms
        ),
        ("3", DeliveryState::Undeliverable, 0, NOW_MS)
    );
    assert!(
        refused.detail.contains("too many alerts wait"),
        "{}",
        refused.detail
    );
    open.send(()).unwrap();
    open.send(()).unwrap();
    dispatcher.stop(SOON);
    let sent: Vec<(String, DeliveryState)> = deliveries.iter().map(|d| (d.job_id, d.state)).collect();
    assert_eq!(
        sent,
        [
            ("1".to_owned(), DeliveryState::Sent),
            ("2".to_owned(), DeliveryState::Sent)
        ]
    );
}

#[test]
fn stopping_delivers_what_is_waiting() {
    let receiver = HttpReceiver::new(&[(); 5].map(|()| answer("200 OK", "")));
    let (dispatcher, deliveries) = start(Courier::default(), 8, Duration::ZERO);
    for id in ["1", "2", "3", "4", "5"] {
        dispatcher.submit(job(id, to(&receiver, "c"))).unwrap();
    }
    dispatcher.stop(SOON);
    let sent: Vec<String> = deliveries
        .iter()
        .map(|d| format!("{} {:?}", d.job_id, d.state))
        .collect();
    assert_eq!(sent, ["1 Sent", "2 Sent", "3 Sent", "4 Sent", "5 Sent"]);
}

#[test]
fn dropping_it_reports_what_was_not_sent() {
    let receiver = HttpReceiver::new(&[answer("503 Service Unavailable", "")]);
    let (dispatcher, deliveries) = start(Courier::default(), 8, Duration::from_secs(3_600));
    for id in ["1", "2", "3"] {
        dispatcher.submit(job(id, to(&receiver, "c"))).unwrap();
    }
    receiver.request();
    drop(dispatcher);
    let ends: Vec<(String, DeliveryState, u32)> = deliveries
        .iter()
        .map(|d| (d.job_id, d.state, d.attempts))
        .collect();
    let unsent = |id: &str, attempts| (id.to_owned(), DeliveryState::Undeliverable, attempts);
    assert_eq!(ends, [unsent("1", 1), unsent("2", 0), unsent("3", 0)]);
}
