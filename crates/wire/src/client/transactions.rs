use std::collections::BTreeMap;
use std::time::Duration;

use kafka_protocol::messages::describe_producers_request::TopicRequest;
use kafka_protocol::messages::describe_producers_response::PartitionResponse;
use kafka_protocol::messages::{
    ApiKey, DescribeProducersRequest, DescribeTransactionsRequest, ListTransactionsRequest, ProducerId,
    TransactionalId,
};

use crate::client::cluster_info::PerBroker;
use crate::client::coordinators::CoordinatorKind;
use crate::client::core::Client;
use crate::client::leaders::ByPartition;
use crate::client::text::{text, topic_name};
use crate::error::{Result, WireError};
use crate::topic_partition::{TopicPartition, by_topic};

/// The first version with a filter by duration.
const FILTERS_DURATION: i16 = 1;

/// A producer that a partition's leader remembers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProducerState {
    /// Its id.
    pub producer_id: i64,
    /// Its epoch.
    pub producer_epoch: i32,
    /// The sequence number of its last record; none without one.
    pub last_sequence: Option<i32>,
    /// The greatest timestamp of its last batch, in ms since 1970; none without one.
    pub last_timestamp: Option<i64>,
    /// The epoch of the coordinator that ended its last transaction; none before the first end.
    pub coordinator_epoch: Option<i32>,
    /// Where its open transaction begins; none if it has no open transaction here.
    pub transaction_start: Option<i64>,
}

/// Which transactions are listed. An empty list lets all through.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TransactionFilter {
    /// Kafka's words for states, such as `Ongoing`.
    pub states: Vec<String>,
    /// Producer ids.
    pub producer_ids: Vec<i64>,
    /// Only those that are open at least this long; needs Kafka 3.8.
    pub open_for: Option<Duration>,
}

/// A transactional id that a coordinator knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedTransaction {
    /// It.
    pub transactional_id: String,
    /// The id of its producer.
    pub producer_id: i64,
    /// Its state in Kafka's word, such as `Ongoing` or `CompleteCommit`.
    pub state: String,
    /// The broker that coordinates it.
    pub coordinator: i32,
}

/// A transactional id in full.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransactionDescription {
    /// Its state in Kafka's word.
    pub state: String,
    /// After how long its coordinator aborts it.
    pub timeout: Duration,
    /// When its open transaction began, in ms since 1970; none without one.
    pub started_at: Option<i64>,
    /// The id of its producer.
    pub producer_id: i64,
    /// The epoch of its producer.
    pub producer_epoch: i16,
    /// The partitions of its open transaction.
    pub partitions: Vec<TopicPartition>,
}

fn known(number: i64) -> Option<i64> {
    Some(number).filter(|number| *number >= 0)
}

impl Client {
    /// The producers that partitions' leaders remember. Needs Kafka 2.8 and the right to read the topics.
    ///
    /// # Errors
    /// The cluster does not answer. What concerns a partition is its outcome, [`WireError::Unsupported`] on older
    /// brokers.
    pub fn describe_producers(
        &self,
        partitions: &[TopicPartition],
    ) -> Result<BTreeMap<TopicPartition, Result<Vec<ProducerState>>>> {
        let wanted: Vec<(TopicPartition, ())> = partitions.iter().map(|place| (place.clone(), ())).collect();
        self.by_leader(&wanted, |connection, group, budget| {
            let (_, response) = self.ask(connection, (0, i16::MAX), budget, |_| {
                let topics = by_topic(group)
                    .into_iter()
                    .map(|(topic, partitions)| {
                        TopicRequest::default()
                            .with_name(topic_name(topic))
                            .with_partition_indexes(
                                partitions.into_iter().map(|(number, ())| number).collect(),
                            )
                    })
                    .collect();
                DescribeProducersRequest::default().with_topics(topics)
            })?;
            let mut outcomes = ByPartition::new();
            for topic in &response.topics {
                for partition in &topic.partitions {
                    let place = TopicPartition::new(topic.name.as_str(), partition.partition_index);
                    outcomes.insert(place, producers_of(partition));
                }
            }
            Ok(outcomes)
        })
    }

    /// The transactional ids that the brokers coordinate. Needs Kafka 3.0, and the right to describe each id.
    ///
    /// # Errors
    /// The cluster does not answer. Brokers that fail, or are older, are named in the answer.
    pub fn list_transactions(&self, filter: &TransactionFilter) -> Result<PerBroker<ListedTransaction>> {
        let lowest = if filter.open_for.is_some() {
            FILTERS_DURATION
        } else {
            0
        };
        let all = self.each_broker(|connection, budget| {
            let (_, response) = self.ask(connection, (lowest, i16::MAX), budget, |version| {
                let request = ListTransactionsRequest::default()
                    .with_state_filters(filter.states.iter().map(|state| text(state)).collect())
                    .with_producer_id_filters(filter.producer_ids.iter().copied().map(ProducerId).collect());
                match filter.open_for {
                    Some(least) if version >= FILTERS_DURATION => {
                        request.with_duration_filter(i64::try_from(least.as_millis()).unwrap_or(i64::MAX))
                    }
                    _ => request,
                }
            })?;
            WireError::check(ApiKey::ListTransactions, response.error_code, None)?;
            Ok(response.transaction_states)
        })?;
        Ok(PerBroker {
            found: all
                .found
                .into_iter()
                .map(|(coordinator, listed)| ListedTransaction {
                    transactional_id: listed.transactional_id.to_string(),
                    producer_id: listed.producer_id.0,
                    state: listed.transaction_state.to_string(),
                    coordinator,
                })
                .collect(),
            failed: all.failed,
        })
    }

    /// Transactional ids in full, from their coordinators. Needs Kafka 3.0, and the right to describe each id.
    ///
    /// # Errors
    /// It is cancelled. What concerns an id is its outcome, [`WireError::Unsupported`] on older brokers.
    pub fn describe_transactions(
        &self,
        transactional_ids: &[&str],
    ) -> Result<BTreeMap<String, Result<TransactionDescription>>> {
        let mut found = BTreeMap::new();
        for id in transactional_ids {
            let outcome =
                self.at_coordinator(CoordinatorKind::Transaction, id, |connection, budget| {
                    let (_, response) = self.ask(connection, (0, i16::MAX), budget, |_| {
                        DescribeTransactionsRequest::default()
                            .with_transactional_ids(vec![TransactionalId(text(id))])
                    })?;
                    let state = response.transaction_states.into_iter().next().ok_or_else(|| {
                        WireError::Malformed {
                            what: "DescribeTransactions".to_owned(),
                            reason: format!("it leaves out '{id}'"),
                        }
                    })?;
                    WireError::check(ApiKey::DescribeTransactions, state.error_code, None)?;
                    Ok(state)
                });
            if matches!(outcome, Err(WireError::Cancelled)) {
                return Err(WireError::Cancelled);
            }
            let described = outcome.map(|state| TransactionDescription {
                state: state.transaction_state.to_string(),
                timeout: Duration::from_millis(u64::try_from(state.transaction_timeout_ms).unwrap_or(0)),
                started_at: known(state.transaction_start_time_ms),
                producer_id: state.producer_id.0,
                producer_epoch: state.producer_epoch,
                partitions: state
                    .topics
                    .iter()
                    .flat_map(|topic| {
                        let name = topic.topic.as_str();
                        topic
                            .partitions
                            .iter()
                            .map(move |number| TopicPartition::new(name, *number))
                    })
                    .collect(),
            });
            found.insert((*id).to_owned(), described);
        }
        Ok(found)
    }
}

fn producers_of(partition: &PartitionResponse) -> Result<Vec<ProducerState>> {
    WireError::check(
        ApiKey::DescribeProducers,
        partition.error_code,
        partition.error_message.as_deref(),
    )?;
    Ok(partition
        .active_producers
        .iter()
        .map(|producer| ProducerState {
            producer_id: producer.producer_id.0,
            producer_epoch: producer.producer_epoch,
            last_sequence: Some(producer.last_sequence).filter(|number| *number >= 0),
            last_timestamp: known(producer.last_timestamp),
            coordinator_epoch: Some(producer.coordinator_epoch).filter(|epoch| *epoch >= 0),
            transaction_start: known(producer.current_txn_start_offset),
        })
        .collect())
}
