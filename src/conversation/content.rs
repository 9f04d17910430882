//! The content of an HTTP message: how long it is, and its beginning; decoded where that was asked for.

use super::Context;
use super::kept::Kept;
use crate::bound::{Bound, SHARDS, Share};
use crate::direction::Direction;
use crate::http::{Coding, Decoder, Fields, is_coded};
use crate::notice::{Kind, Notice};
use crate::private::Private;

/// How much is decoded at a time: small enough to stay in the nearest caches.
const ROOM: usize = 16 << 10;

/// How much memory all decoders together may take, each shard a 64th of it. Brotli's widest window is 16 MiB, so three such responses are
/// decoded at once in a shard, or 1,300 that are coded with gzip; what comes beyond is read and not decoded.
const MEMORY: u64 = 4 << 30;

/// What all decoding shares.
#[derive(Debug)]
pub(crate) struct DecodingRoom {
    plain: Private<Box<[u8]>>,
    taken: Bound,
}

impl Default for DecodingRoom {
    fn default() -> Self {
        Self {
            plain: Private::default(),
            taken: Bound::new(MEMORY / SHARDS as u64),
        }
    }
}

impl DecodingRoom {
    /// The same for another thread; what decoders take is counted together.
    pub(crate) fn another(&self) -> Self {
        Self {
            plain: Private::default(),
            taken: self.taken.clone(),
        }
    }

    /// It is this shard's turn.
    #[inline]
    pub(crate) fn turn(&mut self, shard: usize) {
        self.taken.turn(shard);
    }
}

/// The content of one message.
#[derive(Debug)]
pub(super) struct Content {
    length: u64,
    kept: Kept,
    coding: State,
    decoded: u64,
}

#[derive(Debug)]
enum State {
    /// It is what it is.
    Identity,
    /// It is coded, and not decoded.
    Coded,
    /// It is decoded as it comes.
    Decoding(Decoding),
}

/// A decoder, and the memory that it may take.
#[derive(Debug)]
struct Decoding {
    decoder: Decoder,
    _taken: Share,
}

impl Content {
    /// Content of a message whose head is not known.
    pub(super) fn new(keep: u64) -> Self {
        let kept = Kept::of_at_most(keep);
        Self {
            length: 0,
            kept,
            coding: State::Identity,
            decoded: 0,
        }
    }

    /// Content behind a head with these fields.
    pub(super) fn begin(&mut self, fields: &Fields, direction: Direction, cx: &mut Context<'_>) {
        if !is_coded(fields) {
            return;
        }
        self.coding = State::Coded;
        let asked = cx.options.decode_bodies || cx.options.keep_bodies > 0;
        if let Some(coding) = Coding::of(fields).filter(|_| asked && cx.options.max_inflate > 0) {
            match Decoding::new(coding, &cx.scratch.decoding) {
                Some(decoding) => self.coding = State::Decoding(decoding),
                None => notice(
                    direction,
                    "too many bodies are being decoded to decode this one".to_string(),
                    cx,
                ),
            }
        }
    }

    /// Takes more of it.
    pub(super) fn take(&mut self, content: &[u8], direction: Direction, cx: &mut Context<'_>) {
        self.length += content.len() as u64;
        let State::Decoding(decoding) = &mut self.coding else {
            if self.kept.wants() {
                self.kept.push(content);
            }
            return;
        };
        cx.scratch.laboured += content.len() as u64;
        let DecodingRoom { plain, .. } = &mut cx.scratch.decoding;
        if plain.is_empty() {
            plain.0 = vec![0; ROOM].into_boxed_slice();
        }
        let mut rest = content;
        loop {
            let Ok(step) = decoding.decoder.step(rest, plain) else {
                self.coding = State::Coded;
                return;
            };
            rest = rest.get(step.taken..).unwrap_or_default();
            self.decoded += step.given as u64;
            if self.kept.wants() {
                self.kept.push(plain.get(..step.given).unwrap_or_default());
            }
            if self.decoded > cx.options.max_inflate {
                self.coding = State::Coded;
                let most = cx.options.max_inflate;
                let explanation = format!(
                    "a body decodes to more than {most} bytes; the rest of it was not decoded"
                );
                return notice(direction, explanation, cx);
            }
            let idle = step.taken == 0 && step.given == 0;
            if idle || rest.is_empty() && step.given < plain.len() {
                return;
            }
        }
    }

    /// Passes over content that cannot be shown: what follows cannot be decoded.
    pub(super) fn skip(&mut self, len: u64) {
        self.length += len;
        if matches!(self.coding, State::Decoding(_)) {
            self.coding = State::Coded;
        }
    }

    /// In bytes, still coded.
    pub(super) fn length(&self) -> u64 {
        self.length
    }

    /// In bytes, decoded; none where that is not known.
    pub(super) fn decoded_length(&self) -> Option<u64> {
        match &self.coding {
            State::Identity => Some(self.length),
            _ if self.length == 0 => Some(0),
            State::Decoding(decoding) => decoding.decoder.is_finished().then_some(self.decoded),
            State::Coded => None,
        }
    }

    /// Its beginning.
    pub(super) fn kept(&self) -> &[u8] {
        self.kept.bytes()
    }
}

impl Decoding {
    fn new(coding: Coding, room: &DecodingRoom) -> Option<Self> {
        let taken = room.taken.take(coding.memory())?;
        Some(Self {
            decoder: Decoder::new(coding).ok()?,
            _taken: taken,
        })
    }
}

fn notice(direction: Direction, explanation: String, cx: &mut Context<'_>) {
    cx.tell(Notice::new(Kind::LimitReached, explanation).sent_by(direction));
}
