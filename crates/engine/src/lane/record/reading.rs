//! What comes from the source: records are taken over from the client, and belong to a partition of the lane.

use sluice_kafka::{Message, PartitionOffset, Reader};

use crate::error::Side;
use crate::lane::record::arrival::Arrival;
use crate::lane::record::incidents::{notice, source_unusable};
use crate::lane::record::proof::Proof;
use crate::lane::record::record_lane::RecordLane;
use crate::lane::record::track::Track;
use crate::lane::{LaneError, Report, Slot, StepLimit};

impl RecordLane {
    pub(super) fn receive(&mut self, limit: StepLimit, report: &mut Report) -> Result<(), LaneError> {
        let mut inbox = std::mem::take(&mut self.inbox);
        let (mut records, mut memory) = (0, 0);
        let outcome = self
            .reader
            .read(self.intake.at_once(limit.records), limit.wait, |message| {
                records += 1;
                memory += message.memory();
                inbox.push_back(message);
            });
        self.sampling.begin(inbox.len());
        self.inbox = inbox;
        outcome.map_err(source_unusable)?;
        self.arrival.look(self.reader.fetched(), self.tracks.len());
        self.intake.note(records, memory, self.reader.fetched().bytes);
        report.notices.extend(
            self.reader
                .notices()
                .into_iter()
                .map(|one| notice(Side::Source, one.code, one.text)),
        );
        Ok(())
    }

    pub(super) fn slot_of(&mut self, message: &Message) -> Option<Slot> {
        let key = (message.topic_key(), message.partition());
        if let Some((last, slot)) = self.last_route
            && last == key
        {
            return Some(slot);
        }
        let slot = match self.routes.get(&key) {
            Some(&slot) => slot,
            None => {
                let slot = *self
                    .by_name
                    .get(&(message.topic().to_owned(), message.partition()))?;
                self.routes.insert(key, slot);
                slot
            }
        };
        self.last_route = Some((key, slot));
        Some(slot)
    }

    /// Goes on with a new reader, from the first record that was not sent.
    pub(super) fn reopen_reader(&mut self) -> Result<(), LaneError> {
        self.asked = self.intake.tuning(self.config.reader);
        let mut reader = Reader::new(&self.config.source, self.asked).map_err(source_unusable)?;
        // Records go before the client they came from, and what was learned of its topics with them.
        self.inbox.clear();
        self.held.clear();
        self.routes.clear();
        self.last_route = None;
        let reading = self.reading();
        self.fresh = reading.is_empty();
        reader.assign(&reading).map_err(source_unusable)?;
        for track in self.tracks.iter_mut().flatten() {
            track.proof = Proof::of_assigned(track.epoch, true);
        }
        self.arrival = Arrival::new();
        self.intake.begin_again();
        let stale = std::mem::replace(&mut self.reader, reader);
        // Closing may take as long as what it is waiting for.
        std::thread::spawn(move || drop(stale));
        Ok(())
    }

    pub(super) fn reading(&self) -> Vec<PartitionOffset> {
        self.tracks
            .iter()
            .flatten()
            .filter(|track| track.reading)
            .map(Track::place)
            .collect()
    }
}
