//! Reader: bytes in, events out. Beside it what each byte of a stream cost: a [`Piece`] says where bytes came from, and [`Pieces`] charges them.
//!
//! Readers of protocols know neither packets nor TCP. They are shown the bytes that wait and answer how many of them
//! make the next event; the bytes travel beside the event, so that an event borrows nothing.

mod piece;
mod pieces;

pub use piece::{Cost, Layer, Piece};
pub use pieces::Pieces;

/// Reads one direction of a protocol.
pub trait Reader {
    /// What it finds.
    type Event;

    /// Looks at the bytes that wait, from the first that no event has taken.
    fn read(&mut self, bytes: &[u8]) -> Step<Self::Event>;

    /// Passes over bytes that the capture lacks; false where the reader cannot know its place behind them.
    fn skip(&mut self, len: u64) -> bool;
}

/// The answer of a reader.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Step<E> {
    /// The first so many bytes make this event.
    Event(usize, E),
    /// Not before more bytes come.
    Incomplete,
}
