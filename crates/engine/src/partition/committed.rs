//! Tracks that take over what stands committed on the target.

use std::collections::BTreeMap;

use crate::partition::Track;
use crate::position::Found;

/// The target knows best what was committed: its positions win over the local copy, which is written after them, and
/// over everything that is acknowledged and not committed. Only where a commit of unknown outcome turns out to be there
/// does its partition stay ahead, to be saved with all that is known of it.
pub(crate) fn take_committed(launch_id: &str, tracks: &mut [Track], found: &[Found]) {
    let by_partition: BTreeMap<(&str, i32), &Found> = found
        .iter()
        .filter(|found| found.note.launch == launch_id)
        .map(|found| ((found.target_topic.as_str(), found.partition), found))
        .collect();
    for track in tracks.iter_mut() {
        let place = (track.state.target_topic.as_str(), track.state.key.partition);
        let ours = by_partition.get(&place).copied().filter(|found| {
            track.state.key.topic == found.note.source_topic
                && track.state.source_topic_id == found.note.source_id
                // A partition that started over (its topic was created again) has nothing to do with earlier commits.
                && track.state.target_start == found.note.target_start
                && found.position > track.state.position
        });
        let Some(found) = ours else {
            track.roll_back();
            continue;
        };
        if found.position == track.ahead.position && found.note.target_next == track.ahead.target_next {
            continue;
        }
        track.roll_back();
        track.move_to(found.position);
        track.state.target_next = found.note.target_next.max(track.state.target_next);
        track.state.leader_epoch = found.note.epoch;
        track.ahead = track.state.clone();
    }
}

/// Target topic and partition number of each track.
pub(crate) fn target_partitions(tracks: &[Track]) -> impl Iterator<Item = (String, i32)> {
    tracks
        .iter()
        .map(|track| (track.state.target_topic.clone(), track.state.key.partition))
}
