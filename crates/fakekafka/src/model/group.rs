//! Consumer groups of the classic protocol: members join, one of them assigns, all get their share.
//!
//! A join or sync that must wait for others leaves a channel here; the answer is sent when the group moves on.

use std::collections::{BTreeMap, HashMap};
use std::time::{Duration, Instant};

use bytes::Bytes;
use kafka_protocol::error::ResponseError;
use tokio::sync::oneshot;
use uuid::Uuid;

use super::group_offsets::Offsets;

/// Where a group stands in its rebalance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum GroupPhase {
    /// No members; there may be offsets.
    Empty,
    /// Waiting for members to join again, at the longest until then.
    AwaitingJoin {
        /// Members that have not come back by then are out.
        until: Instant,
    },
    /// Waiting for the leader's assignment.
    AwaitingSync,
    /// Everybody has an assignment.
    Stable,
}

impl GroupPhase {
    /// The state's name in ListGroups and DescribeGroups.
    pub(crate) fn name(self) -> &'static str {
        match self {
            GroupPhase::Empty => "Empty",
            GroupPhase::AwaitingJoin { .. } => "PreparingRebalance",
            GroupPhase::AwaitingSync => "CompletingRebalance",
            GroupPhase::Stable => "Stable",
        }
    }
}

/// A member's request to join.
#[derive(Debug, Clone)]
pub(crate) struct Join {
    pub(crate) member_id: String,
    pub(crate) instance_id: Option<String>,
    pub(crate) client_id: String,
    pub(crate) session_timeout: Duration,
    pub(crate) rebalance_timeout: Duration,
    pub(crate) protocol_type: String,
    pub(crate) protocols: Vec<(String, Bytes)>,
    /// Whether a client without id is first given one and asked to come again.
    pub(crate) id_required: bool,
}

/// The answer to a join.
#[derive(Debug, Clone)]
pub(crate) struct Joined {
    pub(crate) generation: i32,
    pub(crate) protocol_type: String,
    pub(crate) protocol: String,
    pub(crate) leader: String,
    pub(crate) member_id: String,
    /// Id, instance id and metadata of all members, for the leader only.
    pub(crate) members: Vec<(String, Option<String>, Bytes)>,
}

/// The answer to a sync: the member's assignment.
#[derive(Debug, Clone)]
pub(crate) struct Synced {
    pub(crate) protocol_type: String,
    pub(crate) protocol: String,
    pub(crate) assignment: Bytes,
}

/// A join was refused; a client without id may learn the one it got.
#[derive(Debug, Clone)]
pub(crate) struct Refusal {
    pub(crate) code: ResponseError,
    pub(crate) member_id: String,
}

/// An answer that is there, or one to wait for.
#[derive(Debug)]
pub(crate) enum Reply<T> {
    Now(T),
    Later(oneshot::Receiver<Result<T, ResponseError>>),
}

/// A member of a group.
#[derive(Debug)]
pub(crate) struct Member {
    pub(crate) instance_id: Option<String>,
    pub(crate) client_id: String,
    pub(crate) protocols: Vec<(String, Bytes)>,
    pub(crate) assignment: Bytes,
    session_timeout: Duration,
    rebalance_timeout: Duration,
    last_seen: Instant,
    joining: Option<oneshot::Sender<Result<Joined, ResponseError>>>,
    syncing: Option<oneshot::Sender<Result<Synced, ResponseError>>>,
}

impl Member {
    pub(crate) fn metadata(&self, protocol: &str) -> Bytes {
        self.protocols
            .iter()
            .find(|(name, _)| name == protocol)
            .map(|(_, data)| data.clone())
            .unwrap_or_default()
    }
}

/// A consumer group.
#[derive(Debug)]
pub(crate) struct Group {
    pub(crate) phase: GroupPhase,
    pub(crate) generation: i32,
    pub(crate) protocol_type: String,
    pub(crate) protocol: String,
    pub(crate) leader: String,
    pub(crate) members: BTreeMap<String, Member>,
    pub(crate) offsets: Offsets,
    /// Ids given out to clients that have not joined yet, and how long they are kept.
    promised: HashMap<String, Instant>,
}

impl Default for Group {
    fn default() -> Self {
        Group {
            phase: GroupPhase::Empty,
            generation: 0,
            protocol_type: String::new(),
            protocol: String::new(),
            leader: String::new(),
            members: BTreeMap::new(),
            offsets: Offsets::default(),
            promised: HashMap::new(),
        }
    }
}

impl Group {
    pub(crate) fn join(&mut self, mut join: Join, now: Instant) -> Result<Reply<Joined>, Refusal> {
        let refuse = |code, member_id: &str| {
            Err(Refusal {
                code,
                member_id: member_id.to_owned(),
            })
        };
        if !self.accepts_protocols(&join) {
            return refuse(ResponseError::InconsistentGroupProtocol, &join.member_id);
        }
        let former = join
            .instance_id
            .as_ref()
            .and_then(|instance| self.holder_of(instance));
        if join.member_id.is_empty() {
            join.member_id = format!("{}-{}", join.client_id, Uuid::new_v4());
            if let Some(former) = former {
                // The same instance came back: the process before it is fenced, its place is taken.
                self.remove_member(&former, ResponseError::FencedInstanceId);
            } else if join.instance_id.is_none() && join.id_required {
                self.promised
                    .insert(join.member_id.clone(), now + join.session_timeout);
                return refuse(ResponseError::MemberIdRequired, &join.member_id);
            }
        } else {
            if former.is_some_and(|id| id != join.member_id) {
                return refuse(ResponseError::FencedInstanceId, &join.member_id);
            }
            let promised = self.promised.remove(&join.member_id).is_some();
            if !promised && !self.members.contains_key(&join.member_id) {
                return refuse(ResponseError::UnknownMemberId, &join.member_id);
            }
        }
        if let Some(joined) = self.still_joined(&join) {
            return Ok(Reply::Now(joined));
        }
        let (sender, receiver) = oneshot::channel();
        let assignment = self
            .members
            .remove(&join.member_id)
            .map(|m| m.assignment)
            .unwrap_or_default();
        self.protocol_type = join.protocol_type;
        self.members.insert(
            join.member_id,
            Member {
                instance_id: join.instance_id,
                client_id: join.client_id,
                protocols: join.protocols,
                assignment,
                session_timeout: join.session_timeout,
                rebalance_timeout: join.rebalance_timeout,
                last_seen: now,
                joining: Some(sender),
                syncing: None,
            },
        );
        self.begin_rebalance(now);
        self.finish_join(now);
        Ok(Reply::Later(receiver))
    }

    fn holder_of(&self, instance: &str) -> Option<String> {
        self.members
            .iter()
            .find(|(_, m)| m.instance_id.as_deref() == Some(instance))
            .map(|(id, _)| id.clone())
    }

    fn accepts_protocols(&self, join: &Join) -> bool {
        if join.protocol_type.is_empty() || join.protocols.is_empty() {
            return false;
        }
        let others: Vec<&Member> = self
            .members
            .iter()
            .filter(|(id, _)| **id != join.member_id)
            .map(|(_, m)| m)
            .collect();
        others.is_empty()
            || (self.protocol_type == join.protocol_type
                && join.protocols.iter().any(|(name, _)| {
                    others
                        .iter()
                        .all(|m| m.protocols.iter().any(|(theirs, _)| theirs == name))
                }))
    }

    /// A follower that joins again unchanged keeps its place without disturbing the others.
    fn still_joined(&self, join: &Join) -> Option<Joined> {
        let member = self.members.get(&join.member_id)?;
        let unchanged = member.protocols == join.protocols;
        let settled = match self.phase {
            GroupPhase::Stable => self.leader != join.member_id,
            GroupPhase::AwaitingSync => true,
            GroupPhase::Empty | GroupPhase::AwaitingJoin { .. } => false,
        };
        (unchanged && settled).then(|| self.joined(&join.member_id))
    }

    fn joined(&self, member_id: &str) -> Joined {
        let members = if member_id == self.leader {
            self.members
                .iter()
                .map(|(id, m)| (id.clone(), m.instance_id.clone(), m.metadata(&self.protocol)))
                .collect()
        } else {
            Vec::new()
        };
        Joined {
            generation: self.generation,
            protocol_type: self.protocol_type.clone(),
            protocol: self.protocol.clone(),
            leader: self.leader.clone(),
            member_id: member_id.to_owned(),
            members,
        }
    }

    fn begin_rebalance(&mut self, now: Instant) {
        if matches!(self.phase, GroupPhase::AwaitingJoin { .. }) {
            return;
        }
        for member in self.members.values_mut() {
            answer(member.syncing.take(), Err(ResponseError::RebalanceInProgress));
        }
        let longest = self
            .members
            .values()
            .map(|m| m.rebalance_timeout)
            .max()
            .unwrap_or_default();
        self.phase = GroupPhase::AwaitingJoin { until: now + longest };
    }

    /// Starts the next generation once every member has joined, or those that have when time is up.
    fn finish_join(&mut self, now: Instant) {
        let GroupPhase::AwaitingJoin { until } = self.phase else {
            return;
        };
        if now >= until {
            self.members.retain(|_, m| m.joining.is_some());
        }
        if self.members.values().any(|m| m.joining.is_none()) {
            return;
        }
        self.generation += 1;
        if self.members.is_empty() {
            self.phase = GroupPhase::Empty;
            self.leader.clear();
            self.protocol.clear();
            return;
        }
        if !self.members.contains_key(&self.leader) {
            self.leader = self.members.keys().next().cloned().unwrap_or_default();
        }
        self.protocol = self.common_protocol();
        self.phase = GroupPhase::AwaitingSync;
        let ids: Vec<String> = self.members.keys().cloned().collect();
        for id in ids {
            let joined = self.joined(&id);
            if let Some(member) = self.members.get_mut(&id) {
                member.last_seen = now;
                answer(member.joining.take(), Ok(joined));
            }
        }
    }

    fn common_protocol(&self) -> String {
        let preferred = self
            .members
            .get(&self.leader)
            .map(|m| m.protocols.clone())
            .unwrap_or_default();
        let shared = |name: &String| {
            self.members
                .values()
                .all(|m| m.protocols.iter().any(|(theirs, _)| theirs == name))
        };
        preferred
            .into_iter()
            .map(|(name, _)| name)
            .find(shared)
            .unwrap_or_default()
    }

    pub(crate) fn check_member(&self, id: &str, instance: Option<&str>) -> Result<(), ResponseError> {
        if let Some(holder) = instance.and_then(|i| self.holder_of(i))
            && holder != id
        {
            return Err(ResponseError::FencedInstanceId);
        }
        if self.members.contains_key(id) {
            Ok(())
        } else {
            Err(ResponseError::UnknownMemberId)
        }
    }

    fn check_generation(
        &self,
        id: &str,
        instance: Option<&str>,
        generation: i32,
    ) -> Result<(), ResponseError> {
        self.check_member(id, instance)?;
        if generation == self.generation {
            Ok(())
        } else {
            Err(ResponseError::IllegalGeneration)
        }
    }

    pub(crate) fn sync(
        &mut self,
        id: &str,
        instance: Option<&str>,
        generation: i32,
        assignments: HashMap<String, Bytes>,
        now: Instant,
    ) -> Result<Reply<Synced>, ResponseError> {
        self.check_generation(id, instance, generation)?;
        match self.phase {
            GroupPhase::Empty => Err(ResponseError::UnknownMemberId),
            GroupPhase::AwaitingJoin { .. } => Err(ResponseError::RebalanceInProgress),
            GroupPhase::Stable => Ok(Reply::Now(self.synced(id))),
            GroupPhase::AwaitingSync => {
                let (sender, receiver) = oneshot::channel();
                if let Some(member) = self.members.get_mut(id) {
                    member.last_seen = now;
                    member.syncing = Some(sender);
                }
                if id == self.leader {
                    self.assign(assignments, now);
                }
                Ok(Reply::Later(receiver))
            }
        }
    }

    fn synced(&self, id: &str) -> Synced {
        Synced {
            protocol_type: self.protocol_type.clone(),
            protocol: self.protocol.clone(),
            assignment: self
                .members
                .get(id)
                .map(|m| m.assignment.clone())
                .unwrap_or_default(),
        }
    }

    fn assign(&mut self, mut assignments: HashMap<String, Bytes>, now: Instant) {
        self.phase = GroupPhase::Stable;
        let (protocol_type, protocol) = (self.protocol_type.clone(), self.protocol.clone());
        for (id, member) in &mut self.members {
            member.assignment = assignments.remove(id).unwrap_or_default();
            member.last_seen = now;
            let synced = Synced {
                protocol_type: protocol_type.clone(),
                protocol: protocol.clone(),
                assignment: member.assignment.clone(),
            };
            answer(member.syncing.take(), Ok(synced));
        }
    }

    pub(crate) fn heartbeat(
        &mut self,
        id: &str,
        instance: Option<&str>,
        generation: i32,
        now: Instant,
    ) -> Result<(), ResponseError> {
        self.check_generation(id, instance, generation)?;
        if let Some(member) = self.members.get_mut(id) {
            member.last_seen = now;
        }
        match self.phase {
            GroupPhase::AwaitingJoin { .. } => Err(ResponseError::RebalanceInProgress),
            GroupPhase::Empty | GroupPhase::AwaitingSync | GroupPhase::Stable => Ok(()),
        }
    }

    /// Lets a member go, named by its id or, for a static member, by its instance alone.
    pub(crate) fn leave(
        &mut self,
        id: &str,
        instance: Option<&str>,
        now: Instant,
    ) -> Result<(), ResponseError> {
        if self.promised.remove(id).is_some() {
            return Ok(());
        }
        let id = match instance.and_then(|i| self.holder_of(i)) {
            Some(holder) if id.is_empty() => holder,
            _ => {
                self.check_member(id, instance)?;
                id.to_owned()
            }
        };
        self.remove_member(&id, ResponseError::UnknownMemberId);
        self.begin_rebalance(now);
        self.finish_join(now);
        Ok(())
    }

    fn remove_member(&mut self, id: &str, code: ResponseError) {
        if let Some(mut gone) = self.members.remove(id) {
            answer(gone.joining.take(), Err(code));
            answer(gone.syncing.take(), Err(code));
        }
    }

    /// Removes members that went silent and ends a join that has lasted too long.
    pub(crate) fn expire(&mut self, now: Instant) {
        self.promised.retain(|_, until| *until > now);
        let silent: Vec<String> = self
            .members
            .iter()
            .filter(|(_, m)| m.joining.is_none() && m.syncing.is_none())
            .filter(|(_, m)| now.duration_since(m.last_seen) >= m.session_timeout)
            .map(|(id, _)| id.clone())
            .collect();
        for id in &silent {
            self.remove_member(id, ResponseError::UnknownMemberId);
        }
        if !silent.is_empty() {
            self.begin_rebalance(now);
        }
        self.finish_join(now);
    }
}

/// Sends an answer to a waiting connection. One that has gone away no longer needs it.
fn answer<T>(waiting: Option<oneshot::Sender<T>>, reply: T) {
    if let Some(sender) = waiting {
        drop(sender.send(reply));
    }
}
