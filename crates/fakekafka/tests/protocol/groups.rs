//! Groups: members, offsets, administration.

use std::time::{Duration, Instant};

use bytes::Bytes;
use kafka_protocol::messages::join_group_request::JoinGroupRequestProtocol;
use kafka_protocol::messages::leave_group_request::MemberIdentity;
use kafka_protocol::messages::offset_commit_request::{
    OffsetCommitRequestPartition, OffsetCommitRequestTopic,
};
use kafka_protocol::messages::offset_fetch_request::OffsetFetchRequestTopic;
use kafka_protocol::messages::sync_group_request::SyncGroupRequestAssignment;
use kafka_protocol::messages::{
    DeleteGroupsRequest, DescribeGroupsRequest, GroupId, HeartbeatRequest, JoinGroupRequest,
    JoinGroupResponse, LeaveGroupRequest, ListGroupsRequest, OffsetCommitRequest, OffsetFetchRequest,
    SyncGroupRequest,
};
use sluice_fakekafka::{CommittedOffset, FakeCluster, ResponseError};

use crate::client::{Client, text, topic};

fn cluster() -> FakeCluster {
    let cluster = FakeCluster::builder().start().unwrap();
    cluster.create_topic("t", 1, &[]).unwrap();
    cluster
}

fn group() -> GroupId {
    GroupId(text("g"))
}

fn join_request(member: &str, instance: Option<&str>, session_ms: i32) -> JoinGroupRequest {
    JoinGroupRequest::default()
        .with_group_id(group())
        .with_member_id(text(member))
        .with_group_instance_id(instance.map(text))
        .with_session_timeout_ms(session_ms)
        .with_rebalance_timeout_ms(2_000)
        .with_protocol_type(text("consumer"))
        .with_protocols(vec![
            JoinGroupRequestProtocol::default()
                .with_name(text("range"))
                .with_metadata(Bytes::from_static(b"m")),
        ])
}

fn join(client: &mut Client, member: &str) -> JoinGroupResponse {
    client.call(7, &join_request(member, None, 10_000))
}

/// Joins as a new member: first for an id, then for good.
fn enter(client: &mut Client) -> JoinGroupResponse {
    let first = join(client, "");
    assert_eq!(first.error_code, ResponseError::MemberIdRequired.code());
    join(client, &first.member_id)
}

fn sync_request(joined: &JoinGroupResponse, assignments: &[(&str, &'static [u8])]) -> SyncGroupRequest {
    SyncGroupRequest::default()
        .with_group_id(group())
        .with_generation_id(joined.generation_id)
        .with_member_id(joined.member_id.clone())
        .with_protocol_type(Some(text("consumer")))
        .with_protocol_name(Some(text("range")))
        .with_assignments(
            assignments
                .iter()
                .map(|(id, data)| {
                    SyncGroupRequestAssignment::default()
                        .with_member_id(text(id))
                        .with_assignment(Bytes::from_static(data))
                })
                .collect(),
        )
}

fn heartbeat(client: &mut Client, joined: &JoinGroupResponse) -> i16 {
    let request = HeartbeatRequest::default()
        .with_group_id(group())
        .with_generation_id(joined.generation_id)
        .with_member_id(joined.member_id.clone());
    client.call(4, &request).error_code
}

#[test]
fn two_members_share_and_one_leaves() {
    let cluster = cluster();
    let (mut a, mut b) = (Client::connect(&cluster, 1), Client::connect(&cluster, 1));
    let alone = enter(&mut a);
    assert_eq!((alone.error_code, alone.generation_id), (0, 1));
    assert_eq!(alone.leader, alone.member_id);
    let mine = a.call(5, &sync_request(&alone, &[(&alone.member_id, b"all")]));
    assert_eq!(&mine.assignment[..], b"all");
    assert_eq!(heartbeat(&mut a, &alone), 0);

    let id = join(&mut b, "").member_id;
    b.send(7, &join_request(&id, None, 10_000));
    std::thread::sleep(Duration::from_millis(100));
    assert_eq!(
        heartbeat(&mut a, &alone),
        ResponseError::RebalanceInProgress.code()
    );
    let again = join(&mut a, &alone.member_id);
    let second = b.receive::<JoinGroupRequest>(7).unwrap();
    assert_eq!((again.generation_id, second.generation_id), (2, 2));
    assert_eq!(again.members.len(), 2);
    assert!(second.members.is_empty());

    b.send(5, &sync_request(&second, &[]));
    let parts: [(&str, &[u8]); 2] = [(&again.member_id, b"left"), (&second.member_id, b"right")];
    assert_eq!(&a.call(5, &sync_request(&again, &parts)).assignment[..], b"left");
    assert_eq!(
        &b.receive::<SyncGroupRequest>(5).unwrap().assignment[..],
        b"right"
    );
    assert_eq!(heartbeat(&mut a, &alone), ResponseError::IllegalGeneration.code());

    let described = a
        .call(5, &DescribeGroupsRequest::default().with_groups(vec![group()]))
        .groups[0]
        .clone();
    assert_eq!(
        (described.group_state.as_str(), described.members.len()),
        ("Stable", 2)
    );
    let deleted = a.call(
        2,
        &DeleteGroupsRequest::default().with_groups_names(vec![group()]),
    );
    assert_eq!(deleted.results[0].error_code, ResponseError::NonEmptyGroup.code());

    let leave = LeaveGroupRequest::default()
        .with_group_id(group())
        .with_members(vec![
            MemberIdentity::default().with_member_id(second.member_id.clone()),
        ]);
    assert_eq!(b.call(5, &leave).members[0].error_code, 0);
    assert_eq!(heartbeat(&mut b, &second), ResponseError::UnknownMemberId.code());
    assert_eq!(
        heartbeat(&mut a, &again),
        ResponseError::RebalanceInProgress.code()
    );
    assert_eq!(join(&mut a, &again.member_id).generation_id, 3);
}

#[test]
fn a_silent_member_is_removed() {
    let cluster = cluster();
    let mut client = Client::connect(&cluster, 1);
    let id = client.call(7, &join_request("", None, 200)).member_id;
    let joined = client.call(7, &join_request(&id, None, 200));
    client.call(5, &sync_request(&joined, &[]));
    let began = Instant::now();
    while heartbeat(&mut client, &joined) == 0 && began.elapsed() < Duration::from_millis(400) {
        std::thread::sleep(Duration::from_millis(50));
    }
    assert_eq!(heartbeat(&mut client, &joined), 0, "heartbeats keep a member");
    std::thread::sleep(Duration::from_millis(400));
    assert_eq!(
        heartbeat(&mut client, &joined),
        ResponseError::UnknownMemberId.code()
    );
    let listed = client.call(4, &ListGroupsRequest::default());
    assert_eq!(listed.groups[0].group_state.as_str(), "Empty");
}

#[test]
fn an_instance_that_comes_back_fences_its_former_self() {
    let cluster = cluster();
    let mut client = Client::connect(&cluster, 1);
    let first = client.call(7, &join_request("", Some("i"), 10_000));
    assert_eq!(first.error_code, 0);
    let second = client.call(7, &join_request("", Some("i"), 10_000));
    assert_eq!(second.error_code, 0);
    assert_ne!(first.member_id, second.member_id);
    let request = HeartbeatRequest::default()
        .with_group_id(group())
        .with_generation_id(second.generation_id)
        .with_member_id(first.member_id)
        .with_group_instance_id(Some(text("i")));
    assert_eq!(
        client.call(4, &request).error_code,
        ResponseError::FencedInstanceId.code()
    );
}

fn commit(client: &mut Client, generation: i32, member: &str, name: &str, metadata: &str) -> i16 {
    let request = OffsetCommitRequest::default()
        .with_group_id(group())
        .with_generation_id_or_member_epoch(generation)
        .with_member_id(text(member))
        .with_topics(vec![
            OffsetCommitRequestTopic::default()
                .with_name(topic(name))
                .with_partitions(vec![
                    OffsetCommitRequestPartition::default()
                        .with_committed_offset(42)
                        .with_committed_leader_epoch(3)
                        .with_committed_metadata(Some(text(metadata))),
                ]),
        ]);
    client.call(8, &request).topics[0].partitions[0].error_code
}

#[test]
fn offsets_are_kept_with_metadata_and_guarded_by_members() {
    let cluster = cluster();
    let mut client = Client::connect(&cluster, 1);
    assert_eq!(commit(&mut client, -1, "", "t", "why"), 0);
    let expected = CommittedOffset {
        offset: 42,
        leader_epoch: 3,
        metadata: "why".to_owned(),
    };
    assert_eq!(cluster.committed("g", "t", 0), Some(expected));
    assert_eq!(
        commit(&mut client, -1, "", "none", ""),
        ResponseError::UnknownTopicOrPartition.code()
    );
    let long = "x".repeat(4097);
    assert_eq!(
        commit(&mut client, -1, "", "t", &long),
        ResponseError::OffsetMetadataTooLarge.code()
    );

    for version in 1..=7 {
        let wanted = OffsetFetchRequestTopic::default()
            .with_name(topic("t"))
            .with_partition_indexes(vec![0, 1]);
        let request = OffsetFetchRequest::default()
            .with_group_id(group())
            .with_topics(Some(vec![wanted]));
        let answer = client.call(version, &request);
        let offsets: Vec<_> = answer.topics[0]
            .partitions
            .iter()
            .map(|p| p.committed_offset)
            .collect();
        assert_eq!(offsets, [42, -1], "v{version}");
    }
    let everything = OffsetFetchRequest::default()
        .with_group_id(group())
        .with_topics(None);
    assert_eq!(client.call(7, &everything).topics.len(), 1);

    let joined = enter(&mut client);
    client.call(5, &sync_request(&joined, &[]));
    assert_eq!(
        commit(&mut client, -1, "", "t", ""),
        ResponseError::UnknownMemberId.code()
    );
    assert_eq!(
        commit(&mut client, 9, &joined.member_id, "t", ""),
        ResponseError::IllegalGeneration.code()
    );
    assert_eq!(
        commit(&mut client, joined.generation_id, &joined.member_id, "t", ""),
        0
    );
}

#[test]
fn groups_are_deleted_and_topics_take_their_offsets_along() {
    let cluster = cluster();
    cluster.create_topic("u", 1, &[]).unwrap();
    let mut client = Client::connect(&cluster, 1);
    commit(&mut client, -1, "", "t", "");
    commit(&mut client, -1, "", "u", "");
    cluster.delete_topic("u").unwrap();
    assert_eq!(cluster.committed("g", "u", 0), None);
    let delete = DeleteGroupsRequest::default().with_groups_names(vec![group(), GroupId(text("none"))]);
    let codes: Vec<i16> = client
        .call(2, &delete)
        .results
        .iter()
        .map(|r| r.error_code)
        .collect();
    assert_eq!(codes, [0, ResponseError::GroupIdNotFound.code()]);
    let described = client.call(5, &DescribeGroupsRequest::default().with_groups(vec![group()]));
    assert_eq!(described.groups[0].group_state.as_str(), "Dead");
}
