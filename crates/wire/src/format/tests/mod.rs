//! Rules of the formats on bytes written by hand.

mod batches;
mod canonical;
mod codecs;
mod diagnosis;
mod fetched;
mod messages;
mod passing;
mod property;
mod sample;
mod splicing;
