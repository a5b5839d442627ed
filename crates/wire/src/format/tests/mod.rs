//! Rules of the formats on bytes written by hand.

mod batches;
mod codecs;
mod fetched;
mod messages;
mod passing;
mod sample;
mod splicing;
