//! The circumstances of one request, and small steps all handlers share.

use std::net::IpAddr;
use std::sync::MutexGuard;

use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::TopicName;
use kafka_protocol::protocol::StrBytes;

use crate::faults::Injected;
use crate::model::cluster_state::ClusterState;
use crate::shared::{Shared, lock};

/// Who asked which broker, in which version.
#[derive(Debug)]
pub(crate) struct Request<'a> {
    pub(crate) shared: &'a Shared,
    pub(crate) broker: i32,
    pub(crate) version: i16,
    pub(crate) client_id: String,
    pub(crate) client_host: IpAddr,
    pub(crate) injected: Injected<'a>,
}

impl<'a> Request<'a> {
    pub(crate) fn state(&self) -> MutexGuard<'a, ClusterState> {
        self.shared.state()
    }

    /// Wakes requests that wait for news from the log.
    pub(crate) fn announce(&self) {
        self.shared.changed.notify_waiters();
    }

    /// The throttle time that the client is answered.
    pub(crate) fn throttle_ms(&self) -> i32 {
        let throttle = lock(&self.shared.faults).throttle(self.injected.api());
        i32::try_from(throttle.as_millis()).unwrap_or(i32::MAX)
    }

    /// Fails if a test wants the whole request to fail.
    pub(crate) fn fault(&self) -> Result<(), ResponseError> {
        self.injected.check(None, None)
    }

    pub(crate) fn topic_fault(&self, topic: &str) -> Result<(), ResponseError> {
        self.injected.check(Some(topic), None)
    }

    pub(crate) fn partition_fault(&self, topic: &str, partition: i32) -> Result<(), ResponseError> {
        self.injected.check(Some(topic), Some(partition))
    }
}

/// The code on the wire: 0 for success.
pub(crate) fn code<T>(result: &Result<T, ResponseError>) -> i16 {
    result.as_ref().err().map_or(0, ResponseError::code)
}

/// A string of the protocol.
pub(crate) fn text(value: &str) -> StrBytes {
    StrBytes::from_string(value.to_owned())
}

pub(crate) fn topic_name(value: &str) -> TopicName {
    TopicName(text(value))
}
