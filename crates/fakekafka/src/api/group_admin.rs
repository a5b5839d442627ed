//! ListGroups, DescribeGroups and DeleteGroups.

use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::delete_groups_response::DeletableGroupResult;
use kafka_protocol::messages::describe_groups_response::{DescribedGroup, DescribedGroupMember};
use kafka_protocol::messages::list_groups_response::ListedGroup;
use kafka_protocol::messages::{
    DeleteGroupsRequest, DeleteGroupsResponse, DescribeGroupsRequest, DescribeGroupsResponse, GroupId,
    ListGroupsRequest, ListGroupsResponse,
};

use crate::model::cluster_state::ClusterState;
use crate::model::group::GroupPhase;
use crate::request::{Request, code, text};

/// The groups this broker coordinates: a client asks every broker for its own.
pub(crate) fn list(cx: &Request<'_>, q: &ListGroupsRequest) -> ListGroupsResponse {
    if let Err(error) = cx.fault() {
        return ListGroupsResponse::default().with_error_code(error.code());
    }
    let state = cx.state();
    let wanted = |phase: GroupPhase| {
        q.states_filter.is_empty()
            || q.states_filter
                .iter()
                .any(|s| s.eq_ignore_ascii_case(phase.name()))
    };
    let groups = state
        .groups
        .iter()
        .filter(|(id, group)| state.coordinator(id) == Some(cx.broker) && wanted(group.phase))
        .map(|(id, group)| {
            ListedGroup::default()
                .with_group_id(GroupId(text(id)))
                .with_protocol_type(text(&group.protocol_type))
                .with_group_state(text(group.phase.name()))
        })
        .collect();
    ListGroupsResponse::default().with_groups(groups)
}

pub(crate) fn describe(cx: &Request<'_>, q: DescribeGroupsRequest) -> DescribeGroupsResponse {
    let state = cx.state();
    let groups = q
        .groups
        .into_iter()
        .map(
            |id| match cx.fault().and_then(|()| state.check_coordinator(cx.broker, &id)) {
                Ok(()) => describe_one(cx, &state, id),
                Err(error) => DescribedGroup::default()
                    .with_group_id(id)
                    .with_error_code(error.code()),
            },
        )
        .collect();
    DescribeGroupsResponse::default().with_groups(groups)
}

fn describe_one(cx: &Request<'_>, state: &ClusterState, id: GroupId) -> DescribedGroup {
    let Some(group) = state.groups.get(id.as_str()) else {
        // An unknown group is described as dead, not refused.
        return DescribedGroup::default()
            .with_group_id(id)
            .with_group_state(text("Dead"));
    };
    let members = group
        .members
        .iter()
        .map(|(member_id, member)| {
            DescribedGroupMember::default()
                .with_member_id(text(member_id))
                .with_group_instance_id(member.instance_id.as_deref().map(text))
                .with_client_id(text(&member.client_id))
                .with_client_host(text(&format!("/{}", cx.client_host)))
                .with_member_metadata(member.metadata(&group.protocol))
                .with_member_assignment(member.assignment.clone())
        })
        .collect();
    DescribedGroup::default()
        .with_group_id(id)
        .with_group_state(text(group.phase.name()))
        .with_protocol_type(text(&group.protocol_type))
        .with_protocol_data(text(&group.protocol))
        .with_members(members)
}

pub(crate) fn delete(cx: &Request<'_>, q: DeleteGroupsRequest) -> DeleteGroupsResponse {
    let mut state = cx.state();
    let results = q
        .groups_names
        .into_iter()
        .map(|id| {
            let deleted = cx.fault().and_then(|()| delete_one(cx, &mut state, &id));
            DeletableGroupResult::default()
                .with_group_id(id)
                .with_error_code(code(&deleted))
        })
        .collect();
    DeleteGroupsResponse::default().with_results(results)
}

fn delete_one(cx: &Request<'_>, state: &mut ClusterState, id: &str) -> Result<(), ResponseError> {
    state.check_coordinator(cx.broker, id)?;
    let group = state.groups.get(id).ok_or(ResponseError::GroupIdNotFound)?;
    if !group.members.is_empty() {
        return Err(ResponseError::NonEmptyGroup);
    }
    state.groups.remove(id);
    Ok(())
}
