//! JoinGroup, SyncGroup, Heartbeat and LeaveGroup.

use std::time::{Duration, Instant};

use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::join_group_response::JoinGroupResponseMember;
use kafka_protocol::messages::leave_group_response::MemberResponse;
use kafka_protocol::messages::{
    HeartbeatRequest, HeartbeatResponse, JoinGroupRequest, JoinGroupResponse, LeaveGroupRequest,
    LeaveGroupResponse, SyncGroupRequest, SyncGroupResponse,
};
use kafka_protocol::protocol::StrBytes;

use crate::model::cluster_state::ClusterState;
use crate::model::group::{Group, Join, Joined, Refusal, Reply, Synced};
use crate::request::{Request, code, text};

/// First JoinGroup version in which a client is given its id before it joins.
const ID_FIRST: i16 = 4;
/// First JoinGroup version in which the protocol name may be null.
const NULLABLE_PROTOCOL: i16 = 7;
/// First LeaveGroup version that names several members.
const MANY_LEAVE: i16 = 3;
/// A session shorter or longer than this is refused.
const SESSION_MS: std::ops::RangeInclusive<i32> = 1..=1_800_000;

fn millis(ms: i32) -> Duration {
    Duration::from_millis(u64::try_from(ms).unwrap_or_default())
}

fn known<'s>(
    cx: &Request<'_>,
    state: &'s mut ClusterState,
    group: &str,
) -> Result<&'s mut Group, ResponseError> {
    cx.fault()?;
    if group.is_empty() {
        return Err(ResponseError::InvalidGroupId);
    }
    state.check_coordinator(cx.broker, group)?;
    state.groups.get_mut(group).ok_or(ResponseError::UnknownMemberId)
}

pub(crate) async fn join(cx: &Request<'_>, q: JoinGroupRequest) -> JoinGroupResponse {
    let reply = begin_join(cx, &q);
    let result = match reply {
        Err(refusal) => Err(refusal),
        Ok(Reply::Now(joined)) => Ok(joined),
        Ok(Reply::Later(receiver)) => receiver
            .await
            // The same member has joined again on another connection.
            .unwrap_or(Err(ResponseError::RebalanceInProgress))
            .map_err(|code| Refusal {
                code,
                member_id: q.member_id.to_string(),
            }),
    };
    match result {
        Ok(joined) => joined_answer(&joined),
        Err(refusal) => JoinGroupResponse::default()
            .with_error_code(refusal.code.code())
            .with_generation_id(-1)
            .with_protocol_name(if cx.version < NULLABLE_PROTOCOL {
                Some(StrBytes::new())
            } else {
                None
            })
            .with_member_id(text(&refusal.member_id)),
    }
}

fn begin_join(cx: &Request<'_>, q: &JoinGroupRequest) -> Result<Reply<Joined>, Refusal> {
    let refuse = |code| Refusal {
        code,
        member_id: q.member_id.to_string(),
    };
    cx.fault().map_err(refuse)?;
    if q.group_id.is_empty() {
        return Err(refuse(ResponseError::InvalidGroupId));
    }
    if !SESSION_MS.contains(&q.session_timeout_ms) {
        return Err(refuse(ResponseError::InvalidSessionTimeout));
    }
    let mut state = cx.state();
    state.check_coordinator(cx.broker, &q.group_id).map_err(refuse)?;
    // Version 0 has no time of its own for the rebalance.
    let rebalance_ms = if q.rebalance_timeout_ms < 0 {
        q.session_timeout_ms
    } else {
        q.rebalance_timeout_ms
    };
    let join = Join {
        member_id: q.member_id.to_string(),
        instance_id: q.group_instance_id.as_ref().map(ToString::to_string),
        client_id: cx.client_id.clone(),
        session_timeout: millis(q.session_timeout_ms),
        rebalance_timeout: millis(rebalance_ms),
        protocol_type: q.protocol_type.to_string(),
        protocols: q
            .protocols
            .iter()
            .map(|p| (p.name.to_string(), p.metadata.clone()))
            .collect(),
        id_required: cx.version >= ID_FIRST,
    };
    state
        .groups
        .entry(q.group_id.to_string())
        .or_default()
        .join(join, Instant::now())
}

fn joined_answer(joined: &Joined) -> JoinGroupResponse {
    let members = joined
        .members
        .iter()
        .map(|(id, instance, metadata)| {
            JoinGroupResponseMember::default()
                .with_member_id(text(id))
                .with_group_instance_id(instance.as_deref().map(text))
                .with_metadata(metadata.clone())
        })
        .collect();
    JoinGroupResponse::default()
        .with_generation_id(joined.generation)
        .with_protocol_type(Some(text(&joined.protocol_type)))
        .with_protocol_name(Some(text(&joined.protocol)))
        .with_leader(text(&joined.leader))
        .with_member_id(text(&joined.member_id))
        .with_members(members)
}

pub(crate) async fn sync(cx: &Request<'_>, q: SyncGroupRequest) -> SyncGroupResponse {
    let reply = begin_sync(cx, &q);
    let result = match reply {
        Err(error) => Err(error),
        Ok(Reply::Now(synced)) => Ok(synced),
        Ok(Reply::Later(receiver)) => receiver.await.unwrap_or(Err(ResponseError::RebalanceInProgress)),
    };
    let answer = SyncGroupResponse::default().with_error_code(code(&result));
    match result {
        Err(_) => answer,
        Ok(synced) => answer
            .with_protocol_type(Some(text(&synced.protocol_type)))
            .with_protocol_name(Some(text(&synced.protocol)))
            .with_assignment(synced.assignment),
    }
}

fn begin_sync(cx: &Request<'_>, q: &SyncGroupRequest) -> Result<Reply<Synced>, ResponseError> {
    let mut state = cx.state();
    let group = known(cx, &mut state, &q.group_id)?;
    let assignments = q
        .assignments
        .iter()
        .map(|a| (a.member_id.to_string(), a.assignment.clone()))
        .collect();
    let instance = q.group_instance_id.as_deref();
    group.sync(
        &q.member_id,
        instance,
        q.generation_id,
        assignments,
        Instant::now(),
    )
}

pub(crate) fn heartbeat(cx: &Request<'_>, q: &HeartbeatRequest) -> HeartbeatResponse {
    let mut state = cx.state();
    let result = known(cx, &mut state, &q.group_id).and_then(|group| {
        group.heartbeat(
            &q.member_id,
            q.group_instance_id.as_deref(),
            q.generation_id,
            Instant::now(),
        )
    });
    HeartbeatResponse::default().with_error_code(code(&result))
}

pub(crate) fn leave(cx: &Request<'_>, q: LeaveGroupRequest) -> LeaveGroupResponse {
    let mut state = cx.state();
    let group = match known(cx, &mut state, &q.group_id) {
        Ok(group) => group,
        Err(error) => return LeaveGroupResponse::default().with_error_code(error.code()),
    };
    if cx.version < MANY_LEAVE {
        let left = group.leave(&q.member_id, None, Instant::now());
        return LeaveGroupResponse::default().with_error_code(code(&left));
    }
    let members = q
        .members
        .into_iter()
        .map(|member| {
            let left = group.leave(
                &member.member_id,
                member.group_instance_id.as_deref(),
                Instant::now(),
            );
            MemberResponse::default()
                .with_member_id(member.member_id)
                .with_group_instance_id(member.group_instance_id)
                .with_error_code(code(&left))
        })
        .collect();
    LeaveGroupResponse::default().with_members(members)
}
