//! TLS below a conversation: what the two sides say inside records is handed on as if it had come in the clear.
//!
//! Comes in: the deliveries of both directions. Goes out: the same kinds of deliveries, of what was inside. Records that carry no
//! application data, and those that do not open, are charged here.

mod notices;
mod passing;
mod records;
mod waiting;

use std::collections::VecDeque;

use self::waiting::HELD_BY_SHARD;
use super::{Context, Conversation, Ledgers, Reading, Stream};
use crate::bound::{Bound, Share};
use crate::check::Cause;
use crate::direction::Direction;
use crate::event::Protocol;
use crate::private::Private;
use crate::reader::Piece;
use crate::tcp::{Delivery, Ending, Side, Sides};
use crate::tls::{Keys, Need, Reason, RecordReader, Session};

/// What connections under TLS share.
#[derive(Debug)]
pub(crate) struct Shared {
    /// What opens them.
    pub(crate) keys: Keys,
    /// Room for what was inside a record.
    plaintext: Private<Vec<u8>>,
    /// How many bytes wait for keys.
    held: Bound,
    /// Whether a connection has begun to wait, since this was asked last.
    began_to_wait: bool,
}

impl Default for Shared {
    fn default() -> Self {
        Self::new(Keys::default())
    }
}

impl Shared {
    /// With these keys.
    pub(crate) fn new(keys: Keys) -> Self {
        Self {
            keys,
            plaintext: Private::default(),
            held: Bound::new(HELD_BY_SHARD),
            began_to_wait: false,
        }
    }

    /// The same for another thread; what waits is counted together.
    pub(crate) fn another(&self) -> Self {
        Self {
            held: self.held.clone(),
            ..Self::new(self.keys.clone())
        }
    }

    /// It is this shard's turn.
    #[inline]
    pub(crate) fn turn(&mut self, shard: usize) {
        self.held.turn(shard);
    }

    /// Whether a connection has begun to wait for keys, since this was asked last.
    pub(crate) fn take_began_to_wait(&mut self) -> bool {
        std::mem::take(&mut self.began_to_wait)
    }
}

/// The TLS of a connection.
#[derive(Debug, Default)]
pub(super) struct Secure {
    session: Session,
    sides: Sides<Half>,
    /// Bytes that are counted in [`Shared::held`].
    counted: Option<Share>,
    /// Whether it was said that it waits.
    listed: bool,
    told: bool,
}

#[derive(Debug, Default)]
struct Half {
    stream: Stream,
    /// Bytes that the capture lacks, among those that wait.
    holes: VecDeque<Hole>,
    /// Tells records apart where they are passed over.
    reader: RecordReader,
    /// Whether the bytes at hand are passed over, to the end of their record.
    passing: bool,
    /// Whether all are.
    closed: bool,
    held: Option<Need>,
    /// How many bytes must wait before there is anything to read among them.
    needs: usize,
    ended: Option<Ending>,
    finished: bool,
    /// Why records since the last that opened are missing, once any are.
    lacks: Option<Cause>,
}

/// Bytes that cannot be shown.
#[derive(Clone, Copy, Debug)]
struct Hole {
    /// How many bytes wait before it.
    at: usize,
    len: u64,
    cut: Option<Piece>,
}

impl Conversation {
    /// TLS begins with the bytes that wait. `from_hello`: they are a hello.
    pub(super) fn begin_secure(
        &mut self,
        from_hello: bool,
        ledgers: &mut Ledgers,
        cx: &mut Context<'_>,
    ) {
        let mut secure = Box::<Secure>::default();
        for side in Side::ALL {
            let half = &mut secure.sides[side];
            half.stream = std::mem::take(&mut self.streams[side]);
            // Behind the end of a connection TLS may still begin; its end was told.
            (half.ended, half.finished) = (self.ended[side], self.ended[side].is_some());
            if !from_hello {
                let direction = self.direction_of(side);
                secure.session.close(direction, Reason::NoHello);
            }
        }
        self.reading = Reading::First;
        secure.drain(self, ledgers, cx);
        secure.count_held(cx);
        self.secure = Some(secure);
    }

    /// Takes what a side brings next, under TLS.
    pub(super) fn deliver_secure(
        &mut self,
        side: Side,
        delivery: &Delivery<'_>,
        ledgers: &mut Ledgers,
        cx: &mut Context<'_>,
    ) {
        let Some(mut secure) = self.secure.take() else {
            return;
        };
        match *delivery {
            Delivery::Bytes(bytes, piece) => {
                let used = secure.bytes(self, side, bytes, piece, ledgers, cx);
                if used == 0 && secure.needs_more(side) {
                    self.secure = Some(secure);
                    return;
                }
            }
            Delivery::Gap { len, cut, behind } => {
                let half = &mut secure.sides[side];
                let at = half.stream.waiting.len();
                let offset = half.stream.pieces.offset() + at as u64;
                self.notice_gap(side, offset, len, cut, behind, cx);
                half.holes.push_back(Hole { at, len, cut });
            }
            Delivery::End(ending) => {
                secure.sides[side].ended.get_or_insert(ending);
            }
        }
        secure.drain(self, ledgers, cx);
        secure.count_held(cx);
        self.secure = Some(secure);
    }

    /// Whether bytes wait for what may still come.
    pub(crate) fn waits_for_keys(&self) -> bool {
        self.secure
            .as_ref()
            .is_some_and(|secure| Side::ALL.iter().any(|&side| secure.is_held(side)))
    }

    /// Keys have come that may open what waits.
    pub(crate) fn wake(&mut self, ledgers: &mut Ledgers, cx: &mut Context<'_>) {
        let Some(mut secure) = self.secure.take() else {
            return;
        };
        (cx.acked, cx.encrypted) = (None, true);
        secure.listed = false;
        secure.drain(self, ledgers, cx);
        secure.count_held(cx);
        self.secure = Some(secure);
    }

    /// Nothing more comes, neither bytes nor keys.
    pub(crate) fn settle(&mut self, ledgers: &mut Ledgers, cx: &mut Context<'_>) {
        let Some(mut secure) = self.secure.take() else {
            return;
        };
        (cx.acked, cx.encrypted) = (None, true);
        secure.drain(self, ledgers, cx);
        while let Some(side) = Side::ALL.into_iter().find(|&side| secure.is_held(side)) {
            let reason = match secure.sides[side].held {
                Some(Need::OtherSide) => Reason::NoHello,
                _ => Reason::NoKeys,
            };
            secure.session.close(self.direction_of(side), reason);
            secure.drain(self, ledgers, cx);
        }
        secure.count_held(cx);
        self.secure = Some(secure);
        if Side::ALL.iter().all(|&side| self.ended[side].is_some()) {
            self.finish(ledgers, cx);
        }
    }
}

impl Secure {
    /// Takes bytes; says how many were read.
    fn bytes(
        &mut self,
        conversation: &mut Conversation,
        side: Side,
        bytes: &[u8],
        piece: Piece,
        ledgers: &mut Ledgers,
        cx: &mut Context<'_>,
    ) -> usize {
        let half = &mut self.sides[side];
        half.stream.pieces.push(piece);
        let used = if half.stream.waiting.is_empty() && half.holes.is_empty() {
            self.read(conversation, side, bytes, false, ledgers, cx)
        } else {
            0
        };
        let rest = bytes.get(used..).unwrap_or_default();
        self.sides[side].stream.waiting.extend_from_slice(rest);
        used
    }

    /// Whether a side waits for the rest of a record, and for nothing else.
    fn needs_more(&self, side: Side) -> bool {
        let half = &self.sides[side];
        half.stream.waiting.len() < half.needs && half.holes.is_empty() && half.ended.is_none()
    }

    /// Reads both directions until neither gets further.
    fn drain(
        &mut self,
        conversation: &mut Conversation,
        ledgers: &mut Ledgers,
        cx: &mut Context<'_>,
    ) {
        loop {
            let mut progress = false;
            for direction in Direction::ALL {
                let side = conversation.side_of(direction);
                progress |= self.drain_side(conversation, side, ledgers, cx);
            }
            if !progress && !self.give_up_waiting(conversation, cx) {
                return;
            }
        }
    }

    fn drain_side(
        &mut self,
        conversation: &mut Conversation,
        side: Side,
        ledgers: &mut Ledgers,
        cx: &mut Context<'_>,
    ) -> bool {
        let half = &mut self.sides[side];
        // What comes behind the end is read as well, and the end is not told again.
        let ending = half.ended.filter(|_| !half.finished);
        if half.stream.waiting.is_empty() && half.holes.is_empty() && ending.is_none() {
            return false;
        }
        let mut waiting = std::mem::take(&mut half.stream.waiting);
        let hole = half.holes.front().copied();
        let limit = hole.map_or(waiting.len(), |hole| hole.at);
        let at_end = hole.is_some() || half.ended.is_some();
        let before = waiting.get(..limit).unwrap_or_default();
        let mut used = self.read(conversation, side, before, at_end, ledgers, cx);
        let mut progress = used > 0;
        if self.sides[side].held.is_none() {
            // What is left before a hole, or at the end, is a part of a record.
            if at_end && used < limit {
                let part = waiting.get(used..limit).unwrap_or_default();
                self.pass_part(conversation, side, part, ledgers);
                used = limit;
            }
            if let Some(hole) = hole {
                self.sides[side].holes.pop_front();
                self.pass_hole(conversation, side, hole, ledgers);
                progress = true;
            } else if let Some(ending) = ending
                && self.sides[side.other()].held != Some(Need::Keys)
            {
                // What a client says behind a request is told by the response, which must be read before the end.
                self.finish(conversation, side, ending, ledgers, cx);
                progress = true;
            }
        }
        waiting.drain(..used);
        for hole in &mut self.sides[side].holes {
            hole.at -= used;
        }
        self.sides[side].stream.waiting = waiting;
        progress
    }

    /// A side has ended, and all that it said was read.
    fn finish(
        &mut self,
        conversation: &mut Conversation,
        side: Side,
        ending: Ending,
        ledgers: &mut Ledgers,
        cx: &mut Context<'_>,
    ) {
        self.sides[side].finished = true;
        let direction = conversation.direction_of(side);
        if self.session.has_opened(direction)
            && let Some(missing) = self.session.missing(direction)
        {
            let cause = self.sides[side].lacks.take().unwrap_or(Cause::Gap);
            conversation.lose_plain(side, missing, cause, ledgers, cx);
        }
        if self.session.is_refused(direction) {
            self.notice_closed(conversation, side, Reason::WrongKeys, cx);
        }
        if conversation.protocol == Protocol::Tls
            && Direction::ALL
                .iter()
                .all(|&direction| self.session.has_opened(direction))
        {
            conversation.protocol = Protocol::Empty;
        }
        conversation.end_plain(side, ending, ledgers, cx);
    }
}
