//! The plain case: frames of a WebSocket, whole in a packet, while nothing waits in either direction.

use super::websocket::WebSocket;
use super::{Context, Conversation, Reading};
use crate::event::Verdict;
use crate::ledger::Row;
use crate::reader::Piece;
use crate::tcp::Side;
use crate::wire::Wire;

impl Conversation {
    /// Whether frames are read and no part of one waits, in either direction.
    pub(crate) fn is_smooth(&self) -> bool {
        matches!(self.reading, Reading::WebSocket)
            && self.secure.is_none()
            && (self.websocket.as_ref()).is_some_and(WebSocket::is_smooth)
            && self.streams.are_empty()
            && self.handshake() != Some(Verdict::Invalid)
    }

    /// Whether bytes are plain frames and nothing else, in a conversation that is smooth.
    #[inline]
    pub(crate) fn are_plain(&self, side: Side, bytes: &[u8]) -> bool {
        let direction = self.direction_of(side);
        (self.websocket.as_ref()).is_some_and(|websocket| websocket.are_plain(direction, bytes))
    }

    /// Takes plain frames, which came in this piece. `charge` is told for which row, how many packets, which no other frame of the row has
    /// counted, and what.
    #[inline]
    pub(crate) fn take_plain(
        &mut self,
        side: Side,
        bytes: &[u8],
        piece: Piece,
        cx: &mut Context<'_>,
        charge: impl FnMut(Row, u64, Wire),
    ) {
        let direction = self.direction_of(side);
        let offset = self.streams.skip(side, bytes.len() as u64);
        if let Some(websocket) = &mut self.websocket {
            websocket.plain_frames(direction, bytes, (piece, offset), cx, charge);
        }
    }
}
