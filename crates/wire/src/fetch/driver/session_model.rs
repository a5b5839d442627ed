//! A model of a broker's fetch sessions, and random runs against it: sessions are evicted, requests and answers get lost,
//! partitions come, go and move on. Whatever the broker accepts, it must then fetch exactly what is wanted.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use uuid::Uuid;

use crate::error_code::ErrorCode;
use crate::fetch::driver::session::{Parts, Session};
use crate::fetch::request::FetchPartition;
use crate::topic_partition::TopicPartition;

type Fetched = BTreeMap<(TopicPartition, Option<Uuid>), i64>;

/// A broker by KIP-227 and KIP-516.
#[derive(Default)]
struct Broker {
    sessions: BTreeMap<i32, (i32, bool, Fetched)>,
    last: i32,
    takes_sessions: bool,
}

impl Broker {
    /// What it fetches, and the session's number in its answer.
    fn take(&mut self, parts: &Parts, by_ids: bool) -> Result<(Fetched, i32), ErrorCode> {
        let listed = |fetched: &mut Fetched| {
            for one in &parts.partitions {
                fetched.insert((one.place.clone(), one.topic_id), one.offset);
            }
        };
        if parts.session.epoch <= 0 {
            self.sessions.remove(&parts.session.id);
            let mut fetched = Fetched::new();
            listed(&mut fetched);
            if parts.session.epoch < 0 || !self.takes_sessions || fetched.is_empty() {
                return Ok((fetched, 0));
            }
            self.last += 1;
            self.sessions.insert(self.last, (1, by_ids, fetched.clone()));
            return Ok((fetched, self.last));
        }
        let (epoch, session_by_ids, fetched) = self
            .sessions
            .get_mut(&parts.session.id)
            .ok_or(ErrorCode::FETCH_SESSION_ID_NOT_FOUND)?;
        if *epoch != parts.session.epoch {
            return Err(ErrorCode::INVALID_FETCH_SESSION_EPOCH);
        }
        assert_eq!(*session_by_ids, by_ids, "a session keeps to ids or names");
        *epoch += 1;
        for (place, id) in &parts.forgotten {
            fetched.remove(&(place.clone(), *id));
        }
        listed(fetched);
        Ok((fetched.clone(), parts.session.id))
    }
}

#[derive(Debug, Clone, Copy)]
enum Step {
    /// A partition is wanted at an offset, under one of two ids or none.
    Want(i32, i64, u8),
    Drop(i32),
    Ask,
    RequestLost,
    AnswerLost,
    Evicted,
    Skewed,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0i32..6, 0i64..50, 1u8..3).prop_map(|(number, offset, id)| Step::Want(number, offset, id)),
        1 => (0i32..6, 0i64..50).prop_map(|(number, offset)| Step::Want(number, offset, 0)),
        2 => (0i32..6).prop_map(Step::Drop),
        6 => Just(Step::Ask),
        1 => Just(Step::RequestLost),
        1 => Just(Step::AnswerLost),
        1 => Just(Step::Evicted),
        1 => Just(Step::Skewed),
    ]
}

struct Run {
    broker: Broker,
    session: Session,
    wanted: BTreeMap<TopicPartition, FetchPartition>,
    changed: BTreeSet<TopicPartition>,
}

impl Run {
    fn ask(&mut self, request_lost: bool, answer_lost: bool) {
        let all: BTreeSet<TopicPartition> = self.wanted.keys().cloned().collect();
        let wanted = |place: &TopicPartition| self.wanted.get(place).cloned();
        let parts = self.session.next(&all, &self.changed, wanted, true);
        self.changed.clear();
        let by_ids = self.session.by_ids();
        if by_ids {
            assert!(parts.partitions.iter().all(|one| one.topic_id.is_some()));
        }
        if request_lost {
            return self.session.lost();
        }
        match self.broker.take(&parts, by_ids) {
            Ok((fetched, id)) => {
                let expected: Fetched = self
                    .wanted
                    .values()
                    .map(|one| ((one.place.clone(), one.topic_id), one.offset))
                    .collect();
                assert_eq!(fetched, expected);
                for one in self.wanted.values() {
                    assert_eq!(self.session.listed(&one.place), Some(one));
                }
                if answer_lost {
                    self.session.lost();
                } else {
                    self.session.answered(id);
                }
            }
            Err(code) => assert!(self.session.refused(code), "an error of the session"),
        }
    }
}

proptest! {
    #[test]
    fn what_the_broker_fetches_is_what_is_wanted(
        steps in proptest::collection::vec(step(), 1..120),
        takes_sessions: bool,
        enabled: bool,
    ) {
        let mut run = Run {
            broker: Broker { takes_sessions, ..Broker::default() },
            session: Session::new(enabled),
            wanted: BTreeMap::new(),
            changed: BTreeSet::new(),
        };
        for step in steps {
            match step {
                Step::Want(number, offset, id) => {
                    let place = TopicPartition::new(format!("t{}", number % 2), number);
                    run.changed.insert(place.clone());
                    run.wanted.insert(place.clone(), FetchPartition {
                        place,
                        topic_id: (id > 0).then(|| Uuid::from_u128(u128::from(id) * 10 + number as u128 % 2)),
                        offset,
                        leader_epoch: None,
                        last_epoch: None,
                        max_bytes: 1,
                    });
                }
                Step::Drop(number) => {
                    let place = TopicPartition::new(format!("t{}", number % 2), number);
                    run.wanted.remove(&place);
                    run.changed.insert(place);
                }
                Step::Ask => run.ask(false, false),
                Step::RequestLost => run.ask(true, false),
                Step::AnswerLost => run.ask(false, true),
                Step::Evicted => run.broker.sessions.clear(),
                Step::Skewed => for (epoch, ..) in run.broker.sessions.values_mut() { *epoch += 3 },
            }
        }
    }
}

#[test]
fn a_broker_that_refuses_every_session_is_asked_without() {
    let mut session = Session::new(true);
    for _ in 0..3 {
        assert!(session.refused(ErrorCode::INVALID_FETCH_SESSION_EPOCH));
    }
    let none = BTreeSet::new();
    let parts = session.next(&none, &none, |_| None, true);
    assert_eq!(parts.session, crate::fetch::request::FetchSession::NONE);
    assert!(!session.refused(ErrorCode::INVALID_FETCH_SESSION_EPOCH));
}
