//! Streams: the bytes that wait in the two directions of a conversation.
//!
//! Between packets most conversations have none, and then an offset is all that is kept of each direction. While a connection has its turn
//! there is room for both, which it gives back with its turn if nothing waits in it.

use std::ops::{Index, IndexMut};

use crate::private::Private;
use crate::reader::Pieces;
use crate::tcp::{Side, Sides};

/// How much room is kept for turns to come, at most; more is only made while more connections have something that waits.
const SPARE: usize = 16;

/// The bytes that wait in one direction.
#[derive(Debug, Default)]
pub(super) struct Stream {
    pub(super) waiting: Private<Vec<u8>>,
    pub(super) pieces: Pieces,
}

impl Stream {
    fn is_empty(&self) -> bool {
        self.waiting.is_empty() && self.pieces.is_blank()
    }
}

/// Room for the bytes of both directions.
type Room = Box<Sides<Stream>>;

/// Room that no conversation has.
#[derive(Debug, Default)]
pub(crate) struct Spare(Vec<Room>);

/// The bytes that wait in both directions.
#[derive(Debug, Default)]
pub(super) struct Streams {
    /// Where each direction stands, while there is no room.
    offsets: Sides<u64>,
    room: Option<Room>,
}

impl Streams {
    /// Begins a turn.
    #[inline]
    pub(super) fn open(&mut self, spare: &mut Spare) {
        if self.room.is_none() {
            let mut room = spare.0.pop().unwrap_or_default();
            for side in Side::ALL {
                room[side].pieces.begin_at(self.offsets[side]);
            }
            self.room = Some(room);
        }
    }

    /// Ends a turn.
    #[inline]
    pub(super) fn close(&mut self, spare: &mut Spare) {
        let Some(room) = (self.room).take_if(|room| room.iter().all(Stream::is_empty)) else {
            return;
        };
        for side in Side::ALL {
            self.offsets[side] = room[side].pieces.offset();
        }
        if spare.0.len() < SPARE {
            spare.0.push(room);
        }
    }

    /// Whether nothing waits, between turns.
    pub(super) fn are_empty(&self) -> bool {
        self.room.is_none()
    }

    /// Steps over bytes that were taken as they came, between turns, while nothing waits; gives the offset of the first.
    #[inline]
    pub(super) fn skip(&mut self, side: Side, len: u64) -> u64 {
        let offset = self.offsets[side];
        self.offsets[side] += len;
        offset
    }
}

impl Index<Side> for Streams {
    type Output = Stream;

    #[inline]
    fn index(&self, side: Side) -> &Stream {
        &self.room.as_ref().expect("a turn has room")[side]
    }
}

impl IndexMut<Side> for Streams {
    #[inline]
    fn index_mut(&mut self, side: Side) -> &mut Stream {
        &mut self.room.as_mut().expect("a turn has room")[side]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::{Ledger, Row};
    use crate::reader::{Layer, Piece};

    #[test]
    fn room_is_given_back_once_nothing_waits_and_offsets_stay() {
        let (mut spare, mut streams) = (Spare::default(), Streams::default());
        streams.open(&mut spare);
        let piece = Piece {
            of: 3,
            len: 3,
            ..Piece::default()
        };
        streams[Side::Other].pieces.push(piece);
        streams.close(&mut spare);
        assert!(!streams.are_empty());
        streams.open(&mut spare);
        let pieces = &mut streams[Side::Other].pieces;
        pieces.take(3, Layer::Payload, Row::Unread, &mut Ledger::default());
        streams.close(&mut spare);
        assert!(streams.are_empty());
        assert_eq!(spare.0.len(), 1);
        assert_eq!(streams.skip(Side::Other, 4), 3);
        // Another conversation has the room in between.
        let mut others = Streams::default();
        others.open(&mut spare);
        assert_eq!(others[Side::Other].pieces.offset(), 0);
        streams.open(&mut spare);
        assert_eq!(streams[Side::Other].pieces.offset(), 7);
    }
}
