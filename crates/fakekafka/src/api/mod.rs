//! The requests a cluster answers, one file per family.

mod cluster;
mod configs;
mod fetch;
mod group_admin;
mod group_members;
mod group_offsets;
mod log_dirs;
mod log_offsets;
mod produce;
pub(crate) mod sasl;
mod topics;
mod transactions;
pub(crate) mod versions;

use kafka_protocol::messages::{RequestKind, ResponseKind};

use crate::request::Request;
use sasl::Login;

/// Answers a request; none if the client wants no answer.
pub(crate) async fn handle(cx: &Request<'_>, body: RequestKind, login: &mut Login) -> Option<ResponseKind> {
    use RequestKind as Q;
    use ResponseKind as R;
    Some(match body {
        Q::ApiVersions(_) => R::ApiVersions(versions::api_versions(cx)),
        Q::SaslHandshake(q) => R::SaslHandshake(sasl::handshake(cx, login, &q)),
        Q::SaslAuthenticate(q) => R::SaslAuthenticate(sasl::authenticate(cx, login, &q)),
        Q::Metadata(q) => R::Metadata(cluster::metadata(cx, q)),
        Q::DescribeCluster(_) => R::DescribeCluster(cluster::describe(cx)),
        Q::DescribeAcls(_) => R::DescribeAcls(cluster::describe_acls()),
        Q::FindCoordinator(q) => R::FindCoordinator(cluster::find_coordinator(cx, q)),
        Q::Produce(q) => {
            let silent = q.acks == 0;
            let answer = produce::produce(cx, q);
            if silent {
                return None;
            }
            R::Produce(answer)
        }
        Q::Fetch(q) => R::Fetch(fetch::fetch(cx, &q).await),
        Q::ListOffsets(q) => R::ListOffsets(log_offsets::list(cx, q)),
        Q::OffsetForLeaderEpoch(q) => R::OffsetForLeaderEpoch(log_offsets::for_leader_epoch(cx, q)),
        Q::DeleteRecords(q) => R::DeleteRecords(log_offsets::delete_records(cx, q)),
        Q::DescribeLogDirs(q) => R::DescribeLogDirs(log_dirs::describe(cx, q.topics.as_deref())),
        Q::CreateTopics(q) => R::CreateTopics(topics::create(cx, q)),
        Q::DeleteTopics(q) => R::DeleteTopics(topics::delete(cx, q)),
        Q::CreatePartitions(q) => R::CreatePartitions(topics::create_partitions(cx, q)),
        Q::DescribeConfigs(q) => R::DescribeConfigs(configs::describe(cx, q)),
        Q::AlterConfigs(q) => R::AlterConfigs(configs::alter(cx, q)),
        Q::IncrementalAlterConfigs(q) => R::IncrementalAlterConfigs(configs::alter_incrementally(cx, q)),
        Q::InitProducerId(q) => R::InitProducerId(transactions::init_producer(cx, &q)),
        Q::AddPartitionsToTxn(q) => R::AddPartitionsToTxn(transactions::add_partitions(cx, q)),
        Q::AddOffsetsToTxn(q) => R::AddOffsetsToTxn(transactions::add_offsets(cx, &q)),
        Q::TxnOffsetCommit(q) => R::TxnOffsetCommit(transactions::commit_offsets(cx, q)),
        Q::EndTxn(q) => R::EndTxn(transactions::end(cx, &q)),
        Q::JoinGroup(q) => R::JoinGroup(group_members::join(cx, q).await),
        Q::SyncGroup(q) => R::SyncGroup(group_members::sync(cx, q).await),
        Q::Heartbeat(q) => R::Heartbeat(group_members::heartbeat(cx, &q)),
        Q::LeaveGroup(q) => R::LeaveGroup(group_members::leave(cx, q)),
        Q::OffsetCommit(q) => R::OffsetCommit(group_offsets::commit(cx, q)),
        Q::OffsetFetch(q) => R::OffsetFetch(group_offsets::fetch(cx, q)),
        Q::OffsetDelete(q) => R::OffsetDelete(group_offsets::delete(cx, q)),
        Q::ListGroups(q) => R::ListGroups(group_admin::list(cx, &q)),
        Q::DescribeGroups(q) => R::DescribeGroups(group_admin::describe(cx, q)),
        Q::DeleteGroups(q) => R::DeleteGroups(group_admin::delete(cx, q)),
        // Not offered in ApiVersions, so the connection has already refused it.
        _ => return None,
    })
}
